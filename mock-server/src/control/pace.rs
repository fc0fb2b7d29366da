//! The pace of streams.

use std::time::Duration;

use axum::response::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::control::input::{Json, TargetAccount};
use crate::control::output::ok;

/// The pace of streams that begin later.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Pace {
    /// The time between two tokens in milliseconds.
    token_pace_ms: u64,
}

pub(crate) async fn show(TargetAccount(account, _): TargetAccount) -> Response {
    let pace = account.lock().token_pace;
    ok(&Pace {
        token_pace_ms: u64::try_from(pace.as_millis()).unwrap_or(u64::MAX),
    })
}

pub(crate) async fn set(target: TargetAccount, Json(pace): Json<Pace>) -> Response {
    target.0.lock().token_pace = Duration::from_millis(pace.token_pace_ms);
    show(target).await
}
