//! A plugin of an agent.

use serde_json::Value;

use super::open_struct::open_struct;

open_struct! {
    /// A plugin of an agent.
    ///
    /// ```
    /// use orionos::Plugin;
    /// use serde_json::json;
    ///
    /// let plugin = Plugin::new("@orionos/plugin-evm").config(json!({"chain": "test"}));
    /// ```
    Plugin {
        required {
            /// Its package's name.
            name: String = "name",
            /// Whether the agent uses it.
            enabled: bool = "enabled",
        }
        optional {
            /// Its settings, of any shape.
            config: Value = "config",
        }
    }
}

impl Plugin {
    /// An enabled plugin without settings.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            enabled: true,
            config: None,
            extra: serde_json::Map::new(),
        }
    }

    /// Sets `enabled`.
    #[must_use]
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// Sets `config`.
    #[must_use]
    pub fn config(mut self, config: impl Into<Value>) -> Self {
        self.config = Some(config.into());
        self
    }
}
