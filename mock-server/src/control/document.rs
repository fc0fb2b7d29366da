//! The OpenAPI document of the control API.

use serde_json::{Map, Value, json};

use crate::api::openapi::document::{contact, license};
use crate::api::openapi::types::Types;
use crate::control::description::{Description, Parameter, json_content};
use crate::control::endpoint::{Outcome, Route};
use crate::control::error::ErrorBody;
use crate::control::journal::Mismatched;
use crate::control::output::ok;
use crate::control::request::ControlRequest;
use crate::control::routes::ROUTES;

pub(crate) fn show(request: &ControlRequest) -> Outcome {
    ok(&document(request.app.settings.root_url()))
}

fn document(server: &str) -> Value {
    let mut types = Types::for_requests();
    let paths = paths(&mut types);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "OrionOS mock server: control API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "With isolated keys, Authorization: Bearer <key> selects the account, or X-Mock-Account with the \
                            number of an account. \
                            X-Mock-Token is required if the mock has a control token.",
            "contact": contact(),
            "license": license(),
        },
        "servers": [{"url": server}],
        "security": [{}, {"token": []}],
        "tags": [{"name": "control", "description": "Changes the mock and shows what it received"}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "apiKey", "in": "header", "name": "X-Mock-Token"},
            },
            "schemas": types.schemas(),
        },
    })
}

/// The schemas of the bodies of failures.
struct Failures {
    error: Value,
    mismatch: Value,
}

fn paths(types: &mut Types) -> Map<String, Value> {
    let failures = Failures {
        error: json_content(&types.reference::<ErrorBody<'static>>()),
        mismatch: json_content(&types.reference::<Mismatched<'static>>()),
    };
    let mut paths = Map::new();
    for route in ROUTES {
        let path = path(route, types, &failures);
        if !path.is_empty() {
            paths.insert(route.path.to_owned(), Value::Object(path));
        }
    }
    paths
}

fn path(route: &Route, types: &mut Types, failures: &Failures) -> Map<String, Value> {
    let mut path = Map::new();
    for endpoint in route.endpoints {
        if let Some(description) = &endpoint.description {
            let method = endpoint.method.as_str().to_ascii_lowercase();
            path.insert(method, operation(description, types, failures));
        }
    }
    if let Some(name) = route.parameter().filter(|_| !path.is_empty()) {
        path.insert("parameters".to_owned(), json!([parameter_of_path(name)]));
    }
    path
}

fn parameter_of_path(name: &str) -> Value {
    let schema = match name {
        "agentId" => json!({"type": "string", "minLength": 1}),
        _ => json!({"type": "integer", "minimum": 1, "maximum": i64::MAX}),
    };
    json!({"name": name, "in": "path", "required": true, "schema": schema})
}

fn parameter_of_query(parameter: &Parameter, types: &mut Types) -> Value {
    let schema = (parameter.schema)(types);
    let mut described = json!({"name": parameter.name, "in": "query", "schema": schema});
    if parameter.is_required {
        described["required"] = true.into();
    }
    described
}

fn operation(description: &Description, types: &mut Types, failures: &Failures) -> Value {
    let mut responses = Map::new();
    let content = (description.content)(types);
    responses.insert("200".to_owned(), response("Done", &content));
    for status in description.failures.iter().chain(&["401"]) {
        responses.insert((*status).to_owned(), failure(status, failures));
    }
    let mut operation = json!({
        "operationId": description.id,
        "tags": ["control"],
        "summary": description.summary,
        "responses": responses,
    });
    if !description.parameters.is_empty() {
        let parameters = description.parameters.iter();
        operation["parameters"] = parameters
            .map(|parameter| parameter_of_query(parameter, types))
            .collect();
    }
    if let Some(body) = &description.body {
        let mut content = json_content(&(body.schema)(types));
        content["application/json"]["example"] =
            serde_json::from_str(body.example).unwrap_or_default();
        operation["requestBody"] = json!({"required": true, "content": content});
    }
    operation
}

fn response(description: &str, content: &Value) -> Value {
    json!({"description": description, "content": content})
}

fn failure(status: &str, failures: &Failures) -> Value {
    let description = match status {
        "400" => "The request is invalid",
        "401" => "The control token is missing or wrong",
        "404" => "There is no such agent, fault or request",
        "408" => "Too few requests arrived; the error lists them, nearest match first",
        "409" => "Other requests arrived; the error lists them, nearest match first",
        "413" => "The body is too large",
        _ => "The content type of the body is not JSON",
    };
    let content = match status {
        "408" | "409" => &failures.mismatch,
        _ => &failures.error,
    };
    response(description, content)
}
