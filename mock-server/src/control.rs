//! The control API under `/__mock`: what a Rust test can do, for tests in any language.
//!
//! It sends no CORS headers and takes JSON only, so that no page in a browser can use it.

mod agents;
mod capabilities;
mod clock;
mod description;
mod error;
mod faults;
mod input;
mod journal;
mod keys;
mod limits;
mod replies;
mod server;
mod state;

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post, put};
use http::StatusCode;

use crate::app::App;
use error::ControlError;

/// Carries the control token.
const TOKEN_HEADER: &str = "x-mock-token";

/// Whether there is a control API, and what it asks for.
#[derive(Clone)]
pub(crate) struct Control {
    pub(crate) enabled: bool,
    pub(crate) token: Option<String>,
}

impl Default for Control {
    fn default() -> Self {
        Self {
            enabled: true,
            token: None,
        }
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control")
            .field("enabled", &self.enabled)
            .field("has_token", &self.token.is_some())
            .finish()
    }
}

pub(crate) fn router(app: Arc<App>, control: &Control) -> Router {
    let token: Option<Arc<str>> = control.token.as_deref().map(Arc::from);
    Router::new()
        .route("/__mock/health", get(server::health))
        .route("/__mock/ready", get(server::ready))
        .route("/__mock/capabilities", get(capabilities::show))
        .route("/__mock/openapi.json", get(description::show))
        .route(
            "/__mock/faults",
            get(faults::show).post(faults::add).delete(faults::clear),
        )
        .route("/__mock/clock", get(clock::show).post(clock::change))
        .route(
            "/__mock/requests",
            get(journal::show).delete(journal::clear),
        )
        .route("/__mock/requests/verify", post(journal::verify))
        .route("/__mock/state", get(state::show).put(state::restore))
        .route("/__mock/reset", post(state::reset))
        .route("/__mock/agents/{agentId}", patch(agents::change))
        .route("/__mock/keys", put(keys::set))
        .route("/__mock/limits", get(limits::show).put(limits::set))
        .route("/__mock/tier", put(limits::set_tier))
        .route("/__mock/replies", put(replies::set))
        .route("/__mock/{*rest}", axum::routing::any(unknown))
        .method_not_allowed_fallback(not_allowed)
        .layer(from_fn_with_state(token, check_token))
        .with_state(app)
}

async fn check_token(
    State(token): State<Option<Arc<str>>>,
    request: Request,
    next: Next,
) -> Response {
    let sent = request.headers().get(TOKEN_HEADER);
    match token {
        Some(token) if sent.is_none_or(|sent| sent.as_bytes() != token.as_bytes()) => {
            ControlError::new(
                StatusCode::UNAUTHORIZED,
                "the control API asks for its token in the header X-Mock-Token",
            )
            .into_response()
        }
        _ => next.run(request).await,
    }
}

async fn unknown(request: Request) -> ControlError {
    ControlError::new(
        StatusCode::NOT_FOUND,
        format!(
            "{} is no part of the control API; /__mock/openapi.json describes it",
            request.uri().path()
        ),
    )
}

async fn not_allowed(request: Request) -> ControlError {
    ControlError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        format!(
            "{} is not allowed here; the header Allow says what is",
            request.method()
        ),
    )
}
