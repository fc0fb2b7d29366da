//! Agents and conversations: snapshot, restore and reset.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use crate::control::error::ControlError;
use crate::control::input::{Json, TargetAccount};
use crate::control::output::ok;
use crate::state::app::App;
use crate::state::snapshot::Snapshot;

pub(crate) async fn show(TargetAccount(account, _): TargetAccount) -> Response {
    let snapshot = account.lock().snapshot();
    ok(&snapshot)
}

/// Restores a snapshot.
pub(crate) async fn restore(
    State(app): State<Arc<App>>,
    target: TargetAccount,
    Json(snapshot): Json<Snapshot>,
) -> Result<Response, ControlError> {
    snapshot.check().map_err(ControlError::bad)?;
    app.commit(&target.0, |state| {
        state.restore(snapshot);
        Ok(())
    })?;
    Ok(show(target).await)
}

/// Restores the initial state.
pub(crate) async fn reset(
    State(app): State<Arc<App>>,
    target: TargetAccount,
) -> Result<Response, ControlError> {
    app.reset(target.1.as_deref())?;
    Ok(show(target).await)
}
