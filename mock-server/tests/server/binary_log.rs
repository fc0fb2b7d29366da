//! The log of the program.

use std::io::{BufReader, Read, Write};
use std::process::ChildStdout;

use serde_json::Value;

use crate::support::program::Running;

/// Returns the output after the ready line, up to the exit after one request.
fn log_of(arguments: &[&str]) -> String {
    let (mut mock, mut log) = Running::start_with_log(arguments);
    mock.request("POST", "/v1/agents", "{\"name\":\"\u{7f}\"}");
    mock.signal("-TERM");
    let mut lines = String::new();
    log.read_to_string(&mut lines).unwrap();
    assert_eq!(mock.child.wait().unwrap().code(), Some(0));
    lines
}

#[test]
fn requests_are_logged_on_one_line_each_unless_quiet() {
    let log = log_of(&[]);
    assert_eq!(log, "#1 POST /v1/agents create -> 201\n");
    assert_eq!(log_of(&["--quiet"]), "");

    let verbose = log_of(&["--verbose"]);
    assert!(verbose.contains("authorization: [redacted]"), "{verbose}");
    assert!(verbose.contains("{\"name\":\"\\u{7f}\"}"), "{verbose}");
    assert!(!verbose.contains("test-key"), "{verbose}");

    let json = log_of(&["--log-format", "json"]);
    let line: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&line["event"], &line["status"]),
        (&"request".into(), &201.into())
    );
    assert!(line.get("headers").is_none());
}

/// Returns a mock whose log exceeds the capacity of a pipe, and the unread rest of that log.
fn with_a_blocked_log() -> (Running, BufReader<ChildStdout>) {
    let (mock, log) = Running::start_with_log(&["--verbose"]);
    let body = format!(r#"{{"name":"Pilot","bio":["{}"]}}"#, "x".repeat(20_000));
    for _ in 0..20 {
        let answer = mock.request("POST", "/v1/agents", &body);
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    }
    (mock, log)
}

#[test]
fn an_unread_log_stops_neither_requests_nor_the_exit() {
    let (mock, _unread) = with_a_blocked_log();
    mock.signal("-TERM");
    mock.ends_well();
}

#[test]
fn the_log_is_complete_when_the_program_exits() {
    let (mock, mut log) = with_a_blocked_log();
    let mut idle = mock.connect();
    mock.signal("-TERM");
    // The program is about to exit when it closes its connections.
    let _ = idle.read(&mut [0]);
    let mut rest = String::new();
    log.read_to_string(&mut rest).unwrap();
    mock.ends_well();
    assert_eq!(rest.matches("create -> 201").count(), 20);
    assert_eq!(rest.matches("x\"]}\n").count(), 20);
}

#[test]
fn control_characters_never_reach_the_terminal() {
    for format in ["human", "json"] {
        let (mut mock, mut log) = Running::start_with_log(&["--verbose", "--log-format", format]);
        let mut stream = mock.connect();
        let body = "{\"name\":\"\u{9b}31m\u{202e}\u{2066}\u{1b}]0;x\u{7}\"}";
        let request = format!(
            "POST /v1/agents?a=\u{9b}\u{202e} HTTP/1.1\r\nhost: mock\r\nconnection: close\r\n\
             x-odd: \u{9b}\u{202e}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
        mock.signal("-TERM");
        let mut lines = String::new();
        log.read_to_string(&mut lines).unwrap();
        mock.child.wait().unwrap();
        assert!(lines.contains("x-odd"), "{lines:?}");
        let bad = lines
            .chars()
            .find(|&c| (c.is_control() && c != '\n') || ('\u{200b}'..'\u{2070}').contains(&c));
        assert_eq!(bad, None, "{format}: {lines:?}");
    }
}
