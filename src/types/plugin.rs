//! A plugin of an agent.

use super::open_struct::{extra_setter, open_struct};
use serde_json::Value;

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
            /// The plugin's own configuration. The plugin defines its shape.
            config: Value = "config",
        }
    }
}

extra_setter!(Plugin);

impl Plugin {
    /// Returns an enabled plugin without a configuration.
    pub fn new(name: impl Into<String>) -> Self {
        let mut plugin = Self::with_required(name.into());
        plugin.enabled = Some(true);
        plugin
    }

    /// Sets whether the agent uses it. A new plugin is enabled.
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
