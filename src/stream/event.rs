//! From the bytes of a stream to its events.
//!
//! The parser is `sse-core`, because it accepts LF, CR, CRLF, a byte order mark and any split, and
//! limits the size of an event. `eventsource-stream` (last release in 2022) and `sse-stream` buffer an
//! event without a limit; `eventsource-client` is a complete client based on hyper.

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroUsize;

use bytes::Bytes;
use serde::de::{DeserializeOwned, IgnoredAny, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use sse_core::{SseDecoder, SseEvent};

use super::surrogates::Joiner;
use crate::error_words::ErrorWords;
use crate::lone_surrogates;
use crate::types::MessageDone;

/// One event of a streamed reply.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum MessageEvent {
    /// `{"type":"token","content":"…"}`: the next piece of the reply. It can be empty.
    Token(String),
    /// `{"type":"done",…}`: the reply is complete.
    Done(MessageDone),
    /// An event of a type that this version does not know, unchanged. Heartbeats are not events.
    Other(Value),
}

/// What a server-sent event represents.
pub(super) enum ReadEvent {
    Event(MessageEvent),
    /// An error, with the data that it was read from.
    Error(ErrorWords, String),
    /// A sign of life, which is not an event of the reply.
    Heartbeat,
}

pub(super) enum EventError {
    TooLarge,
    /// The event cannot be read. With its data.
    Malformed(serde_json::Error, String),
}

/// The decoder, and the bytes that it has not read yet.
pub(super) struct Events {
    decoder: SseDecoder,
    unread: Bytes,
    joiner: Joiner,
}

impl Events {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self {
            decoder: SseDecoder::with_limit(
                NonZeroUsize::new(max_bytes).unwrap_or(NonZeroUsize::MIN),
            ),
            unread: Bytes::new(),
            joiner: Joiner::default(),
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
                    return read(&message.event, message.data, &mut self.joiner).map(Some);
                }
                // A stream that is not resumed needs no reconnection time.
                Some(Ok(SseEvent::Retry(_))) => {}
                Some(Err(_)) => return Err(EventError::TooLarge),
            }
        }
    }

    /// Returns what is left of the text when the stream ends: half of a character, as U+FFFD.
    pub(super) fn rest_of_text(&mut self) -> Option<String> {
        let mut rest = String::new();
        self.joiner.end(&mut rest);
        Some(rest).filter(|rest| !rest.is_empty())
    }
}

#[derive(Deserialize)]
struct Token<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    content: Cow<'a, str>,
}

/// What decides how an event is read. Nothing else of it is looked at.
#[derive(Deserialize)]
struct Kind {
    #[serde(default, rename = "type")]
    kind: Option<TypeName>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum TypeName {
    Text(String),
    /// Another shape, which names no type that the client knows.
    Other(IgnoredAny),
}

/// The content of a token, in which halves of characters are encoded as if they were whole. Of all
/// that serde_json reads, only bytes can hold them.
#[derive(Deserialize)]
struct TokenWithHalves {
    content: Halves,
}

struct Halves(Vec<u8>);

impl<'de> Deserialize<'de> for Halves {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct HalvesVisitor;

        impl Visitor<'_> for HalvesVisitor {
            type Value = Halves;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Halves, E> {
                Ok(Halves(bytes.to_vec()))
            }
        }

        deserializer.deserialize_bytes(HalvesVisitor)
    }
}

fn read(name: &str, mut data: String, joiner: &mut Joiner) -> Result<ReadEvent, EventError> {
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
        let text = match joiner.is_waiting() {
            true => joiner.whole(text),
            false => text,
        };
        return Ok(ReadEvent::Event(MessageEvent::Token(text)));
    }
    if data.trim().is_empty() {
        return Ok(ReadEvent::Heartbeat);
    }
    read_with_care(name, &data, joiner).map_err(|error| EventError::Malformed(error, data))
}

/// Reads what is not an ordinary token.
fn read_with_care(
    name: &str,
    data: &str,
    joiner: &mut Joiner,
) -> Result<ReadEvent, serde_json::Error> {
    let kind = match json::<Kind>(data) {
        Ok(Kind {
            kind: Some(TypeName::Text(kind)),
        }) => Some(kind),
        Ok(_) => None,
        Err(unreadable) => {
            return match name {
                "ping" => Ok(ReadEvent::Heartbeat),
                "error" => Ok(error(ErrorWords::plain(data), data)),
                "message" | "token" | "done" => Err(unreadable),
                // By its name it is not an event of a reply, so it need not have the form of one.
                _ => Ok(other(json(data).unwrap_or_else(|_| data.into()))),
            };
        }
    };
    match kind.as_deref() {
        Some("token") => {
            let token: TokenWithHalves = serde_json::from_str(data)?;
            let text = joiner.join(&token.content.0);
            return Ok(ReadEvent::Event(MessageEvent::Token(text)));
        }
        Some("done") => return Ok(ReadEvent::Event(MessageEvent::Done(done(data)))),
        None if name == "ping" => return Ok(ReadEvent::Heartbeat),
        _ => {}
    }
    let is_error = name == "error" || kind.as_deref() == Some("error");
    match json(data) {
        Ok(Value::Object(event)) if is_error || is_error_envelope(&event) => {
            Ok(error(ErrorWords::read(event), data))
        }
        Ok(event) if !is_error => Ok(other(event)),
        Err(unreadable) if !is_error => Err(unreadable),
        _ => Ok(error(ErrorWords::plain(data), data)),
    }
}

fn error(words: ErrorWords, data: &str) -> ReadEvent {
    ReadEvent::Error(words, data.to_owned())
}

fn other(event: Value) -> ReadEvent {
    ReadEvent::Event(MessageEvent::Other(event))
}

/// Whether an event without a type is an error: an envelope, or its `error` alone.
fn is_error_envelope(event: &Map<String, Value>) -> bool {
    let error = event.get("error");
    !event.contains_key("type")
        && (event.get("success") == Some(&Value::Bool(false))
            || matches!(error, Some(Value::Object(_) | Value::String(_))))
}

/// Reads the last event. Whatever else it holds, the reply is complete.
fn done(data: &str) -> MessageDone {
    let Ok(mut fields) = json::<Map<String, Value>>(data) else {
        return MessageDone::default();
    };
    // The variant is the type. The other fields are the event's data.
    fields.remove("type");
    serde_json::from_value(Value::Object(fields)).unwrap_or_default()
}

fn json<T: DeserializeOwned>(data: &str) -> Result<T, serde_json::Error> {
    lone_surrogates::from_slice(data.as_bytes())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::{Context, Failure, OrionError};

    /// How an event is read: its kind, and its text or its JSON.
    fn reading(name: &str, data: &str) -> (&'static str, String) {
        match read(name, data.to_owned(), &mut Joiner::default()) {
            Ok(ReadEvent::Event(MessageEvent::Token(text))) => ("token", text),
            Ok(ReadEvent::Event(MessageEvent::Done(done))) => {
                ("done", serde_json::to_string(&done).unwrap())
            }
            Ok(ReadEvent::Event(MessageEvent::Other(event))) => ("other", event.to_string()),
            Ok(ReadEvent::Error(words, _)) => {
                let error = words.into_error(Context::of(Failure::Stream));
                let OrionError::Api(api) = &error else {
                    panic!("{error:?}")
                };
                ("error", format!("{}: {}", api.code(), api.message()))
            }
            Ok(ReadEvent::Heartbeat) => ("heartbeat", String::new()),
            Err(EventError::Malformed(error, _)) => ("malformed", error.to_string()),
            Err(EventError::TooLarge) => panic!("{data} is too large"),
        }
    }

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
            (r#"{"type":"tok\u0065n","content":"x","y":1e400}"#, "x"),
            (r#"{"type":"token","content":"\ud83c\udf0a"}"#, "🌊"),
            (r#"{"type":"token","content":"a\udf0ab"}"#, "a\u{fffd}b"),
            (r#"{"type":"token","content":"x","note":"\udf0a"}"#, "x"),
        ] {
            assert_eq!(
                reading("message", data),
                ("token", text.to_owned()),
                "{data}"
            );
        }
    }

    #[test]
    fn an_event_without_data_or_named_ping_is_a_heartbeat() {
        for (name, data) in [
            ("message", ""),
            ("message", " "),
            ("ping", ""),
            ("ping", "{}"),
            ("ping", "2026-03-02T08:15:30Z"),
            ("ping", r#"{"time":7}"#),
            ("error", ""),
        ] {
            assert_eq!(reading(name, data).0, "heartbeat", "{name} {data}");
        }
        // The type decides where there is one.
        let token = r#"{"type":"token","content":"x"}"#;
        assert_eq!(reading("ping", token), ("token", "x".to_owned()));
    }

    #[test]
    fn an_error_keeps_its_code_and_its_words_in_every_shape() {
        for (name, data) in [
            (
                "message",
                r#"{"type":"error","error":{"code":"C","message":"w"}}"#,
            ),
            ("message", r#"{"type":"error","code":"C","message":"w"}"#),
            (
                "message",
                r#"{"success":false,"error":{"code":"C","message":"w"}}"#,
            ),
            ("message", r#"{"success":false,"code":"C","message":"w"}"#),
            ("message", r#"{"error":{"code":"C","message":"w"}}"#),
            (
                "error",
                r#"{"success":false,"error":{"code":"C","message":"w"}}"#,
            ),
            ("error", r#"{"code":"C","message":"w"}"#),
            (
                "error",
                r#"{"type":"error","error":{"code":"C","message":"w"}}"#,
            ),
            (
                "error",
                r#"{"type":"server_error","error":{"code":"C","message":"w"}}"#,
            ),
            ("error", r#"{"code":"C","message":"w","note":"\ud83c"}"#),
        ] {
            assert_eq!(
                reading(name, data),
                ("error", "C: w".to_owned()),
                "{name} {data}"
            );
        }
        for (name, data, words) in [
            ("error", "the model stopped", ": the model stopped"),
            ("error", "\"the model stopped\"", ": \"the model stopped\""),
            ("error", "[1]", ": [1]"),
            ("error", "{", ": {"),
            ("message", r#"{"type":"error","error":"words"}"#, ": words"),
            ("message", r#"{"error":"words"}"#, ": words"),
            ("message", r#"{"type":"error"}"#, ": "),
            (
                "message",
                r#"{"type":"error","message":"\ud83cx"}"#,
                ": \u{fffd}x",
            ),
        ] {
            assert_eq!(
                reading(name, data),
                ("error", words.to_owned()),
                "{name} {data}"
            );
        }
    }

    #[test]
    fn the_last_event_is_read_whatever_its_values_are() {
        for (data, done) in [
            (r#"{"type":"done"}"#, json!({})),
            (
                r#"{"type":"done","messageId":"m","metadata":{"tokensUsed":12.0}}"#,
                json!({"messageId": "m", "metadata": {"tokensUsed": 12.0}}),
            ),
            (
                r#"{"type":"done","messageId":7,"metadata":[true]}"#,
                json!({"messageId": 7, "metadata": [true]}),
            ),
            (
                r#"{"type":"done","metadata":{"model":"\ud83c"}}"#,
                json!({"metadata": {"model": "\u{fffd}"}}),
            ),
            // Not even a JSON number that the client can hold.
            (
                r#"{"type":"done","metadata":{"tokensUsed":1e400}}"#,
                json!({}),
            ),
        ] {
            let (kind, read) = reading("message", data);
            let read: Value = serde_json::from_str(&read).unwrap();
            assert_eq!((kind, read), ("done", done), "{data}");
        }
    }

    #[test]
    fn an_event_of_another_type_or_name_is_unchanged() {
        for (name, data) in [
            ("message", r#"{"tokens":7,"type":"usage"}"#),
            ("message", r#"{"type":7}"#),
            ("message", "{}"),
            ("usage", "7"),
        ] {
            assert_eq!(
                reading(name, data),
                ("other", data.to_owned()),
                "{name} {data}"
            );
        }
        let text = ("other", "\"high water\"".to_owned());
        assert_eq!(reading("weather", "high water"), text);
        for (name, data) in [("message", "[DONE]"), ("message", "7"), ("done", "{")] {
            assert_eq!(reading(name, data).0, "malformed", "{name} {data}");
        }
    }
}
