//! Limits and tiers.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::control::endpoint::Outcome;
use crate::control::output::ok;
use crate::control::request::ControlRequest;
use crate::state::limits::Tier;

/// A tier to take the limits from.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTier {
    tier: Tier,
}

pub(crate) fn show(request: &ControlRequest) -> Outcome {
    let limits = request.account()?.lock().limits.clone();
    ok(&limits)
}

/// Changes the limits. Requests that were counted remain counted.
pub(crate) fn set(request: &ControlRequest) -> Outcome {
    let account = request.account()?;
    account.lock().limits = request.json()?;
    show(request)
}

pub(crate) fn set_tier(request: &ControlRequest) -> Outcome {
    let account = request.account()?;
    let new: NewTier = request.json()?;
    account.lock().limits = new.tier.limits();
    show(request)
}
