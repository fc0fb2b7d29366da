//! An agent as the server knows it, and what each operation on one answers.

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::open_struct::open_struct;
use super::{
    Action, AgentConfig, AgentId, AgentStatus, ModelProvider, ModelSettings, Personality, Platform,
    PlatformSettings, Plugin,
};
use crate::error::OrionError;

open_struct! {
    /// An agent: its configuration, and what the server adds to it.
    ///
    /// [`config`](Self::config) gives the configuration alone, to keep it or to create the agent
    /// again.
    pub struct Agent {
        required {
            /// The agent's id.
            id: AgentId = "id",
            /// The agent's name.
            name: String = "name",
            /// Whether the agent answers.
            status: AgentStatus = "status",
            /// When the agent was created.
            created_at: Timestamp = "createdAt",
        }
        optional {
            /// When the agent was last changed.
            updated_at: Timestamp = "updatedAt",
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
            /// What the agent has done so far.
            metrics: AgentMetrics = "metrics",
        }
    }
}

impl Agent {
    /// The agent's configuration, as a character file holds it: without id, status, times and
    /// metrics.
    pub fn config(&self) -> AgentConfig {
        AgentConfig::from(self)
    }

    /// A platform's settings as a type; `None` if the agent has none for it.
    ///
    /// ```
    /// # fn main() -> Result<(), orionos::OrionError> {
    /// use orionos::{Agent, DiscordSettings, Platform};
    ///
    /// let agent: Agent = serde_json::from_str(
    ///     r#"{"id": "agent_k3m9q0w7z2x5", "name": "Harbour Pilot", "status": "active",
    ///         "createdAt": "2026-03-02T08:15:30Z", "settings": {"discord": {"commandPrefix": "!"}}}"#,
    /// )
    /// .expect("an agent");
    /// let discord: Option<DiscordSettings> = agent.settings_for(Platform::Discord)?;
    /// assert_eq!(discord.and_then(|discord| discord.command_prefix).as_deref(), Some("!"));
    /// # Ok(())
    /// # }
    /// ```
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
}

open_struct! {
    /// What an agent has done so far.
    #[derive(Eq, Default)]
    pub struct AgentMetrics {
        required {}
        optional {
            /// How many messages it has answered.
            total_messages: u64 = "totalMessages",
            /// How many conversations it has held.
            total_conversations: u64 = "totalConversations",
            /// The share of time that it was up, such as `99.8%`.
            uptime: String = "uptime",
        }
    }
}

open_struct! {
    /// An entry of the list of agents.
    #[derive(Eq)]
    pub struct AgentSummary {
        required {
            /// The agent's id.
            id: AgentId = "id",
            /// The agent's name.
            name: String = "name",
            /// Whether the agent answers.
            status: AgentStatus = "status",
            /// When the agent was created.
            created_at: Timestamp = "createdAt",
        }
        optional {
            /// When the agent was last changed.
            updated_at: Timestamp = "updatedAt",
            /// Who runs the model.
            model_provider: ModelProvider = "modelProvider",
            /// The provider's name of the model.
            model: String = "model",
            /// The platforms that the agent is on.
            clients: Vec<Platform> = "clients",
        }
    }
}

open_struct! {
    /// What a create answers.
    #[derive(Eq)]
    pub struct CreatedAgent {
        required {
            /// The new agent's id.
            id: AgentId = "id",
            /// The agent's name.
            name: String = "name",
            /// Whether the agent answers.
            status: AgentStatus = "status",
            /// When the agent was created.
            created_at: Timestamp = "createdAt",
        }
        optional {
            /// The agent's own URL.
            api_endpoint: String = "apiEndpoint",
        }
    }
}

open_struct! {
    /// What an update answers.
    #[derive(Eq)]
    pub struct UpdatedAgent {
        required {
            /// The agent's id.
            id: AgentId = "id",
            /// The agent's name.
            name: String = "name",
            /// Whether the agent answers.
            status: AgentStatus = "status",
            /// When the agent was changed.
            updated_at: Timestamp = "updatedAt",
            /// The wire names of the fields that were sent.
            changes: Vec<String> = "changes",
        }
        optional {}
    }
}

open_struct! {
    /// What a delete answers.
    #[derive(Eq)]
    pub struct DeletedAgent {
        required {
            /// The id of the agent that is gone.
            id: AgentId = "id",
            /// The name that it had.
            name: String = "name",
            /// When it was deleted.
            deleted_at: Timestamp = "deletedAt",
        }
        optional {
            /// The server's word on it.
            message: String = "message",
        }
    }
}
