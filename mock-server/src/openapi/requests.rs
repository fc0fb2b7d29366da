//! The schemas of what is sent, and of an agent's configuration as it comes back.

use serde_json::{Map, Value, json};

use crate::shape::{CONFIGURATION, MESSAGE, Shape, nullable};
use crate::validate::{READ_ONLY, STATUSES};

/// A character that is no white space (Unicode's White_Space), in the words that every dialect of
/// regular expressions has.
const FILLED: &str = "[^\\u0009-\\u000d\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";

pub(super) fn create() -> Value {
    let mut properties = Map::from_iter([("name".to_owned(), filled())]);
    properties.extend(configuration(nullable));
    json!({
        "type": "object",
        "required": ["name"],
        "properties": properties,
        "additionalProperties": true,
        "not": any_of(READ_ONLY.iter().chain(&["status"])),
    })
}

pub(super) fn update() -> Value {
    let status = json!({"type": "string", "enum": STATUSES[..2]});
    let mut properties =
        Map::from_iter([("name".to_owned(), filled()), ("status".to_owned(), status)]);
    properties.extend(configuration(nullable));
    json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": true,
        "not": any_of(READ_ONLY.iter()),
    })
}

pub(super) fn message() -> Value {
    let mut properties = Map::from_iter([("text".to_owned(), filled())]);
    properties.extend(
        MESSAGE
            .iter()
            .map(|(field, shape)| ((*field).to_owned(), nullable(shape.schema()))),
    );
    json!({
        "type": "object",
        "required": ["text"],
        "properties": properties,
        "additionalProperties": true,
    })
}

/// An agent as a get answers it.
pub(super) fn agent() -> Value {
    let time = json!({"type": "string", "format": "date-time"});
    let mut properties = Map::from_iter([
        ("id".to_owned(), json!({"type": "string"})),
        ("name".to_owned(), json!({"type": "string"})),
        ("status".to_owned(), json!({"type": "string"})),
        ("createdAt".to_owned(), time.clone()),
        ("updatedAt".to_owned(), time),
        (
            "metrics".to_owned(),
            json!({
                "title": "Metrics",
                "type": "object",
                "required": ["totalMessages", "totalConversations", "uptime"],
                "properties": {
                    "totalMessages": {"type": "integer", "minimum": 0},
                    "totalConversations": {"type": "integer", "minimum": 0},
                    "uptime": {"type": "string"},
                },
            }),
        ),
    ]);
    // What was null is absent.
    properties.extend(configuration(|schema| schema));
    json!({
        "type": "object",
        "required": ["id", "name", "status", "createdAt", "updatedAt", "metrics"],
        "properties": properties,
        "additionalProperties": true,
    })
}

/// The names of the configuration's parts, so that generated clients have names for them.
const PARTS: [(&str, &str); 6] = [
    ("personality", "Personality"),
    ("settings", "PlatformSettings"),
    ("modelProvider", "ModelProvider"),
    ("plugins", "Plugin"),
    ("actions", "Action"),
    ("modelSettings", "ModelSettings"),
];

/// The parts' schemas.
pub(super) fn parts() -> impl Iterator<Item = (String, Value)> {
    PARTS.iter().filter_map(|(field, name)| {
        let (_, shape) = CONFIGURATION.iter().find(|(known, _)| known == field)?;
        let schema = match shape {
            Shape::ListOf(item) => item.schema(),
            shape => shape.schema(),
        };
        Some(((*name).to_owned(), schema))
    })
}

fn configuration(change: fn(Value) -> Value) -> impl Iterator<Item = (String, Value)> {
    CONFIGURATION.iter().map(move |(field, shape)| {
        let part = PARTS.iter().find(|(known, _)| known == field);
        let schema = match (part, shape) {
            (Some((_, name)), Shape::ListOf(_)) => {
                json!({"type": "array", "items": super::reference(name)})
            }
            (Some((_, name)), _) => super::reference(name),
            (None, shape) => shape.schema(),
        };
        ((*field).to_owned(), change(schema))
    })
}

fn filled() -> Value {
    json!({"type": "string", "minLength": 1, "pattern": FILLED})
}

/// An object that has any of these fields.
fn any_of<'a>(fields: impl Iterator<Item = &'a &'static str>) -> Value {
    let required: Vec<Value> = fields.map(|field| json!({"required": [field]})).collect();
    json!({"anyOf": required})
}
