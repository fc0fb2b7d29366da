//! Whether the mock runs, and where.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::App;
use crate::envelope::{Answer, json_answer};

/// The mock runs.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Health {
    status: &'static str,
    /// The mock's own version.
    version: &'static str,
}

/// The mock answers.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ready<'a> {
    ready: bool,
    /// Where the API is, `/v1` included.
    base_url: &'a str,
}

pub(super) async fn health() -> Answer {
    json_answer(
        StatusCode::OK,
        &Health {
            status: "ok",
            version: env!("CARGO_PKG_VERSION"),
        },
    )
}

pub(super) async fn ready(State(app): State<Arc<App>>) -> Answer {
    json_answer(
        StatusCode::OK,
        &Ready {
            ready: true,
            base_url: &app.settings.base_url,
        },
    )
}
