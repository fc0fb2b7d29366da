//! Completes the journal when a request or its response ends, in whichever way.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::{io, mem};

use bytes::Bytes;
use futures_util::stream::Stream;
use jiff::Timestamp;

use crate::journal::record::{EntryId, Journal};
use crate::journal::response_entry::MAX_BODY;
use crate::protocol::payload::Payload;
use crate::state::account::Account;

/// A request that was recorded and has no complete response yet.
pub(crate) struct Recorder {
    account: Arc<Account>,
    pub(crate) entry: EntryId,
    arrived: Timestamp,
    /// The beginning of the streamed body.
    body: Vec<u8>,
    length: u64,
    is_complete: bool,
}

impl Recorder {
    pub(crate) fn new(account: Arc<Account>, entry: EntryId, arrived: Timestamp) -> Self {
        Self {
            account,
            entry,
            arrived,
            body: Vec::new(),
            length: 0,
            is_complete: false,
        }
    }

    /// Passes a body on. The recorder lives as long as a streamed body.
    pub(crate) fn observe(self, payload: Payload) -> Payload {
        match payload {
            Payload::Bytes(bytes) => Payload::Bytes(bytes),
            Payload::Stream(pieces) => Payload::stream(Observed {
                pieces,
                recorder: self,
            }),
        }
    }

    /// Completes the entry, unless it is complete already.
    pub(crate) fn complete(&mut self, journal: &mut Journal, client_left: bool) {
        if mem::replace(&mut self.is_complete, true) {
            return;
        }
        let duration = self.account.clock.now().duration_since(self.arrived);
        let duration = duration.try_into().unwrap_or_default();
        let body = (self.length > 0).then_some((&self.body[..], self.length));
        journal.complete(self.entry, body, duration, client_left);
    }

    fn end(&mut self, client_left: bool) {
        if !self.is_complete {
            let account = self.account.clone();
            self.complete(&mut account.lock().journal, client_left);
        }
    }

    fn add(&mut self, bytes: &Bytes) {
        self.length += bytes.len() as u64;
        let room = MAX_BODY - self.body.len();
        self.body.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

impl Drop for Recorder {
    /// A client that leaves ends its request, wherever that is.
    fn drop(&mut self) {
        self.end(true);
    }
}

struct Observed<S> {
    pieces: S,
    recorder: Recorder,
}

impl<S: Stream<Item = io::Result<Bytes>> + Unpin> Stream for Observed<S> {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = std::task::ready!(Pin::new(&mut self.pieces).poll_next(cx));
        match &next {
            Some(Ok(bytes)) => self.recorder.add(bytes),
            Some(Err(_)) | None => self.recorder.end(false),
        }
        Poll::Ready(next)
    }
}
