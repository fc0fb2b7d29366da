//! `POST /agents`

use http::Method;

use super::AGENTS;
use super::configuration::{ConfigurationBody, extra_field_setter};
use crate::call::call;
use crate::client::OrionOS;
use crate::error::OrionError;
use crate::meta::ApiResponse;
use crate::request::{CallOptions, Path, Request, WindowKey, call_options};
use crate::retry::Safety;
use crate::types::{AgentConfig, CreatedAgent, configuration_setters};

const OPERATION: &str = "agents.create";

/// Creates an agent: `POST /agents`.
///
/// Only the name is required; what is not set is not sent. A create is sent again only when the
/// server certainly did not act on it: look at
/// [`outcome()`](crate::OrionError::outcome) before creating again after an error.
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
    client: OrionOS,
    body: ConfigurationBody<AgentConfig>,
    options: CallOptions,
}

call_options!(CreateAgent, part_of_others);
configuration_setters!(CreateAgent[body.fields]);
extra_field_setter!(CreateAgent);

impl CreateAgent {
    pub(super) fn new(client: OrionOS, name: String) -> Self {
        Self::from_config(client, AgentConfig::new(name))
    }

    pub(super) fn from_config(client: OrionOS, mut config: AgentConfig) -> Self {
        config.remove_nulls();
        Self {
            client,
            body: ConfigurationBody::new(config),
            options: CallOptions::default(),
        }
    }

    /// Sends it.
    ///
    /// # Errors
    ///
    /// An empty name is [`OrionError::InvalidRequest`]; `INVALID_REQUEST` names the field that the
    /// server refused; `INSUFFICIENT_QUOTA` says that the account is full.
    pub async fn send(self) -> Result<CreatedAgent, OrionError> {
        let response = call(&self.client, self.request(), OPERATION).await?;
        Ok(*response.data)
    }

    /// Like [`send`](Self::send), with the answer's status, headers and rate limit.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn send_with_meta(self) -> Result<ApiResponse<CreatedAgent>, OrionError> {
        let response = call(&self.client, self.request(), OPERATION).await?;
        Ok(response.unboxed())
    }

    fn request(&self) -> Result<Request, OrionError> {
        Ok(Request {
            operation: OPERATION,
            method: Method::POST,
            path: Path::fixed(AGENTS),
            query: None,
            body: Some(self.body.to_json(Some(&self.body.fields.name))?),
            safety: Safety::Unsafe,
            window: WindowKey::operation(OPERATION),
            options: self.options.clone(),
        })
    }
}
