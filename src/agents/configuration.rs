//! What create and update have in common: the configuration's fields and their setters.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::OrionError;
use crate::request::json;
use crate::types::AgentConfig;

/// The body of a create or an update. A field is absent, null or a value: three different things.
#[derive(Debug, Clone, Default)]
pub(super) struct ConfigurationBody {
    fields: Map<String, Value>,
    /// The first value that JSON cannot hold, and why; reported when the call is made.
    bad_field: Option<(String, String)>,
}

impl ConfigurationBody {
    pub(super) fn from_config(config: &AgentConfig) -> Self {
        let mut body = Self::default();
        match serde_json::to_value(config) {
            Ok(Value::Object(fields)) => body.fields = fields,
            Ok(_) => {}
            Err(error) => body.bad_field = Some(("settings".to_owned(), error.to_string())),
        }
        body
    }

    pub(super) fn set(&mut self, field: &str, value: impl Serialize) {
        if let Some(value) = self.encode(field, value) {
            self.fields.insert(field.to_owned(), value);
        }
    }

    pub(super) fn clear(&mut self, field: &str) {
        self.fields.insert(field.to_owned(), Value::Null);
    }

    pub(super) fn push(&mut self, field: &str, value: impl Serialize) {
        if let Some(value) = self.encode(field, value) {
            match self.fields.get_mut(field) {
                Some(Value::Array(items)) => items.push(value),
                _ => {
                    self.fields
                        .insert(field.to_owned(), Value::Array(vec![value]));
                }
            }
        }
    }

    pub(super) fn set_in(&mut self, field: &str, key: &str, value: impl Serialize) {
        if let Some(value) = self.encode(field, value) {
            match self.fields.get_mut(field) {
                Some(Value::Object(entries)) => {
                    entries.insert(key.to_owned(), value);
                }
                _ => {
                    let entries = Map::from_iter([(key.to_owned(), value)]);
                    self.fields.insert(field.to_owned(), Value::Object(entries));
                }
            }
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.fields.extend(other.fields);
        self.bad_field = self.bad_field.take().or(other.bad_field);
    }

    fn encode(&mut self, field: &str, value: impl Serialize) -> Option<Value> {
        match serde_json::to_value(value) {
            Ok(value) => Some(value),
            Err(error) => {
                self.bad_field.get_or_insert_with(|| {
                    (
                        field.to_owned(),
                        format!("cannot be written as JSON: {error}"),
                    )
                });
                None
            }
        }
    }

    pub(super) fn to_json(&self) -> Result<Bytes, OrionError> {
        if let Some((field, reason)) = &self.bad_field {
            return Err(OrionError::invalid(field, reason));
        }
        match self.fields.get("name") {
            Some(Value::String(name)) if name.trim().is_empty() => {
                return Err(OrionError::invalid("name", "must not be empty"));
            }
            Some(Value::Null) => {
                return Err(OrionError::invalid("name", "an agent always has a name"));
            }
            _ => {}
        }
        json(&self.fields)
    }
}

/// The setters of every configuration field, for a builder with a `body`.
macro_rules! configuration_setters {
    ($builder:ident) => {
        impl $builder {
            /// `bio`: what the agent says of itself, a sentence an item.
            pub fn bio<S: Into<String>>(mut self, bio: impl IntoIterator<Item = S>) -> Self {
                self.body
                    .set("bio", crate::agents::configuration::strings(bio));
                self
            }

            /// `personality`: traits, style, tone, adjectives, voice.
            pub fn personality(mut self, personality: crate::types::Personality) -> Self {
                self.body.set("personality", personality);
                self
            }

            /// `knowledge`: what the agent knows about.
            pub fn knowledge<S: Into<String>>(
                mut self,
                knowledge: impl IntoIterator<Item = S>,
            ) -> Self {
                self.body.set(
                    "knowledge",
                    crate::agents::configuration::strings(knowledge),
                );
                self
            }

            /// `goals`: what the agent is for.
            pub fn goals<S: Into<String>>(mut self, goals: impl IntoIterator<Item = S>) -> Self {
                self.body
                    .set("goals", crate::agents::configuration::strings(goals));
                self
            }

            /// `clients`: the platforms that the agent is on.
            pub fn clients<P: Into<crate::types::Platform>>(
                mut self,
                clients: impl IntoIterator<Item = P>,
            ) -> Self {
                let clients: Vec<crate::types::Platform> =
                    clients.into_iter().map(Into::into).collect();
                self.body.set("clients", clients);
                self
            }

            /// `settings.{platform}`: a platform's settings, typed or of any shape that serializes.
            /// Calling it again adds another platform.
            pub fn platform_settings(
                mut self,
                platform: impl Into<crate::types::Platform>,
                settings: impl serde::Serialize,
            ) -> Self {
                let platform = platform.into();
                self.body.set_in("settings", platform.as_str(), settings);
                self
            }

            /// `modelProvider`: who runs the model.
            pub fn model_provider(
                mut self,
                provider: impl Into<crate::types::ModelProvider>,
            ) -> Self {
                self.body.set("modelProvider", provider.into());
                self
            }

            /// `model`: the provider's name of the model.
            pub fn model(mut self, model: impl Into<String>) -> Self {
                self.body.set("model", model.into());
                self
            }

            /// `modelSettings`: temperature, token limit and the like.
            pub fn model_settings(mut self, settings: crate::types::ModelSettings) -> Self {
                self.body.set("modelSettings", settings);
                self
            }

            /// `plugins`: adds one.
            pub fn plugin(mut self, plugin: crate::types::Plugin) -> Self {
                self.body.push("plugins", plugin);
                self
            }

            /// `plugins`: all of them.
            pub fn plugins(
                mut self,
                plugins: impl IntoIterator<Item = crate::types::Plugin>,
            ) -> Self {
                let plugins: Vec<crate::types::Plugin> = plugins.into_iter().collect();
                self.body.set("plugins", plugins);
                self
            }

            /// `actions`: adds one.
            pub fn action(mut self, action: crate::types::Action) -> Self {
                self.body.push("actions", action);
                self
            }

            /// `actions`: all of them.
            pub fn actions(
                mut self,
                actions: impl IntoIterator<Item = crate::types::Action>,
            ) -> Self {
                let actions: Vec<crate::types::Action> = actions.into_iter().collect();
                self.body.set("actions", actions);
                self
            }

            /// A field that this version does not know, by its wire name.
            pub fn extra(mut self, name: impl AsRef<str>, value: impl serde::Serialize) -> Self {
                self.body.set(name.as_ref(), value);
                self
            }
        }
    };
}
pub(super) use configuration_setters;

pub(super) fn strings<S: Into<String>>(items: impl IntoIterator<Item = S>) -> Vec<String> {
    items.into_iter().map(Into::into).collect()
}
