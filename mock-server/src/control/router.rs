//! The paths of the control API.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, delete, get, post, put};
use http::StatusCode;

use crate::control::access::ControlAccess;
use crate::control::error::ControlError;
use crate::control::guard::guard;
use crate::control::{
    accounts, agents, capabilities, clock, description, events, faults, journal, keys, limits,
    pace, page, replies, server, state, windows,
};
use crate::state::app::App;

/// Returns the router of the control API.
pub(crate) fn router(app: Arc<App>, access: ControlAccess) -> Router {
    Router::new()
        .route("/__mock", get(page::redirect))
        .route("/__mock/", get(page::index))
        .route("/__mock/page/{file}", get(page::file))
        .route("/__mock/events", get(events::show))
        .route("/__mock/accounts", get(accounts::show))
        .route("/__mock/health", get(server::health))
        .route("/__mock/ready", get(server::ready))
        .route("/__mock/capabilities", get(capabilities::show))
        .route("/__mock/openapi.json", get(description::show))
        .route(
            "/__mock/faults",
            get(faults::show).post(faults::add).delete(faults::clear),
        )
        .route("/__mock/faults/{faultId}", delete(faults::remove))
        .route("/__mock/clock", get(clock::show).post(clock::change))
        .route(
            "/__mock/requests",
            get(journal::show).delete(journal::clear),
        )
        .route("/__mock/requests/search", get(journal::search))
        .route("/__mock/requests/{sequence}", get(journal::show_one))
        .route("/__mock/requests/verify", post(journal::verify))
        .route("/__mock/requests/wait", post(journal::wait))
        .route("/__mock/state", get(state::show).put(state::restore))
        .route("/__mock/reset", post(state::reset))
        .route("/__mock/agents", get(agents::list))
        .route(
            "/__mock/agents/{agentId}",
            get(agents::show).patch(agents::change),
        )
        .route("/__mock/keys", put(keys::set))
        .route("/__mock/limits", get(limits::show).put(limits::set))
        .route("/__mock/windows", get(windows::show))
        .route("/__mock/tier", put(limits::set_tier))
        .route(
            "/__mock/replies",
            get(replies::show).put(replies::set).post(replies::add),
        )
        .route("/__mock/pace", get(pace::show).put(pace::set))
        .route("/__mock/{*rest}", any(unknown))
        .method_not_allowed_fallback(not_allowed)
        .layer(from_fn_with_state(Arc::new(access), guard))
        .with_state(app)
}

async fn unknown(request: Request) -> ControlError {
    ControlError::new(
        StatusCode::NOT_FOUND,
        format!(
            "{} is not part of the control API, which is described at /__mock/openapi.json",
            request.uri().path()
        ),
    )
}

async fn not_allowed(request: Request) -> ControlError {
    ControlError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        format!(
            "{} is not allowed here; the header Allow lists the allowed methods",
            request.method()
        ),
    )
}
