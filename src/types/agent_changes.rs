//! The fields of an update.

use serde_json::Value;

use super::configuration_fields::{configuration_fields, move_configuration};
use super::open_struct::{OpenStruct, open_struct};
use super::{AgentConfig, AgentStatus};

configuration_fields! {
    open_struct! {
        /// The fields that an update sends. A field that is cleared is null in `extra`.
        #[derive(Default)]
        pub(crate) struct AgentChanges {
            required {}
            optional {
                /// The agent's name.
                name: String = "name",
                /// Whether the agent replies to messages.
                status: AgentStatus = "status",
            }
        }
    }
}

impl AgentChanges {
    /// Returns the changes after which an agent is exactly the target. What it has and the target does
    /// not have becomes null, also among the platforms of `settings`: some servers merge them.
    pub(crate) fn replacing(current: &AgentConfig, target: &AgentConfig) -> Self {
        let mut wanted = target.to_fields();
        wanted.retain(|_, value| !value.is_null());
        for (name, value) in current.to_fields() {
            if value.is_null() {
                continue;
            }
            match (wanted.get_mut(&name), value) {
                (None, _) => drop(wanted.insert(name, Value::Null)),
                (Some(Value::Object(wanted)), Value::Object(platforms)) if name == "settings" => {
                    for (platform, _) in platforms {
                        wanted.entry(platform).or_insert(Value::Null);
                    }
                }
                _ => {}
            }
        }
        let mut changes = Self::default();
        for (name, value) in wanted {
            changes.set_field(name, value);
        }
        changes
    }

    /// Sets every field that the other changes have.
    pub(crate) fn override_with(&mut self, mut others: Self) {
        let changes = self;
        if let Some(name) = others.name {
            changes.name = Some(name);
            changes.extra.remove("name");
        }
        if let Some(status) = others.status {
            changes.status = Some(status);
            changes.extra.remove("status");
        }
        move_configuration!(others => changes);
        for (name, value) in others.extra {
            changes.set_field(name, value);
        }
    }

    /// Sets every field that the configuration has.
    pub(crate) fn apply(&mut self, mut config: AgentConfig) {
        let changes = self;
        changes.name = Some(config.name);
        changes.extra.remove("name");
        move_configuration!(config => changes);
        for (name, value) in config.extra {
            changes.set_field(name, value);
        }
    }
}
