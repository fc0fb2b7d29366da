//! Faults.

use axum::response::Response;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::control::error::ControlError;
use crate::control::input::{Json, TargetAccount};
use crate::control::output::ok;
use crate::faults::fault::Fault;

/// One fault, or several in this order.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum NewFaults {
    Several(Vec<serde_json::Value>),
    One(serde_json::Map<String, serde_json::Value>),
}

/// The faults of the account.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct FaultList {
    faults: Vec<FaultState>,
}

/// A fault, and how often it was applied.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct FaultState {
    fault: Fault,
    /// The number of requests to which it was applied.
    applied: u64,
}

pub(crate) async fn show(TargetAccount(account, _): TargetAccount) -> Response {
    let faults = account
        .lock()
        .faults
        .list()
        .into_iter()
        .map(|(fault, applied)| FaultState { fault, applied })
        .collect();
    ok(&FaultList { faults })
}

pub(crate) async fn add(
    target: TargetAccount,
    Json(new): Json<NewFaults>,
) -> Result<Response, ControlError> {
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
        let account = &mut *target.0.lock();
        if !account.faults.has_room_for(&faults) {
            return Err(ControlError::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "there are too many faults; remove some of them first",
            ));
        }
        faults
            .into_iter()
            .for_each(|fault| account.faults.add(fault));
    }
    Ok(show(target).await)
}

pub(crate) async fn clear(target: TargetAccount) -> Response {
    target.0.lock().faults.clear();
    show(target).await
}
