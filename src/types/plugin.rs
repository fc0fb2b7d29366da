//! A plugin of an agent.

use super::open_struct::{extra_setter, open_struct};
use serde_json::{Map, Value};

open_struct! {
    /// A plugin of an agent.
    ///
    /// ```
    /// use orionos::Plugin;
    /// use serde_json::json;
    ///
    /// let plugin = Plugin::new("@orionos/plugin-web-scraper")
    ///     .config(json!({"domains": ["tides.example"]}));
    /// assert_eq!(plugin.enabled, Some(true));
    /// ```
    #[must_use = "a setter returns the changed value"]
    pub struct Plugin {
        required {
            /// The plugin's package name, such as `@orionos/plugin-evm`.
            name: String = "name",
        }
        optional {
            /// Whether the agent uses it.
            enabled: bool = "enabled",
            /// The plugin's own configuration, of a shape that the plugin defines.
            config: Value = "config",
        }
    }
}

extra_setter!(Plugin);

impl Plugin {
    /// An enabled plugin without a configuration of its own.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            enabled: Some(true),
            config: None,
            extra: Map::new(),
        }
    }

    /// Sets whether the agent uses it; a new plugin is enabled.
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = Some(enabled);
        self
    }

    /// Sets the plugin's own configuration.
    pub fn config(mut self, config: impl Into<Value>) -> Self {
        self.config = Some(config.into());
        self
    }
}
