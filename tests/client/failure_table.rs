//! The failure table of the guide, row by row against the mock.

use crate::support::{AGENT, OPERATIONS, call, is_idempotent, virtual_builder, virtual_mock};
use orionos::OrionError;
use orionos_mock_server::{Fault, Operation};

const GUIDE: &str = include_str!("../../src/guide/failures.md");

/// Returns the rows of the table with this number of columns. Back quotes are removed from the
/// cells.
fn rows(columns: usize) -> Vec<Vec<String>> {
    let rows: Vec<Vec<String>> = GUIDE
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains('`'))
        .map(|line| {
            line.trim_matches('|')
                .split(" | ")
                .map(|cell| cell.replace('`', "").trim().to_owned())
                .collect()
        })
        .filter(|row: &Vec<String>| row.len() == columns && row[1] != "fault")
        .collect();
    assert!(rows.len() > 5, "the table has {} rows", rows.len());
    rows
}

fn kind(error: &OrionError) -> &'static str {
    match error {
        OrionError::Api(_) => "Api",
        OrionError::UnexpectedResponse(_) => "UnexpectedResponse",
        OrionError::Decode(_) => "Decode",
        OrionError::Connection(_) => "Connection",
        OrionError::Timeout { .. } => "Timeout",
        OrionError::Stream(_) => "Stream",
        OrionError::BodyTooLarge(_) => "BodyTooLarge",
        _ => "something else",
    }
}

#[tokio::test(start_paused = true)]
async fn every_call_fails_as_the_table_says() {
    for row in rows(6) {
        let fault: Fault = row[1].parse().unwrap();
        for operation in OPERATIONS {
            let is_answer_fault = ["empty_body", "truncated_json", "malformed_json", "cut_body"]
                .contains(&row[1].as_str());
            if operation == Operation::StreamMessage && is_answer_fault {
                // Failures inside a stream are in the other table.
                continue;
            }
            let mock = virtual_mock();
            mock.fault(fault.clone());
            let orion = virtual_builder(&mock).build().unwrap();
            let error = call(&orion, operation).await.unwrap_err();
            let column = if is_idempotent(operation) { 2 } else { 3 };
            let attempts = match row[column].as_str() {
                "yes" => 3,
                "no" => 1,
                other => panic!("{other:?} is no word of the table"),
            };
            let found = (
                mock.requests().len(),
                kind(&error),
                format!("{:?}", error.outcome()),
            );
            assert_eq!(
                found,
                (attempts, row[4].as_str(), row[5].clone()),
                "{operation} under {}: {error}",
                row[1]
            );
            assert_eq!(error.attempts() as usize, attempts);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_stream_fails_as_the_table_says() {
    for row in rows(3) {
        let mock = virtual_mock();
        mock.script("Ebb at 14:10 — naïvely");
        mock.fault(row[1].parse().unwrap());
        let orion = virtual_builder(&mock).build().unwrap();
        let stream = orion
            .agents()
            .stream_message(AGENT, "Hi")
            .send()
            .await
            .unwrap();
        let error = stream.collect_text().await.unwrap_err();
        assert_eq!(kind(&error), row[2], "{}: {error}", row[1]);
        assert_eq!(format!("{:?}", error.outcome()), "Unknown", "{}", row[1]);
        assert!(
            error
                .partial_text()
                .is_some_and(|text| text.starts_with("Ebb at ")),
            "{}",
            row[1]
        );
        mock.assert_requests(Operation::StreamMessage, 1);
    }
}
