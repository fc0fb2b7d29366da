//! The API's OpenAPI 3.1 document, made from the tables that requests are checked with and the types
//! that answers are made of.

mod examples;
mod requests;

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use crate::answers::{
    AgentSummary, CreatedAgent, DeletedAgent, ErrorObject, Message, Pagination, StreamEvent,
    UpdatedAgent,
};
use crate::app::ListKey;
use crate::validate::{LAST_PAGE, ORDERS, SORT_KEYS, STATUSES};

/// The document of a mock at this URL (`/v1` included).
pub(crate) fn document(base_url: &str, list_key: ListKey) -> Value {
    let mut types = Types::new();
    let server = base_url.strip_suffix("/v1").unwrap_or(base_url);
    let paths = json!({
        "/health": {"get": health()},
        "/v1/agents": {
            "get": list(&mut types, list_key),
            "post": create(&mut types),
        },
        "/v1/agents/{agentId}": {
            "parameters": [agent_id()],
            "get": get(),
            "patch": update(&mut types),
            "delete": delete(&mut types),
        },
        "/v1/agents/{agentId}/messages": {
            "parameters": [agent_id()],
            "post": message(&mut types),
        },
        "/v1/agents/{agentId}/messages/stream": {
            "parameters": [agent_id()],
            "post": stream(&mut types),
        },
    });
    let error = types.reference::<ErrorObject<'static>>();
    let mut schemas = types.schemas();
    schemas.insert("Failure".into(), failure(&error));
    schemas.extend(requests::parts());
    schemas.insert("CreateAgent".into(), requests::create());
    schemas.insert("UpdateAgent".into(), requests::update());
    schemas.insert("SendMessage".into(), requests::message());
    schemas.insert("Agent".into(), requests::agent());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "OrionOS API",
            "version": "1.0.0",
            "summary": "Agents that hold conversations, as the mock server answers for them",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": server}],
        "security": [{"bearer": []}],
        "tags": [{"name": "agents"}, {"name": "messages"}, {"name": "server"}],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas,
            "headers": headers(),
            "responses": failures(),
        },
    })
}

/// Collects the schemas of the answers' types.
pub(crate) struct Types(SchemaGenerator);

impl Types {
    /// For types as they are sent out: a field that may be left out is not required.
    pub(crate) fn new() -> Self {
        Self::with(SchemaSettings::draft2020_12().for_serialize())
    }

    /// For types as they come in: a field with a default is not required.
    pub(crate) fn for_requests() -> Self {
        Self::with(SchemaSettings::draft2020_12())
    }

    fn with(settings: SchemaSettings) -> Self {
        let settings = settings
            .with(|settings| settings.definitions_path = "/components/schemas".into())
            .with_transform(RecursiveTransform(bound_integers));
        Self(settings.into_generator())
    }

    /// A reference to the type's schema.
    pub(crate) fn reference<T: JsonSchema>(&mut self) -> Value {
        Schema::into(self.0.subschema_for::<T>())
    }

    /// The schemas of all types that were referred to.
    pub(crate) fn schemas(mut self) -> Map<String, Value> {
        self.0.take_definitions(true)
    }
}

/// Says in numbers what the format says: generators of data know no `uint16`.
fn bound_integers(schema: &mut Schema) {
    let most = match schema.get("format").and_then(Value::as_str) {
        Some("uint16") => u64::from(u16::MAX),
        Some("uint64") => u64::MAX,
        Some("uint") => usize::MAX as u64,
        _ => return,
    };
    if schema.get("maximum").is_none() {
        schema.insert("maximum".into(), most.into());
    }
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn envelope(data: Value, title: &str) -> Value {
    json!({
        "title": title,
        "type": "object",
        "required": ["success", "data"],
        "properties": {"success": {"type": "boolean", "const": true}, "data": data},
    })
}

fn failure(error: &Value) -> Value {
    json!({
        "type": "object",
        "required": ["success", "error"],
        "properties": {"success": {"type": "boolean", "const": false}, "error": error},
        "examples": [examples::failure()],
    })
}

fn answer(description: &str, schema: Value, example: Value) -> Value {
    json!({
        "description": description,
        "headers": header_references(),
        "content": {"application/json": {"schema": schema, "example": example}},
    })
}

fn body(name: &str, example: Value) -> Value {
    json!({
        "required": true,
        "content": {"application/json": {"schema": reference(name), "example": example}},
    })
}

/// The answers of an operation: its own, and the failures that it may have.
fn responses(status: &str, own: Value, failures: &[&str]) -> Value {
    let mut responses = Map::from_iter([(status.to_owned(), own)]);
    for failure in failures.iter().chain(&["401", "429", "500"]) {
        let response = json!({"$ref": format!("#/components/responses/{failure}")});
        responses.insert((*failure).to_owned(), response);
    }
    Value::Object(responses)
}

fn failures() -> Value {
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
            "RATE_LIMIT_EXCEEDED: details.retryAfter says when to come back, in seconds",
        ),
        ("500", "MODEL_ERROR or INTERNAL_ERROR"),
        ("503", "AGENT_UNAVAILABLE: the agent does not answer"),
    ];
    let response = |(status, description): (&str, &str)| {
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
    Value::Object(failures.into_iter().map(response).collect())
}

fn headers() -> Value {
    let header = |description: &str| {
        json!({
            "description": description,
            "required": true,
            "schema": {"type": "integer", "minimum": 0},
        })
    };
    json!({
        "RateLimitLimit": header("Requests that the window permits"),
        "RateLimitRemaining": header("Requests that are left in it"),
        "RateLimitReset": header("When it starts anew, in Unix seconds"),
        "RequestId": {"required": true, "schema": {"type": "string"}},
    })
}

fn header_references() -> Value {
    let reference = |name: &str| json!({"$ref": format!("#/components/headers/{name}")});
    json!({
        "X-RateLimit-Limit": reference("RateLimitLimit"),
        "X-RateLimit-Remaining": reference("RateLimitRemaining"),
        "X-RateLimit-Reset": reference("RateLimitReset"),
        "X-Request-Id": reference("RequestId"),
    })
}

fn agent_id() -> Value {
    json!({
        "name": "agentId",
        "in": "path",
        "required": true,
        "schema": {"type": "string", "minLength": 1},
        "example": examples::AGENT_ID,
    })
}

fn health() -> Value {
    json!({
        "operationId": "health",
        "tags": ["server"],
        "summary": "Whether the server runs",
        "security": [],
        "responses": {"200": {
            "description": "It runs; without an envelope",
            "content": {"application/json": {
                "schema": {
                    "title": "Health",
                    "type": "object",
                    "required": ["status", "version"],
                    "properties": {
                        "status": {"type": "string", "const": "ok"},
                        "version": {"type": "string"},
                    },
                },
                "example": {"status": "ok", "version": "1.0.0"},
            }},
        }},
    })
}

fn list(types: &mut Types, list_key: ListKey) -> Value {
    let key = match list_key {
        ListKey::Agents => "agents",
        ListKey::Items => "items",
    };
    let parameter =
        |name: &str, schema: Value| json!({"name": name, "in": "query", "schema": schema});
    let entry = types.reference::<AgentSummary<'static>>();
    let data = json!({
        "title": "AgentList",
        "type": "object",
        "required": [key, "pagination"],
        "properties": {
            key: {"type": "array", "items": entry},
            "pagination": types.reference::<Pagination>(),
        },
    });
    json!({
        "operationId": "listAgents",
        "tags": ["agents"],
        "summary": "The account's agents, a page at a time",
        "parameters": [
            parameter("page", json!({
                "type": "integer", "format": "int64", "minimum": 1, "maximum": LAST_PAGE, "default": 1,
            })),
            parameter("limit", json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 20})),
            parameter("status", json!({"type": "string", "enum": STATUSES})),
            parameter("sortBy", json!({"type": "string", "enum": SORT_KEYS, "default": "createdAt"})),
            parameter("order", json!({"type": "string", "enum": ORDERS, "default": "desc"})),
        ],
        "responses": responses(
            "200",
            answer("A page", envelope(data, "ListAgentsAnswer"), examples::list(key)),
            &["400"],
        ),
    })
}

fn create(types: &mut Types) -> Value {
    let data = types.reference::<CreatedAgent<'static>>();
    let link = |operation: &str| {
        json!({
            "operationId": operation,
            "parameters": {"agentId": "$response.body#/data/id"},
        })
    };
    let mut created = answer(
        "The agent was created",
        envelope(data, "CreateAgentAnswer"),
        examples::created(),
    );
    created["links"] = json!({
        "get": link("getAgent"),
        "update": link("updateAgent"),
        "sendMessage": link("sendMessage"),
        "streamMessage": link("streamMessage"),
        "delete": link("deleteAgent"),
    });
    json!({
        "operationId": "createAgent",
        "tags": ["agents"],
        "summary": "Creates an agent",
        "requestBody": body("CreateAgent", examples::create()),
        "responses": responses("201", created, &["400", "403", "413"]),
    })
}

fn get() -> Value {
    json!({
        "operationId": "getAgent",
        "tags": ["agents"],
        "summary": "An agent with its whole configuration",
        "responses": responses(
            "200",
            answer("The agent", envelope(reference("Agent"), "GetAgentAnswer"), examples::agent()),
            &["404"],
        ),
    })
}

fn update(types: &mut Types) -> Value {
    let data = types.reference::<UpdatedAgent<'static>>();
    json!({
        "operationId": "updateAgent",
        "tags": ["agents"],
        "summary": "Changes the fields that are sent",
        "description": "A field that is sent replaces the old value whole; null clears it.",
        "requestBody": body("UpdateAgent", examples::update()),
        "responses": responses(
            "200",
            answer("The agent was changed", envelope(data, "UpdateAgentAnswer"), examples::updated()),
            &["400", "403", "404", "413"],
        ),
    })
}

fn delete(types: &mut Types) -> Value {
    let data = types.reference::<DeletedAgent<'static>>();
    json!({
        "operationId": "deleteAgent",
        "tags": ["agents"],
        "summary": "Deletes an agent with its history, for good",
        "responses": responses(
            "200",
            answer("The agent is gone", envelope(data, "DeleteAgentAnswer"), examples::deleted()),
            &["403", "404"],
        ),
    })
}

/// A reply as server-sent events; the schema is one event's (OpenAPI 3.1 has no words for the whole).
fn events(types: &mut Types) -> Value {
    let event = types.reference::<StreamEvent<'static>>();
    json!({
        "schema": {
            "title": "ServerSentEvent",
            "type": "object",
            "required": ["data"],
            "properties": {"data": {
                "type": "string",
                "contentMediaType": "application/json",
                "contentSchema": event,
            }},
        },
        "example": examples::EVENTS,
    })
}

fn message(types: &mut Types) -> Value {
    let data = types.reference::<Message<'static>>();
    let mut reply = answer(
        "The reply; as events if the body's stream is true",
        envelope(data, "SendMessageAnswer"),
        examples::message(),
    );
    reply["content"]["text/event-stream"] = events(types);
    json!({
        "operationId": "sendMessage",
        "tags": ["messages"],
        "summary": "Says something to an agent",
        "description": "The same userId and roomId continue a conversation.",
        "requestBody": body("SendMessage", examples::send()),
        "responses": responses("200", reply, &["400", "403", "404", "413", "503"]),
    })
}

fn stream(types: &mut Types) -> Value {
    let reply = json!({
        "description": "The reply's tokens, then done",
        "headers": header_references(),
        "content": {"text/event-stream": events(types)},
    });
    json!({
        "operationId": "streamMessage",
        "tags": ["messages"],
        "summary": "Says something to an agent and streams its reply",
        "requestBody": body("SendMessage", examples::send()),
        "responses": responses("200", reply, &["400", "403", "404", "413", "503"]),
    })
}
