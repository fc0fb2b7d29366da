//! `GET /agents/{agentId}`

use std::sync::Arc;

use http::Method;

use super::path::agent_path;
use crate::endpoint::send_methods;
use crate::error::OrionError;
use crate::handle::Handle;
use crate::operation::{Idempotency, Operation};
use crate::pacing::{Numbered, RateWindow};
use crate::request::{CallOptions, Request, call_options};
use crate::types::{Agent, AgentId};

static GET: Operation = Operation {
    name: "agents.get",
    method: Method::GET,
    idempotency: Idempotency::Idempotent,
    window: RateWindow::OfOperation(Numbered::Get),
};

/// Gets an agent with its configuration and metrics: `GET /agents/{agentId}`.
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
    handle: Arc<Handle>,
    id: AgentId,
    options: CallOptions,
}

call_options!(GetAgent, part_of_others);

send_methods! {
    /// Sends the request and returns the agent.
    ///
    /// # Errors
    ///
    /// Returns `AGENT_NOT_FOUND` if there is no such agent, and [`OrionError::InvalidRequest`] if the
    /// id is empty, `.` or `..`.
    GetAgent => Agent, GET
}

impl GetAgent {
    pub(super) fn new(handle: Arc<Handle>, id: AgentId) -> Self {
        Self {
            handle,
            id,
            options: CallOptions::default(),
        }
    }

    fn request(&self) -> Result<Request<'_>, OrionError> {
        Ok(Request::new(agent_path(&self.id, "")?, &self.options))
    }
}
