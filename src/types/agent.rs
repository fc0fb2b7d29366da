//! The answers about agents.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::open_struct::open_struct;
use super::{
    Action, AgentConfig, AgentId, AgentStatus, ModelProvider, ModelSettings, Personality, Platform,
    Plugin,
};
use crate::error::OrionError;

open_struct! {
    /// The answer to a create.
    CreatedAgent {
        required {
            /// Its id.
            id: AgentId = "id",
            /// Its name.
            name: String = "name",
            /// Whether it works.
            status: AgentStatus = "status",
            /// When it was created.
            created_at: Timestamp = "createdAt",
        }
        optional {
            /// The agent's own URL.
            api_endpoint: String = "apiEndpoint",
        }
    }
}

open_struct! {
    /// An entry of the list.
    AgentSummary {
        required {
            /// Its id.
            id: AgentId = "id",
            /// Its name.
            name: String = "name",
            /// Whether it works.
            status: AgentStatus = "status",
            /// When it was created.
            created_at: Timestamp = "createdAt",
        }
        optional {
            /// When it was last changed.
            updated_at: Timestamp = "updatedAt",
            /// Who runs its model.
            model_provider: ModelProvider = "modelProvider",
            /// Its model.
            model: String = "model",
            /// The platforms that it is on.
            clients: Vec<Platform> = "clients",
        }
    }
}

open_struct! {
    /// An agent with its configuration and metrics. Any field of the configuration may be absent.
    Agent {
        required {
            /// Its id.
            id: AgentId = "id",
            /// Its name.
            name: String = "name",
            /// Whether it works.
            status: AgentStatus = "status",
            /// When it was created.
            created_at: Timestamp = "createdAt",
        }
        optional {
            /// When it was last changed.
            updated_at: Timestamp = "updatedAt",
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
            /// What it has done so far.
            metrics: AgentMetrics = "metrics",
        }
    }
}

impl Agent {
    /// Its configuration, without what the server keeps about it: id, status, times and metrics.
    #[must_use]
    pub fn config(&self) -> AgentConfig {
        self.clone().into()
    }

    /// A platform's settings, read as a type; `None` if there are none.
    ///
    /// # Errors
    ///
    /// [`OrionError::Config`] if the settings have another shape.
    pub fn platform_settings<T: DeserializeOwned>(
        &self,
        platform: impl Into<Platform>,
    ) -> Result<Option<T>, OrionError> {
        super::agent_config::read_settings(self.settings.as_ref(), &platform.into())
    }
}

open_struct! {
    /// What an agent has done so far.
    AgentMetrics {
        required {}
        optional {
            /// Messages that it has heard.
            total_messages: u64 = "totalMessages",
            /// Conversations that it has had.
            total_conversations: u64 = "totalConversations",
            /// How much of the time it worked, such as `99.8%`.
            uptime: String = "uptime",
        }
    }
}

open_struct! {
    /// The answer to an update.
    UpdatedAgent {
        required {
            /// Its id.
            id: AgentId = "id",
            /// Its name.
            name: String = "name",
            /// Whether it works.
            status: AgentStatus = "status",
            /// When it was changed.
            updated_at: Timestamp = "updatedAt",
            /// The names of the fields that were sent.
            changes: Vec<String> = "changes",
        }
        optional {}
    }
}

open_struct! {
    /// The answer to a delete.
    DeletedAgent {
        required {
            /// Its id.
            id: AgentId = "id",
            /// Its name.
            name: String = "name",
            /// When it was deleted.
            deleted_at: Timestamp = "deletedAt",
        }
        optional {
            /// The server's words.
            message: String = "message",
        }
    }
}
