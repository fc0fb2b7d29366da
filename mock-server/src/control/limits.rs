//! How much is permitted.

use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use super::input::{Json, Meant};
use crate::app::lock;
use crate::envelope::{Answer, json_answer};
use crate::limits::{Limits, Tier};

/// A tier's limits.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTier {
    tier: Tier,
}

pub(super) async fn show(Meant(account): Meant) -> Answer {
    let limits = lock(&account).limits.clone();
    json_answer(StatusCode::OK, &limits)
}

/// What has been used stays used.
pub(super) async fn set(meant: Meant, Json(limits): Json<Limits>) -> Answer {
    lock(&meant.0).limits = limits;
    show(meant).await
}

pub(super) async fn set_tier(meant: Meant, Json(new): Json<NewTier>) -> Answer {
    lock(&meant.0).limits = new.tier.limits();
    show(meant).await
}
