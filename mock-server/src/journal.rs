//! What has arrived: every request, bounded in entries and bytes.

mod entry;

use std::collections::VecDeque;
use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Method};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

pub(crate) use entry::Entry;

use crate::operation::Operation;
use crate::request_pattern::RequestPattern;

const MOST_ENTRIES: usize = 10_000;
const MOST_BYTES: usize = 16 << 20;

/// A request that arrived, and what it was answered with.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// Its number, from 1, in the order of arrival.
    pub sequence: u64,
    /// When it arrived, by the mock's clock.
    pub time: Timestamp,
    /// What it asked for.
    pub operation: Operation,
    /// The agent that it named.
    pub agent_id: Option<String>,
    /// Its method.
    pub method: Method,
    /// Its path, as it came.
    pub path: String,
    /// Its query, as it came.
    pub query: Option<String>,
    /// Its headers; `authorization` is redacted.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    /// The status of the answer; `None` if it has none (yet).
    pub status: Option<u16>,
    /// The fault that was applied.
    pub fault: Option<String>,
}

impl RecordedRequest {
    /// The body as JSON; `None` if it is none.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// One line: `#3 POST /v1/agents create → 201`.
    #[must_use]
    pub fn line(&self) -> String {
        let query = self
            .query
            .as_ref()
            .map_or(String::new(), |query| format!("?{query}"));
        let status = self
            .status
            .map_or("no answer".to_owned(), |status| status.to_string());
        let fault = self
            .fault
            .as_ref()
            .map_or(String::new(), |fault| format!(" (fault {fault})"));
        format!(
            "#{} {} {}{query} {} -> {status}{fault}",
            self.sequence, self.method, self.path, self.operation
        )
    }

    /// The entry as JSON, with the body as JSON where it is.
    #[must_use]
    pub fn to_json(&self) -> Value {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Entry<'a> {
            sequence: u64,
            time: Timestamp,
            operation: Operation,
            agent_id: Option<&'a str>,
            method: &'a str,
            path: &'a str,
            query: Option<&'a str>,
            headers: Vec<(&'a str, String)>,
            body: Value,
            status: Option<u16>,
            fault: Option<&'a str>,
        }
        let body = self
            .json()
            .unwrap_or_else(|| Value::String(String::from_utf8_lossy(&self.body).into_owned()));
        let entry = Entry {
            sequence: self.sequence,
            time: self.time,
            operation: self.operation,
            agent_id: self.agent_id.as_deref(),
            method: self.method.as_str(),
            path: &self.path,
            query: self.query.as_deref(),
            headers: self
                .headers
                .iter()
                .map(|(name, value)| {
                    (
                        name.as_str(),
                        String::from_utf8_lossy(value.as_bytes()).into_owned(),
                    )
                })
                .collect(),
            body,
            status: self.status,
            fault: self.fault.as_deref(),
        };
        serde_json::to_value(entry).unwrap_or_default()
    }
}

/// The bounded record.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    entries: VecDeque<Entry>,
    bytes: usize,
    next: u64,
    evicted: u64,
}

impl Journal {
    /// Adds a request without an answer; returns its number.
    pub(crate) fn add(&mut self, entry: Entry) -> u64 {
        self.next += 1;
        self.bytes += entry.size();
        self.entries.push_back(entry);
        while self.entries.len() > MOST_ENTRIES || self.bytes > MOST_BYTES {
            let Some(oldest) = self.entries.pop_front() else {
                break;
            };
            self.bytes -= oldest.size();
            self.evicted += 1;
        }
        self.next
    }

    fn index(&self, sequence: u64) -> Option<usize> {
        let first = self.next + 1 - self.entries.len() as u64;
        usize::try_from(sequence.checked_sub(first)?).ok()
    }

    pub(crate) fn find(&self, sequence: u64) -> Option<RecordedRequest> {
        let entry = self.entries.get(self.index(sequence)?)?;
        Some(entry.request(sequence))
    }

    pub(crate) fn answer(
        &mut self,
        sequence: u64,
        status: Option<u16>,
        fault: Option<&'static str>,
    ) {
        let index = self.index(sequence);
        if let Some(entry) = index.and_then(|index| self.entries.get_mut(index)) {
            entry.status = status;
            entry.fault = fault;
        }
    }

    pub(crate) fn entries(&self) -> Vec<RecordedRequest> {
        let first = self.next + 1 - self.entries.len() as u64;
        (first..)
            .zip(&self.entries)
            .map(|(sequence, entry)| entry.request(sequence))
            .collect()
    }

    pub(crate) fn evicted(&self) -> u64 {
        self.evicted
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.bytes = 0;
        self.evicted = 0;
    }
}

/// How often a request must have arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) least: u64,
    pub(crate) most: u64,
}

impl Bounds {
    pub(crate) fn exactly(count: u64) -> Self {
        Self {
            least: count,
            most: count,
        }
    }

    fn hold(self, count: u64) -> bool {
        (self.least..=self.most).contains(&count)
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.least, self.most) {
            (least, most) if least == most => write!(f, "{least}"),
            (least, u64::MAX) => write!(f, "at least {least}"),
            (0, most) => write!(f, "at most {most}"),
            (least, most) => write!(f, "{least} to {most}"),
        }
    }
}

/// How many nearest requests a failed check shows.
const SHOWN: usize = 5;

/// How many requests fit the pattern, or a text that shows what did arrive, nearest match first.
pub(crate) fn check(
    entries: &[RecordedRequest],
    evicted: u64,
    pattern: &RequestPattern,
    bounds: Bounds,
) -> Result<u64, String> {
    let found = entries
        .iter()
        .filter(|entry| pattern.matches(entry))
        .count() as u64;
    // More than the most is certain; anything else could be different with the evicted entries.
    if found <= bounds.most && evicted > 0 && (found < bounds.least || bounds.most < u64::MAX) {
        return Err(format!(
            "expected {bounds} of: {pattern}; found {found} in the journal, but {evicted} older \
             entries were evicted: the journal cannot tell"
        ));
    }
    if bounds.hold(found) {
        return Ok(found);
    }
    let mut message = format!("expected {bounds} of: {pattern}; found {found}");
    if entries.is_empty() {
        message.push_str("; no request arrived at all");
        return Err(message);
    }
    let mut near: Vec<_> = entries
        .iter()
        .map(|entry| (pattern.differences(entry), entry))
        .collect();
    near.sort_by_key(|(differences, _)| differences.len());
    message.push_str(if found > bounds.most {
        "; these arrived:"
    } else {
        "; nearest first, these arrived:"
    });
    for (differences, entry) in near.iter().take(SHOWN) {
        message.push_str("\n  ");
        message.push_str(&entry.line());
        for difference in differences {
            message.push_str("\n      ");
            message.push_str(difference);
        }
    }
    if let Some(more) = near.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        message.push_str(&format!("\n  … and {more} more"));
    }
    Err(message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
    fn it_is_bounded_in_entries_and_bytes_and_counts_what_it_drops() {
        let mut journal = Journal::default();
        for _ in 0..MOST_ENTRIES + 5 {
            journal.add(request(Operation::Get, b""));
        }
        assert_eq!(
            (journal.entries().len(), journal.evicted()),
            (MOST_ENTRIES, 5)
        );
        journal.clear();
        for _ in 0..20 {
            journal.add(request(Operation::Create, &[0; 1 << 20]));
        }
        assert!(journal.entries().len() <= 16 && journal.evicted() >= 4);
    }

    #[test]
    fn an_answer_finds_its_entry_after_evictions() {
        let mut journal = Journal::default();
        for _ in 0..MOST_ENTRIES + 5 {
            journal.add(request(Operation::Get, b""));
        }
        journal.answer(1, Some(500), None);
        journal.answer(MOST_ENTRIES as u64 + 5, Some(200), None);
        let entries = journal.entries();
        assert_eq!(entries.last().unwrap().status, Some(200));
        assert_eq!(entries.first().unwrap().status, None);
    }

    #[test]
    fn a_wrong_count_shows_the_nearest_first_with_the_differing_field() {
        let mut journal = Journal::default();
        let number = journal.add(request(Operation::List, b""));
        journal.answer(number, Some(200), None);
        for name in ["Ledgre", "Pilot"] {
            let body = format!(r#"{{"name":"{name}","bio":["x"]}}"#);
            let number = journal.add(request(Operation::Create, body.as_bytes()));
            journal.answer(number, Some(201), None);
        }
        let pattern = RequestPattern::of(Operation::Create).body(json!({"name": "Ledger"}));
        assert_eq!(
            check(&journal.entries(), 0, &pattern, Bounds::exactly(1)).unwrap_err(),
            "expected 1 of: create body={\"name\":\"Ledger\"}; found 0; nearest first, these arrived:\n  \
             #2 POST /v1/agents create -> 201\n      \
             body.name: expected \"Ledger\", found \"Ledgre\"\n  \
             #3 POST /v1/agents create -> 201\n      \
             body.name: expected \"Ledger\", found \"Pilot\"\n  \
             #1 GET /v1/agents list -> 200\n      \
             operation: expected create, found list\n      \
             body: expected {\"name\":\"Ledger\"}, found no JSON"
        );
        let right = RequestPattern::of(Operation::Create).body(json!({"name": "Pilot"}));
        assert_eq!(
            check(&journal.entries(), 0, &right, Bounds::exactly(1)),
            Ok(1)
        );
        let none: &[RecordedRequest] = &[];
        assert_eq!(
            check(none, 0, &RequestPattern::any(), Bounds::exactly(2)).unwrap_err(),
            "expected 2 of: any request; found 0; no request arrived at all"
        );
    }

    #[test]
    fn too_many_are_shown() {
        let mut journal = Journal::default();
        for _ in 0..7 {
            journal.add(request(Operation::Get, b""));
        }
        let message = check(
            &journal.entries(),
            0,
            &RequestPattern::of(Operation::Get),
            Bounds { least: 0, most: 1 },
        )
        .unwrap_err();
        assert!(
            message.starts_with("expected at most 1 of: get; found 7; these arrived:\n  #1 GET")
        );
        assert!(message.ends_with("… and 2 more"), "{message}");
    }

    #[test]
    fn what_evicted_entries_could_answer_is_not_passed() {
        let any = RequestPattern::any();
        for bounds in [
            Bounds::exactly(0),
            Bounds {
                least: 1,
                most: u64::MAX,
            },
        ] {
            let message = check(&[], 3, &any, bounds).unwrap_err();
            assert!(message.contains("cannot tell"), "{message}");
        }
        // One is there: whatever was evicted, it is at least one.
        let mut journal = Journal::default();
        journal.add(request(Operation::Get, b""));
        let at_least_one = Bounds {
            least: 1,
            most: u64::MAX,
        };
        assert_eq!(check(&journal.entries(), 3, &any, at_least_one), Ok(1));
    }
}
