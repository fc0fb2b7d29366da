//! What the API does not offer: lists of agents with their states, conversations, and changes.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::control::endpoint::Outcome;
use crate::control::output::ok;
use crate::control::request::ControlRequest;
use crate::protocol::failure::Failure;
use crate::state::agent::{Agent, Conversation};

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

/// How many agents a list has at most.
const MAX_LISTED: usize = 200;

/// Agents, the newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AgentList<'a> {
    /// At most 200.
    agents: Vec<ListedAgent<'a>>,
    /// The number of all agents.
    total: usize,
}

/// An agent in a list.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListedAgent<'a> {
    id: &'a str,
    name: &'a str,
    status: &'a str,
    protected: Option<&'a str>,
    unavailable: Option<&'a str>,
    total_messages: u64,
}

impl<'a> ListedAgent<'a> {
    fn new(agent: &'a Agent) -> Self {
        Self {
            id: &agent.id,
            name: &agent.name,
            status: &agent.status,
            protected: agent.protected.as_deref(),
            unavailable: agent.unavailable.as_deref(),
            total_messages: agent.total_messages,
        }
    }
}

/// An agent with the conversations that it remembers.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AgentMemory<'a> {
    agent: ListedAgent<'a>,
    conversations: &'a [Conversation],
}

/// Lists the agents whose name or id contains a text, in any case.
pub(crate) fn list(request: &ControlRequest) -> Outcome {
    let account = request.account()?;
    let query = request.query()?;
    let text = query.text("text").unwrap_or_default().to_lowercase();
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
    ok(&AgentList {
        agents,
        total: state.store.len(),
    })
}

pub(crate) fn show(request: &ControlRequest) -> Outcome {
    let account = request.account()?;
    let id = &*request.parameter;
    let state = account.lock();
    let agent = (state.store.get(id)).ok_or_else(|| Failure::no_such("Agent", id))?;
    ok(&AgentMemory {
        agent: ListedAgent::new(agent),
        conversations: &agent.conversations,
    })
}

pub(crate) fn change(request: &ControlRequest) -> Outcome {
    let account = request.account()?;
    let change: AgentChange = request.json()?;
    let id = &*request.parameter;
    let changed = request.app.commit(&mut account.lock(), |state| {
        let agent = state
            .store
            .get_mut(id)
            .ok_or_else(|| Failure::no_such("Agent", id))?;
        if let Some(protected) = change.protected {
            agent.protected = protected;
        }
        if let Some(unavailable) = change.unavailable {
            agent.unavailable = unavailable;
        }
        Ok(AgentState {
            id: id.to_owned(),
            protected: agent.protected.clone(),
            unavailable: agent.unavailable.clone(),
        })
    })?;
    ok(&changed)
}
