//! The agents and what they remember.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;

use super::error::ControlError;
use super::input::{Json, Meant};
use crate::app::{App, lock};
use crate::envelope::{Answer, json_answer};
use crate::snapshot::Snapshot;

pub(super) async fn show(Meant(account): Meant) -> Answer {
    let agents = lock(&account).store.all();
    json_answer(StatusCode::OK, &Snapshot { agents })
}

/// Goes back to a snapshot.
pub(super) async fn restore(
    State(app): State<Arc<App>>,
    meant: Meant,
    Json(snapshot): Json<Snapshot>,
) -> Result<Answer, ControlError> {
    lock(&meant.0).store.replace(snapshot.agents);
    save(&app, &meant).await?;
    Ok(show(meant).await)
}

/// As it was at the start: agents, windows, ids; no faults, an empty journal.
pub(super) async fn reset(
    State(app): State<Arc<App>>,
    meant: Meant,
) -> Result<Answer, ControlError> {
    lock(&meant.0).reset(app.settings.agents.clone());
    save(&app, &meant).await?;
    Ok(show(meant).await)
}

pub(super) async fn save(app: &App, meant: &Meant) -> Result<(), ControlError> {
    app.save(&meant.0)
        .await
        .map_err(|failure| ControlError::new(failure.status, failure.message))
}
