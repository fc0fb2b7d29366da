//! A JSON object as it was sent.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::protocol::failure::Failure;

/// How deeply the values of a request may be nested. Snapshots, the journal and state files wrap
/// these values in a few more levels and must stay readable for parsers that stop at 128.
const DEEPEST: usize = 64;

/// With more fields than this, they are found by an index.
const FEW: usize = 16;

/// The fields of a JSON object, in the order in which they were sent. Most objects have so few that it
/// takes less to look at all of them than to build a map.
#[derive(Debug, Default)]
pub(crate) struct JsonObject {
    fields: Vec<(String, Value)>,
    /// The index of each field by name, if there are many fields.
    places: HashMap<String, usize>,
}

impl JsonObject {
    /// Parses a request body.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Failure> {
        // Once for all texts in it.
        let text = std::str::from_utf8(bytes).map_err(|error| not_json(error.to_string()))?;
        let object: Self =
            serde_json::from_str(text).map_err(|error| not_an_object(text, &error))?;
        for (_, value) in &object.fields {
            check_depth(value, "body")?;
        }
        Ok(object)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.place(name).map(|place| &self.fields[place].1)
    }

    /// Returns the text of a field, if it is one.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    /// Takes the text out of a field and leaves null. If the field is missing or is not a text, the
    /// result is empty.
    pub(crate) fn take_text(&mut self, name: &str) -> String {
        let value = self.place(name).map(|place| self.fields[place].1.take());
        match value {
            Some(Value::String(text)) => text,
            _ => String::new(),
        }
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.place(name).is_some()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &(String, Value)> {
        self.fields.iter()
    }

    pub(crate) fn into_fields(self) -> Vec<(String, Value)> {
        self.fields
    }

    #[inline]
    fn place(&self, name: &str) -> Option<usize> {
        match self.places.is_empty() {
            true => self.fields.iter().position(|(field, _)| field == name),
            false => self.places.get(name).copied(),
        }
    }

    /// Adds a field. Of two with one name, the last value counts.
    fn set(&mut self, name: String, value: Value) {
        if let Some(place) = self.place(&name) {
            self.fields[place].1 = value;
            return;
        }
        self.fields.push((name, value));
        let indexed = self.places.len();
        if self.fields.len() > FEW {
            let rest = self.fields.iter().enumerate().skip(indexed);
            self.places
                .extend(rest.map(|(place, (name, _))| (name.clone(), place)));
        }
    }
}

impl From<Map<String, Value>> for JsonObject {
    fn from(map: Map<String, Value>) -> Self {
        let mut object = Self::default();
        for (name, value) in map {
            object.set(name, value);
        }
        object
    }
}

fn not_an_object(text: &str, error: &serde_json::Error) -> Failure {
    match serde_json::from_str::<Value>(text) {
        Ok(other) => Failure::invalid(
            "body",
            "The request body is not a JSON object",
            format!("Must be an object, got {}", kind(&other)),
        ),
        Err(_) => not_json(error.to_string()),
    }
}

fn not_json(reason: String) -> Failure {
    Failure::invalid("body", "The request body is not valid JSON", reason)
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
                while let Some((name, value)) = sent.next_entry()? {
                    object.set(name, value);
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
    fn fields_keep_their_order_and_the_last_of_two_with_one_name_counts() {
        let object = JsonObject::parse(br#"{"b": 1, "a": {"z": 1}, "\u0062": 2}"#).unwrap();
        let fields = [
            ("b".to_owned(), json!(2)),
            ("a".to_owned(), json!({"z": 1})),
        ];
        assert_eq!(object.into_fields(), fields);
    }

    #[test]
    fn many_fields_are_found_as_few_are() {
        let numbers = (0..100).chain(50..150);
        let fields: Vec<String> = numbers
            .map(|number| format!("\"{number}\": {number}"))
            .collect();
        let object = format!("{{{}, \"7\": null}}", fields.join(", "));
        let mut object = JsonObject::parse(object.as_bytes()).unwrap();
        for number in (0..150).filter(|number| *number != 7) {
            assert_eq!(object.get(&number.to_string()), Some(&json!(number)));
        }
        assert_eq!(object.get("7"), Some(&Value::Null));
        assert!(!object.contains("150") && object.take_text("8").is_empty());
        let names: Vec<String> = object.iter().map(|(name, _)| name.clone()).collect();
        assert_eq!(
            names,
            (0..150)
                .map(|number| number.to_string())
                .collect::<Vec<_>>()
        );
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
