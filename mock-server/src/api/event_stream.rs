//! Replies as server-sent events. Each event is made when the one before has been sent, so that a long
//! reply does not need more memory than its text.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use jiff::Timestamp;

use crate::api::exchange::Exchange;
use crate::faults::connection_fault::ConnectionFault;
use crate::faults::fault::FaultKind;
use crate::protocol::data::{MessageMetadata, StreamEvent};
use crate::protocol::envelope::Response;
use crate::protocol::failure::Failure;
use crate::protocol::payload::Payload;
use crate::state::clock::RunningClock;
use crate::state::in_flight::InFlightSlot;
use crate::state::replies::token_at;

/// What the `done` event contains, and the pause between two tokens.
pub(crate) struct Finish {
    pub(crate) message_id: String,
    pub(crate) tokens_used: u64,
    pub(crate) model: String,
    pub(crate) started: Timestamp,
    pub(crate) token_pace: Duration,
}

/// A stream that is being sent.
struct EventStream {
    reply: String,
    /// How many bytes of the reply have been sent.
    position: usize,
    /// How many events have been sent.
    events: usize,
    end: End,
    finish: Finish,
    clock: RunningClock,
    fault: Option<FaultKind>,
    /// The bytes to send one by one.
    drip: VecDeque<u8>,
    _slot: InFlightSlot,
}

#[derive(PartialEq)]
enum End {
    /// There are more events.
    NotYet,
    Ended,
    /// The connection is cut off after the last bytes.
    CutOff,
}

/// Returns the stream of a reply.
pub(crate) fn event_stream(
    exchange: &Exchange,
    reply: String,
    finish: Finish,
    slot: InFlightSlot,
) -> Response {
    let events = EventStream {
        reply,
        position: 0,
        events: 0,
        end: End::NotYet,
        finish,
        clock: exchange.account.clock.clone(),
        fault: exchange.plan.kind.as_deref().cloned(),
        drip: VecDeque::new(),
        _slot: slot,
    };
    let body = stream::unfold(events, |mut events| async move {
        let bytes = events.next().await?;
        Some((bytes, events))
    });
    let mut response = Response::new(Payload::stream(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

impl EventStream {
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        if let Some(byte) = self.drip.pop_front() {
            // This lets the connection send each byte separately.
            tokio::task::yield_now().await;
            return Some(Ok(Bytes::copy_from_slice(&[byte])));
        }
        match self.end {
            End::NotYet => {}
            End::Ended if matches!(self.fault, Some(FaultKind::StreamStall { .. })) => {
                return self.stall().await;
            }
            End::Ended => return None,
            End::CutOff => return Some(Err(ConnectionFault::cut().await)),
        }
        let is_last = self.position == self.reply.len();
        match self.fault {
            Some(FaultKind::StreamStall { after_events }) if self.events == after_events => {
                return self.stall().await;
            }
            Some(FaultKind::StreamEnd { after_events })
                if is_last || self.events == after_events =>
            {
                return None;
            }
            Some(FaultKind::StreamError { after_events })
                if is_last || self.events == after_events =>
            {
                self.end = End::Ended;
                return Some(Ok(error_event().into()));
            }
            Some(FaultKind::StreamCut { after_events })
                if is_last || self.events == after_events =>
            {
                return Some(Err(ConnectionFault::cut().await));
            }
            _ => {}
        }
        let event = self.next_event().await;
        self.events += 1;
        if let Some(length) = self.cut_inside(&event, is_last) {
            self.end = End::CutOff;
            return Some(Ok(Bytes::from(event).slice(..length)));
        }
        Some(Ok(self.dress(event)))
    }

    /// Returns the next event, after the pause between two tokens.
    async fn next_event(&mut self) -> String {
        let Some(token) = token_at(&self.reply, self.position) else {
            self.end = End::Ended;
            return self.done_event();
        };
        if self.events > 0 {
            self.clock.sleep(self.finish.token_pace).await;
        }
        self.position += token.len();
        data(&StreamEvent::Token { content: token })
    }

    /// Returns where the fault cuts off this event.
    fn cut_inside(&self, event: &str, is_last: bool) -> Option<usize> {
        let half = event.len() / 2;
        match self.fault {
            Some(FaultKind::StreamCutInsideEvent { after_events }) => {
                (is_last || self.events == after_events.saturating_add(1)).then_some(half)
            }
            Some(FaultKind::StreamCutInsideCharacter) => {
                // After the first byte of the first character that has more than one.
                let character = event.bytes().position(|byte| !byte.is_ascii());
                match character {
                    Some(character) => Some(character + 1),
                    None => is_last.then_some(half),
                }
            }
            _ => None,
        }
    }

    /// Gives an event the form that the fault asks for.
    fn dress(&mut self, event: String) -> Bytes {
        match self.fault {
            Some(FaultKind::StreamComments) => format!(": keep-alive\n\n{event}").into(),
            Some(FaultKind::StreamCrlf) => event.replace('\n', "\r\n").into(),
            Some(FaultKind::StreamDrip) => {
                let mut bytes = Bytes::from(event);
                self.drip.extend(bytes.split_off(1));
                bytes
            }
            _ => event.into(),
        }
    }

    async fn stall(&self) -> Option<io::Result<Bytes>> {
        let never: Infallible = std::future::pending().await;
        match never {}
    }

    fn done_event(&self) -> String {
        let finish = &self.finish;
        let elapsed = self.clock.now().duration_since(finish.started);
        data(&StreamEvent::Done {
            message_id: &finish.message_id,
            metadata: MessageMetadata {
                tokens_used: finish.tokens_used,
                response_time: elapsed.as_secs_f64().max(0.0),
                model: &finish.model,
            },
        })
    }
}

fn error_event() -> String {
    data(&StreamEvent::Error {
        error: Failure::model_error().error_object(),
    })
}

fn data(event: &StreamEvent<'_>) -> String {
    // Events are made of strings and numbers, so this does not fail.
    let json = serde_json::to_string(event).unwrap_or_default();
    format!("data: {json}\n\n")
}
