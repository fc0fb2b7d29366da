//! Events of a reply as JSON, for logs, queues and fakes.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::event::MessageEvent;
use crate::types::MessageDone;

const TYPE: &str = "type";

/// Writes the event as the server sends it.
impl Serialize for MessageEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Token<'a> {
            r#type: &'static str,
            content: &'a str,
        }

        #[derive(Serialize)]
        struct Done<'a> {
            r#type: &'static str,
            #[serde(flatten)]
            done: &'a MessageDone,
        }

        match self {
            Self::Token(content) => Token {
                r#type: "token",
                content,
            }
            .serialize(serializer),
            Self::Done(done) => Done {
                r#type: "done",
                done,
            }
            .serialize(serializer),
            Self::Other(event) => event.serialize(serializer),
        }
    }
}

/// Reads an event as the server sends it. Any value that is neither a token nor `done` is `Other`.
impl<'de> Deserialize<'de> for MessageEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let event = Value::deserialize(deserializer)?;
        let is = |kind: &str| event.get(TYPE).is_some_and(|of_event| of_event == kind);
        let (is_token, is_done) = (is("token"), is("done"));
        match event {
            Value::Object(mut fields) if is_token => match fields.remove("content") {
                Some(Value::String(content)) => Ok(Self::Token(content)),
                _ => Err(D::Error::custom(
                    "expected a token with a string as its content",
                )),
            },
            Value::Object(fields) if is_done => done(fields).map_err(D::Error::custom),
            event => Ok(Self::Other(event)),
        }
    }
}

fn done(mut fields: Map<String, Value>) -> Result<MessageEvent, serde_json::Error> {
    fields.remove(TYPE);
    serde_json::from_value(Value::Object(fields)).map(MessageEvent::Done)
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json, to_value};

    use super::*;

    #[test]
    fn an_event_that_is_written_and_read_again_is_the_same_and_has_the_form_of_the_api() {
        for (json, is_other) in [
            (json!({"type": "token", "content": "tide \n"}), false),
            (json!({"type": "done"}), false),
            (
                json!({"type": "done", "messageId": "msg_1", "x": 1, "metadata": {"tokensUsed": 7}}),
                false,
            ),
            (json!({"type": "usage", "tokens": 7}), true),
            (json!("plain"), true),
            (json!({"type": 7}), true),
        ] {
            let event: MessageEvent = from_value(json.clone()).unwrap();
            assert_eq!(matches!(event, MessageEvent::Other(_)), is_other, "{json}");
            assert_eq!(to_value(&event).unwrap(), json);
            assert_eq!(from_value::<MessageEvent>(json).unwrap(), event);
        }
    }

    #[test]
    fn a_token_without_text_is_rejected() {
        for json in [
            json!({"type": "token"}),
            json!({"type": "token", "content": 1}),
        ] {
            let error = from_value::<MessageEvent>(json).unwrap_err();
            assert!(error.to_string().contains("token"), "{error}");
        }
    }
}
