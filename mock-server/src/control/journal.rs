//! What has arrived.

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::ControlError;
use super::input::{self, Json, Meant};
use crate::app::lock;
use crate::envelope::{Answer, json_answer};
use crate::journal::{self, Bounds};
use crate::operation::Operation;
use crate::request_pattern::RequestPattern;

/// Which requests to show.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Wanted {
    operation: Option<Operation>,
    agent_id: Option<String>,
    status: Option<u16>,
    fault: Option<String>,
    /// Only those with a larger number, as for a reader that comes again.
    #[serde(default)]
    after: u64,
}

/// The journal.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Requests {
    /// The oldest first; `authorization` is redacted.
    requests: Vec<Value>,
    /// How many older entries were dropped.
    evicted: u64,
}

pub(super) async fn show(
    Meant(account): Meant,
    query: Result<Query<Wanted>, QueryRejection>,
) -> Result<Answer, ControlError> {
    let wanted = input::query(query)?;
    let mut pattern = wanted
        .operation
        .map_or_else(RequestPattern::any, RequestPattern::of);
    if let Some(agent) = wanted.agent_id {
        pattern = pattern.agent(agent);
    }
    if let Some(status) = wanted.status {
        pattern = pattern.status(status);
    }
    if let Some(fault) = wanted.fault {
        pattern = pattern.fault(fault);
    }
    let (entries, evicted) = {
        let account = lock(&account);
        (account.journal.entries(), account.journal.evicted())
    };
    let requests = entries
        .iter()
        .filter(|entry| entry.sequence > wanted.after && pattern.matches(entry))
        .map(|entry| entry.to_json())
        .collect();
    Ok(json_answer(StatusCode::OK, &Requests { requests, evicted }))
}

pub(super) async fn clear(Meant(account): Meant) -> Answer {
    lock(&account).journal.clear();
    json_answer(
        StatusCode::OK,
        &Requests {
            requests: Vec::new(),
            evicted: 0,
        },
    )
}

/// What must have arrived. Without a count: at least one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Expectation {
    /// Which requests are meant.
    #[serde(default)]
    request: RequestPattern,
    /// Exactly so many.
    count: Option<u64>,
    at_least: Option<u64>,
    at_most: Option<u64>,
}

/// What did arrive.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Verified {
    /// How many requests fit.
    count: u64,
}

/// 200 with the count, or 409 with what arrived instead.
pub(super) async fn verify(
    Meant(account): Meant,
    Json(expected): Json<Expectation>,
) -> Result<Answer, ControlError> {
    let bounds = match (expected.count, expected.at_least, expected.at_most) {
        (Some(count), None, None) => Bounds::exactly(count),
        (Some(_), _, _) => {
            return Err(ControlError::bad(
                "count stands alone: it cannot be said together with atLeast or atMost",
            ));
        }
        (None, least, most) => Bounds {
            least: least.unwrap_or(if most.is_some() { 0 } else { 1 }),
            most: most.unwrap_or(u64::MAX),
        },
    };
    let (entries, evicted) = {
        let account = lock(&account);
        (account.journal.entries(), account.journal.evicted())
    };
    match journal::check(&entries, evicted, &expected.request, bounds) {
        Ok(count) => Ok(json_answer(StatusCode::OK, &Verified { count })),
        Err(message) => Err(ControlError::new(StatusCode::CONFLICT, message)),
    }
}
