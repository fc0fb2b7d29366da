//! `POST /agents/{agentId}/messages/stream`

use http::Method;

use super::agent_path;
use super::message_body::{MessageBody, message_setters};
use crate::call::open;
use crate::client::OrionOS;
use crate::error::OrionError;
use crate::meta::ApiResponse;
use crate::request::{CallOptions, Request, WindowKey, call_options};
use crate::retry::Safety;
use crate::stream::MessageStream;
use crate::types::AgentId;

const OPERATION: &str = "agents.stream_message";

/// Sends a message and streams the reply: `POST /agents/{agentId}/messages/stream`.
///
/// [`timeout`](Self::timeout) limits the time to the answer's head; a
/// [`deadline`](Self::deadline) limits the whole stream; without one a stream lasts as long as
/// events arrive. Opening the stream is retried like sending a message; a stream that breaks is not.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orionos::OrionError> {
/// # let mock = orionos_mock_server::MockServer::start().await;
/// # let orion = orionos::OrionOS::builder().api_key(mock.api_key()).base_url(mock.base_url()).build()?;
/// # let id = orion.agents().create("Harbour Pilot").send().await?.id;
/// let stream = orion.agents().stream_message(&id, "Hello").user_id("user_77").send().await?;
/// println!("{}", stream.collect_text().await?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until .send().await"]
pub struct StreamMessage {
    client: OrionOS,
    id: AgentId,
    body: MessageBody,
    options: CallOptions,
}

call_options!(StreamMessage);
message_setters!(StreamMessage);

impl StreamMessage {
    pub(super) fn new(client: OrionOS, id: AgentId, text: String) -> Self {
        Self {
            client,
            id,
            body: MessageBody::new(text),
            options: CallOptions::default(),
        }
    }

    /// Sends it, and returns when the server has begun to answer.
    ///
    /// # Errors
    ///
    /// As [`SendMessage::send`](crate::SendMessage::send); an answer that is no
    /// `text/event-stream` is [`OrionError::UnexpectedResponse`]. What happens later is an error
    /// of the stream.
    pub async fn send(self) -> Result<MessageStream, OrionError> {
        Ok(self.send_with_meta().await?.data)
    }

    /// Like [`send`](Self::send), with the answer's status, headers and rate limit.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn send_with_meta(self) -> Result<ApiResponse<MessageStream>, OrionError> {
        let response = open(&self.client, self.request(), OPERATION).await?;
        Ok(MessageStream::new(self.client, response))
    }

    fn request(&self) -> Result<Request, OrionError> {
        Ok(Request {
            operation: OPERATION,
            method: Method::POST,
            path: agent_path(&self.id, "/messages/stream")?,
            query: None,
            body: Some(self.body.to_json()?),
            safety: Safety::Unsafe,
            window: WindowKey::messages(self.id.shared()),
            options: self.options.clone(),
        })
    }
}
