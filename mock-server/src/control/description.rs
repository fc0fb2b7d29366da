//! The OpenAPI document of the control API.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::{Map, Value, json};

use crate::api::openapi::document::{contact, license};
use crate::api::openapi::types::Types;
use crate::control::accounts::Accounts;
use crate::control::agents::{AgentChange, AgentList, AgentMemory, AgentState};
use crate::control::capabilities::Capabilities;
use crate::control::clock::{ClockChange, ClockState};
use crate::control::error::ErrorBody;
use crate::control::faults::FaultList;
use crate::control::journal::{Expectation, Found, Mismatched, Requests, Verified, Wait};
use crate::control::keys::{KeySet, NewKey};
use crate::control::limits::NewTier;
use crate::control::output::ok;
use crate::control::pace::Pace;
use crate::control::replies::Replies;
use crate::control::server::{Health, Ready};
use crate::control::windows::WindowList;
use crate::faults::fault::Fault;
use crate::journal::recorded_request::JournalEntry;
use crate::protocol::operation::Operation;
use crate::state::app::App;
use crate::state::limits::Limits;
use crate::state::snapshot::Snapshot;

pub(crate) async fn show(State(app): State<Arc<App>>) -> Response {
    ok(&document(app.settings.root_url()))
}

/// One method of a path.
struct Method {
    id: &'static str,
    summary: &'static str,
    body: Option<(Value, Value)>,
    response: Value,
    /// The statuses of failures, except 401.
    failures: &'static [&'static str],
}

impl Method {
    fn new(id: &'static str, summary: &'static str, response: Value) -> Self {
        Self {
            id,
            summary,
            body: None,
            response,
            failures: &["400"],
        }
    }

    /// Adds a request body with its schema and an example.
    fn with(mut self, schema: Value, example: Value) -> Self {
        self.body = Some((schema, example));
        self.failures = &["400", "415"];
        self
    }

    fn failing(mut self, failures: &'static [&'static str]) -> Self {
        self.failures = failures;
        self
    }

    fn build(self, error: &Value, mismatch: &Value) -> Value {
        let content = |schema: &Value| json!({"application/json": {"schema": schema}});
        let mut responses = Map::new();
        responses.insert(
            "200".into(),
            json!({"description": "Done", "content": content(&self.response)}),
        );
        for status in self.failures.iter().chain(&["401"]) {
            let schema = match *status {
                "408" | "409" => mismatch,
                _ => error,
            };
            let description = match *status {
                "400" => "The request is invalid",
                "401" => "The control token is missing or wrong",
                "404" => "There is no such agent, fault or request",
                "408" => "Too few requests arrived; the error lists them, nearest match first",
                "409" => "Other requests arrived; the error lists them, nearest match first",
                "413" => "The body is too large",
                _ => "The content type of the body is not JSON",
            };
            responses.insert(
                (*status).to_owned(),
                json!({"description": description, "content": content(schema)}),
            );
        }
        let mut method = json!({
            "operationId": self.id,
            "tags": ["control"],
            "summary": self.summary,
            "responses": responses,
        });
        if let Some((schema, example)) = self.body {
            method["requestBody"] = json!({
                "required": true,
                "content": {"application/json": {"schema": schema, "example": example}},
            });
        }
        method
    }
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

fn paths(types: &mut Types) -> Value {
    let error = types.reference::<ErrorBody<'static>>();
    let mismatch = types.reference::<Mismatched<'static>>();
    let faults = types.reference::<FaultList>();
    let fault = types.reference::<Fault>();
    let clock = types.reference::<ClockState>();
    let requests = types.reference::<Requests>();
    let state = types.reference::<Snapshot>();
    let limits = types.reference::<Limits>();
    let operation = types.reference::<Operation>();
    let parameter =
        |name: &str, schema: Value| json!({"name": name, "in": "query", "schema": schema});

    let mut shown = Method::new(
        "listRequests",
        "Lists the requests that arrived",
        requests.clone(),
    )
    .build(&error, &mismatch);
    shown["parameters"] = json!([
        parameter("operation", operation),
        parameter("agentId", json!({"type": "string"})),
        parameter(
            "status",
            json!({"type": "integer", "minimum": 0, "maximum": 65535})
        ),
        parameter("fault", json!({"type": "string"})),
        parameter("exact", json!({"type": "boolean"})),
        parameter(
            "after",
            json!({"type": "integer", "minimum": 0, "maximum": i64::MAX})
        ),
    ]);
    let one_or_more = json!({"anyOf": [fault, {"type": "array", "items": fault}]});
    let build = |method: Method| method.build(&error, &mismatch);
    let mut found = build(Method::new(
        "searchRequests",
        "Finds the requests that contain a text",
        types.reference::<Found>(),
    ));
    let mut text = parameter("text", json!({"type": "string"}));
    text["required"] = true.into();
    found["parameters"] = json!([
        text,
        parameter(
            "after",
            json!({"type": "integer", "minimum": 0, "maximum": i64::MAX})
        ),
    ]);
    let mut agents = build(Method::new(
        "listAgentStates",
        "Lists agents, the newest first",
        types.reference::<AgentList>(),
    ));
    agents["parameters"] = json!([parameter("text", json!({"type": "string"}))]);
    let mut events = build(Method::new(
        "watch",
        "Sends what happens as server-sent events: requests, and changed with the names of what else changed",
        json!({}),
    ));
    events["responses"]["200"]["content"] = json!({"text/event-stream": {
        "schema": {
            "type": "string",
            "contentMediaType": "text/event-stream",
            "contentSchema": {"type": "array", "items": {
                "type": "object",
                "required": ["event", "data"],
                "properties": {
                    "event": {"type": "string", "enum": ["requests", "changed"]},
                    "data": {"type": "string", "contentMediaType": "application/json"},
                },
            }},
        },
        "example": "event: changed\ndata: {\"changed\":[\"clock\"]}\n\n",
    }});
    json!({
        "/__mock/health": {"get": build(Method::new(
            "controlHealth", "Returns whether the mock runs", types.reference::<Health>()))},
        "/__mock/ready": {"get": build(Method::new(
            "ready", "Returns the base URL", types.reference::<Ready<'static>>()))},
        "/__mock/capabilities": {"get": build(Method::new(
            "capabilities", "Lists the behaviors of the mock and who defined them",
            types.reference::<Capabilities>()))},
        "/__mock/events": {"get": events},
        "/__mock/accounts": {"get": build(Method::new(
            "listAccounts", "Lists the accounts of a mock with isolated keys", types.reference::<Accounts>()))},
        "/__mock/faults": {
            "get": build(Method::new("listFaults", "Lists the faults and how often each was applied", faults.clone())),
            "post": build(Method::new("addFaults", "Adds one fault, or several in this order", faults.clone())
                .with(one_or_more, json!({"kind": "status", "status": 503, "on": ["send_message"], "times": 2}))),
            "delete": build(Method::new("clearFaults", "Removes all faults", faults.clone())),
        },
        "/__mock/faults/{faultId}": {
            "parameters": [{
                "name": "faultId", "in": "path", "required": true,
                "schema": {"type": "integer", "minimum": 1, "maximum": i64::MAX},
            }],
            "delete": build(Method::new("removeFault", "Removes one fault", faults)
                .failing(&["400", "404"])),
        },
        "/__mock/clock": {
            "get": build(Method::new("showClock", "Returns the state of the clock", clock.clone())),
            "post": build(Method::new("changeClock", "Sets, moves, freezes or resumes the clock", clock)
                .with(types.reference::<ClockChange>(), json!({"advanceMs": 60000}))),
        },
        "/__mock/requests": {
            "get": shown,
            "delete": build(Method::new("clearRequests", "Clears the journal", requests)),
        },
        "/__mock/requests/search": {"get": found},
        "/__mock/requests/{sequence}": {
            "parameters": [{
                "name": "sequence", "in": "path", "required": true,
                "schema": {"type": "integer", "minimum": 1, "maximum": i64::MAX},
            }],
            "get": build(Method::new(
                "showRequest", "Returns one request, in addition with its exact bodies as text",
                types.reference::<JournalEntry<'static>>())
                .failing(&["400", "404"])),
        },
        "/__mock/requests/verify": {"post": build(Method::new(
            "verifyRequests", "Checks how many requests arrived", types.reference::<Verified>())
            .with(types.reference::<Expectation>(), json!({
                "request": {"operation": "create", "body": {"name": "Ledger"}}, "count": 0,
            }))
            .failing(&["400", "409", "415"]))},
        "/__mock/requests/wait": {"post": build(Method::new(
            "waitForRequests", "Waits until requests have arrived", types.reference::<Verified>())
            .with(types.reference::<Wait>(), json!({
                "request": {"operation": "list"}, "count": 0, "timeoutMs": 10,
            }))
            .failing(&["400", "408", "415"]))},
        "/__mock/state": {
            "get": build(Method::new("showState", "Returns the agents with their conversations", state.clone())),
            "put": build(Method::new("restoreState", "Restores a snapshot", state.clone())
                .with(state.clone(), json!({"agents": []}))),
        },
        "/__mock/reset": {"post": build(Method::new(
            "reset", "Restores the initial state", state))},
        "/__mock/agents": {"get": agents},
        "/__mock/agents/{agentId}": {
            "parameters": [{
                "name": "agentId", "in": "path", "required": true,
                "schema": {"type": "string", "minLength": 1},
            }],
            "get": build(Method::new(
                "showAgent", "Returns an agent with the conversations that it remembers",
                types.reference::<AgentMemory>())
                .failing(&["400", "404"])),
            "patch": build(Method::new(
                "changeAgent", "Protects an agent from deletion or makes it unavailable",
                types.reference::<AgentState>())
                .with(types.reference::<AgentChange>(), json!({"protected": "in use", "unavailable": null}))
                .failing(&["400", "404", "415"])),
        },
        "/__mock/keys": {"put": build(Method::new(
            "setKey", "Adds a key or changes its permissions", types.reference::<KeySet>())
            .with(types.reference::<NewKey>(), json!({"key": "viewer-key", "state": "read_only"})))},
        "/__mock/limits": {
            "get": build(Method::new("showLimits", "Returns the limits", limits.clone())),
            "put": build(Method::new("setLimits", "Changes the limits", limits.clone())
                .with(limits.clone(), json!({"account": 60, "create": 10, "agents": 100}))),
        },
        "/__mock/windows": {"get": build(Method::new(
            "showWindows", "Returns the rate-limit windows", types.reference::<WindowList>()))},
        "/__mock/tier": {"put": build(Method::new("setTier", "Changes the limits to those of a tier", limits)
            .with(types.reference::<NewTier>(), json!({"tier": "standard"})))},
        "/__mock/replies": {
            "get": build(Method::new(
                "showReplies", "Returns the replies of agents", types.reference::<Replies>())),
            "put": build(Method::new(
                "setReplies", "Replaces the replies of agents", types.reference::<Replies>())
                .with(types.reference::<Replies>(), json!({"script": ["Berth 7."]}))),
            "post": build(Method::new(
                "addReplies", "Adds replies of agents", types.reference::<Replies>())
                .with(types.reference::<Replies>(), json!({"script": ["Berth 8."]}))
                .failing(&["400", "413", "415"])),
        },
        "/__mock/pace": {
            "get": build(Method::new(
                "showPace", "Returns the pace of streams", types.reference::<Pace>())),
            "put": build(Method::new(
                "setPace", "Changes the pace of streams", types.reference::<Pace>())
                .with(types.reference::<Pace>(), json!({"tokenPaceMs": 20}))),
        },
    })
}
