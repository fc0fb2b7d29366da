//! Messages to one agent that share `userId` and `roomId`.

use super::{Agents, SendMessage, StreamMessage};
use crate::types::AgentId;

/// A conversation with an agent: its messages share `userId` and `roomId`, by which the agent
/// remembers it. The handle holds no state of its own; two of the same ids are one conversation.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orionos::OrionError> {
/// # let mock = orionos_mock_server::MockServer::start().await;
/// # let orion = orionos::OrionOS::builder().api_key(mock.api_key()).base_url(mock.base_url()).build()?;
/// # let id = orion.agents().create("Harbour Pilot").send().await?.id;
/// let chat = orion.agents().conversation(&id).user_id("user_77").room_id("room_quay");
/// chat.say("My ship is the Mira.").send().await?;
/// let answer = chat.say("Which ship is mine?").send().await?;
/// let stream = chat.stream("And when does she sail?").send().await?;
/// # assert!(answer.response.contains("Mira"));
/// # stream.collect_text().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a conversation does nothing until .say() or .stream()"]
pub struct Conversation {
    agents: Agents,
    agent: AgentId,
    user_id: Option<String>,
    room_id: Option<String>,
}

impl Conversation {
    pub(super) fn new(agents: Agents, agent: AgentId) -> Self {
        Self {
            agents,
            agent,
            user_id: None,
            room_id: None,
        }
    }

    /// `userId`: who speaks.
    pub fn user_id(mut self, id: impl Into<String>) -> Self {
        self.user_id = Some(id.into());
        self
    }

    /// `roomId`: where.
    pub fn room_id(mut self, id: impl Into<String>) -> Self {
        self.room_id = Some(id.into());
        self
    }

    /// The agent that is spoken to.
    pub fn agent_id(&self) -> &AgentId {
        &self.agent
    }

    /// The next message, answered whole.
    pub fn say(&self, text: impl Into<String>) -> SendMessage {
        let mut message = self.agents.send_message(&self.agent, text);
        if let Some(id) = &self.user_id {
            message = message.user_id(id);
        }
        if let Some(id) = &self.room_id {
            message = message.room_id(id);
        }
        message
    }

    /// The next message, answered token by token.
    pub fn stream(&self, text: impl Into<String>) -> StreamMessage {
        let mut message = self.agents.stream_message(&self.agent, text);
        if let Some(id) = &self.user_id {
            message = message.user_id(id);
        }
        if let Some(id) = &self.room_id {
            message = message.room_id(id);
        }
        message
    }
}
