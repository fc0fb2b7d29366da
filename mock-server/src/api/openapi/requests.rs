//! The schemas of request bodies, and of an agent with its configuration.

use serde_json::{Map, Value, json};

use crate::api::openapi::types::reference;
use crate::protocol::fields::{CONFIGURATION, MESSAGE, Shape};
use crate::protocol::list_query::STATUSES;
use crate::protocol::validate::READ_ONLY;

/// A character that is not white space in Unicode, in a syntax that every dialect of regular
/// expressions has.
const FILLED: &str = "[^\\u0009-\\u000d\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";

pub(crate) fn create() -> Value {
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

pub(crate) fn update() -> Value {
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

pub(crate) fn message() -> Value {
    let mut properties = Map::from_iter([("text".to_owned(), filled())]);
    properties.extend(
        MESSAGE
            .iter()
            .map(|(field, shape)| ((*field).to_owned(), nullable(schema(shape)))),
    );
    json!({
        "type": "object",
        "required": ["text"],
        "properties": properties,
        "additionalProperties": true,
    })
}

/// An agent as a get returns it.
pub(crate) fn agent() -> Value {
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
    // A field that was cleared is absent.
    properties.extend(configuration(|schema| schema));
    json!({
        "type": "object",
        "required": ["id", "name", "status", "createdAt", "updatedAt", "metrics"],
        "properties": properties,
        "additionalProperties": true,
    })
}

/// Returns the named schemas of the configuration.
pub(crate) fn named(providers: &[String]) -> impl Iterator<Item = (String, Value)> {
    CONFIGURATION
        .iter()
        .filter_map(move |(_, shape)| match shape {
            Shape::Named(name, Shape::Provider) => {
                let schema = json!({"type": "string", "enum": providers});
                Some(((*name).to_owned(), schema))
            }
            Shape::Named(name, shape) | Shape::ListOf(Shape::Named(name, shape)) => {
                Some(((*name).to_owned(), schema(shape)))
            }
            _ => None,
        })
}

fn configuration(change: fn(Value) -> Value) -> impl Iterator<Item = (String, Value)> {
    CONFIGURATION
        .iter()
        .map(move |(field, shape)| ((*field).to_owned(), change(schema(shape))))
}

/// Returns the JSON Schema of a shape, in the dialect of OpenAPI 3.1.
fn schema(shape: &Shape) -> Value {
    match shape {
        Shape::Text => json!({"type": "string"}),
        Shape::Bool => json!({"type": "boolean"}),
        Shape::Number => json!({"type": "number"}),
        Shape::Object => json!({"type": "object", "additionalProperties": true}),
        Shape::Provider => json!({"type": "string"}),
        Shape::ListOf(item) => json!({"type": "array", "items": schema(item)}),
        Shape::Named(name, _) => reference(name),
        Shape::Fields(fields) => {
            let (mut properties, mut required) = (Map::new(), Vec::new());
            for (field, shape, is_required) in *fields {
                let mut property = schema(shape);
                if *is_required {
                    required.push(*field);
                } else {
                    property = nullable(property);
                }
                properties.insert((*field).to_owned(), property);
            }
            let mut schema = json!({
                "type": "object",
                "properties": properties,
                "additionalProperties": true,
            });
            if !required.is_empty() {
                schema["required"] = json!(required);
            }
            schema
        }
    }
}

/// Also allows `null`, which clears a field.
fn nullable(mut schema: Value) -> Value {
    if schema.get("$ref").is_some() || schema.get("enum").is_some() {
        return json!({"anyOf": [schema, {"type": "null"}]});
    }
    if let Some(kind) = schema.get("type").cloned() {
        schema["type"] = json!([kind, "null"]);
    }
    schema
}

fn filled() -> Value {
    json!({"type": "string", "minLength": 1, "pattern": FILLED})
}

/// Matches an object that has any of these fields.
fn any_of<'a>(fields: impl Iterator<Item = &'a &'static str>) -> Value {
    let required: Vec<Value> = fields.map(|field| json!({"required": [field]})).collect();
    json!({"anyOf": required})
}
