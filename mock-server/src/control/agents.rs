//! Changes of an agent that the API does not offer.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::control::error::ControlError;
use crate::control::input::{self, Json, TargetAccount};
use crate::control::output::ok;
use crate::protocol::failure::Failure;
use crate::state::app::App;

/// A change of an agent. Absent fields are unchanged, and null removes the reason.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgentChange {
    /// Why the agent cannot be deleted.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>")]
    protected: Option<Option<String>>,
    /// Why the agent does not reply.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>")]
    unavailable: Option<Option<String>>,
}

/// Distinguishes null from an absent field.
fn given<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(value).map(Some)
}

/// The agent after the change.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AgentState {
    id: String,
    protected: Option<String>,
    unavailable: Option<String>,
}

pub(crate) async fn change(
    State(app): State<Arc<App>>,
    target: TargetAccount,
    id: Result<Path<String>, PathRejection>,
    Json(change): Json<AgentChange>,
) -> Result<Response, ControlError> {
    let id = input::path(id)?;
    let changed = app.commit(&target.0, |state| {
        let agent = state
            .store
            .get_mut(&id)
            .ok_or_else(|| Failure::no_such("Agent", &id))?;
        if let Some(protected) = change.protected {
            agent.protected = protected;
        }
        if let Some(unavailable) = change.unavailable {
            agent.unavailable = unavailable;
        }
        Ok(AgentState {
            id: id.clone(),
            protected: agent.protected.clone(),
            unavailable: agent.unavailable.clone(),
        })
    })?;
    Ok(ok(&changed))
}
