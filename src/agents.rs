//! The agents of an account: one file an operation.

mod backup;
mod bulk;
mod configuration;
mod conversation;
mod create;
mod delete;
mod get;
mod list;
mod message_body;
mod send_message;
mod stream_message;
mod update;

pub use backup::Backup;
pub use bulk::{CreateMany, DeleteMany, Progress};
pub use conversation::Conversation;
pub use create::CreateAgent;
pub use delete::DeleteAgent;
pub use get::GetAgent;
pub use list::ListAgents;
pub use send_message::SendMessage;
pub use stream_message::StreamMessage;
pub use update::UpdateAgent;

use crate::client::OrionOS;
use crate::error::OrionError;
use crate::request::Path;
use crate::types::{AgentConfig, AgentId};

/// The agents of an account. An owned handle: clone it, keep it, move it into a task.
#[derive(Debug, Clone)]
pub struct Agents {
    client: OrionOS,
}

impl Agents {
    pub(crate) fn new(client: OrionOS) -> Self {
        Self { client }
    }

    /// Creates an agent: `POST /agents`.
    pub fn create(&self, name: impl Into<String>) -> CreateAgent {
        CreateAgent::new(self.client.clone(), name.into())
    }

    /// Creates an agent from a configuration, such as a character file. Fields that are null are left
    /// out.
    pub fn create_from(&self, config: AgentConfig) -> CreateAgent {
        CreateAgent::from_config(self.client.clone(), config)
    }

    /// An agent with its configuration and metrics: `GET /agents/{agentId}`.
    pub fn get(&self, id: impl Into<AgentId>) -> GetAgent {
        GetAgent::new(self.client.clone(), id.into())
    }

    /// Changes an agent: `PATCH /agents/{agentId}`.
    pub fn update(&self, id: impl Into<AgentId>) -> UpdateAgent {
        UpdateAgent::new(self.client.clone(), id.into())
    }

    /// Deletes an agent for good: `DELETE /agents/{agentId}`.
    pub fn delete(&self, id: impl Into<AgentId>) -> DeleteAgent {
        DeleteAgent::new(self.client.clone(), id.into())
    }

    /// The account's agents, page by page: `GET /agents`.
    pub fn list(&self) -> ListAgents {
        ListAgents::new(self.client.clone())
    }

    /// Sends a message and waits for the whole reply: `POST /agents/{agentId}/messages`.
    pub fn send_message(&self, id: impl Into<AgentId>, text: impl Into<String>) -> SendMessage {
        SendMessage::new(self.client.clone(), id.into(), text.into())
    }

    /// Sends a message and streams the reply: `POST /agents/{agentId}/messages/stream`.
    pub fn stream_message(&self, id: impl Into<AgentId>, text: impl Into<String>) -> StreamMessage {
        StreamMessage::new(self.client.clone(), id.into(), text.into())
    }

    /// A conversation with an agent: messages that share `userId` and `roomId`.
    pub fn conversation(&self, id: impl Into<AgentId>) -> Conversation {
        Conversation::new(self.clone(), id.into())
    }

    /// Reads every agent's configuration, to be kept and created again.
    pub fn backup(&self) -> Backup {
        Backup::new(self.clone())
    }

    /// Deletes many agents, some at a time.
    pub fn delete_many<I>(&self, ids: I) -> DeleteMany
    where
        I: IntoIterator,
        I::Item: Into<AgentId>,
    {
        DeleteMany::new(self.clone(), ids.into_iter().map(Into::into).collect())
    }

    /// Creates many agents, some at a time.
    pub fn create_many(&self, configs: impl IntoIterator<Item = AgentConfig>) -> CreateMany {
        CreateMany::new(self.clone(), configs.into_iter().collect())
    }
}

const AGENTS: &str = "/agents";

fn agent_path(id: &AgentId, suffix: &str) -> Result<Path, OrionError> {
    Path::around(AGENTS, id.as_str(), suffix, "agentId")
}
