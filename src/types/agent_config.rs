//! The configuration of an agent: what a character file holds and a create sends.

use super::open_struct::{extra_setter, open_struct};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{
    Action, Agent, ModelProvider, ModelSettings, Personality, Platform, PlatformSettings, Plugin,
    strings,
};
use crate::error::OrionError;

open_struct! {
    /// The configuration of an agent, as a character file holds it.
    ///
    /// It is what [`Agents::create_from`](crate::Agents::create_from) takes, and what is left of an
    /// [`Agent`] without the fields that the server sets.
    ///
    /// ```
    /// use orionos::{AgentConfig, ModelProvider, Personality};
    ///
    /// let config = AgentConfig::new("Quartermaster")
    ///     .bio(["I keep the stores."])
    ///     .personality(Personality::new().style("terse"))
    ///     .model_provider(ModelProvider::Ollama)
    ///     .model("llama3");
    /// assert_eq!(config.model.as_deref(), Some("llama3"));
    /// ```
    #[must_use = "a setter returns the changed value"]
    pub struct AgentConfig {
        required {
            /// The agent's name; not empty.
            name: String = "name",
        }
        optional {
            /// What the agent says of itself, a sentence an item.
            bio: Vec<String> = "bio",
            /// How the agent speaks.
            personality: Personality = "personality",
            /// What the agent knows about.
            knowledge: Vec<String> = "knowledge",
            /// What the agent is for.
            goals: Vec<String> = "goals",
            /// The platforms that the agent is on.
            clients: Vec<Platform> = "clients",
            /// Settings by platform.
            settings: PlatformSettings = "settings",
            /// Who runs the model.
            model_provider: ModelProvider = "modelProvider",
            /// The provider's name of the model.
            model: String = "model",
            /// How the model is sampled.
            model_settings: ModelSettings = "modelSettings",
            /// The agent's plugins.
            plugins: Vec<Plugin> = "plugins",
            /// What the agent can do beside talking.
            actions: Vec<Action> = "actions",
        }
    }
}

extra_setter!(AgentConfig);

impl AgentConfig {
    /// A configuration that has a name and nothing else.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            bio: None,
            personality: None,
            knowledge: None,
            goals: None,
            clients: None,
            settings: None,
            model_provider: None,
            model: None,
            model_settings: None,
            plugins: None,
            actions: None,
            extra: Map::new(),
        }
    }

    /// Sets what the agent says of itself, a sentence an item.
    pub fn bio<S: Into<String>>(mut self, bio: impl IntoIterator<Item = S>) -> Self {
        self.bio = Some(strings(bio));
        self
    }

    /// Sets how the agent speaks.
    pub fn personality(mut self, personality: Personality) -> Self {
        self.personality = Some(personality);
        self
    }

    /// Sets what the agent knows about.
    pub fn knowledge<S: Into<String>>(mut self, knowledge: impl IntoIterator<Item = S>) -> Self {
        self.knowledge = Some(strings(knowledge));
        self
    }

    /// Sets what the agent is for.
    pub fn goals<S: Into<String>>(mut self, goals: impl IntoIterator<Item = S>) -> Self {
        self.goals = Some(strings(goals));
        self
    }

    /// Sets the platforms that the agent is on.
    pub fn clients<P: Into<Platform>>(mut self, clients: impl IntoIterator<Item = P>) -> Self {
        self.clients = Some(clients.into_iter().map(Into::into).collect());
        self
    }

    /// Sets a platform's settings: the typed ones, or anything that serializes. Calling it again
    /// adds another platform.
    ///
    /// Settings that JSON cannot hold are reported by whatever writes the configuration.
    ///
    /// ```
    /// use orionos::{AgentConfig, DiscordSettings};
    /// use serde_json::json;
    ///
    /// let config = AgentConfig::new("Harbour Pilot")
    ///     .platform_settings("discord", DiscordSettings::new().command_prefix("!"))
    ///     .platform_settings("matrix", json!({"rooms": ["#quay"]}));
    /// assert_eq!(config.settings.unwrap().len(), 2);
    /// ```
    pub fn platform_settings(
        mut self,
        platform: impl Into<Platform>,
        settings: impl Serialize,
    ) -> Self {
        self.settings
            .get_or_insert_default()
            .set(platform, settings);
        self
    }

    /// A platform's settings as a type; `None` if there are none for it.
    ///
    /// # Errors
    ///
    /// [`OrionError::Config`] that names the field if the settings have another shape.
    pub fn settings_for<T: DeserializeOwned>(
        &self,
        platform: impl Into<Platform>,
    ) -> Result<Option<T>, OrionError> {
        PlatformSettings::read(self.settings.as_ref(), &platform.into())
    }

    /// Sets who runs the model.
    pub fn model_provider(mut self, provider: impl Into<ModelProvider>) -> Self {
        self.model_provider = Some(provider.into());
        self
    }

    /// Sets the provider's name of the model.
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// Sets how the model is sampled.
    pub fn model_settings(mut self, settings: ModelSettings) -> Self {
        self.model_settings = Some(settings);
        self
    }

    /// Adds a plugin.
    pub fn plugin(mut self, plugin: Plugin) -> Self {
        self.plugins.get_or_insert_default().push(plugin);
        self
    }

    /// Sets all plugins.
    pub fn plugins(mut self, plugins: impl IntoIterator<Item = Plugin>) -> Self {
        self.plugins = Some(plugins.into_iter().collect());
        self
    }

    /// Adds an action.
    pub fn action(mut self, action: Action) -> Self {
        self.actions.get_or_insert_default().push(action);
        self
    }

    /// Sets all actions.
    pub fn actions(mut self, actions: impl IntoIterator<Item = Action>) -> Self {
        self.actions = Some(actions.into_iter().collect());
        self
    }
}

impl From<Agent> for AgentConfig {
    /// Keeps what is configuration, unknown fields included; drops what the server sets: id,
    /// status, times and metrics.
    fn from(agent: Agent) -> Self {
        Self {
            name: agent.name,
            bio: agent.bio,
            personality: agent.personality,
            knowledge: agent.knowledge,
            goals: agent.goals,
            clients: agent.clients,
            settings: agent.settings,
            model_provider: agent.model_provider,
            model: agent.model,
            model_settings: agent.model_settings,
            plugins: agent.plugins,
            actions: agent.actions,
            extra: configuration_of(agent.extra),
        }
    }
}

impl From<&Agent> for AgentConfig {
    fn from(agent: &Agent) -> Self {
        Self::from(agent.clone())
    }
}

/// Unknown fields may be configuration, all but the one that the server is known to set elsewhere.
fn configuration_of(mut extra: Map<String, Value>) -> Map<String, Value> {
    extra.remove("apiEndpoint");
    extra
}
