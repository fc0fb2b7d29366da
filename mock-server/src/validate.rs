//! Checks of what a client sends, with the contract's error shapes: which field, what was expected,
//! what was found.

use serde_json::{Map, Value};

use crate::envelope::Failure;

const PROVIDERS: [&str; 4] = ["openai", "anthropic", "google-genai", "ollama"];

/// What a field may hold.
enum Shape {
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
const CONFIGURATION: &[(&str, Shape)] = &[
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

/// Fields that the server sets; a client cannot.
const READ_ONLY: [&str; 5] = ["id", "createdAt", "updatedAt", "metrics", "apiEndpoint"];

pub(crate) fn create(body: &Map<String, Value>) -> Result<(), Failure> {
    match body.get("name") {
        None | Some(Value::Null) => {
            return Err(Failure::invalid(
                "name",
                "Name is required",
                "Field is required",
            ));
        }
        Some(Value::String(name)) if name.trim().is_empty() => {
            return Err(Failure::invalid(
                "name",
                "Name is required",
                "Field cannot be empty",
            ));
        }
        Some(name) => check(name, &Shape::Text, "name")?,
    }
    if body.contains_key("status") {
        return Err(read_only("status"));
    }
    configuration(body)
}

pub(crate) fn update(body: &Map<String, Value>) -> Result<(), Failure> {
    match body.get("name") {
        None => {}
        Some(Value::Null) => {
            return Err(Failure::invalid(
                "name",
                "Name is required",
                "Field cannot be null",
            ));
        }
        Some(Value::String(name)) if name.trim().is_empty() => {
            return Err(Failure::invalid(
                "name",
                "Name is required",
                "Field cannot be empty",
            ));
        }
        Some(name) => check(name, &Shape::Text, "name")?,
    }
    match body.get("status") {
        None => {}
        Some(Value::String(status)) if status == "active" || status == "inactive" => {}
        Some(_) => {
            return Err(Failure::invalid(
                "status",
                "Invalid status specified",
                "Must be one of: active, inactive",
            ));
        }
    }
    configuration(body)
}

fn configuration(body: &Map<String, Value>) -> Result<(), Failure> {
    if let Some(field) = READ_ONLY
        .into_iter()
        .find(|field| body.contains_key(*field))
    {
        return Err(read_only(field));
    }
    for (field, shape) in CONFIGURATION {
        match body.get(*field) {
            // Null clears an optional field.
            None | Some(Value::Null) => {}
            Some(value) => check(value, shape, field)?,
        }
    }
    Ok(())
}

fn read_only(field: &str) -> Failure {
    Failure::invalid(
        field,
        format!("Invalid value for {field}"),
        "Field is set by the server and cannot be sent",
    )
}

/// A message's body.
pub(crate) fn message(body: &Map<String, Value>) -> Result<(), Failure> {
    let empty = || {
        let mut failure =
            Failure::invalid("text", "Message text is required", "Field cannot be empty");
        failure.code = "INVALID_MESSAGE".to_owned();
        failure
    };
    match body.get("text") {
        None | Some(Value::Null) => return Err(empty()),
        Some(Value::String(text)) if text.trim().is_empty() => return Err(empty()),
        Some(text) => check(text, &Shape::Text, "text")?,
    }
    for (field, shape) in [
        ("userId", Shape::Text),
        ("roomId", Shape::Text),
        ("context", Shape::Object),
        ("stream", Shape::Bool),
    ] {
        match body.get(field) {
            None | Some(Value::Null) => {}
            Some(value) => check(value, &shape, field)?,
        }
    }
    Ok(())
}

fn check(value: &Value, shape: &Shape, path: &str) -> Result<(), Failure> {
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

/// The query of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListQuery {
    pub(crate) page: u64,
    pub(crate) limit: u64,
    pub(crate) status: Option<String>,
    pub(crate) sort_by: SortBy,
    pub(crate) descending: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum SortBy {
    CreatedAt,
    Name,
    Status,
}

impl ListQuery {
    /// Parameters that the contract does not name are ignored, as servers do.
    pub(crate) fn parse(query: Option<&str>) -> Result<Self, Failure> {
        let mut list = Self {
            page: 1,
            limit: 20,
            status: None,
            sort_by: SortBy::CreatedAt,
            descending: true,
        };
        for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*name {
                "page" => list.page = whole(&value, "page", u64::MAX)?,
                "limit" => list.limit = whole(&value, "limit", 100)?,
                "status" => {
                    list.status = Some(one_of(&value, "status", &["active", "inactive", "error"])?);
                }
                "sortBy" => {
                    list.sort_by =
                        match &*one_of(&value, "sortBy", &["createdAt", "name", "status"])? {
                            "name" => SortBy::Name,
                            "status" => SortBy::Status,
                            _ => SortBy::CreatedAt,
                        };
                }
                "order" => list.descending = one_of(&value, "order", &["asc", "desc"])? == "desc",
                _ => {}
            }
        }
        Ok(list)
    }
}

fn whole(value: &str, field: &str, most: u64) -> Result<u64, Failure> {
    value
        .parse()
        .ok()
        .filter(|number| (1..=most).contains(number))
        .ok_or_else(|| {
            let reason = if most == u64::MAX {
                "Must be a whole number from 1".to_owned()
            } else {
                format!("Must be a whole number from 1 to {most}")
            };
            Failure::invalid(field, format!("Invalid value for {field}"), reason)
        })
}

fn one_of(value: &str, field: &str, words: &[&str]) -> Result<String, Failure> {
    if words.contains(&value) {
        return Ok(value.to_owned());
    }
    Err(Failure::invalid(
        field,
        format!("Invalid value for {field}"),
        format!("Must be one of: {}", words.join(", ")),
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn details(body: Value) -> Value {
        create(body.as_object().unwrap())
            .unwrap_err()
            .details
            .unwrap()
    }

    #[test]
    fn a_wrong_type_names_the_path_what_is_expected_and_what_was_found() {
        for (body, field, reason) in [
            (json!({"name": 7}), "name", "Must be a string, got a number"),
            (
                json!({"name": "a", "bio": "x"}),
                "bio",
                "Must be a list of strings, got a string",
            ),
            (
                json!({"name": "a", "bio": [1]}),
                "bio[0]",
                "Must be a string, got a number",
            ),
            (
                json!({"name": "a", "plugins": [{"name": "p", "enabled": "yes"}]}),
                "plugins[0].enabled",
                "Must be a boolean, got a string",
            ),
            (
                json!({"name": "a", "plugins": [{"name": "p"}]}),
                "plugins[0].enabled",
                "Field is required",
            ),
            (
                json!({"name": "a", "settings": {"discord": {"channels": {}}}}),
                "settings.discord.channels",
                "Must be a list of strings, got an object",
            ),
            (
                json!({"name": "a", "modelProvider": "acme"}),
                "modelProvider",
                "Must be one of: openai, anthropic, google-genai, ollama",
            ),
            (json!({}), "name", "Field is required"),
            (json!({"name": " "}), "name", "Field cannot be empty"),
        ] {
            assert_eq!(details(body), json!({"field": field, "reason": reason}));
        }
    }

    #[test]
    fn a_list_query_out_of_range_is_refused() {
        for query in [
            "page=0",
            "page=x",
            "page=-1",
            "page=",
            "limit=0",
            "limit=101",
            "status=odd",
            "sortBy=id",
            "order=up",
        ] {
            assert!(ListQuery::parse(Some(query)).is_err(), "{query}");
        }
        assert!(ListQuery::parse(Some("page=2&limit=100&order=asc&unknown=1")).is_ok());
    }
}
