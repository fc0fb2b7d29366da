//! The record of requests, bounded in entries and bytes.

use std::collections::VecDeque;
use std::time::Duration;

use crate::journal::entry::Entry;
use crate::journal::recorded_request::RecordedRequest;
use crate::journal::response_entry::ResponseEntry;

const MAX_ENTRIES: usize = 10_000;
const MAX_BYTES: usize = 16 << 20;

/// The record of requests. The oldest entries make room for new ones.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    entries: VecDeque<Entry>,
    bytes: usize,
    last_sequence: u64,
    evicted: u64,
    /// The number of restarts, since each of them starts the sequence at 1 again.
    restarts: u64,
}

/// Identifies an entry over restarts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EntryId {
    restarts: u64,
    sequence: u64,
}

impl Journal {
    /// Adds a request that has no response yet.
    pub(crate) fn add(&mut self, entry: Entry) -> EntryId {
        self.last_sequence += 1;
        self.bytes += entry.size();
        self.entries.push_back(entry);
        self.evict();
        EntryId {
            restarts: self.restarts,
            sequence: self.last_sequence,
        }
    }

    /// Returns the number of the oldest entry, or of the next one if there is none.
    pub(crate) fn first_sequence(&self) -> u64 {
        self.last_sequence + 1 - self.entries.len() as u64
    }

    pub(crate) fn last_sequence(&self) -> u64 {
        self.last_sequence
    }

    /// Returns the number of restarts. Sequences are unique between two of them.
    pub(crate) fn restarts(&self) -> u64 {
        self.restarts
    }

    /// Returns the entry with this number.
    pub(crate) fn entry(&self, sequence: u64) -> Option<&Entry> {
        let index = sequence.checked_sub(self.first_sequence())?;
        self.entries.get(usize::try_from(index).ok()?)
    }

    fn index(&self, id: EntryId) -> Option<usize> {
        if id.restarts != self.restarts {
            return None;
        }
        usize::try_from(id.sequence.checked_sub(self.first_sequence())?).ok()
    }

    pub(crate) fn find(&self, id: EntryId) -> Option<RecordedRequest> {
        let entry = self.entries.get(self.index(id)?)?;
        Some(entry.to_request(id.sequence))
    }

    /// Adds the response to an entry, if the entry is still there. A connection that failed has none.
    pub(crate) fn respond(
        &mut self,
        id: EntryId,
        response: Option<ResponseEntry>,
        fault: Option<&'static str>,
    ) {
        self.change(id, |entry| {
            entry.response = response;
            entry.fault = fault;
        });
    }

    /// Completes an entry with the beginning and the length of a streamed body.
    pub(crate) fn complete(
        &mut self,
        id: EntryId,
        body: Option<(&[u8], u64)>,
        duration: Duration,
        client_left: bool,
    ) {
        self.change(id, |entry| {
            entry.duration = Some(duration);
            entry.client_left = client_left;
            if let (Some(response), Some((body, length))) = (&mut entry.response, body) {
                response.add_body(body, length);
            }
        });
    }

    fn change(&mut self, id: EntryId, change: impl FnOnce(&mut Entry)) {
        let index = self.index(id);
        if let Some(entry) = index.and_then(|index| self.entries.get_mut(index)) {
            self.bytes -= entry.size();
            change(entry);
            self.bytes += entry.size();
            self.evict();
        }
    }

    fn evict(&mut self) {
        while self.entries.len() > MAX_ENTRIES || self.bytes > MAX_BYTES {
            let Some(oldest) = self.entries.pop_front() else {
                break;
            };
            self.bytes -= oldest.size();
            self.evicted += 1;
        }
    }

    /// Returns all entries, oldest first.
    pub(crate) fn requests(&self) -> Vec<RecordedRequest> {
        (self.first_sequence()..)
            .zip(&self.entries)
            .map(|(sequence, entry)| entry.to_request(sequence))
            .collect()
    }

    /// Returns how many entries were dropped.
    pub(crate) fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Removes all entries. The sequence continues.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.bytes = 0;
        self.evicted = 0;
    }

    /// Removes all entries and starts the sequence at 1 again.
    pub(crate) fn restart(&mut self) {
        *self = Self {
            restarts: self.restarts + 1,
            ..Self::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Method;
    use jiff::Timestamp;

    use super::*;
    use crate::protocol::operation::Operation;

    fn response(status: u16) -> Option<ResponseEntry> {
        Some(ResponseEntry::new(
            status,
            &http::HeaderMap::new(),
            &Bytes::from_static(b"{}"),
        ))
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
    fn entries_and_bytes_are_bounded_and_drops_are_counted() {
        let mut journal = Journal::default();
        for _ in 0..MAX_ENTRIES + 5 {
            journal.add(request(Operation::Get, b""));
        }
        assert_eq!(
            (journal.requests().len(), journal.evicted()),
            (MAX_ENTRIES, 5)
        );
        journal.clear();
        for _ in 0..20 {
            journal.add(request(Operation::Create, &[0; 1 << 20]));
        }
        assert!(journal.requests().len() <= 16 && journal.evicted() >= 4);
    }

    #[test]
    fn a_response_finds_its_entry_after_evictions() {
        let mut journal = Journal::default();
        let first = journal.add(request(Operation::Get, b""));
        for _ in 0..MAX_ENTRIES + 3 {
            journal.add(request(Operation::Get, b""));
        }
        let last = journal.add(request(Operation::Get, b""));
        journal.respond(first, response(500), None);
        journal.respond(last, response(200), None);
        let requests = journal.requests();
        assert_eq!(requests.last().unwrap().status, Some(200));
        assert_eq!(requests.first().unwrap().status, None);
    }

    #[test]
    fn a_response_to_a_request_before_a_restart_is_ignored() {
        let mut journal = Journal::default();
        let before = journal.add(request(Operation::Get, b""));
        journal.restart();
        let after = journal.add(request(Operation::Get, b""));
        journal.respond(before, response(500), None);
        assert_eq!(journal.find(after).unwrap().status, None);
        assert_eq!(journal.find(after).unwrap().sequence, 1);
        assert!(journal.find(before).is_none());
    }

    #[test]
    fn responses_count_against_the_limit_of_bytes() {
        let mut journal = Journal::default();
        let body = Bytes::from(vec![0; 64 << 10]);
        for _ in 0..1_000 {
            let id = journal.add(request(Operation::Get, b""));
            let response = ResponseEntry::new(200, &http::HeaderMap::new(), &body);
            journal.respond(id, Some(response), None);
        }
        assert!(journal.requests().len() < 260 && journal.evicted() > 740);
        let bytes: usize = journal.entries.iter().map(Entry::size).sum();
        assert_eq!(bytes, journal.bytes);
    }
}
