//! `POST /agents/{agentId}/messages`

use http::Method;

use super::agent_path;
use super::message_body::{MessageBody, message_setters};
use crate::call::call;
use crate::client::OrionOS;
use crate::error::OrionError;
use crate::meta::ApiResponse;
use crate::request::{CallOptions, Request, WindowKey, call_options};
use crate::retry::Safety;
use crate::types::{AgentId, Message};

const OPERATION: &str = "agents.send_message";

/// Sends a message and waits for the whole reply: `POST /agents/{agentId}/messages`.
///
/// A message is sent again only when the server certainly did not act on it, so that the agent
/// hears it once. Replies can take long: stream them, or raise [`timeout`](Self::timeout).
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
    client: OrionOS,
    id: AgentId,
    body: MessageBody,
    options: CallOptions,
}

call_options!(SendMessage);
message_setters!(SendMessage);

impl SendMessage {
    pub(super) fn new(client: OrionOS, id: AgentId, text: String) -> Self {
        Self {
            client,
            id,
            body: MessageBody::new(text),
            options: CallOptions::default(),
        }
    }

    /// Sends it.
    ///
    /// # Errors
    ///
    /// An empty text is [`OrionError::InvalidRequest`]; `AGENT_NOT_FOUND`; `AGENT_UNAVAILABLE`;
    /// `MODEL_ERROR`, after which [`outcome()`](OrionError::outcome) is `Unknown`.
    pub async fn send(self) -> Result<Message, OrionError> {
        let response = call(&self.client, self.request(), OPERATION).await?;
        Ok(*response.data)
    }

    /// Like [`send`](Self::send), with the answer's status, headers and rate limit.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn send_with_meta(self) -> Result<ApiResponse<Message>, OrionError> {
        let response = call(&self.client, self.request(), OPERATION).await?;
        Ok(response.unboxed())
    }

    fn request(&self) -> Result<Request, OrionError> {
        Ok(Request {
            operation: OPERATION,
            method: Method::POST,
            path: agent_path(&self.id, "/messages")?,
            query: None,
            body: Some(self.body.to_json()?),
            safety: Safety::Unsafe,
            window: WindowKey::messages(self.id.shared()),
            options: self.options.clone(),
        })
    }
}
