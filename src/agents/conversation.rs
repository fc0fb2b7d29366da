//! Messages to one agent with the same `userId` and `roomId`.

use std::sync::Arc;

use super::send_message::SendMessage;
use super::stream_message::StreamMessage;
use crate::handle::Handle;
use crate::types::AgentId;

/// A conversation with an agent. Its messages have the same `userId` and `roomId`, by which the agent
/// remembers the conversation. The server keeps the state: two values with the same ids are the same
/// conversation.
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
    handle: Arc<Handle>,
    agent: AgentId,
    user_id: Option<String>,
    room_id: Option<String>,
}

impl Conversation {
    pub(super) fn new(handle: Arc<Handle>, agent: AgentId) -> Self {
        Self {
            handle,
            agent,
            user_id: None,
            room_id: None,
        }
    }

    /// Sets `userId`, the user who sends the messages.
    pub fn user_id(mut self, id: impl Into<String>) -> Self {
        self.user_id = Some(id.into());
        self
    }

    /// Sets `roomId`, the room of the conversation.
    pub fn room_id(mut self, id: impl Into<String>) -> Self {
        self.room_id = Some(id.into());
        self
    }

    /// Returns the id of the agent.
    pub fn agent_id(&self) -> &AgentId {
        &self.agent
    }

    /// Builds the next message; `send` returns the complete reply.
    pub fn say(&self, text: impl Into<String>) -> SendMessage {
        let mut message = SendMessage::new(self.handle.clone(), self.agent.clone(), text.into());
        if let Some(id) = &self.user_id {
            message = message.user_id(id);
        }
        if let Some(id) = &self.room_id {
            message = message.room_id(id);
        }
        message
    }

    /// Builds the next message; `send` returns the reply as a stream.
    pub fn stream(&self, text: impl Into<String>) -> StreamMessage {
        let mut message = StreamMessage::new(self.handle.clone(), self.agent.clone(), text.into());
        if let Some(id) = &self.user_id {
            message = message.user_id(id);
        }
        if let Some(id) = &self.room_id {
            message = message.room_id(id);
        }
        message
    }
}
