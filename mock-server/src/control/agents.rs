//! What the API does not offer: lists of agents with their states, conversations, and changes.

use std::sync::Arc;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::control::error::ControlError;
use crate::control::input::{self, Json, TargetAccount};
use crate::control::output::ok;
use crate::protocol::failure::Failure;
use crate::state::agent::{Agent, Conversation};
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

/// Which agents to return.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    /// Text that the name or the id contains, in any case.
    #[serde(default)]
    text: String,
}

/// How many agents a list has at most.
const MAX_LISTED: usize = 200;

/// Agents, the newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AgentList {
    /// At most 200.
    agents: Vec<ListedAgent>,
    /// The number of all agents.
    total: usize,
}

/// An agent in a list.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListedAgent {
    id: String,
    name: String,
    status: String,
    protected: Option<String>,
    unavailable: Option<String>,
    total_messages: u64,
}

impl ListedAgent {
    fn new(agent: &Agent) -> Self {
        Self {
            id: agent.id.clone(),
            name: agent.name.clone(),
            status: agent.status.clone(),
            protected: agent.protected.clone(),
            unavailable: agent.unavailable.clone(),
            total_messages: agent.total_messages,
        }
    }
}

/// An agent with the conversations that it remembers.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AgentMemory {
    agent: ListedAgent,
    conversations: Vec<Conversation>,
}

pub(crate) async fn list(
    TargetAccount(account, _): TargetAccount,
    query: Result<Query<Filter>, QueryRejection>,
) -> Result<Response, ControlError> {
    let text = input::query(query)?.text.to_lowercase();
    let state = account.lock();
    let agents = (state.store.newest_first())
        .filter(|agent| {
            text.is_empty()
                || agent.name.to_lowercase().contains(&text)
                || agent.id.to_lowercase().contains(&text)
        })
        .take(MAX_LISTED)
        .map(ListedAgent::new)
        .collect();
    Ok(ok(&AgentList {
        agents,
        total: state.store.len(),
    }))
}

pub(crate) async fn show(
    TargetAccount(account, _): TargetAccount,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ControlError> {
    let id = input::path(id)?;
    let state = account.lock();
    let agent = (state.store.get(&id)).ok_or_else(|| Failure::no_such("Agent", &id))?;
    Ok(ok(&AgentMemory {
        agent: ListedAgent::new(agent),
        conversations: agent.conversations.clone(),
    }))
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
