//! `PATCH /agents/{agentId}`

use http::Method;

use super::agent_path;
use super::configuration::{ConfigurationBody, configuration_setters};
use crate::call::call;
use crate::client::OrionOS;
use crate::error::OrionError;
use crate::meta::ApiResponse;
use crate::request::{CallOptions, Request, WindowKey, call_options};
use crate::retry::Safety;
use crate::types::{AgentConfig, AgentId, AgentStatus, UpdatedAgent};

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
    body: ConfigurationBody,
    options: CallOptions,
}

call_options!(UpdateAgent);
configuration_setters!(UpdateAgent);

/// `clear_…` setters: the field is sent as null.
macro_rules! clear_setters {
    ($($setter:ident: $field:literal),* $(,)?) => {
        impl UpdateAgent {
            $(
                #[doc = concat!("Clears `", $field, "`: sends it as null.")]
                pub fn $setter(mut self) -> Self {
                    self.body.clear($field);
                    self
                }
            )*
        }
    };
}

clear_setters! {
    clear_bio: "bio",
    clear_personality: "personality",
    clear_knowledge: "knowledge",
    clear_goals: "goals",
    clear_clients: "clients",
    clear_settings: "settings",
    clear_model_provider: "modelProvider",
    clear_model: "model",
    clear_model_settings: "modelSettings",
    clear_plugins: "plugins",
    clear_actions: "actions",
}

impl UpdateAgent {
    pub(super) fn new(client: OrionOS, id: AgentId) -> Self {
        Self {
            client,
            id,
            body: ConfigurationBody::default(),
            options: CallOptions::default(),
        }
    }

    /// `name`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.body.set("name", name.into());
        self
    }

    /// `status`: active or inactive.
    pub fn status(mut self, status: impl Into<AgentStatus>) -> Self {
        self.body.set("status", status.into());
        self
    }

    /// Sets every field that the configuration has. Fields that it does not have stay as they are.
    pub fn config(mut self, config: &AgentConfig) -> Self {
        self.body.merge(ConfigurationBody::from_config(config));
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
            body: Some(self.body.to_json()?),
            safety: Safety::Idempotent,
            window: WindowKey::operation(OPERATION),
            options: self.options.clone(),
        })
    }
}
