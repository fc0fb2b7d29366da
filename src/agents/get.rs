//! `GET /agents/{agentId}`

use http::Method;

use super::agent_path;
use crate::call::call;
use crate::client::OrionOS;
use crate::error::OrionError;
use crate::meta::ApiResponse;
use crate::request::{CallOptions, Request, WindowKey, call_options};
use crate::retry::Safety;
use crate::types::{Agent, AgentId};

const OPERATION: &str = "agents.get";

/// Reads an agent with its configuration and metrics: `GET /agents/{agentId}`.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orionos::OrionError> {
/// # let mock = orionos_mock_server::MockServer::start().await;
/// # let orion = orionos::OrionOS::builder().api_key(mock.api_key()).base_url(mock.base_url()).build()?;
/// # let id = orion.agents().create("Harbour Pilot").send().await?.id;
/// let agent = orion.agents().get(&id).send().await?;
/// println!("{} is {}", agent.name, agent.status);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until .send().await"]
pub struct GetAgent {
    client: OrionOS,
    id: AgentId,
    options: CallOptions,
}

call_options!(GetAgent, part_of_others);

impl GetAgent {
    pub(super) fn new(client: OrionOS, id: AgentId) -> Self {
        Self {
            client,
            id,
            options: CallOptions::default(),
        }
    }

    /// Sends it.
    ///
    /// # Errors
    ///
    /// `AGENT_NOT_FOUND`; an id that is empty, `.` or `..` is [`OrionError::InvalidRequest`].
    pub async fn send(self) -> Result<Agent, OrionError> {
        let response = call(&self.client, self.request(), OPERATION).await?;
        Ok(*response.data)
    }

    /// Like [`send`](Self::send), with the answer's status, headers and rate limit.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn send_with_meta(self) -> Result<ApiResponse<Agent>, OrionError> {
        let response = call(&self.client, self.request(), OPERATION).await?;
        Ok(response.unboxed())
    }

    fn request(&self) -> Result<Request, OrionError> {
        Ok(Request {
            operation: OPERATION,
            method: Method::GET,
            path: agent_path(&self.id, "")?,
            query: None,
            body: None,
            safety: Safety::Idempotent,
            window: WindowKey::operation(OPERATION),
            options: self.options.clone(),
        })
    }
}
