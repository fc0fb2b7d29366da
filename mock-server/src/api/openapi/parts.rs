//! The parts that operations have in common: envelopes, bodies, failures and headers.

use serde_json::{Map, Value, json};

use crate::api::openapi::examples;
use crate::api::openapi::types::{Types, reference};
use crate::protocol::data::Pagination;
use crate::protocol::list_query::LAST_PAGE;

pub(crate) fn envelope(data: Value, title: &str) -> Value {
    json!({
        "title": title,
        "type": "object",
        "required": ["success", "data"],
        "properties": {"success": {"type": "boolean", "const": true}, "data": data},
    })
}

pub(crate) fn failure(error: &Value) -> Value {
    json!({
        "type": "object",
        "required": ["success", "error"],
        "properties": {"success": {"type": "boolean", "const": false}, "error": error},
        "examples": [examples::failure()],
    })
}

pub(crate) fn response(description: &str, schema: Value, example: Value) -> Value {
    json!({
        "description": description,
        "headers": header_references(),
        "content": {"application/json": {"schema": schema, "example": example}},
    })
}

pub(crate) fn body(name: &str, example: Value) -> Value {
    json!({
        "required": true,
        "content": {"application/json": {"schema": reference(name), "example": example}},
    })
}

/// Returns the responses of an operation: that of its success, and the failures that it may have.
pub(crate) fn responses(status: &str, own: Value, failures: &[&str]) -> Value {
    let mut responses = Map::from_iter([(status.to_owned(), own)]);
    for failure in failures.iter().chain(&["401", "429", "500"]) {
        let response = json!({"$ref": format!("#/components/responses/{failure}")});
        responses.insert((*failure).to_owned(), response);
    }
    Value::Object(responses)
}

pub(crate) fn failures() -> Value {
    let failures = [
        (
            "400",
            "INVALID_REQUEST or INVALID_MESSAGE: details.field and details.reason say what is wrong",
        ),
        ("401", "UNAUTHORIZED: the key is missing or invalid"),
        ("403", "FORBIDDEN, DELETE_PROTECTED or INSUFFICIENT_QUOTA"),
        ("404", "AGENT_NOT_FOUND: there is no such agent"),
        ("413", "INVALID_REQUEST: the body is larger than 1 MiB"),
        (
            "429",
            "RATE_LIMIT_EXCEEDED: details.retryAfter is the delay before a retry, in seconds",
        ),
        ("500", "MODEL_ERROR or INTERNAL_ERROR"),
        ("503", "AGENT_UNAVAILABLE: the agent does not reply"),
    ];
    let response_of = |(status, description): (&str, &str)| {
        let mut headers = header_references();
        if status == "429" {
            headers["Retry-After"] = json!({"schema": {"type": "integer", "minimum": 0}});
        }
        let response = json!({
            "description": description,
            "headers": headers,
            "content": {"application/json": {"schema": reference("Failure")}},
        });
        (status.to_owned(), response)
    };
    Value::Object(failures.into_iter().map(response_of).collect())
}

pub(crate) fn headers() -> Value {
    let header = |description: &str| {
        json!({
            "description": description,
            "required": true,
            "schema": {"type": "integer", "minimum": 0},
        })
    };
    json!({
        "RateLimitLimit": header("The number of requests that the window allows"),
        "RateLimitRemaining": header("The number of requests that remain in the window"),
        "RateLimitReset": header("The time at which the window resets, in Unix seconds"),
        "RequestId": {"required": true, "schema": {"type": "string"}},
    })
}

pub(crate) fn header_references() -> Value {
    let reference = |name: &str| json!({"$ref": format!("#/components/headers/{name}")});
    json!({
        "X-RateLimit-Limit": reference("RateLimitLimit"),
        "X-RateLimit-Remaining": reference("RateLimitRemaining"),
        "X-RateLimit-Reset": reference("RateLimitReset"),
        "X-Request-Id": reference("RequestId"),
    })
}

/// Returns a query parameter.
pub(crate) fn parameter(name: &str, schema: Value) -> Value {
    json!({"name": name, "in": "query", "schema": schema})
}

/// Returns the query parameters that every list has.
pub(crate) fn paging_parameters() -> Vec<Value> {
    vec![
        parameter(
            "page",
            json!({
                "type": "integer", "format": "int64", "minimum": 1, "maximum": LAST_PAGE,
                "default": 1,
            }),
        ),
        parameter(
            "limit",
            json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 20}),
        ),
    ]
}

/// Returns the schema of the `data` of a list.
pub(crate) fn page(types: &mut Types, title: &str, key: &str, item: &Value) -> Value {
    json!({
        "title": title,
        "type": "object",
        "required": [key, "pagination"],
        "properties": {
            key: {"type": "array", "items": item},
            "pagination": types.reference::<Pagination>(),
        },
    })
}
