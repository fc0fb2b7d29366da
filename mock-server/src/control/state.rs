//! Agents and conversations: snapshot, restore and reset.

use crate::control::endpoint::Outcome;
use crate::control::error::ControlError;
use crate::control::output::ok;
use crate::control::request::ControlRequest;
use crate::state::snapshot::Snapshot;

pub(crate) fn show(request: &ControlRequest) -> Outcome {
    let snapshot = request.account()?.lock().snapshot();
    ok(&snapshot)
}

/// Restores a snapshot.
pub(crate) fn restore(request: &ControlRequest) -> Outcome {
    let account = request.account()?;
    let snapshot: Snapshot = request.json()?;
    snapshot.check().map_err(ControlError::bad)?;
    request.app.commit(&mut account.lock(), |state| {
        state.restore(snapshot);
        Ok(())
    })?;
    show(request)
}

/// Restores the initial state.
pub(crate) fn reset(request: &ControlRequest) -> Outcome {
    let (_, key) = request.account_and_key()?;
    request.app.reset(key.as_deref())?;
    show(request)
}
