//! `PATCH /agents/{agentId}`

use http::Method;

use super::agent_path;
use super::configuration::{ConfigurationBody, extra_field_setter};
use crate::call::call;
use crate::client::OrionOS;
use crate::error::OrionError;
use crate::meta::ApiResponse;
use crate::request::{CallOptions, Request, WindowKey, call_options};
use crate::retry::Safety;
use crate::types::{
    AgentChanges, AgentConfig, AgentId, AgentStatus, UpdatedAgent, configuration_clear_setters,
    configuration_setters,
};

const OPERATION: &str = "agents.update";

/// Changes an agent: `PATCH /agents/{agentId}`.
///
/// A field that is not set stays as it is; a field that is set replaces the old value whole; a field
/// that is cleared is sent as null. Repeating an update changes nothing more, so it is retried like
/// a read.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orionos::OrionError> {
/// # let mock = orionos_mock_server::MockServer::start().await;
/// # let orion = orionos::OrionOS::builder().api_key(mock.api_key()).base_url(mock.base_url()).build()?;
/// # let id = orion.agents().create("Harbour Pilot").send().await?.id;
/// use orionos::AgentStatus;
///
/// let updated = orion
///     .agents()
///     .update(&id)
///     .status(AgentStatus::Inactive)
///     .goals(["Shorten the wait for a berth"])
///     .clear_bio()
///     .send()
///     .await?;
/// assert_eq!(updated.status, AgentStatus::Inactive);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until .send().await"]
pub struct UpdateAgent {
    client: OrionOS,
    id: AgentId,
    body: ConfigurationBody<AgentChanges>,
    options: CallOptions,
}

call_options!(UpdateAgent);
configuration_setters!(UpdateAgent[body.fields]);
configuration_clear_setters!(UpdateAgent[body.fields]);
extra_field_setter!(UpdateAgent);

impl UpdateAgent {
    pub(super) fn new(client: OrionOS, id: AgentId) -> Self {
        Self {
            client,
            id,
            body: ConfigurationBody::new(AgentChanges::default()),
            options: CallOptions::default(),
        }
    }

    /// Sets `name`, replacing any earlier value. The name must not be empty.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        let fields = &mut self.body.fields;
        fields.name = Some(name.into());
        fields.extra.remove("name");
        self
    }

    /// Sets `status` to active or inactive, replacing any earlier value.
    pub fn status(mut self, status: impl Into<AgentStatus>) -> Self {
        let fields = &mut self.body.fields;
        fields.status = Some(status.into());
        fields.extra.remove("status");
        self
    }

    /// Sets every field that the configuration has. A field that is null in it is cleared; fields
    /// that it does not have are unchanged.
    pub fn config(mut self, config: &AgentConfig) -> Self {
        self.body.fields.apply(config.clone());
        self
    }

    /// Sends it.
    ///
    /// # Errors
    ///
    /// `INVALID_REQUEST` names the field that the server refused; `AGENT_NOT_FOUND`.
    pub async fn send(self) -> Result<UpdatedAgent, OrionError> {
        let response = call(&self.client, self.request(), OPERATION).await?;
        Ok(*response.data)
    }

    /// Like [`send`](Self::send), with the answer's status, headers and rate limit.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn send_with_meta(self) -> Result<ApiResponse<UpdatedAgent>, OrionError> {
        let response = call(&self.client, self.request(), OPERATION).await?;
        Ok(response.unboxed())
    }

    fn request(&self) -> Result<Request, OrionError> {
        Ok(Request {
            operation: OPERATION,
            method: Method::PATCH,
            path: agent_path(&self.id, "")?,
            query: None,
            body: Some(self.body.to_json(self.body.fields.name.as_deref())?),
            safety: Safety::Idempotent,
            window: WindowKey::operation(OPERATION),
            options: self.options.clone(),
        })
    }
}
