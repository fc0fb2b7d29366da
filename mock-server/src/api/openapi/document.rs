//! The OpenAPI 3.1 document.

use serde_json::{Map, Value, json};

use crate::api::endpoint::{Resource, Route};
use crate::api::openapi::parts;
use crate::api::openapi::requests;
use crate::api::openapi::types::Types;
use crate::api::routes::ROUTES;
use crate::protocol::data::ErrorObject;
use crate::state::settings::Settings;

/// Returns the document of a mock with these settings.
pub(crate) fn document(settings: &Settings) -> Value {
    let mut types = Types::new();
    let server = settings.root_url();
    let paths: Map<String, Value> = ROUTES
        .iter()
        .map(|route| (route.path.to_owned(), path(route, &mut types, settings)))
        .collect();
    let error = types.reference::<ErrorObject<'static>>();
    let mut schemas = types.schemas();
    schemas.insert("Failure".into(), parts::failure(&error));
    schemas.extend(requests::named(&settings.providers));
    schemas.insert("CreateAgent".into(), requests::create());
    schemas.insert("UpdateAgent".into(), requests::update());
    schemas.insert("SendMessage".into(), requests::message());
    schemas.insert("Agent".into(), requests::agent());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "OrionOS API",
            "version": "1.0.0",
            "summary": "Agents that hold conversations, as implemented by the mock server",
            "description": "Every request under /v1 needs a key in the header Authorization. Responses have an envelope: success with data, or an error with a code and a message.",
            "contact": contact(),
            "license": license(),
        },
        "servers": [{"url": server}],
        "security": [{"bearer": []}],
        "tags": tags(),
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas,
            "headers": parts::headers(),
            "responses": parts::failures(),
        },
    })
}

/// Returns whom to ask about the mock.
pub(crate) fn contact() -> Value {
    json!({"name": "orionos-mock-server", "url": env!("CARGO_PKG_REPOSITORY")})
}

pub(crate) fn license() -> Value {
    json!({"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"})
}

fn path(route: &Route, types: &mut Types, settings: &Settings) -> Value {
    let mut path = Map::new();
    if let Some(name) = route.id_name() {
        path.insert("parameters".into(), json!([id(name, route.resource)]));
    }
    for endpoint in route.endpoints {
        let method = endpoint.method.as_str().to_ascii_lowercase();
        let mut operation = (endpoint.describe)(types, settings);
        operation["tags"] = json!([route.resource.name]);
        path.insert(method, operation);
    }
    Value::Object(path)
}

fn id(name: &str, resource: &Resource) -> Value {
    json!({
        "name": name,
        "in": "path",
        "required": true,
        "schema": {"type": "string", "minLength": 1},
        "example": resource.example_id,
    })
}

/// Returns what the routes are about, in alphabetical order.
fn tags() -> Vec<Value> {
    let mut resources: Vec<&Resource> = ROUTES.iter().map(|route| route.resource).collect();
    resources.sort_by_key(|resource| resource.name);
    resources.dedup();
    resources
        .into_iter()
        .map(|resource| json!({"name": resource.name, "description": resource.description}))
        .collect()
}
