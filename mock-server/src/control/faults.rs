//! Faults.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::response::Response;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::control::error::ControlError;
use crate::control::input::{self, Json, TargetAccount};
use crate::control::output::ok;
use crate::faults::armed::FaultId;
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
    /// Identifies the fault, for example to remove it.
    id: FaultId,
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
        .map(|(id, fault, applied)| FaultState { id, fault, applied })
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
        for fault in faults {
            account.faults.add(fault);
        }
    }
    Ok(show(target).await)
}

/// Removes one fault.
pub(crate) async fn remove(
    target: TargetAccount,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ControlError> {
    let id = input::path(id)?;
    let removed = id
        .parse()
        .is_ok_and(|id: FaultId| target.0.lock().faults.remove(id));
    match removed {
        true => Ok(show(target).await),
        false => Err(ControlError::new(
            StatusCode::NOT_FOUND,
            format!("there is no fault with the id {id:?}"),
        )),
    }
}

pub(crate) async fn clear(target: TargetAccount) -> Response {
    target.0.lock().faults.clear();
    show(target).await
}
