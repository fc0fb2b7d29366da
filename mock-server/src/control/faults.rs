//! Failures on purpose.

use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::ControlError;
use super::input::{Json, Meant};
use crate::app::lock;
use crate::envelope::{Answer, json_answer};
use crate::faults::Fault;

/// One fault, or several at once in their order: "429, 429, then well" is one request.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum NewFaults {
    /// Several.
    Several(Vec<serde_json::Value>),
    /// One.
    One(serde_json::Map<String, serde_json::Value>),
}

/// The faults of the mock.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FaultList {
    faults: Vec<ArmedFault>,
}

/// A fault, and what has become of it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ArmedFault {
    fault: Fault,
    /// How often it has happened.
    happened: u64,
}

pub(super) async fn show(Meant(account): Meant) -> Answer {
    let faults = lock(&account)
        .faults
        .list()
        .into_iter()
        .map(|(fault, happened)| ArmedFault { fault, happened })
        .collect();
    json_answer(StatusCode::OK, &FaultList { faults })
}

pub(super) async fn add(meant: Meant, Json(new): Json<NewFaults>) -> Result<Answer, ControlError> {
    let new = match new {
        NewFaults::Several(faults) => faults,
        NewFaults::One(fault) => vec![fault.into()],
    };
    let faults = new
        .into_iter()
        .map(Fault::from_json)
        .collect::<Result<Vec<_>, _>>()
        .map_err(ControlError::bad)?;
    {
        let account = &mut *lock(&meant.0);
        faults
            .into_iter()
            .for_each(|fault| account.faults.add(fault));
    }
    Ok(show(meant).await)
}

pub(super) async fn clear(meant: Meant) -> Answer {
    lock(&meant.0).faults.clear();
    show(meant).await
}
