//! What only a mock can do with an agent.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::error::ControlError;
use super::input::{self, Json, Meant};
use super::state::save;
use crate::app::{App, lock};
use crate::envelope::{Answer, json_answer};

/// What is to change; what is absent stays, null takes it back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AgentChange {
    /// Why it may not be deleted.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>")]
    protected: Option<Option<String>>,
    /// Why it does not answer.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>")]
    unavailable: Option<Option<String>>,
}

/// Tells null from absent.
fn given<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(value).map(Some)
}

/// How the agent is now.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AgentState {
    id: String,
    protected: Option<String>,
    unavailable: Option<String>,
}

pub(super) async fn change(
    State(app): State<Arc<App>>,
    meant: Meant,
    id: Result<Path<String>, PathRejection>,
    Json(change): Json<AgentChange>,
) -> Result<Answer, ControlError> {
    let id = input::path(id)?;
    let state = {
        let account = &mut *lock(&meant.0);
        let agent = account.store.get_mut(&id).ok_or_else(|| {
            ControlError::new(StatusCode::NOT_FOUND, format!("there is no agent {id:?}"))
        })?;
        if let Some(protected) = change.protected {
            agent.protected = protected;
        }
        if let Some(unavailable) = change.unavailable {
            agent.unavailable = unavailable;
        }
        AgentState {
            id: id.clone(),
            protected: agent.protected.clone(),
            unavailable: agent.unavailable.clone(),
        }
    };
    save(&app, &meant).await?;
    Ok(json_answer(StatusCode::OK, &state))
}
