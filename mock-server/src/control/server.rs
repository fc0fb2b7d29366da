//! Health and readiness.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use crate::control::output::ok;
use crate::state::app::App;

/// The health of the mock.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Health {
    status: &'static str,
    /// The version of the mock server.
    version: &'static str,
}

/// Readiness, and the base URL.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ready<'a> {
    ready: bool,
    /// The base URL of the API, with `/v1`.
    base_url: &'a str,
    /// Whether every key has its own account.
    isolated_keys: bool,
}

pub(crate) async fn health() -> Response {
    ok(&Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
    })
}

pub(crate) async fn ready(State(app): State<Arc<App>>) -> Response {
    ok(&Ready {
        ready: true,
        base_url: &app.settings.base_url,
        isolated_keys: app.settings.isolate_keys,
    })
}
