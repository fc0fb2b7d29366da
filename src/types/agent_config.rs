//! The configuration of an agent: what a character file holds and a create sends.

use serde::de::DeserializeOwned;

use super::configuration_fields::{
    configuration_fields, configuration_setters, move_configuration,
};
use super::open_struct::{OpenStruct, extra_setter, open_struct};
use super::{Agent, Platform, PlatformSettings};
use crate::error::OrionError;

configuration_fields! {
    open_struct! {
        /// The configuration of an agent, as in a character file.
        ///
        /// [`Agents::create_from`](crate::Agents::create_from) takes it. An [`Agent`] becomes one
        /// by losing the fields that the server sets.
        ///
        /// ```
        /// use orionos::{AgentConfig, DiscordSettings, ModelProvider, Personality};
        /// use serde_json::json;
        ///
        /// let config = AgentConfig::new("Quartermaster")
        ///     .bio(["I keep the stores."])
        ///     .personality(Personality::new().style("terse"))
        ///     .platform_settings("discord", DiscordSettings::new().command_prefix("!"))
        ///     .platform_settings("matrix", json!({"rooms": ["#quay"]}))
        ///     .model_provider(ModelProvider::Ollama)
        ///     .model("llama3");
        /// assert_eq!(config.model.as_deref(), Some("llama3"));
        /// assert_eq!(config.settings.unwrap().len(), 2);
        /// ```
        #[must_use = "a setter returns the changed value"]
        pub struct AgentConfig {
            required {
                /// The agent's name; not empty.
                name: String = "name",
            }
            optional {}
        }
    }
}

configuration_setters!(AgentConfig []);
extra_setter!(AgentConfig);

impl AgentConfig {
    /// Returns a configuration that has only a name.
    pub fn new(name: impl Into<String>) -> Self {
        Self::with_required(name.into())
    }

    /// Returns the settings of one platform as a type, or `None` if there are none.
    ///
    /// # Errors
    ///
    /// Returns [`OrionError::Config`], which names the field, if the settings cannot be read as the
    /// type. The typed settings of this crate can be read from any JSON object: a value of another
    /// type is in their `extra`.
    pub fn settings_for<T: DeserializeOwned>(
        &self,
        platform: impl Into<Platform>,
    ) -> Result<Option<T>, OrionError> {
        PlatformSettings::read(self.settings.as_ref(), &platform.into())
    }

    /// Returns an error if the configuration cannot be sent: the name is empty, or JSON cannot express
    /// some settings.
    pub(crate) fn check_writable(&self) -> Result<(), OrionError> {
        if self.name.trim().is_empty() {
            return Err(OrionError::invalid("name", "must not be empty"));
        }
        serde_json::to_value(self)
            .map(drop)
            .map_err(|error| OrionError::invalid("settings", error.to_string()))
    }

    /// Removes the fields of an agent that are not configuration: the server sets them.
    pub(super) fn remove_server_fields(&mut self) {
        self.extra
            .retain(|name, _| Self::has_field(name) || !is_set_by_the_server(name));
    }

    /// Removes known fields that are null, which in a create is the same as leaving them out.
    pub(crate) fn remove_nulls(&mut self) {
        self.extra
            .retain(|name, value| !(value.is_null() && Self::has_field(name)));
    }
}

/// `apiEndpoint` is in the result of a create only; all other such fields are in an [`Agent`].
fn is_set_by_the_server(json_name: &str) -> bool {
    json_name == "apiEndpoint" || Agent::has_field(json_name)
}

impl Agent {
    /// Returns the agent's configuration, as in a character file: without id, status, times and
    /// metrics.
    pub fn config(&self) -> AgentConfig {
        AgentConfig::from(self)
    }
}

impl From<Agent> for AgentConfig {
    /// Keeps the configuration, unknown fields included, and drops what the server sets: id,
    /// status, times and metrics.
    fn from(mut agent: Agent) -> Self {
        let mut config = Self::new(agent.name);
        move_configuration!(agent => config);
        config.extra.append(&mut agent.extra);
        config.remove_server_fields();
        config
    }
}

impl From<&Agent> for AgentConfig {
    fn from(agent: &Agent) -> Self {
        Self::from(agent.clone())
    }
}
