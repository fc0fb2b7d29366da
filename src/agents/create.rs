//! `POST /agents`

use std::sync::Arc;

use http::Method;

use super::configuration::{ConfigurationBody, extra_field_setter};
use super::path::agents_path;
use crate::endpoint::send_methods;
use crate::error::OrionError;
use crate::handle::Handle;
use crate::operation::{Idempotency, Operation};
use crate::pacing::{Numbered, RateWindow};
use crate::request::{CallOptions, Request, call_options};
use crate::types::{AgentConfig, CreatedAgent, configuration_setters};

static CREATE: Operation = Operation {
    name: "agents.create",
    method: Method::POST,
    idempotency: Idempotency::NotIdempotent,
    window: RateWindow::OfOperation(Numbered::Create),
};

/// Creates an agent: `POST /agents`.
///
/// Only the name is required; unset fields are not sent. By default, a create is retried only if the
/// server definitely did not act. Check [`outcome()`](crate::OrionError::outcome) before you create
/// again after an error.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orionos::OrionError> {
/// # let mock = orionos_mock_server::MockServer::start().await;
/// # let orion = orionos::OrionOS::builder().api_key(mock.api_key()).base_url(mock.base_url()).build()?;
/// use orionos::{DiscordSettings, ModelProvider, Personality, Plugin};
/// use serde_json::json;
///
/// let agent = orion
///     .agents()
///     .create("Harbour Pilot")
///     .bio(["I guide newcomers through the harbour's services."])
///     .personality(Personality::new().traits(["calm"]).style("plain").tone("warm"))
///     .knowledge(["Tide tables for the north quay"])
///     .goals(["Shorten the wait for a berth"])
///     .clients(["discord"])
///     .platform_settings("discord", DiscordSettings::new().channels(["arrivals"]))
///     .model_provider(ModelProvider::Anthropic)
///     .model("claude-3-opus")
///     .plugin(Plugin::new("@orionos/plugin-evm").enabled(true).config(json!({"chain": "test"})))
///     .send()
///     .await?;
/// println!("{} is {}", agent.id, agent.status);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until .send().await"]
pub struct CreateAgent {
    handle: Arc<Handle>,
    body: ConfigurationBody<AgentConfig>,
    options: CallOptions,
}

call_options!(CreateAgent, part_of_others);
configuration_setters!(CreateAgent[body.fields]);
extra_field_setter!(CreateAgent);

send_methods! {
    /// Sends the request and returns the created agent.
    ///
    /// # Errors
    ///
    /// Returns [`OrionError::InvalidRequest`] if the name is empty, `INVALID_REQUEST` with the field
    /// that the server rejected, and `INSUFFICIENT_QUOTA` if the account has no room for another
    /// agent.
    CreateAgent => CreatedAgent, CREATE
}

impl CreateAgent {
    pub(super) fn new(handle: Arc<Handle>, name: String) -> Self {
        Self::from_config(handle, AgentConfig::new(name))
    }

    pub(super) fn from_config(handle: Arc<Handle>, mut config: AgentConfig) -> Self {
        config.remove_nulls();
        Self {
            handle,
            body: ConfigurationBody::new(config),
            options: CallOptions::default(),
        }
    }

    fn request(&self) -> Result<Request<'_>, OrionError> {
        let body = self.body.to_json(Some(&self.body.fields.name))?;
        Ok(Request::new(agents_path(), &self.options).with_body(body))
    }
}
