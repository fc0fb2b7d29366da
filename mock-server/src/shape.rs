//! What the fields of a request may hold: one table for the checks and for the OpenAPI document.

use serde_json::{Map, Value, json};

use crate::envelope::Failure;

const PROVIDERS: [&str; 4] = ["openai", "anthropic", "google-genai", "ollama"];

/// What a field may hold.
#[derive(Debug)]
pub(crate) enum Shape {
    Text,
    TextList,
    Bool,
    Number,
    Object,
    Provider,
    Any,
    /// An object with known fields; others are accepted. `true`: the field is required.
    Fields(&'static [(&'static str, Shape, bool)]),
    ListOf(&'static Shape),
}

const PERSONALITY: Shape = Shape::Fields(&[
    ("traits", Shape::TextList, false),
    ("style", Shape::Text, false),
    ("tone", Shape::Text, false),
    ("adjectives", Shape::TextList, false),
    ("voice", Shape::Text, false),
]);

const PLUGIN: Shape = Shape::Fields(&[
    ("name", Shape::Text, true),
    ("enabled", Shape::Bool, true),
    ("config", Shape::Any, false),
]);

const PARAMETER: Shape = Shape::Fields(&[
    ("name", Shape::Text, true),
    ("type", Shape::Text, true),
    ("description", Shape::Text, false),
    ("required", Shape::Bool, false),
]);

const ACTION: Shape = Shape::Fields(&[
    ("name", Shape::Text, true),
    ("description", Shape::Text, false),
    ("examples", Shape::TextList, false),
    ("handler", Shape::Text, false),
    ("parameters", Shape::ListOf(&PARAMETER), false),
]);

const MODEL_SETTINGS: Shape = Shape::Fields(&[
    ("temperature", Shape::Number, false),
    ("maxTokens", Shape::Number, false),
    ("topP", Shape::Number, false),
    ("frequencyPenalty", Shape::Number, false),
    ("presencePenalty", Shape::Number, false),
]);

const SETTINGS: Shape = Shape::Fields(&[
    (
        "discord",
        Shape::Fields(&[
            ("channels", Shape::TextList, false),
            ("respondToMentions", Shape::Bool, false),
            ("respondToDMs", Shape::Bool, false),
            ("moderationEnabled", Shape::Bool, false),
            ("commandPrefix", Shape::Text, false),
        ]),
        false,
    ),
    (
        "twitter",
        Shape::Fields(&[
            ("enableReplies", Shape::Bool, false),
            ("enableMentions", Shape::Bool, false),
            ("enableDMs", Shape::Bool, false),
            ("autoLike", Shape::Bool, false),
            ("autoRetweet", Shape::Bool, false),
            ("postFrequency", Shape::Text, false),
            ("targetHashtags", Shape::TextList, false),
        ]),
        false,
    ),
    (
        "telegram",
        Shape::Fields(&[
            ("groupIds", Shape::TextList, false),
            ("respondToCommands", Shape::Bool, false),
        ]),
        false,
    ),
]);

/// The fields of a create; an update has them too, none of them required.
pub(crate) const CONFIGURATION: &[(&str, Shape)] = &[
    ("bio", Shape::TextList),
    ("personality", PERSONALITY),
    ("knowledge", Shape::TextList),
    ("goals", Shape::TextList),
    ("clients", Shape::TextList),
    ("settings", SETTINGS),
    ("modelProvider", Shape::Provider),
    ("model", Shape::Text),
    ("plugins", Shape::ListOf(&PLUGIN)),
    ("actions", Shape::ListOf(&ACTION)),
    ("modelSettings", MODEL_SETTINGS),
];

/// The optional fields of a message.
pub(crate) const MESSAGE: &[(&str, Shape)] = &[
    ("userId", Shape::Text),
    ("roomId", Shape::Text),
    ("context", Shape::Object),
    ("stream", Shape::Bool),
];

impl Shape {
    /// Its JSON Schema (the dialect of OpenAPI 3.1).
    pub(crate) fn schema(&self) -> Value {
        match self {
            Self::Text => json!({"type": "string"}),
            Self::TextList => json!({"type": "array", "items": {"type": "string"}}),
            Self::Bool => json!({"type": "boolean"}),
            Self::Number => json!({"type": "number"}),
            Self::Object => json!({"type": "object", "additionalProperties": true}),
            Self::Any => json!({}),
            Self::Provider => json!({"type": "string", "enum": PROVIDERS}),
            Self::ListOf(inner) => json!({"type": "array", "items": inner.schema()}),
            Self::Fields(fields) => {
                let (mut properties, mut required) = (Map::new(), Vec::new());
                for (field, shape, is_required) in *fields {
                    let schema = shape.schema();
                    if *is_required {
                        required.push(*field);
                        properties.insert((*field).to_owned(), schema);
                    } else {
                        properties.insert((*field).to_owned(), nullable(schema));
                    }
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
}

/// The schema of a field that may be null too; null clears it.
pub(crate) fn nullable(mut schema: Value) -> Value {
    if schema.get("$ref").is_some() || schema.get("enum").is_some() {
        return json!({"anyOf": [schema, {"type": "null"}]});
    }
    if let Some(kind) = schema.get("type").cloned() {
        schema["type"] = json!([kind, "null"]);
    }
    schema
}

/// Whether a value has a shape; the failure names the path, what was expected and what was found.
pub(crate) fn check(value: &Value, shape: &Shape, path: &str) -> Result<(), Failure> {
    let fits = match shape {
        Shape::Text => value.is_string(),
        Shape::Bool => value.is_boolean(),
        Shape::Number => value.is_number(),
        Shape::Object => value.is_object(),
        Shape::Any => true,
        Shape::TextList => {
            let Some(items) = value.as_array() else {
                return Err(wrong_type(value, shape, path));
            };
            for (index, item) in items.iter().enumerate() {
                check(item, &Shape::Text, &format!("{path}[{index}]"))?;
            }
            true
        }
        Shape::ListOf(inner) => {
            let Some(items) = value.as_array() else {
                return Err(wrong_type(value, shape, path));
            };
            for (index, item) in items.iter().enumerate() {
                check(item, inner, &format!("{path}[{index}]"))?;
            }
            true
        }
        Shape::Fields(fields) => {
            let Some(object) = value.as_object() else {
                return Err(wrong_type(value, shape, path));
            };
            for (field, inner, required) in *fields {
                let path = format!("{path}.{field}");
                match object.get(*field) {
                    Some(Value::Null) | None if *required => {
                        return Err(Failure::invalid(
                            &path,
                            format!("{path} is required"),
                            "Field is required",
                        ));
                    }
                    Some(Value::Null) | None => {}
                    Some(value) => check(value, inner, &path)?,
                }
            }
            true
        }
        Shape::Provider => {
            let known = value.as_str().is_some_and(|name| PROVIDERS.contains(&name));
            if !known {
                return Err(Failure::invalid(
                    path,
                    "Invalid model provider specified",
                    format!("Must be one of: {}", PROVIDERS.join(", ")),
                ));
            }
            true
        }
    };
    if fits {
        Ok(())
    } else {
        Err(wrong_type(value, shape, path))
    }
}

fn wrong_type(value: &Value, shape: &Shape, path: &str) -> Failure {
    let expected = match shape {
        Shape::Text | Shape::Provider => "a string",
        Shape::Bool => "a boolean",
        Shape::Number => "a number",
        Shape::Object | Shape::Fields(_) => "an object",
        Shape::TextList => "a list of strings",
        Shape::ListOf(_) => "a list of objects",
        Shape::Any => "any value",
    };
    Failure::invalid(
        path,
        format!("Invalid value for {path}"),
        format!("Must be {expected}, got {}", kind(value)),
    )
}

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
