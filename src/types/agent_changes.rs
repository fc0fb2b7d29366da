//! The fields of an update.

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
