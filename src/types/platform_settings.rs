//! The settings of the platforms, which can have any shape.

use std::collections::BTreeMap;
use std::ops::Deref;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess};
use serde::ser::{Error, Serialize, Serializer};
use serde_json::{Map, Value};

use super::Platform;
use super::lenient::{Accept, Lenient, Reading};
use crate::error::OrionError;

/// The settings of the platforms: a JSON object whose keys are platforms.
///
/// It can be read like a [`serde_json::Map`]. [`set`](Self::set) takes the typed settings of a
/// platform, or any other value that serializes to JSON.
///
/// ```
/// use orionos::{DiscordSettings, PlatformSettings};
///
/// let mut settings = PlatformSettings::default();
/// settings.set("discord", DiscordSettings::new().channels(["arrivals"]));
/// assert_eq!(settings["discord"]["channels"][0], "arrivals");
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PlatformSettings {
    by_platform: Map<String, Value>,
    /// Why some settings that were set are not in the map, by platform.
    unwritable: BTreeMap<String, String>,
}

impl PlatformSettings {
    /// Sets the settings of one platform, replacing any earlier ones of that platform.
    ///
    /// Settings that JSON cannot express (for example, a map whose keys are not strings) are not
    /// silently lost: the call or the character file that they are written to fails and says why.
    pub fn set(&mut self, platform: impl Into<Platform>, settings: impl Serialize) {
        let platform = platform.into().to_string();
        match serde_json::to_value(settings) {
            Ok(settings) => {
                self.unwritable.remove(&platform);
                self.by_platform.insert(platform, settings);
            }
            Err(error) => {
                self.by_platform.remove(&platform);
                self.unwritable.insert(platform, error.to_string());
            }
        }
    }

    /// Returns the settings of one platform as a type, for what may have no settings at all.
    pub(super) fn read<T: DeserializeOwned>(
        settings: Option<&Self>,
        platform: &Platform,
    ) -> Result<Option<T>, OrionError> {
        let Some(value) = settings.and_then(|settings| settings.get(platform.as_str())) else {
            return Ok(None);
        };
        serde_path_to_error::deserialize(value)
            .map(Some)
            .map_err(|error| {
                let place = match error.path().to_string().as_str() {
                    "." => String::new(),
                    path => format!(".{path}"),
                };
                OrionError::config_with(
                    format!("settings.{platform}{place} cannot be read as the requested type"),
                    error.into_inner(),
                )
            })
    }

    /// Removes the settings of one platform and returns them.
    pub fn remove(&mut self, platform: impl Into<Platform>) -> Option<Value> {
        let platform = platform.into();
        self.unwritable.remove(platform.as_str());
        self.by_platform.remove(platform.as_str())
    }
}

impl Deref for PlatformSettings {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Map<String, Value> {
        &self.by_platform
    }
}

impl From<Map<String, Value>> for PlatformSettings {
    fn from(by_platform: Map<String, Value>) -> Self {
        Self {
            by_platform,
            unwritable: BTreeMap::new(),
        }
    }
}

impl Serialize for PlatformSettings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some((platform, reason)) = self.unwritable.first_key_value() {
            return Err(S::Error::custom(format_args!(
                "settings.{platform} cannot be written as JSON: {reason}"
            )));
        }
        self.by_platform.serialize(serializer)
    }
}

impl Lenient for PlatformSettings {
    const EXPECTED: &'static str = "an object with one entry per platform";
    const IS_COMPOUND: bool = true;

    fn from_object<'de, A: MapAccess<'de>>(
        object: A,
        _accept: Accept,
    ) -> Result<Reading<Self>, A::Error> {
        let by_platform = Map::deserialize(MapAccessDeserializer::new(object))?;
        Ok(Reading::Exact(Self::from(by_platform)))
    }
}

impl<'de> Deserialize<'de> for PlatformSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Map::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_json::{json, to_value};

    use super::*;
    use crate::types::DiscordSettings;

    fn unwritable() -> HashMap<Vec<u8>, u8> {
        HashMap::from([(vec![1], 1)])
    }

    #[test]
    fn settings_that_json_cannot_express_fail_when_they_are_written() {
        let mut settings = PlatformSettings::default();
        settings.set(Platform::Slack, json!({"workspace": "dock"}));
        settings.set("matrix", unwritable());
        assert_eq!(
            to_value(&settings).unwrap_err().to_string(),
            "settings.matrix cannot be written as JSON: key must be a string"
        );
    }

    #[test]
    fn settings_that_cannot_be_read_as_a_type_are_an_error_that_names_the_field() {
        let mut settings = PlatformSettings::default();
        settings.set("matrix", json!({"rooms": ["help", 7]}));
        let error = PlatformSettings::read::<HashMap<String, Vec<String>>>(
            Some(&settings),
            &Platform::from("matrix"),
        )
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "settings.matrix.rooms[1] cannot be read as the requested type: \
             invalid type: integer `7`, expected a string"
        );
    }

    #[test]
    fn typed_settings_keep_a_value_of_another_type() {
        let mut settings = PlatformSettings::default();
        settings.set("discord", json!({"channels": "help", "commandPrefix": "!"}));
        let discord =
            PlatformSettings::read::<DiscordSettings>(Some(&settings), &Platform::Discord)
                .unwrap()
                .unwrap();
        assert_eq!(discord.command_prefix.as_deref(), Some("!"));
        assert_eq!(discord.channels, None);
        assert_eq!(discord.extra["channels"], "help");
    }

    #[test]
    fn settings_of_a_platform_without_any_are_none() {
        let settings = PlatformSettings::default();
        for settings in [None, Some(&settings)] {
            let read = PlatformSettings::read::<DiscordSettings>(settings, &Platform::Discord);
            assert_eq!(read.unwrap(), None);
        }
    }

    #[test]
    fn settings_that_are_set_again_count_alone() {
        let mut settings = PlatformSettings::default();
        settings.set("matrix", unwritable());
        settings.set("matrix", json!({"rooms": []}));
        assert_eq!(
            to_value(&settings).unwrap(),
            json!({"matrix": {"rooms": []}})
        );

        settings.set("matrix", unwritable());
        assert_eq!(settings.remove("matrix"), None);
        assert_eq!(to_value(&settings).unwrap(), json!({}));
    }
}
