//! The pace of streams.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::control::endpoint::Outcome;
use crate::control::output::ok;
use crate::control::request::ControlRequest;

/// The pace of streams that begin later.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Pace {
    /// The time between two tokens in milliseconds.
    token_pace_ms: u64,
}

pub(crate) fn show(request: &ControlRequest) -> Outcome {
    let pace = request.account()?.lock().token_pace;
    ok(&Pace {
        token_pace_ms: u64::try_from(pace.as_millis()).unwrap_or(u64::MAX),
    })
}

pub(crate) fn set(request: &ControlRequest) -> Outcome {
    let account = request.account()?;
    let pace: Pace = request.json()?;
    account.lock().token_pace = Duration::from_millis(pace.token_pace_ms);
    show(request)
}
