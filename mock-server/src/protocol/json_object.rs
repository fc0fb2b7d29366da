//! A JSON object as it was sent.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::protocol::failure::Failure;

/// How deeply the values of a request may be nested. Snapshots, the journal and state files wrap
/// these values in a few more levels and must stay readable for parsers that stop at 128.
const DEEPEST: usize = 64;

/// A JSON object, and the names of its fields in the order in which they were sent.
#[derive(Debug, Default)]
pub(crate) struct JsonObject {
    pub(crate) fields: Map<String, Value>,
    pub(crate) names: Vec<String>,
}

impl JsonObject {
    /// Parses a request body.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Failure> {
        let object: Self =
            serde_json::from_slice(bytes).map_err(|error| not_an_object(bytes, &error))?;
        for value in object.fields.values() {
            check_depth(value, "body")?;
        }
        Ok(object)
    }
}

fn not_an_object(bytes: &[u8], error: &serde_json::Error) -> Failure {
    match serde_json::from_slice::<Value>(bytes) {
        Ok(other) => Failure::invalid(
            "body",
            "The request body is not a JSON object",
            format!("Must be an object, got {}", kind(&other)),
        ),
        Err(_) => Failure::invalid(
            "body",
            "The request body is not valid JSON",
            error.to_string(),
        ),
    }
}

/// Rejects a value that is nested too deeply.
pub(crate) fn check_depth(value: &Value, field: &str) -> Result<(), Failure> {
    fn fits(value: &Value, levels: usize) -> bool {
        match value {
            Value::Array(items) => levels > 0 && items.iter().all(|item| fits(item, levels - 1)),
            Value::Object(fields) => {
                levels > 0 && fields.values().all(|value| fits(value, levels - 1))
            }
            _ => true,
        }
    }
    if fits(value, DEEPEST) {
        return Ok(());
    }
    Err(Failure::invalid(
        field,
        format!("Invalid value for {field}"),
        format!("Must be nested at most {DEEPEST} levels deep"),
    ))
}

/// Names the type of a JSON value.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

impl<'de> Deserialize<'de> for JsonObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = JsonObject;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut sent: A) -> Result<JsonObject, A::Error> {
                let mut object = JsonObject::default();
                while let Some((name, value)) = sent.next_entry::<String, Value>()? {
                    // Of two fields with one name the last one counts.
                    if object.fields.insert(name.clone(), value).is_none() {
                        object.names.push(name);
                    }
                }
                Ok(object)
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_keep_the_order_in_which_they_were_sent() {
        let object = JsonObject::parse(br#"{"b": 1, "a": {"z": 1}, "\u0062": 2}"#).unwrap();
        assert_eq!(object.names, ["b", "a"]);
        assert_eq!(Value::Object(object.fields), json!({"a": {"z": 1}, "b": 2}));
    }

    #[test]
    fn a_value_may_be_nested_64_levels_deep() {
        let nested =
            |levels: usize| format!(r#"{{"x": {}{}}}"#, "[".repeat(levels), "]".repeat(levels));
        assert!(JsonObject::parse(nested(64).as_bytes()).is_ok());
        for levels in [65, 124, 127, 100_000] {
            assert!(JsonObject::parse(nested(levels).as_bytes()).is_err());
        }
    }
}
