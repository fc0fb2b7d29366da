//! The mock's clock.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use http::StatusCode;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::input::Json;
use crate::app::App;
use crate::envelope::{Answer, json_answer};

/// What the clock shows.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ClockState {
    #[schemars(with = "String", extend("format" = "date-time"))]
    now: Timestamp,
    /// Whether it stands still.
    frozen: bool,
}

/// What the clock is to do.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ClockChange {
    /// Milliseconds to move forward.
    #[serde(default)]
    advance_ms: u64,
    /// Stand still, or move on.
    frozen: Option<bool>,
}

pub(super) async fn show(State(app): State<Arc<App>>) -> Answer {
    json_answer(
        StatusCode::OK,
        &ClockState {
            now: app.clock.now(),
            frozen: app.clock.is_frozen(),
        },
    )
}

pub(super) async fn change(State(app): State<Arc<App>>, Json(change): Json<ClockChange>) -> Answer {
    match change.frozen {
        Some(true) => app.clock.freeze(),
        Some(false) => app.clock.resume(),
        None => {}
    }
    app.clock.advance(Duration::from_millis(change.advance_ms));
    show(State(app)).await
}
