//! `PATCH /agents/{agentId}`

use std::sync::Arc;

use http::Method;

use super::configuration::{ConfigurationBody, extra_field_setter};
use super::get::GetAgent;
use super::path::agent_path;
use crate::call::call_with_meta;
use crate::endpoint::send_methods;
use crate::error::OrionError;
use crate::handle::Handle;
use crate::meta::ApiResponse;
use crate::operation::{Idempotency, Operation};
use crate::pacing::{Numbered, RateWindow};
use crate::request::{CallOptions, Request, call_options};
use crate::types::{
    AgentChanges, AgentConfig, AgentId, AgentStatus, UpdatedAgent, configuration_clear_setters,
    configuration_setters,
};

/// Idempotent although PATCH is not in general: each field is set to a value or to null.
static UPDATE: Operation = Operation {
    name: "agents.update",
    method: Method::PATCH,
    idempotency: Idempotency::Idempotent,
    window: RateWindow::OfOperation(Numbered::Update),
};

/// Updates an agent: `PATCH /agents/{agentId}`.
///
/// Fields you do not set are unchanged. A setter replaces the entire value; `clear_…` sends null.
/// Updates are idempotent, so they are retried like reads.
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
    handle: Arc<Handle>,
    id: AgentId,
    body: ConfigurationBody<AgentChanges>,
    /// What the agent is to become, apart from `body`.
    replacement: Option<Box<AgentConfig>>,
    options: CallOptions,
}

call_options!(UpdateAgent, part_of_others);
configuration_setters!(UpdateAgent[body.fields]);
configuration_clear_setters!(UpdateAgent[body.fields]);
extra_field_setter!(UpdateAgent);

send_methods! {
    /// Sends the request and returns the updated agent.
    ///
    /// # Errors
    ///
    /// Returns `INVALID_REQUEST` with the field that the server rejected, and `AGENT_NOT_FOUND` if
    /// there is no such agent.
    UpdateAgent => UpdatedAgent, by update
}

impl UpdateAgent {
    pub(super) fn new(handle: Arc<Handle>, id: AgentId) -> Self {
        Self {
            handle,
            id,
            body: ConfigurationBody::new(AgentChanges::default()),
            replacement: None,
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

    /// Makes the agent exactly this configuration: fields that it does not have are cleared, also
    /// unknown ones and the settings of other platforms. Values of other setters win over it. The
    /// status stays.
    ///
    /// `send` first gets the agent to see what to clear, so there are two requests. Options of the
    /// call apply to each of them.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orionos::OrionError> {
    /// # let mock = orionos_mock_server::MockServer::start().await;
    /// # let orion = orionos::OrionOS::builder().api_key(mock.api_key()).base_url(mock.base_url()).build()?;
    /// # let agents = orion.agents();
    /// # let id = agents.create("Pilot").bio(["I know the harbour."]).send().await?.id;
    /// use orionos::AgentConfig;
    ///
    /// let config = AgentConfig::new("Harbour Pilot").goals(["Shorten the wait for a berth"]);
    /// agents.update(&id).replace_with(&config).send().await?;
    /// assert!(agents.get(&id).send().await?.config().diff(&config).is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn replace_with(mut self, config: &AgentConfig) -> Self {
        self.replacement = Some(Box::new(config.clone()));
        self
    }

    async fn update(mut self) -> Result<ApiResponse<UpdatedAgent>, OrionError> {
        if let Some(target) = self.replacement.take() {
            target.check_writable()?;
            let get = GetAgent::new(self.handle.clone(), self.id.clone());
            let current = get
                .with_options(self.options.clone())
                .send()
                .await?
                .config();
            let replacing = AgentChanges::replacing(&current, &target);
            let own = std::mem::replace(&mut *self.body.fields, replacing);
            self.body.fields.override_with(own);
        }
        let response = call_with_meta(&self.handle, &UPDATE, self.request()).await?;
        Ok(response.unboxed())
    }

    fn request(&self) -> Result<Request<'_>, OrionError> {
        let path = agent_path(&self.id, "")?;
        let body = self.body.to_json(self.body.fields.name.as_deref())?;
        Ok(Request::new(path, &self.options).with_body(body))
    }
}
