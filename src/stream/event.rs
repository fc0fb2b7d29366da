//! From the bytes of a stream to its events.
//!
//! The parser is `sse-core`: of the parsers that exist it is the one that takes LF, CR, CRLF, a byte
//! order mark and any split, and bounds an event's size. `eventsource-stream` (last release in 2022)
//! and `sse-stream` buffer an event without limit; `eventsource-client` is a whole client over
//! hyper.

use std::borrow::Cow;
use std::num::NonZeroUsize;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use sse_core::{SseDecoder, SseEvent};

use crate::types::MessageDone;

/// One event of a streamed reply.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum MessageEvent {
    /// `{"type":"token","content":"…"}`: the next piece of the reply.
    Token(String),
    /// `{"type":"done",…}`: the reply is complete.
    Done(MessageDone),
    /// An event of a type that this version does not know, whole.
    Other(Value),
}

/// What an event of the wire stands for.
pub(super) enum ReadEvent {
    Event(MessageEvent),
    /// The `error` object of `{"type":"error","error":{…}}`.
    Error(Value),
}

pub(super) enum EventError {
    TooLarge,
    Malformed(serde_json::Error),
}

/// The decoder and the bytes that it has not read yet.
pub(super) struct Events {
    decoder: SseDecoder,
    unread: Bytes,
}

impl Events {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self {
            decoder: SseDecoder::with_limit(
                NonZeroUsize::new(max_bytes).unwrap_or(NonZeroUsize::MIN),
            ),
            unread: Bytes::new(),
        }
    }

    /// To be called when `next_event` has returned `None`: all earlier bytes are read then.
    pub(super) fn push(&mut self, bytes: Bytes) {
        self.unread = bytes;
    }

    /// The next whole event, `None` if more bytes are needed.
    pub(super) fn next_event(&mut self) -> Result<Option<ReadEvent>, EventError> {
        loop {
            match self.decoder.next(&mut self.unread) {
                None => return Ok(None),
                Some(Ok(SseEvent::Message(message))) => {
                    return read(message.data).map(Some).map_err(EventError::Malformed);
                }
                // A reconnection time is of no use to a stream that is not resumed.
                Some(Ok(SseEvent::Retry(_))) => {}
                Some(Err(_)) => return Err(EventError::TooLarge),
            }
        }
    }
}

#[derive(Deserialize)]
struct Probe<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
    content: Option<Value>,
}

#[derive(Deserialize)]
struct Token<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    content: Cow<'a, str>,
}

fn read(mut data: String) -> Result<ReadEvent, serde_json::Error> {
    // Nearly all events are tokens: one pass, and no allocation that the event does not have.
    if let Ok(token) = serde_json::from_str::<Token<'_>>(&data)
        && token.kind == "token"
    {
        let text = match token.content {
            Cow::Owned(unescaped) => unescaped,
            Cow::Borrowed(text) => {
                let start = text.as_ptr().addr() - data.as_ptr().addr();
                let end = start + text.len();
                data.truncate(end);
                data.drain(..start);
                data
            }
        };
        return Ok(ReadEvent::Event(MessageEvent::Token(text)));
    }
    let data = data.as_str();
    let probe: Probe<'_> = serde_json::from_str(data)?;
    match probe.kind.as_deref() {
        Some("token") => {
            use serde::de::Error;
            Err(serde_json::Error::custom(match probe.content {
                None => "a token without content",
                Some(_) => "a token whose content is no string",
            }))
        }
        Some("done") => {
            let mut event: Value = serde_json::from_str(data)?;
            // The type is told by the variant; what is left is what the event carries.
            if let Some(fields) = event.as_object_mut() {
                fields.remove("type");
            }
            serde_json::from_value(event).map(|done| ReadEvent::Event(MessageEvent::Done(done)))
        }
        Some("error") => {
            let mut event: Value = serde_json::from_str(data)?;
            Ok(ReadEvent::Error(event["error"].take()))
        }
        _ => serde_json::from_str(data).map(|event| ReadEvent::Event(MessageEvent::Other(event))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_its_content_escaped_or_not_wherever_it_stands() {
        for (data, text) in [
            (r#"{"type":"token","content":" tide"}"#, " tide"),
            (r#"{"content":"token","type":"token"}"#, "token"),
            (r#"{"type":"token","content":""}"#, ""),
            (r#"{"type":"token","content":"naïve 🌊","x":1}"#, "naïve 🌊"),
            (
                r#"{"type":"token","content":"a\n\"b\" \u00e9"}"#,
                "a\n\"b\" é",
            ),
        ] {
            match read(data.to_owned()) {
                Ok(ReadEvent::Event(MessageEvent::Token(token))) => assert_eq!(token, text),
                _ => panic!("{data} is no token"),
            }
        }
    }
}
