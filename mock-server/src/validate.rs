//! Checks of what a client sends, with the contract's error shapes: which field, what was expected,
//! what was found.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::envelope::Failure;
use crate::shape::{CONFIGURATION, MESSAGE, Shape, check};

/// Fields that the server sets; a client cannot.
pub(crate) const READ_ONLY: [&str; 5] = ["id", "createdAt", "updatedAt", "metrics", "apiEndpoint"];

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
    for (field, shape) in MESSAGE {
        match body.get(*field) {
            None | Some(Value::Null) => {}
            Some(value) => check(value, shape, field)?,
        }
    }
    Ok(())
}

/// The parameters of a list.
const PARAMETERS: [&str; 5] = ["page", "limit", "status", "sortBy", "order"];
pub(crate) const STATUSES: [&str; 3] = ["active", "inactive", "error"];
pub(crate) const SORT_KEYS: [&str; 3] = ["createdAt", "name", "status"];
pub(crate) const ORDERS: [&str; 2] = ["asc", "desc"];
/// The largest page number: more is no page of any list.
pub(crate) const LAST_PAGE: u64 = i64::MAX as u64;

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
        let mut seen = HashSet::new();
        for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if PARAMETERS.contains(&&*name) && !seen.insert(name.clone()) {
                return Err(Failure::invalid(
                    &*name,
                    format!("Invalid value for {name}"),
                    "Must be given once",
                ));
            }
            match &*name {
                "page" => list.page = whole(&value, "page", LAST_PAGE)?,
                "limit" => list.limit = whole(&value, "limit", 100)?,
                "status" => {
                    list.status = Some(one_of(&value, "status", &STATUSES)?);
                }
                "sortBy" => {
                    list.sort_by = match &*one_of(&value, "sortBy", &SORT_KEYS)? {
                        "name" => SortBy::Name,
                        "status" => SortBy::Status,
                        _ => SortBy::CreatedAt,
                    };
                }
                "order" => list.descending = one_of(&value, "order", &ORDERS)? == "desc",
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
            let reason = if most == LAST_PAGE {
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
            "page=1&page=2",
            "page=9223372036854775808",
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
