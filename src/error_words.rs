//! What the server says about a failure: in an envelope or in an event of a stream.

use serde_json::{Map, Value};

use crate::error::{Context, OrionError};
use crate::types::ErrorCode;

/// The code, the words and the details. What the server did not give is empty.
#[derive(Debug, PartialEq)]
pub(crate) struct ErrorWords {
    pub(crate) code: ErrorCode,
    pub(crate) details: Option<Value>,
    message: String,
}

impl ErrorWords {
    /// Reads as much as there is, first in `error`, then beside it. No shape of either is an error.
    pub(crate) fn read(mut envelope: Map<String, Value>) -> Self {
        let mut error = match envelope.remove("error") {
            Some(Value::Object(error)) => error,
            // Plain words, or a shape that is not known but may say something.
            Some(other) => Map::from_iter([("message".to_owned(), other)]),
            None => Map::new(),
        };
        let code = text(&error, "code").or_else(|| text(&envelope, "code"));
        let message = text(&error, "message").or_else(|| text(&envelope, "message"));
        let details = given(error.remove("details")).or_else(|| given(envelope.remove("details")));
        let message = message.or_else(|| {
            let elsewhere = ["detail", "errors", "title", "reason"];
            let mut all = [&error, &envelope].into_iter();
            all.find_map(|object| elsewhere.iter().find_map(|name| text(object, name)))
        });
        let message = message.or_else(|| {
            error.retain(|name, value| name != "code" && words(value).is_some());
            (!error.is_empty()).then(|| Value::Object(error).to_string())
        });
        Self {
            code: ErrorCode::from(code.unwrap_or_default()),
            message: message.unwrap_or_default(),
            details,
        }
    }

    /// Reads an error that is not JSON.
    pub(crate) fn plain(message: &str) -> Self {
        Self {
            code: ErrorCode::from(""),
            message: message.trim().to_owned(),
            details: None,
        }
    }

    pub(crate) fn into_error(self, context: Context) -> OrionError {
        OrionError::api(self.code, self.message, self.details, context)
    }
}

fn text(object: &Map<String, Value>, name: &str) -> Option<String> {
    object.get(name).and_then(words)
}

/// Returns a value as text: a string unchanged, anything else as JSON. `None` if it says nothing.
fn words(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) if text.trim().is_empty() => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(items) if items.is_empty() => None,
        Value::Object(fields) if fields.is_empty() => None,
        other => Some(other.to_string()),
    }
}

fn given(details: Option<Value>) -> Option<Value> {
    details.filter(|details| !details.is_null())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(envelope: Value) -> (String, String, Option<Value>) {
        let Value::Object(envelope) = envelope else {
            panic!("{envelope} is not an object")
        };
        let words = ErrorWords::read(envelope);
        (words.code.as_str().to_owned(), words.message, words.details)
    }

    #[test]
    fn code_message_and_details_are_looked_for_in_error_and_then_beside_it() {
        let error = json!({"code": "C", "message": "words", "details": {"a": 1}});
        let expected = ("C".to_owned(), "words".to_owned(), Some(json!({"a": 1})));
        for envelope in [
            json!({"success": false, "error": error}),
            json!({"success": false, "code": "C", "message": "words", "details": {"a": 1}}),
            json!({"error": null, "code": "C", "message": "words", "details": {"a": 1}}),
            json!({"error": {}, "code": "C", "message": "words", "details": {"a": 1}}),
            json!({"error": {"code": "C"}, "message": "words", "details": {"a": 1}}),
            json!({"error": {"message": "words"}, "code": "C", "details": {"a": 1}}),
            json!({"error": {"message": " ", "code": ""}, "code": "C", "message": "words",
                "details": {"a": 1}}),
            json!({"error": "words", "code": "C", "message": "other", "details": {"a": 1}}),
            json!({"error": error, "code": "X", "message": "other", "details": {"b": 2}}),
        ] {
            assert_eq!(read(envelope.clone()), expected, "{envelope}");
        }
    }

    #[test]
    fn no_word_is_lost_whatever_its_shape() {
        for (envelope, message) in [
            (
                json!({"error": "the model is on fire"}),
                "the model is on fire",
            ),
            (json!({"error": ["too", "hot"]}), r#"["too","hot"]"#),
            (json!({"error": 7}), "7"),
            (json!({"error": {"message": ["a", "b"]}}), r#"["a","b"]"#),
            (
                json!({"error": {"message": {"en": "no"}}}),
                r#"{"en":"no"}"#,
            ),
            (json!({"detail": "Not allowed"}), "Not allowed"),
            (json!({"error": {"detail": "Not allowed"}}), "Not allowed"),
            (json!({"errors": [{"msg": "bad"}]}), r#"[{"msg":"bad"}]"#),
            (
                json!({"error": null, "errors": [], "title": "Oh no"}),
                "Oh no",
            ),
        ] {
            assert_eq!(read(envelope.clone()).1, message, "{envelope}");
        }
        assert_eq!(read(json!({"error": {"code": 42}})).0, "42");
    }

    #[test]
    fn what_the_server_did_not_say_is_empty() {
        for envelope in [json!({}), json!({"error": {}}), json!({"error": null})] {
            let nothing = (String::new(), String::new(), None);
            assert_eq!(read(envelope.clone()), nothing, "{envelope}");
        }
    }
}
