//! Limits and tiers.

use axum::response::Response;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::control::input::{Json, TargetAccount};
use crate::control::output::ok;
use crate::state::limits::{Limits, Tier};

/// A tier to take the limits from.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTier {
    tier: Tier,
}

pub(crate) async fn show(TargetAccount(account, _): TargetAccount) -> Response {
    let limits = account.lock().limits.clone();
    ok(&limits)
}

/// Changes the limits. Requests that were counted remain counted.
pub(crate) async fn set(target: TargetAccount, Json(limits): Json<Limits>) -> Response {
    target.0.lock().limits = limits;
    show(target).await
}

pub(crate) async fn set_tier(target: TargetAccount, Json(new): Json<NewTier>) -> Response {
    target.0.lock().limits = new.tier.limits();
    show(target).await
}
