//! An agent as the server knows it, and the result of each operation on one.

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::configuration_fields::configuration_fields;
use super::open_struct::open_struct;
use super::{AgentId, AgentStatus, ModelProvider, Platform, PlatformSettings};
use crate::error::OrionError;

configuration_fields! {
    open_struct! {
        /// An agent: its configuration, and what the server adds to it.
        ///
        /// [`config`](Self::config) returns the configuration alone, to keep it or to create the
        /// agent again.
        pub struct Agent {
            required {
                /// The agent's id.
                id: AgentId = "id",
                /// The agent's name.
                name: String = "name",
                /// Whether the agent replies to messages.
                status: AgentStatus = "status",
            }
            optional {
                /// When the agent was created.
                created_at: Timestamp = "createdAt",
                /// When the agent was last changed.
                updated_at: Timestamp = "updatedAt",
                /// What the agent has done so far.
                metrics: AgentMetrics = "metrics",
            }
        }
    }
}

impl Agent {
    /// Returns an agent without any optional field, for tests and fakes.
    ///
    /// ```
    /// use orionos::{Agent, AgentStatus};
    ///
    /// let mut agent = Agent::new("agent_k3m9q0w7z2x5", "Harbour Pilot", AgentStatus::Active);
    /// agent.model = Some("claude-3-opus".into());
    /// assert_eq!(agent.bio, None);
    /// ```
    pub fn new(
        id: impl Into<AgentId>,
        name: impl Into<String>,
        status: impl Into<AgentStatus>,
    ) -> Self {
        Self::with_required(id.into(), name.into(), status.into())
    }

    /// Returns the settings of one platform as a type, or `None` if the agent has none.
    ///
    /// ```
    /// # fn main() -> Result<(), orionos::OrionError> {
    /// use orionos::{Agent, DiscordSettings, Platform};
    ///
    /// let agent: Agent = serde_json::from_str(
    ///     r#"{"id": "agent_k3m9q0w7z2x5", "name": "Harbour Pilot", "status": "active",
    ///         "settings": {"discord": {"commandPrefix": "!"}}}"#,
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
    /// Returns [`OrionError::Config`], which names the field, if the settings cannot be read as the
    /// type. The typed settings of this crate can be read from any JSON object: a value of another
    /// type is in their `extra`.
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
            /// How many messages it has replied to.
            total_messages: u64 = "totalMessages",
            /// How many conversations it has had.
            total_conversations: u64 = "totalConversations",
            /// The share of time that it was available, such as `99.8%`.
            uptime: String = "uptime",
        }
    }
}

open_struct! {
    /// An agent in a list.
    #[derive(Eq)]
    pub struct AgentSummary {
        required {
            /// The agent's id.
            id: AgentId = "id",
            /// The agent's name.
            name: String = "name",
            /// Whether the agent replies to messages.
            status: AgentStatus = "status",
        }
        optional {
            /// When the agent was created.
            created_at: Timestamp = "createdAt",
            /// When the agent was last changed.
            updated_at: Timestamp = "updatedAt",
            /// Who runs the model.
            model_provider: ModelProvider = "modelProvider",
            /// The provider's name for the model.
            model: String = "model",
            /// The platforms that the agent is on.
            clients: Vec<Platform> = "clients",
        }
    }
}

impl AgentSummary {
    /// Returns a list's item without any optional field, for tests and fakes.
    pub fn new(
        id: impl Into<AgentId>,
        name: impl Into<String>,
        status: impl Into<AgentStatus>,
    ) -> Self {
        Self::with_required(id.into(), name.into(), status.into())
    }
}

open_struct! {
    /// The result of a create.
    #[derive(Eq)]
    pub struct CreatedAgent {
        required {
            /// The new agent's id.
            id: AgentId = "id",
            /// The agent's name.
            name: String = "name",
            /// Whether the agent replies to messages.
            status: AgentStatus = "status",
        }
        optional {
            /// When the agent was created.
            created_at: Timestamp = "createdAt",
            /// The agent's own URL.
            api_endpoint: String = "apiEndpoint",
        }
    }
}

impl CreatedAgent {
    /// Returns the result of a create without any optional field, for tests and fakes.
    pub fn new(
        id: impl Into<AgentId>,
        name: impl Into<String>,
        status: impl Into<AgentStatus>,
    ) -> Self {
        Self::with_required(id.into(), name.into(), status.into())
    }
}

open_struct! {
    /// The result of an update.
    #[derive(Eq)]
    pub struct UpdatedAgent {
        required {
            /// The agent's id.
            id: AgentId = "id",
            /// The agent's name.
            name: String = "name",
            /// Whether the agent replies to messages.
            status: AgentStatus = "status",
        }
        optional {
            /// When the agent was changed.
            updated_at: Timestamp = "updatedAt",
            /// The JSON names of the fields that were sent.
            changes: Vec<String> = "changes",
        }
    }
}

impl UpdatedAgent {
    /// Returns the result of an update without any optional field, for tests and fakes.
    pub fn new(
        id: impl Into<AgentId>,
        name: impl Into<String>,
        status: impl Into<AgentStatus>,
    ) -> Self {
        Self::with_required(id.into(), name.into(), status.into())
    }
}

open_struct! {
    /// The result of a delete.
    ///
    /// It has only its `id` if the agent was found to be gone already when the delete was retried.
    #[derive(Eq)]
    pub struct DeletedAgent {
        required {
            /// The id of the deleted agent.
            id: AgentId = "id",
        }
        optional {
            /// The name that the agent had.
            name: String = "name",
            /// When the agent was deleted.
            deleted_at: Timestamp = "deletedAt",
            /// A text from the server.
            message: String = "message",
        }
    }
}

impl DeletedAgent {
    /// Returns the result of a delete without any optional field, for tests and fakes.
    pub fn new(id: impl Into<AgentId>) -> Self {
        Self::with_required(id.into())
    }
}
