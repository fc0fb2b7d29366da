//! From the bytes of a stream to its events.
//!
//! The parser is `sse-core`, because it accepts LF, CR, CRLF, a byte order mark and any split, and
//! limits the size of an event. `eventsource-stream` (last release in 2022) and `sse-stream` buffer an
//! event without a limit; `eventsource-client` is a complete client based on hyper.

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
    /// An event of a type that this version does not know, unchanged.
    Other(Value),
}

/// What a server-sent event represents.
pub(super) enum ReadEvent {
    Event(MessageEvent),
    /// The `error` object of `{"type":"error","error":{…}}`.
    Error(Value),
}

pub(super) enum EventError {
    TooLarge,
    Malformed(serde_json::Error),
}

/// The decoder, and the bytes that it has not read yet.
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

    /// Adds bytes. Call it only after `next_event` has returned `None`, when all earlier bytes are read.
    pub(super) fn push(&mut self, bytes: Bytes) {
        self.unread = bytes;
    }

    /// Returns the next complete event, or `None` if more bytes are needed.
    pub(super) fn next_event(&mut self) -> Result<Option<ReadEvent>, EventError> {
        loop {
            match self.decoder.next(&mut self.unread) {
                None => return Ok(None),
                Some(Ok(SseEvent::Message(message))) => {
                    return read(message.data).map(Some).map_err(EventError::Malformed);
                }
                // A stream that is not resumed needs no reconnection time.
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
    // Nearly all events are tokens: they are read in one pass and reuse the event's allocation.
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
                None => "the token has no content",
                Some(_) => "the content of the token is not a string",
            }))
        }
        Some("done") => {
            let mut event: Value = serde_json::from_str(data)?;
            // The variant is the type. The other fields are the event's data.
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
    fn a_token_is_its_content_whether_it_is_escaped_or_not() {
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
                _ => panic!("{data} is not a token"),
            }
        }
    }
}
