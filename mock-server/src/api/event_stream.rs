//! Replies as server-sent events. Each event is made when the one before has been sent.

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

/// What the `done` event contains.
pub(crate) struct Finish {
    pub(crate) message_id: String,
    pub(crate) tokens_used: u64,
    pub(crate) model: String,
    pub(crate) started: Timestamp,
}

/// One step of a stream.
enum Step {
    /// The event of a token, after the pause between two tokens.
    Token(String),
    Done,
    /// Bytes that are sent unchanged.
    Raw(Bytes),
    /// Nothing more is sent, but the stream remains open.
    Stall,
    /// The connection is cut off.
    Cut,
}

struct State {
    steps: VecDeque<Step>,
    finish: Finish,
    pace: Duration,
    clock: RunningClock,
    crlf: bool,
    comments: bool,
    /// The bytes to send one by one.
    drip: Option<VecDeque<u8>>,
    first: bool,
    _slot: Option<InFlightSlot>,
}

/// Returns the stream of a reply.
pub(crate) fn event_stream(
    exchange: &Exchange,
    tokens: Vec<String>,
    finish: Finish,
    slot: Option<InFlightSlot>,
) -> Response {
    let fault = exchange.plan.kind.as_ref();
    let state = State {
        steps: steps(tokens, fault),
        finish,
        pace: exchange.account.lock().token_pace,
        clock: exchange.account.clock.clone(),
        crlf: matches!(fault, Some(FaultKind::StreamCrlf)),
        comments: matches!(fault, Some(FaultKind::StreamComments)),
        drip: matches!(fault, Some(FaultKind::StreamDrip)).then(VecDeque::new),
        first: true,
        _slot: slot,
    };
    let body = stream::unfold(state, |mut state| async move {
        let piece = state.next().await?;
        Some((piece, state))
    });
    let mut response = Response::new(Payload::stream(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// Returns the steps of a reply, with the effect of the fault.
fn steps(tokens: Vec<String>, fault: Option<&FaultKind>) -> VecDeque<Step> {
    let character = tokens.iter().position(|token| !token.is_ascii());
    let mut steps: VecDeque<Step> = tokens.into_iter().map(Step::Token).collect();
    steps.push_back(Step::Done);
    let last = steps.len() - 1;
    match fault {
        Some(FaultKind::StreamStall { after_events }) => {
            steps.truncate(*after_events);
            steps.push_back(Step::Stall);
        }
        Some(FaultKind::StreamEnd { after_events }) => steps.truncate((*after_events).min(last)),
        Some(FaultKind::StreamError { after_events }) => {
            steps.truncate((*after_events).min(last));
            let failure = Failure::model_error();
            let event = data(&StreamEvent::Error {
                error: failure.error_object(),
            });
            steps.push_back(Step::Raw(event.into()));
        }
        Some(FaultKind::StreamCut { after_events }) => {
            steps.truncate((*after_events).min(last));
            steps.push_back(Step::Cut);
        }
        Some(FaultKind::StreamCutInsideEvent { after_events }) => {
            cut_inside(&mut steps, (*after_events).min(last), |event| {
                event.len() / 2
            });
        }
        Some(FaultKind::StreamCutInsideCharacter) => {
            cut_inside(&mut steps, character.unwrap_or(last), |event| {
                // After the first byte of the first character that has more than one.
                event
                    .iter()
                    .position(|byte| !byte.is_ascii())
                    .unwrap_or(event.len() / 2)
                    + 1
            });
        }
        _ => {}
    }
    steps
}

fn cut_inside(steps: &mut VecDeque<Step>, index: usize, at: impl FnOnce(&[u8]) -> usize) {
    steps.truncate(index + 1);
    if let Some(step) = steps.pop_back() {
        let event = match step {
            Step::Token(token) => token_event(&token),
            _ => "data: {\"type\":\"done\"}\n\n".to_owned(),
        };
        let at = at(event.as_bytes()).min(event.len() - 1);
        steps.push_back(Step::Raw(Bytes::from(event).slice(..at)));
        steps.push_back(Step::Cut);
    }
}

fn token_event(token: &str) -> String {
    data(&StreamEvent::Token { content: token })
}

fn data(event: &StreamEvent<'_>) -> String {
    // Events are made of strings and numbers, so this does not fail.
    let json = serde_json::to_string(event).unwrap_or_default();
    format!("data: {json}\n\n")
}

impl State {
    async fn next(&mut self) -> Option<Result<Bytes, io::Error>> {
        if let Some(byte) = self.drip.as_mut().and_then(VecDeque::pop_front) {
            // This lets the connection send each byte separately.
            tokio::task::yield_now().await;
            return Some(Ok(Bytes::copy_from_slice(&[byte])));
        }
        let step = self.steps.pop_front()?;
        let event = match step {
            Step::Token(token) => {
                if !std::mem::take(&mut self.first) {
                    self.clock.sleep(self.pace).await;
                }
                token_event(&token)
            }
            Step::Done => self.done_event(),
            Step::Raw(bytes) => return Some(Ok(bytes)),
            Step::Stall => {
                let never: Infallible = std::future::pending().await;
                match never {}
            }
            Step::Cut => return Some(Err(ConnectionFault::cut().await)),
        };
        let event = if self.comments {
            format!(": keep-alive\n\n{event}")
        } else {
            event
        };
        let event = if self.crlf {
            event.replace('\n', "\r\n")
        } else {
            event
        };
        let mut bytes = Bytes::from(event);
        if let Some(drip) = &mut self.drip {
            drip.extend(bytes.split_off(1));
        }
        Some(Ok(bytes))
    }

    fn done_event(&self) -> String {
        let finish = &self.finish;
        data(&StreamEvent::Done {
            message_id: &finish.message_id,
            metadata: MessageMetadata {
                tokens_used: finish.tokens_used,
                response_time: self
                    .clock
                    .now()
                    .duration_since(finish.started)
                    .as_secs_f64(),
                model: &finish.model,
            },
        })
    }
}
