//! The mock's clock.

use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::control::endpoint::Outcome;
use crate::control::output::ok;
use crate::control::request::ControlRequest;

/// The state of the clock.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ClockState {
    #[schemars(with = "String", extend("format" = "date-time"))]
    now: Timestamp,
    /// Whether the clock is frozen.
    frozen: bool,
}

/// A change of the clock.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ClockChange {
    /// How far to move the clock forward, in milliseconds.
    #[serde(default)]
    advance_ms: u64,
    /// The time to set, before the clock is moved.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    now: Option<Timestamp>,
    /// Whether to freeze the clock or to let it move again.
    frozen: Option<bool>,
}

pub(crate) fn show(request: &ControlRequest) -> Outcome {
    let account = request.account()?;
    ok(&ClockState {
        now: account.clock.now(),
        frozen: account.clock.is_frozen(),
    })
}

pub(crate) fn change(request: &ControlRequest) -> Outcome {
    let account = request.account()?;
    let change: ClockChange = request.json()?;
    if let Some(now) = change.now {
        account.clock.set(now);
    }
    match change.frozen {
        Some(true) => account.clock.freeze(),
        Some(false) => account.clock.resume(),
        None => {}
    }
    account
        .clock
        .advance(Duration::from_millis(change.advance_ms));
    show(request)
}
