//! Completes the journal when a request or its response ends, in whichever way.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

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
    /// The entry of the request while it is not complete.
    pub(crate) entry: Option<EntryId>,
    arrived: Timestamp,
    /// The beginning of the streamed body.
    body: Vec<u8>,
    length: u64,
}

impl Recorder {
    /// Must be made before the account is locked, because its drop locks it.
    pub(crate) fn new(account: Arc<Account>, arrived: Timestamp) -> Self {
        Self {
            account,
            entry: None,
            arrived,
            body: Vec::new(),
            length: 0,
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
    pub(crate) fn complete(&mut self, journal: &mut Journal, now: Timestamp, client_left: bool) {
        let Some(entry) = self.entry.take() else {
            return;
        };
        let duration = now.duration_since(self.arrived);
        let duration = duration.try_into().unwrap_or_default();
        let body = (self.length > 0).then_some((&self.body[..], self.length));
        journal.complete(entry, body, duration, client_left);
    }

    fn end(&mut self, client_left: bool) {
        if self.entry.is_some() {
            let account = self.account.clone();
            let now = account.clock.now();
            self.complete(&mut account.lock().journal, now, client_left);
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
