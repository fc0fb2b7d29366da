//! From method and path to the operation.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::routing::{any, get};
use http::{Method, StatusCode};

use crate::app::{App, is_read};
use crate::control::{self, Control};
use crate::envelope::{Answer, json_answer};
use crate::openapi;
use crate::operation::Operation;

pub(crate) fn router(app: Arc<App>, control: &Control) -> Router {
    let api = Router::new()
        .route("/health", any(health))
        .route("/openapi.json", get(description))
        .route("/v1/agents", any(agents))
        .route("/v1/agents/{agentId}", any(agent))
        .route("/v1/agents/{agentId}/messages", any(messages))
        .route("/v1/agents/{agentId}/messages/stream", any(stream))
        .fallback(unknown)
        .with_state(app.clone());
    if control.enabled {
        api.merge(control::router(app, control))
    } else {
        api
    }
}

type AgentId = Result<Path<String>, PathRejection>;

async fn health(State(app): State<Arc<App>>, request: Request) -> Answer {
    let operation = match request.method() {
        method if is_read(method) => Some(Operation::Health),
        _ => None,
    };
    serve(app, operation, None, "GET", request).await
}

/// The OpenAPI document, for anybody.
async fn description(State(app): State<Arc<App>>) -> Answer {
    let settings = &app.settings;
    let document = openapi::document(&settings.base_url, settings.list_key);
    json_answer(StatusCode::OK, &document)
}

async fn agents(State(app): State<Arc<App>>, request: Request) -> Answer {
    let operation = match *request.method() {
        Method::POST => Some(Operation::Create),
        ref method if is_read(method) => Some(Operation::List),
        _ => None,
    };
    serve(app, operation, None, "GET, POST", request).await
}

async fn agent(State(app): State<Arc<App>>, id: AgentId, request: Request) -> Answer {
    let operation = match *request.method() {
        Method::PATCH => Some(Operation::Update),
        Method::DELETE => Some(Operation::Delete),
        ref method if is_read(method) => Some(Operation::Get),
        _ => None,
    };
    serve(app, operation, Some(id), "GET, PATCH, DELETE", request).await
}

async fn messages(State(app): State<Arc<App>>, id: AgentId, request: Request) -> Answer {
    let operation = (request.method() == Method::POST).then_some(Operation::SendMessage);
    serve(app, operation, Some(id), "POST", request).await
}

async fn stream(State(app): State<Arc<App>>, id: AgentId, request: Request) -> Answer {
    let operation = (request.method() == Method::POST).then_some(Operation::StreamMessage);
    serve(app, operation, Some(id), "POST", request).await
}

async fn unknown(State(app): State<Arc<App>>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    app.serve(Operation::Unknown, None, None, parts, body).await
}

async fn serve(
    app: Arc<App>,
    operation: Option<Operation>,
    id: Option<AgentId>,
    allowed: &'static str,
    request: Request<Body>,
) -> Answer {
    let (parts, body) = request.into_parts();
    // An id that is no UTF-8 behind its percent signs names no agent.
    let id = id.map(|id| id.map_or_else(|_| "\u{fffd}".to_owned(), |Path(id)| id));
    let operation = operation.unwrap_or(Operation::Unknown);
    app.serve(operation, id, Some(allowed), parts, body).await
}
