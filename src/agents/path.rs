//! The paths of the agents' endpoints.

use crate::error::OrionError;
use crate::request::Path;
use crate::types::AgentId;

const AGENTS: &str = "/agents";

/// Returns `/agents`.
pub(super) const fn agents_path() -> Path {
    Path::fixed(AGENTS)
}

/// Returns `/agents/{id}{suffix}`.
pub(super) fn agent_path(id: &AgentId, suffix: &str) -> Result<Path, OrionError> {
    Path::around(AGENTS, id.as_str(), suffix, "agentId")
}
