//! The description of each operation.

use serde_json::{Value, json};

use crate::api::openapi::examples;
use crate::api::openapi::parts::{
    body, envelope, header_references, page, paging_parameters, parameter, response, responses,
};
use crate::api::openapi::types::{Types, reference};
use crate::protocol::data::{
    AgentSummary, CreatedAgent, DeletedAgent, Message, StreamEvent, UpdatedAgent,
};
use crate::protocol::list_query::{ORDERS, SORT_KEYS, STATUSES};
use crate::state::settings::Settings;

pub(crate) fn health(_: &mut Types, _: &Settings) -> Value {
    json!({
        "operationId": "health",
        "summary": "Returns whether the server runs",
        "security": [],
        "responses": {"200": {
            "description": "The server runs. This response has no envelope.",
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

pub(crate) fn list(types: &mut Types, settings: &Settings) -> Value {
    let key = settings.list_key.of("agents");
    let entry = types.reference::<AgentSummary<'static>>();
    let mut parameters = paging_parameters();
    parameters.extend([
        parameter("status", json!({"type": "string", "enum": STATUSES})),
        parameter(
            "sortBy",
            json!({"type": "string", "enum": SORT_KEYS, "default": "createdAt"}),
        ),
        parameter(
            "order",
            json!({"type": "string", "enum": ORDERS, "default": "desc"}),
        ),
    ]);
    json!({
        "operationId": "listAgents",
        "summary": "Lists the agents of the account, page by page",
        "parameters": parameters,
        "responses": responses(
            "200",
            response(
                "A page of the list",
                envelope(page(types, "AgentList", key, &entry), "ListAgentsResponse"),
                examples::list(key),
            ),
            &["400"],
        ),
    })
}

pub(crate) fn create(types: &mut Types, _: &Settings) -> Value {
    let data = types.reference::<CreatedAgent<'static>>();
    let link = |operation: &str| {
        json!({
            "operationId": operation,
            "parameters": {"agentId": "$response.body#/data/id"},
        })
    };
    let mut created = response(
        "The agent was created",
        envelope(data, "CreateAgentResponse"),
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
        "summary": "Creates an agent",
        "requestBody": body("CreateAgent", examples::create()),
        "responses": responses("201", created, &["400", "403", "413"]),
    })
}

pub(crate) fn get(_: &mut Types, _: &Settings) -> Value {
    json!({
        "operationId": "getAgent",
        "summary": "Returns an agent with its configuration",
        "responses": responses(
            "200",
            response("The agent", envelope(reference("Agent"), "GetAgentResponse"), examples::agent()),
            &["404"],
        ),
    })
}

pub(crate) fn update(types: &mut Types, _: &Settings) -> Value {
    let data = types.reference::<UpdatedAgent<'static>>();
    json!({
        "operationId": "updateAgent",
        "summary": "Changes the fields that are sent",
        "description": "A field that is sent replaces the old value, and null clears it. settings are merged by platform: a platform that is sent replaces the settings of that platform, and null removes them.",
        "requestBody": body("UpdateAgent", examples::update()),
        "responses": responses(
            "200",
            response("The agent was changed", envelope(data, "UpdateAgentResponse"), examples::updated()),
            &["400", "403", "404", "413"],
        ),
    })
}

pub(crate) fn delete(types: &mut Types, _: &Settings) -> Value {
    let data = types.reference::<DeletedAgent<'static>>();
    json!({
        "operationId": "deleteAgent",
        "summary": "Deletes an agent with its history",
        "responses": responses(
            "200",
            response("The agent was deleted", envelope(data, "DeleteAgentResponse"), examples::deleted()),
            &["403", "404"],
        ),
    })
}

/// A reply as server-sent events. The body is text, and generated clients return it as such, because
/// OpenAPI has no schema for a single event before version 3.2. The schema of the content models the
/// stream as an array of its events.
fn events(types: &mut Types) -> Value {
    let event = types.reference::<StreamEvent<'static>>();
    json!({
        "schema": {
            "type": "string",
            "contentMediaType": "text/event-stream",
            "contentSchema": {"type": "array", "items": {
                "type": "object",
                "required": ["data"],
                "properties": {"data": {
                    "type": "string",
                    "contentMediaType": "application/json",
                    "contentSchema": event,
                }},
            }},
        },
        "example": examples::EVENTS,
    })
}

pub(crate) fn send_message(types: &mut Types, _: &Settings) -> Value {
    let data = types.reference::<Message<'static>>();
    let mut reply = response(
        "The reply, as a stream of events if stream is true in the request",
        envelope(data, "SendMessageResponse"),
        examples::message(),
    );
    reply["content"]["text/event-stream"] = events(types);
    json!({
        "operationId": "sendMessage",
        "summary": "Sends a message to an agent",
        "description": "Messages with the same userId and roomId continue a conversation.",
        "requestBody": body("SendMessage", examples::send()),
        "responses": responses("200", reply, &["400", "403", "404", "413", "503"]),
    })
}

pub(crate) fn stream_message(types: &mut Types, _: &Settings) -> Value {
    let reply = json!({
        "description": "The tokens of the reply, then done",
        "headers": header_references(),
        "content": {"text/event-stream": events(types)},
    });
    json!({
        "operationId": "streamMessage",
        "summary": "Sends a message to an agent and streams the reply",
        "requestBody": body("SendMessage", examples::send()),
        "responses": responses("200", reply, &["400", "403", "404", "413", "503"]),
    })
}
