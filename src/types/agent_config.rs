//! An agent's configuration: the vendor's character file.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::open_struct::open_struct;
use super::{Action, Agent, ModelProvider, ModelSettings, Personality, Platform, Plugin};
use crate::error::OrionError;

open_struct! {
    /// An agent's configuration, as in the vendor's character files.
    ///
    /// ```
    /// use orionos::{AgentConfig, ModelProvider};
    ///
    /// # fn main() -> Result<(), orionos::OrionError> {
    /// let config = AgentConfig::from_json_str(r#"{"name": "Quartermaster", "goals": ["Order"]}"#)?;
    /// assert_eq!(config.name, "Quartermaster");
    /// let other = AgentConfig::new("Ledger").model_provider(ModelProvider::Ollama).model("llama3");
    /// # Ok(())
    /// # }
    /// ```
    AgentConfig {
        required {
            /// Its name.
            name: String = "name",
        }
        optional {
            /// What it says of itself.
            bio: Vec<String> = "bio",
            /// How it talks.
            personality: Personality = "personality",
            /// What it knows about.
            knowledge: Vec<String> = "knowledge",
            /// What it is for.
            goals: Vec<String> = "goals",
            /// What it can do.
            actions: Vec<Action> = "actions",
            /// The platforms that it is on.
            clients: Vec<Platform> = "clients",
            /// Its settings by platform.
            settings: Map<String, Value> = "settings",
            /// Who runs its model.
            model_provider: ModelProvider = "modelProvider",
            /// Its model.
            model: String = "model",
            /// How its model is run.
            model_settings: ModelSettings = "modelSettings",
            /// Its plugins.
            plugins: Vec<Plugin> = "plugins",
        }
    }
}

impl AgentConfig {
    /// A configuration with a name only.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            bio: None,
            personality: None,
            knowledge: None,
            goals: None,
            actions: None,
            clients: None,
            settings: None,
            model_provider: None,
            model: None,
            model_settings: None,
            plugins: None,
            extra: Map::new(),
        }
    }

    /// Reads a character file's text. Fields that this version does not know are kept.
    ///
    /// # Errors
    ///
    /// [`OrionError::Config`] that names the place: text that is no JSON, a field of a wrong type, a
    /// missing or empty name.
    pub fn from_json_str(text: &str) -> Result<Self, OrionError> {
        Self::read(text, "the character file")
    }

    /// Reads a character file.
    ///
    /// # Errors
    ///
    /// [`OrionError::Config`] that names the file: it cannot be read, or as
    /// [`from_json_str`](Self::from_json_str).
    pub fn from_json_file(path: impl AsRef<Path>) -> Result<Self, OrionError> {
        let path = path.as_ref();
        let what = format!("the character file {}", path.display());
        let text = std::fs::read_to_string(path)
            .map_err(|error| OrionError::config_with(format!("{what} cannot be read"), error))?;
        Self::read(&text, &what)
    }

    fn read(text: &str, what: &str) -> Result<Self, OrionError> {
        // Editors on Windows like to begin a file with a byte order mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut json = serde_json::Deserializer::from_str(text);
        let config: Self = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let path = error.path().to_string();
            let place = if path == "." {
                String::new()
            } else {
                format!(" at {path}")
            };
            OrionError::config_with(format!("{what} is wrong{place}"), error.into_inner())
        })?;
        json.end()
            .map_err(|error| OrionError::config_with(format!("{what} is wrong"), error))?;
        if config.name.trim().is_empty() {
            return Err(OrionError::config(format!(
                "{what} is wrong at name: must not be empty"
            )));
        }
        Ok(config)
    }

    /// The character file's text, indented.
    ///
    /// # Errors
    ///
    /// [`OrionError::Config`] if a value cannot be written as JSON.
    pub fn to_json_string_pretty(&self) -> Result<String, OrionError> {
        serde_json::to_string_pretty(self)
            .map_err(|error| OrionError::config_with("the configuration cannot be written", error))
    }

    /// Sets `bio`.
    #[must_use]
    pub fn bio<S: Into<String>>(mut self, bio: impl IntoIterator<Item = S>) -> Self {
        self.bio = Some(bio.into_iter().map(Into::into).collect());
        self
    }

    /// Sets `personality`.
    #[must_use]
    pub fn personality(mut self, personality: Personality) -> Self {
        self.personality = Some(personality);
        self
    }

    /// Sets `knowledge`.
    #[must_use]
    pub fn knowledge<S: Into<String>>(mut self, knowledge: impl IntoIterator<Item = S>) -> Self {
        self.knowledge = Some(knowledge.into_iter().map(Into::into).collect());
        self
    }

    /// Sets `goals`.
    #[must_use]
    pub fn goals<S: Into<String>>(mut self, goals: impl IntoIterator<Item = S>) -> Self {
        self.goals = Some(goals.into_iter().map(Into::into).collect());
        self
    }

    /// Adds one of `actions`.
    #[must_use]
    pub fn action(mut self, action: Action) -> Self {
        self.actions.get_or_insert_default().push(action);
        self
    }

    /// Sets `clients`.
    #[must_use]
    pub fn clients<P: Into<Platform>>(mut self, clients: impl IntoIterator<Item = P>) -> Self {
        self.clients = Some(clients.into_iter().map(Into::into).collect());
        self
    }

    /// Sets a platform's settings.
    ///
    /// # Errors
    ///
    /// [`OrionError::InvalidRequest`] if the settings cannot be written as JSON.
    pub fn platform_settings(
        mut self,
        platform: impl Into<Platform>,
        settings: impl Serialize,
    ) -> Result<Self, OrionError> {
        let value = serde_json::to_value(settings).map_err(|error| {
            OrionError::invalid("settings", format!("cannot be written as JSON: {error}"))
        })?;
        self.settings
            .get_or_insert_default()
            .insert(platform.into().as_str().to_owned(), value);
        Ok(self)
    }

    /// A platform's settings, read as a type; `None` if there are none.
    ///
    /// # Errors
    ///
    /// [`OrionError::Config`] if the settings have another shape.
    pub fn settings_for<T: DeserializeOwned>(
        &self,
        platform: impl Into<Platform>,
    ) -> Result<Option<T>, OrionError> {
        read_settings(self.settings.as_ref(), &platform.into())
    }

    /// Sets `modelProvider`.
    #[must_use]
    pub fn model_provider(mut self, provider: impl Into<ModelProvider>) -> Self {
        self.model_provider = Some(provider.into());
        self
    }

    /// Sets `model`.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// Sets `modelSettings`.
    #[must_use]
    pub fn model_settings(mut self, settings: ModelSettings) -> Self {
        self.model_settings = Some(settings);
        self
    }

    /// Adds one of `plugins`.
    #[must_use]
    pub fn plugin(mut self, plugin: Plugin) -> Self {
        self.plugins.get_or_insert_default().push(plugin);
        self
    }
}

impl From<Agent> for AgentConfig {
    fn from(agent: Agent) -> Self {
        Self {
            name: agent.name,
            bio: agent.bio,
            personality: agent.personality,
            knowledge: agent.knowledge,
            goals: agent.goals,
            actions: agent.actions,
            clients: agent.clients,
            settings: agent.settings,
            model_provider: agent.model_provider,
            model: agent.model,
            model_settings: agent.model_settings,
            plugins: agent.plugins,
            extra: agent.extra,
        }
    }
}

impl From<&Agent> for AgentConfig {
    fn from(agent: &Agent) -> Self {
        agent.clone().into()
    }
}

pub(super) fn read_settings<T: DeserializeOwned>(
    settings: Option<&Map<String, Value>>,
    platform: &Platform,
) -> Result<Option<T>, OrionError> {
    let Some(value) = settings.and_then(|settings| settings.get(platform.as_str())) else {
        return Ok(None);
    };
    T::deserialize(value).map(Some).map_err(|error| {
        OrionError::config_with(format!("settings.{platform} have another shape"), error)
    })
}
