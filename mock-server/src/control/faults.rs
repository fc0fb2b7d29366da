//! Faults.

use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::control::endpoint::Outcome;
use crate::control::error::ControlError;
use crate::control::output::ok;
use crate::control::request::ControlRequest;
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

pub(crate) fn show(request: &ControlRequest) -> Outcome {
    let account = request.account()?;
    let faults = account
        .lock()
        .faults
        .list()
        .into_iter()
        .map(|(id, fault, applied)| FaultState { id, fault, applied })
        .collect();
    ok(&FaultList { faults })
}

pub(crate) fn add(request: &ControlRequest) -> Outcome {
    let account = request.account()?;
    let new = match request.json()? {
        NewFaults::Several(faults) => faults,
        NewFaults::One(fault) => vec![fault.into()],
    };
    let faults = new
        .into_iter()
        .map(Fault::from_json)
        .collect::<Result<Vec<_>, _>>()
        .map_err(ControlError::bad)?;
    {
        let state = &mut *account.lock();
        if !state.faults.has_room_for(&faults) {
            return Err(ControlError::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "there are too many faults; remove some of them first",
            ));
        }
        for fault in faults {
            account.add_fault(state, fault);
        }
    }
    show(request)
}

/// Removes one fault.
pub(crate) fn remove(request: &ControlRequest) -> Outcome {
    let account = request.account()?;
    let id = &request.parameter;
    let removed = id
        .parse()
        .is_ok_and(|id: FaultId| account.lock().faults.remove(id));
    match removed {
        true => show(request),
        false => Err(ControlError::new(
            StatusCode::NOT_FOUND,
            format!("there is no fault with the id {id:?}"),
        )),
    }
}

pub(crate) fn clear(request: &ControlRequest) -> Outcome {
    request.account()?.lock().faults.clear();
    show(request)
}
