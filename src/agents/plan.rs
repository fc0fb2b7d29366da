//! What must change so that the account's agents are those of a list of configurations.

use std::fmt;
use std::sync::Arc;

use crate::handle::Handle;
use crate::request::CallOptions;
use crate::types::{AgentConfig, AgentId, AgentSummary, ConfigDiff};

/// What must change so that the account has exactly the agents of some configurations, from
/// [`Agents::plan`](crate::Agents::plan). Nothing has been changed yet.
///
/// You can change the vectors before you call [`apply`](Self::apply). `Display` writes a summary, and
/// then a line per agent that changes, with the difference of each update.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Plan {
    /// The configurations of which there is no agent yet.
    pub create: Vec<AgentConfig>,
    /// The agents that differ from their configuration.
    pub update: Vec<PlannedUpdate>,
    /// The agents without a configuration. They are only deleted if
    /// [`ApplyPlan::delete`](crate::ApplyPlan::delete) is set.
    pub delete: Vec<AgentSummary>,
    /// The agents that are already as their configuration says.
    pub unchanged: Vec<AgentSummary>,
    pub(super) handle: Arc<Handle>,
    pub(super) options: CallOptions,
}

/// An agent that differs from its configuration.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PlannedUpdate {
    /// The agent's id.
    pub id: AgentId,
    /// What it is to become.
    pub config: AgentConfig,
    /// The difference between the agent and the configuration.
    pub diff: ConfigDiff,
}

impl Plan {
    /// Returns whether there is nothing to create, update or delete.
    pub fn is_empty(&self) -> bool {
        self.create.is_empty() && self.update.is_empty() && self.delete.is_empty()
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} to create, {} to update, {} to delete, {} unchanged",
            self.create.len(),
            self.update.len(),
            self.delete.len(),
            self.unchanged.len()
        )?;
        for config in &self.create {
            write!(f, "\n+ create {:?}", config.name)?;
        }
        for PlannedUpdate { id, config, diff } in &self.update {
            write!(f, "\n~ update {:?} ({id})", config.name)?;
            for line in diff.to_string().lines() {
                write!(f, "\n    {line}")?;
            }
        }
        for agent in &self.delete {
            write!(f, "\n- delete {:?} ({})", agent.name, agent.id)?;
        }
        Ok(())
    }
}
