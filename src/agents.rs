//! The agents of an account: one file per operation.

mod apply_plan;
mod backup;
mod bulk;
mod configuration;
mod conversation;
mod create;
mod create_many;
mod delete;
mod delete_many;
mod get;
mod list;
mod make_plan;
mod message;
mod path;
mod plan;
mod send_message;
mod stream_message;
mod update;

pub use apply_plan::{ApplyPlan, PlanStep};
pub use backup::Backup;
pub use bulk::Progress;
pub use conversation::Conversation;
pub use create::CreateAgent;
pub use create_many::CreateMany;
pub use delete::DeleteAgent;
pub use delete_many::DeleteMany;
pub use get::GetAgent;
pub use list::ListAgents;
pub use make_plan::PlanAgents;
pub use plan::{Plan, PlannedUpdate};
pub use send_message::SendMessage;
pub use stream_message::StreamMessage;
pub use update::UpdateAgent;

use std::sync::Arc;

use crate::handle::Handle;
use crate::types::{AgentConfig, AgentId};

/// The agents of an account, from [`OrionOS::agents`](crate::OrionOS::agents). Each method returns a
/// builder: add options, and end with `.send().await`.
///
/// It is an owned handle: you can clone it, keep it and move it into a task.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orionos::OrionError> {
/// # let mock = orionos_mock_server::MockServer::start().await;
/// # let orion = orionos::OrionOS::builder().api_key(mock.api_key()).base_url(mock.base_url()).build()?;
/// use std::time::Duration;
///
/// let agents = orion.agents();
/// let created = agents.create("Harbour Pilot").bio(["I know the harbour."]).send().await?;
/// let agent = agents.get(&created.id).timeout(Duration::from_secs(5)).send().await?;
/// println!("{} is {}", agent.name, agent.status);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Agents {
    handle: Arc<Handle>,
}

impl Agents {
    pub(crate) fn new(handle: Arc<Handle>) -> Self {
        Self { handle }
    }

    /// Creates an agent: `POST /agents`.
    pub fn create(&self, name: impl Into<String>) -> CreateAgent {
        CreateAgent::new(self.handle.clone(), name.into())
    }

    /// Creates an agent from a configuration, such as a character file. Fields that are null are left
    /// out.
    pub fn create_from(&self, config: AgentConfig) -> CreateAgent {
        CreateAgent::from_config(self.handle.clone(), config)
    }

    /// Gets an agent with its configuration and metrics: `GET /agents/{agentId}`.
    pub fn get(&self, id: impl Into<AgentId>) -> GetAgent {
        GetAgent::new(self.handle.clone(), id.into())
    }

    /// Updates an agent: `PATCH /agents/{agentId}`.
    pub fn update(&self, id: impl Into<AgentId>) -> UpdateAgent {
        UpdateAgent::new(self.handle.clone(), id.into())
    }

    /// Deletes an agent permanently: `DELETE /agents/{agentId}`.
    pub fn delete(&self, id: impl Into<AgentId>) -> DeleteAgent {
        DeleteAgent::new(self.handle.clone(), id.into())
    }

    /// Lists the account's agents, page by page: `GET /agents`.
    pub fn list(&self) -> ListAgents {
        ListAgents::new(self.handle.clone())
    }

    /// Sends a message and waits for the complete reply: `POST /agents/{agentId}/messages`.
    pub fn send_message(&self, id: impl Into<AgentId>, text: impl Into<String>) -> SendMessage {
        SendMessage::new(self.handle.clone(), id.into(), text.into())
    }

    /// Sends a message and streams the reply: `POST /agents/{agentId}/messages/stream`.
    pub fn stream_message(&self, id: impl Into<AgentId>, text: impl Into<String>) -> StreamMessage {
        StreamMessage::new(self.handle.clone(), id.into(), text.into())
    }

    /// Returns a conversation with an agent: messages with the same `userId` and `roomId`.
    pub fn conversation(&self, id: impl Into<AgentId>) -> Conversation {
        Conversation::new(self.handle.clone(), id.into())
    }

    /// Compares configurations with the account's agents, by name, and says what must change. Nothing
    /// is changed yet.
    pub fn plan(&self, configs: impl IntoIterator<Item = AgentConfig>) -> PlanAgents {
        PlanAgents::new(self.handle.clone(), configs.into_iter().collect())
    }

    /// Gets the configuration of every agent, for example to create the agents again later.
    pub fn backup(&self) -> Backup {
        Backup::new(self.handle.clone())
    }

    /// Deletes many agents, several at a time.
    pub fn delete_many<I>(&self, ids: I) -> DeleteMany
    where
        I: IntoIterator,
        I::Item: Into<AgentId>,
    {
        let ids = ids.into_iter().map(Into::into).collect();
        DeleteMany::new(self.handle.clone(), ids)
    }

    /// Creates many agents, several at a time.
    pub fn create_many(&self, configs: impl IntoIterator<Item = AgentConfig>) -> CreateMany {
        CreateMany::new(self.handle.clone(), configs.into_iter().collect())
    }
}
