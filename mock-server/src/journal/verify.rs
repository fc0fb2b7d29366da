//! Checks of how many requests arrived.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use crate::journal::difference::Difference;
use crate::journal::pattern::RequestPattern;
use crate::journal::printable::printable;
use crate::journal::recorded_request::RecordedRequest;

/// The number of requests that must have arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ExpectedCount {
    pub(crate) at_least: u64,
    pub(crate) at_most: u64,
}

impl ExpectedCount {
    pub(crate) fn exactly(count: u64) -> Self {
        Self {
            at_least: count,
            at_most: count,
        }
    }

    fn includes(self, count: u64) -> bool {
        (self.at_least..=self.at_most).contains(&count)
    }
}

impl fmt::Display for ExpectedCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.at_least, self.at_most) {
            (least, most) if least == most => write!(f, "{least}"),
            (least, u64::MAX) => write!(f, "at least {least}"),
            (0, most) => write!(f, "at most {most}"),
            (least, most) => write!(f, "{least} to {most}"),
        }
    }
}

/// What arrived instead of the expected requests.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mismatch {
    /// The requests and how they differ, as text.
    pub(crate) message: String,
    /// The requests that the text shows.
    pub(crate) nearest: Vec<Nearest>,
}

/// A request that arrived, and how it differs from the expected one.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Nearest {
    /// The number of the request in the journal.
    sequence: u64,
    /// The fields that differ; none if the request matches.
    differences: Vec<Difference>,
}

impl From<String> for Mismatch {
    fn from(message: String) -> Self {
        Self {
            message,
            nearest: Vec::new(),
        }
    }
}

/// How many requests a failed check shows.
const SHOWN: usize = 5;

/// Returns how many requests match the pattern, or what arrived instead, nearest match first.
pub(crate) fn check(
    requests: &[RecordedRequest],
    evicted: u64,
    pattern: &RequestPattern,
    expected: ExpectedCount,
) -> Result<u64, Mismatch> {
    let found = requests
        .iter()
        .filter(|request| pattern.matches(request))
        .count() as u64;
    // Too many is certain. Any other result could be different with the dropped entries.
    if found <= expected.at_most
        && evicted > 0
        && (found < expected.at_least || expected.at_most < u64::MAX)
    {
        return Err(format!(
            "expected {expected} of: {pattern}; found {found} in the journal, but {evicted} older \
             entries were dropped, so the journal cannot tell"
        )
        .into());
    }
    if expected.includes(found) {
        return Ok(found);
    }
    let mut message = format!("expected {expected} of: {pattern}; found {found}");
    if requests.is_empty() {
        message.push_str("; no request arrived");
        return Err(message.into());
    }
    let mut near: Vec<_> = requests
        .iter()
        .map(|request| (pattern.differences(request), request))
        .collect();
    near.sort_by_key(|(differences, _)| differences.len());
    message.push_str(if found > expected.at_most {
        "; these arrived:"
    } else {
        "; nearest first, these arrived:"
    });
    let more = near.len().saturating_sub(SHOWN);
    near.truncate(SHOWN);
    for (differences, request) in &near {
        message.push_str("\n  ");
        message.push_str(&request.line());
        for difference in differences {
            message.push_str("\n      ");
            message.push_str(&printable(&difference.to_string()));
        }
    }
    if more > 0 {
        message.push_str(&format!("\n  … and {more} more"));
    }
    let nearest = near
        .into_iter()
        .map(|(differences, request)| Nearest {
            sequence: request.sequence,
            differences,
        })
        .collect();
    Err(Mismatch { message, nearest })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Method;
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::journal::entry::Entry;
    use crate::journal::record::{EntryId, Journal};
    use crate::journal::response_entry::ResponseEntry;
    use crate::protocol::operation::Operation;

    fn respond(journal: &mut Journal, id: EntryId, status: u16) {
        let response = ResponseEntry::new(status, &http::HeaderMap::new(), &Bytes::new());
        journal.respond(id, Some(response), None);
    }

    fn request(operation: Operation, body: &[u8]) -> Entry {
        let method = match operation {
            Operation::Create => Method::POST,
            _ => Method::GET,
        };
        let request = http::Request::builder().method(method).uri("/v1/agents");
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Entry::new(&parts, operation, None, body, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_wrong_count_shows_the_nearest_request_first_with_the_differing_field() {
        let mut journal = Journal::default();
        let number = journal.add(request(Operation::List, b""));
        respond(&mut journal, number, 200);
        for name in ["Ledgre", "Pilot"] {
            let body = format!(r#"{{"name":"{name}","bio":["x"]}}"#);
            let number = journal.add(request(Operation::Create, body.as_bytes()));
            respond(&mut journal, number, 201);
        }
        let pattern = RequestPattern::of(Operation::Create).body(json!({"name": "Ledger"}));
        assert_eq!(
            check(&journal.requests(), 0, &pattern, ExpectedCount::exactly(1))
                .unwrap_err()
                .message,
            "expected 1 of: create body={\"name\":\"Ledger\"}; found 0; nearest first, these arrived:\n  \
             #2 POST /v1/agents create -> 201\n      \
             body.name: expected \"Ledger\", found \"Ledgre\"\n  \
             #3 POST /v1/agents create -> 201\n      \
             body.name: expected \"Ledger\", found \"Pilot\"\n  \
             #1 GET /v1/agents list -> 200\n      \
             operation: expected create, found list\n      \
             body: expected {\"name\":\"Ledger\"}, found a body that is not JSON"
        );
        let right = RequestPattern::of(Operation::Create).body(json!({"name": "Pilot"}));
        assert_eq!(
            check(&journal.requests(), 0, &right, ExpectedCount::exactly(1)),
            Ok(1)
        );
        let none: &[RecordedRequest] = &[];
        assert_eq!(
            check(none, 0, &RequestPattern::any(), ExpectedCount::exactly(2))
                .unwrap_err()
                .message,
            "expected 2 of: any request; found 0; no request arrived"
        );
    }

    #[test]
    fn too_many_requests_are_shown() {
        let mut journal = Journal::default();
        for _ in 0..7 {
            journal.add(request(Operation::Get, b""));
        }
        let message = check(
            &journal.requests(),
            0,
            &RequestPattern::of(Operation::Get),
            ExpectedCount {
                at_least: 0,
                at_most: 1,
            },
        )
        .unwrap_err()
        .message;
        assert!(
            message.starts_with("expected at most 1 of: get; found 7; these arrived:\n  #1 GET")
        );
        assert!(message.ends_with("… and 2 more"), "{message}");
    }

    #[test]
    fn a_check_that_depends_on_dropped_entries_fails() {
        let any = RequestPattern::any();
        for expected in [
            ExpectedCount::exactly(0),
            ExpectedCount {
                at_least: 1,
                at_most: u64::MAX,
            },
        ] {
            let message = check(&[], 3, &any, expected).unwrap_err().message;
            assert!(message.contains("cannot tell"), "{message}");
        }
        // There is one, and the dropped entries cannot change that.
        let mut journal = Journal::default();
        journal.add(request(Operation::Get, b""));
        let at_least_one = ExpectedCount {
            at_least: 1,
            at_most: u64::MAX,
        };
        assert_eq!(check(&journal.requests(), 3, &any, at_least_one), Ok(1));
    }
}
