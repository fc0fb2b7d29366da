//! Checks of the fields of a request. A failure names the field, what was expected and what was
//! found.

use serde_json::Value;

use crate::protocol::failure::Failure;
use crate::protocol::fields::{CONFIGURATION, MESSAGE, Shape};
use crate::protocol::json_object::{JsonObject, kind};

/// Fields that only the server sets.
pub(crate) const READ_ONLY: [&str; 5] = ["id", "createdAt", "updatedAt", "metrics", "apiEndpoint"];

/// Checks the body of a create.
pub(crate) fn create(body: &JsonObject, providers: &[String]) -> Result<(), Failure> {
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
        Some(name) => check(name, &Shape::Text, "name", providers)?,
    }
    if body.contains("status") {
        return Err(read_only("status"));
    }
    configuration(body, providers)
}

/// Checks the body of an update.
pub(crate) fn update(body: &JsonObject, providers: &[String]) -> Result<(), Failure> {
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
        Some(name) => check(name, &Shape::Text, "name", providers)?,
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
    configuration(body, providers)
}

fn configuration(body: &JsonObject, providers: &[String]) -> Result<(), Failure> {
    if let Some(field) = READ_ONLY.into_iter().find(|field| body.contains(field)) {
        return Err(read_only(field));
    }
    for (field, shape) in CONFIGURATION {
        match body.get(field) {
            // `null` clears an optional field.
            None | Some(Value::Null) => {}
            Some(value) => check(value, shape, field, providers)?,
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

/// Checks the body of a message.
pub(crate) fn message(body: &JsonObject) -> Result<(), Failure> {
    let empty = || {
        let mut failure =
            Failure::invalid("text", "Message text is required", "Field cannot be empty");
        failure.code = "INVALID_MESSAGE".to_owned();
        failure
    };
    match body.get("text") {
        None | Some(Value::Null) => return Err(empty()),
        Some(Value::String(text)) if text.trim().is_empty() => return Err(empty()),
        Some(text) => check(text, &Shape::Text, "text", &[])?,
    }
    for (field, shape) in MESSAGE {
        match body.get(field) {
            None | Some(Value::Null) => {}
            Some(value) => check(value, shape, field, &[])?,
        }
    }
    Ok(())
}

/// Checks that a value has a shape.
fn check(value: &Value, shape: &Shape, path: &str, providers: &[String]) -> Result<(), Failure> {
    let fits = match shape {
        Shape::Text => value.is_string(),
        Shape::Bool => value.is_boolean(),
        Shape::Number => value.is_number(),
        Shape::Object => value.is_object(),
        Shape::Named(_, shape) => return check(value, shape, path, providers),
        Shape::ListOf(inner) => {
            let Some(items) = value.as_array() else {
                return Err(wrong_type(value, shape, path));
            };
            for (index, item) in items.iter().enumerate() {
                check(item, inner, &format!("{path}[{index}]"), providers)?;
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
                    Some(value) => check(value, inner, &path, providers)?,
                }
            }
            true
        }
        Shape::Provider => {
            let known = value
                .as_str()
                .is_some_and(|name| providers.iter().any(|known| known == name));
            if !known {
                return Err(Failure::invalid(
                    path,
                    "Invalid model provider specified",
                    format!("Must be one of: {}", providers.join(", ")),
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
        Shape::ListOf(Shape::Text) => "a list of strings",
        Shape::ListOf(_) => "a list of objects",
        Shape::Named(_, shape) => return wrong_type(value, shape, path),
    };
    Failure::invalid(
        path,
        format!("Invalid value for {path}"),
        format!("Must be {expected}, got {}", kind(value)),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::protocol::fields::PROVIDERS;

    fn details(body: Value) -> Value {
        let body = JsonObject::from(body.as_object().unwrap().clone());
        create(&body, &PROVIDERS.map(str::to_owned))
            .unwrap_err()
            .details
            .clone()
            .unwrap()
    }

    #[test]
    fn a_wrong_type_names_the_path_and_both_types() {
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
            (
                json!({"name": "a", "plugins": [{"name": "p", "enabled": true, "config": []}]}),
                "plugins[0].config",
                "Must be an object, got a list",
            ),
            (json!({}), "name", "Field is required"),
            (json!({"name": " "}), "name", "Field cannot be empty"),
        ] {
            assert_eq!(details(body), json!({"field": field, "reason": reason}));
        }
    }
}
