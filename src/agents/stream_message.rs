//! `POST /agents/{agentId}/messages/stream`

use std::sync::Arc;

use http::Method;

use super::message::{MESSAGES, MessageBody, message_setters};
use super::path::agent_path;
use crate::call::open;
use crate::endpoint::send_methods;
use crate::error::OrionError;
use crate::handle::Handle;
use crate::meta::ApiResponse;
use crate::operation::{Idempotency, Operation};
use crate::request::{CallOptions, Request, call_options};
use crate::stream::MessageStream;
use crate::types::AgentId;

static STREAM_MESSAGE: Operation = Operation {
    name: "agents.stream_message",
    method: Method::POST,
    idempotency: Idempotency::NotIdempotent,
    window: MESSAGES,
};

/// Sends a message and streams the reply: `POST /agents/{agentId}/messages/stream`.
///
/// [`timeout`](Self::timeout) applies until the response headers arrive, and
/// [`deadline`](Self::deadline) to the entire stream. Without a deadline, a stream may last as long as
/// it has events. A message is retried as with [`SendMessage`](crate::SendMessage) until the stream
/// begins. A stream that fails is not retried.
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
    handle: Arc<Handle>,
    id: AgentId,
    body: MessageBody,
    options: CallOptions,
}

call_options!(StreamMessage);
message_setters!(StreamMessage);

send_methods! {
    /// Sends the message and returns when the reply begins.
    ///
    /// # Errors
    ///
    /// As [`SendMessage::send`](crate::SendMessage::send). Returns
    /// [`OrionError::UnexpectedResponse`] if the response is not `text/event-stream`. Later failures
    /// are errors of the stream.
    StreamMessage => stream MessageStream, by begin
}

impl StreamMessage {
    pub(super) fn new(handle: Arc<Handle>, id: AgentId, text: String) -> Self {
        Self {
            handle,
            id,
            body: MessageBody::new(text),
            options: CallOptions::default(),
        }
    }

    async fn begin(self) -> Result<ApiResponse<MessageStream>, OrionError> {
        let response = open(&self.handle, &STREAM_MESSAGE, self.request()).await?;
        Ok(MessageStream::begin(self.handle, &STREAM_MESSAGE, response))
    }

    fn request(&self) -> Result<Request<'_>, OrionError> {
        let path = agent_path(&self.id, "/messages/stream")?;
        Ok(Request::new(path, &self.options)
            .with_body(self.body.to_json()?)
            .with_scope(self.id.shared()))
    }
}
