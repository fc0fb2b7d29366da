//! `POST /agents/{agentId}/messages`

use std::sync::Arc;

use http::Method;

use super::message::{MESSAGES, MessageBody, message_setters};
use super::path::agent_path;
use crate::endpoint::send_methods;
use crate::error::OrionError;
use crate::handle::Handle;
use crate::operation::{Idempotency, Operation};
use crate::request::{CallOptions, Request, call_options};
use crate::types::{AgentId, Message};

static SEND_MESSAGE: Operation = Operation {
    name: "agents.send_message",
    method: Method::POST,
    idempotency: Idempotency::NotIdempotent,
    window: MESSAGES,
};

/// Sends a message and waits for the complete reply: `POST /agents/{agentId}/messages`.
///
/// By default, a message is retried only if the server definitely did not act on it. This prevents
/// duplicates. A reply can take a long time: stream it, or raise [`timeout`](Self::timeout).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orionos::OrionError> {
/// # let mock = orionos_mock_server::MockServer::start().await;
/// # let orion = orionos::OrionOS::builder().api_key(mock.api_key()).base_url(mock.base_url()).build()?;
/// # let id = orion.agents().create("Harbour Pilot").send().await?.id;
/// use serde_json::json;
///
/// let message = orion
///     .agents()
///     .send_message(&id, "When does the tide turn?")
///     .user_id("user_77")
///     .room_id("room_quay")
///     .context(json!({"vessel": "Mira"}))
///     .send()
///     .await?;
/// println!("{}", message.response);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until .send().await"]
pub struct SendMessage {
    handle: Arc<Handle>,
    id: AgentId,
    body: MessageBody,
    options: CallOptions,
}

call_options!(SendMessage);
message_setters!(SendMessage);

send_methods! {
    /// Sends the message and returns the complete reply.
    ///
    /// # Errors
    ///
    /// Returns [`OrionError::InvalidRequest`] if the text is empty, `AGENT_NOT_FOUND` or
    /// `AGENT_UNAVAILABLE` if no agent can reply, and `MODEL_ERROR` if the model failed. The
    /// [`outcome()`](OrionError::outcome) of a `MODEL_ERROR` is `Unknown`.
    SendMessage => Message, SEND_MESSAGE
}

impl SendMessage {
    pub(super) fn new(handle: Arc<Handle>, id: AgentId, text: String) -> Self {
        Self {
            handle,
            id,
            body: MessageBody::new(text),
            options: CallOptions::default(),
        }
    }

    fn request(&self) -> Result<Request<'_>, OrionError> {
        let path = agent_path(&self.id, "/messages")?;
        Ok(Request::new(path, &self.options)
            .with_body(self.body.to_json()?)
            .with_scope(self.id.shared()))
    }
}
