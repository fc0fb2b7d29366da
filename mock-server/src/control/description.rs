//! The control API's own OpenAPI document.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::agents::{AgentChange, AgentState};
use super::capabilities::Capabilities;
use super::clock::{ClockChange, ClockState};
use super::error::ErrorBody;
use super::faults::FaultList;
use super::journal::{Expectation, Requests, Verified};
use super::keys::{KeySet, NewKey};
use super::limits::NewTier;
use super::replies::NewReplies;
use super::server::{Health, Ready};
use crate::app::App;
use crate::envelope::{Answer, json_answer};
use crate::faults::Fault;
use crate::limits::Limits;
use crate::openapi::Types;
use crate::operation::Operation;
use crate::snapshot::Snapshot;

pub(super) async fn show(State(app): State<Arc<App>>) -> Answer {
    json_answer(StatusCode::OK, &document(&app.settings.base_url))
}

/// One method of a path.
struct Method {
    id: &'static str,
    summary: &'static str,
    body: Option<(Value, Value)>,
    answer: Value,
    /// Statuses of failures, beside 401.
    failures: &'static [&'static str],
}

impl Method {
    fn new(id: &'static str, summary: &'static str, answer: Value) -> Self {
        Self {
            id,
            summary,
            body: None,
            answer,
            failures: &["400"],
        }
    }

    /// With a body: its schema, and an example.
    fn with(mut self, schema: Value, example: Value) -> Self {
        self.body = Some((schema, example));
        self.failures = &["400", "415"];
        self
    }

    fn failing(mut self, failures: &'static [&'static str]) -> Self {
        self.failures = failures;
        self
    }

    fn build(self, error: &Value) -> Value {
        let content = |schema: &Value| json!({"application/json": {"schema": schema}});
        let mut responses = Map::new();
        responses.insert(
            "200".into(),
            json!({"description": "Done", "content": content(&self.answer)}),
        );
        for status in self.failures.iter().chain(&["401"]) {
            let description = match *status {
                "400" => "The request is not what is asked for",
                "401" => "The control token is missing or wrong",
                "404" => "There is no such agent",
                "409" => "Something else arrived; the error says what, nearest match first",
                _ => "The body is no JSON by its content type",
            };
            responses.insert(
                (*status).to_owned(),
                json!({"description": description, "content": content(error)}),
            );
        }
        let mut method = json!({
            "operationId": self.id,
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

fn document(base_url: &str) -> Value {
    let mut types = Types::for_requests();
    let paths = paths(&mut types);
    let server = base_url.strip_suffix("/v1").unwrap_or(base_url);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "OrionOS mock server: control API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Where keys are isolated, Authorization: Bearer <key> says whose account \
                            is meant. X-Mock-Token is asked for if the mock was given one.",
        },
        "servers": [{"url": server}],
        "security": [{}, {"token": []}],
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
        "The requests that arrived",
        requests.clone(),
    )
    .build(&error);
    shown["parameters"] = json!([
        parameter("operation", operation),
        parameter("agentId", json!({"type": "string"})),
        parameter(
            "status",
            json!({"type": "integer", "minimum": 0, "maximum": 65535})
        ),
        parameter("fault", json!({"type": "string"})),
        parameter(
            "after",
            json!({"type": "integer", "minimum": 0, "maximum": i64::MAX})
        ),
    ]);
    let one_or_more = json!({"anyOf": [fault, {"type": "array", "items": fault}]});
    let build = |method: Method| method.build(&error);
    json!({
        "/__mock/health": {"get": build(Method::new(
            "controlHealth", "Whether the mock runs", types.reference::<Health>()))},
        "/__mock/ready": {"get": build(Method::new(
            "ready", "Whether the mock answers, and where", types.reference::<Ready<'static>>()))},
        "/__mock/capabilities": {"get": build(Method::new(
            "capabilities", "What the mock does, and on whose word",
            types.reference::<Capabilities>()))},
        "/__mock/faults": {
            "get": build(Method::new("listFaults", "The faults, and how often each has happened", faults.clone())),
            "post": build(Method::new("addFaults", "Adds one fault, or several in their order", faults.clone())
                .with(one_or_more, json!({"kind": "status", "status": 503, "on": ["send_message"], "times": 2}))),
            "delete": build(Method::new("clearFaults", "Takes all faults away", faults)),
        },
        "/__mock/clock": {
            "get": build(Method::new("showClock", "What the mock's clock shows", clock.clone())),
            "post": build(Method::new("changeClock", "Moves, stops or starts the clock", clock)
                .with(types.reference::<ClockChange>(), json!({"advanceMs": 60000}))),
        },
        "/__mock/requests": {
            "get": shown,
            "delete": build(Method::new("clearRequests", "Forgets the requests, and nothing else", requests)),
        },
        "/__mock/requests/verify": {"post": build(Method::new(
            "verifyRequests", "Checks what arrived", types.reference::<Verified>())
            .with(types.reference::<Expectation>(), json!({
                "request": {"operation": "create", "body": {"name": "Ledger"}}, "count": 0,
            }))
            .failing(&["400", "409", "415"]))},
        "/__mock/state": {
            "get": build(Method::new("showState", "The agents with what they remember", state.clone())),
            "put": build(Method::new("restoreState", "Goes back to a snapshot", state.clone())
                .with(state.clone(), json!({"agents": []}))),
        },
        "/__mock/reset": {"post": build(Method::new(
            "reset", "As it was at the start: agents, windows, ids; no faults, an empty journal", state))},
        "/__mock/agents/{agentId}": {
            "parameters": [{
                "name": "agentId", "in": "path", "required": true,
                "schema": {"type": "string", "minLength": 1},
            }],
            "patch": build(Method::new(
                "changeAgent", "Protects an agent from deletion, or makes it unavailable",
                types.reference::<AgentState>())
                .with(types.reference::<AgentChange>(), json!({"protected": "in use", "unavailable": null}))
                .failing(&["400", "404", "415"])),
        },
        "/__mock/keys": {"put": build(Method::new(
            "setKey", "Adds a key, or changes what it may do", types.reference::<KeySet>())
            .with(types.reference::<NewKey>(), json!({"key": "viewer-key", "state": "read_only"})))},
        "/__mock/limits": {
            "get": build(Method::new("showLimits", "The limits", limits.clone())),
            "put": build(Method::new("setLimits", "Changes the limits", limits.clone())
                .with(limits.clone(), json!({"account": 60, "create": 10, "agents": 100}))),
        },
        "/__mock/tier": {"put": build(Method::new("setTier", "Changes the limits to a tier's", limits)
            .with(types.reference::<NewTier>(), json!({"tier": "standard"})))},
        "/__mock/replies": {"put": build(Method::new(
            "setReplies", "What agents answer", types.reference::<NewReplies>())
            .with(types.reference::<NewReplies>(), json!({"script": ["Berth 7."]})))},
    })
}
