//! Character files: an agent's configuration as JSON, kept in version control.

use std::io::ErrorKind;
use std::path::Path;

use serde_json::error::Category;
use serde_path_to_error::Track;

use super::AgentConfig;
use super::lenient::{Accept, Lenient, Reading};
use crate::error::OrionError;

impl AgentConfig {
    /// Reads the text of a character file.
    ///
    /// Fields that this version does not know are kept. The fields that only the server sets (id,
    /// status, times, metrics) are dropped, so an agent that was downloaded as JSON can be read too.
    ///
    /// Unlike in a response, a value of the wrong type is an error: a person can fix it.
    ///
    /// ```
    /// # fn main() -> Result<(), orionos::OrionError> {
    /// use orionos::AgentConfig;
    ///
    /// let config = AgentConfig::from_json_str(r#"{"name": "Quartermaster", "goals": []}"#)?;
    /// assert_eq!(config.name, "Quartermaster");
    ///
    /// let error = AgentConfig::from_json_str(r#"{"name": "Quartermaster", "goals": [7]}"#);
    /// assert!(error.unwrap_err().to_string().contains("goals[0]"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns [`OrionError::Config`], with the field, line and column, if the text is not JSON, if
    /// a field has the wrong type, or if the name is missing or empty.
    pub fn from_json_str(text: &str) -> Result<Self, OrionError> {
        read(text, "character file")
    }

    /// Reads a character file: JSON in UTF-8, with or without a byte order mark.
    ///
    /// # Errors
    ///
    /// Returns [`OrionError::Config`], which names the file, if the file cannot be read, and for the
    /// reasons given for [`from_json_str`](Self::from_json_str).
    pub fn from_json_file(path: impl AsRef<Path>) -> Result<Self, OrionError> {
        let path = path.as_ref();
        let file = format!("character file {}", path.display());
        let text = std::fs::read_to_string(path).map_err(|error| {
            let advice = match error.kind() {
                ErrorKind::InvalidData => " (save it as UTF-8)",
                _ => "",
            };
            OrionError::config_with(format!("cannot read the {file}{advice}"), error)
        })?;
        read(&text, &file)
    }

    /// Returns the text of a character file, indented, without a line break at its end.
    ///
    /// # Errors
    ///
    /// Returns [`OrionError::Config`] if [`platform_settings`](Self::platform_settings) was given
    /// settings that JSON cannot express.
    pub fn to_json_string_pretty(&self) -> Result<String, OrionError> {
        serde_json::to_string_pretty(self).map_err(|error| {
            OrionError::config_with("cannot write the configuration as JSON", error)
        })
    }
}

/// Reads the text of what an error calls `file`.
fn read(text: &str, file: &str) -> Result<AgentConfig, OrionError> {
    // Some editors put a byte order mark before UTF-8 text. It is not part of the JSON.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut json = serde_json::Deserializer::from_str(text);
    let mut track = Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut json, &mut track);
    let mut config = match AgentConfig::read(tracked, Accept::Typed) {
        Ok(Reading::Exact(config) | Reading::Respelled(config, _)) => config,
        Ok(Reading::Other(_)) => {
            return Err(OrionError::config(format!(
                "invalid {file}: expected {}",
                AgentConfig::EXPECTED
            )));
        }
        Err(error) => {
            let path = track.path().to_string();
            let message = match error.classify() {
                // Where the JSON itself is broken, the path to the place is not reliable.
                Category::Syntax | Category::Eof | Category::Io => {
                    format!("the {file} is not valid JSON, correct its syntax")
                }
                Category::Data if path == "." => format!("invalid {file}"),
                Category::Data => format!("invalid {file} at {path}"),
            };
            return Err(OrionError::config_with(message, error));
        }
    };
    json.end().map_err(|error| {
        OrionError::config_with(format!("the {file} has text after its JSON object"), error)
    })?;
    if config.name.trim().is_empty() {
        return Err(OrionError::config(format!(
            "invalid {file} at name: expected a name that is not empty"
        )));
    }
    config.remove_server_fields();
    Ok(config)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rejection(text: &str) -> String {
        AgentConfig::from_json_str(text).unwrap_err().to_string()
    }

    #[test]
    fn a_wrong_type_is_rejected_with_path_line_and_column() {
        for (text, message) in [
            (
                "{\n  \"name\": \"Ledger\",\n  \"personality\": {\"traits\": \"calm\"}\n}",
                "invalid character file at personality.traits: \
                 invalid type: string \"calm\", expected a list at line 3 column 34",
            ),
            (
                r#"{"name": "Ledger", "plugins": [{"enabled": true}]}"#,
                "invalid character file at plugins[0]: missing field `name` at line 1 column 48",
            ),
            (
                r#"{"name": "Ledger", "modelSettings": {"maxTokens": -1}}"#,
                "invalid character file at modelSettings.maxTokens: invalid type: integer `-1`, \
                 expected a whole number that is not negative at line 1 column 52",
            ),
            (
                r#"{"name": "Ledger", "actions": [{"name": "count", "examples": [7]}]}"#,
                "invalid character file at actions[0].examples[0]: \
                 invalid type: integer `7`, expected a string at line 1 column 63",
            ),
            (
                r#"{"name": "Ledger", "goals": ["Count", null]}"#,
                "invalid character file at goals[1]: \
                 invalid type: null, expected a string at line 1 column 42",
            ),
            (
                r#"{"name": null}"#,
                "invalid character file at name: \
                 invalid type: null, expected a string at line 1 column 13",
            ),
            (
                r#"{"name": "Ledger", "bio": [], "bio": []}"#,
                "invalid character file: duplicate field `bio` at line 1 column 35",
            ),
        ] {
            assert_eq!(rejection(text), message);
        }
    }

    #[test]
    fn broken_json_is_rejected_with_line_and_column() {
        for (text, reason) in [
            (
                "{\n  \"name\": \"Ledger\",\n  \"goals\": [\"Count\",]\n}",
                "trailing comma at line 3 column 21",
            ),
            (
                "{\n  \"name\": \"Ledger\",\n}",
                "trailing comma at line 3 column 1",
            ),
            ("{\"name\": 'Ledger'}", "expected value at line 1 column 10"),
            (
                "{\"name\": \"Ledger\"",
                "EOF while parsing an object at line 1 column 17",
            ),
        ] {
            assert_eq!(
                rejection(text),
                format!("the character file is not valid JSON, correct its syntax: {reason}")
            );
        }
    }

    #[test]
    fn what_is_not_an_object_is_rejected_with_line_and_column() {
        for text in ["", "[]", "null", "7", "\u{feff}", "{", "{\"name\": \"L\""] {
            let message = rejection(text);
            assert!(message.contains("character file"), "{message}");
            assert!(message.contains(" at line 1 column "), "{message}");
        }
    }

    #[test]
    fn a_missing_or_empty_name_is_rejected() {
        assert!(rejection("{}").contains("missing field `name`"));
        for text in [r#"{"name": ""}"#, r#"{"name": "  "}"#] {
            assert!(rejection(text).contains("expected a name that is not empty"));
        }
    }

    #[test]
    fn text_after_the_object_is_rejected() {
        assert_eq!(
            rejection("{\"name\": \"Ledger\"}\n{}"),
            "the character file has text after its JSON object: \
             trailing characters at line 2 column 1"
        );
    }

    #[test]
    fn a_byte_order_mark_is_accepted() {
        let config = AgentConfig::from_json_str("\u{feff}{\"name\": \"Ledger\"}").unwrap();
        assert_eq!(config, AgentConfig::new("Ledger"));
    }

    #[test]
    fn null_and_whole_numbers_in_another_form_are_accepted_and_written_back() {
        let file = json!({"name": "Ledger", "bio": null, "modelSettings": {"maxTokens": 256.0}});
        let config = AgentConfig::from_json_str(&file.to_string()).unwrap();
        assert_eq!(config.bio, None);
        let settings = config.model_settings.as_ref().unwrap();
        assert_eq!(settings.max_tokens, Some(256));
        assert_eq!(serde_json::to_value(&config).unwrap(), file);
    }

    #[test]
    fn a_downloaded_agent_loads_without_the_fields_that_the_server_sets() {
        let agent = json!({
            "id": "agent_1", "name": "Ledger", "status": "active", "createdAt": null,
            "updatedAt": 1772439330, "apiEndpoint": "https://api.example/agents/agent_1",
            "metrics": {"totalMessages": 7}, "bio": ["I count."], "region": "eu-north",
        });
        let config = AgentConfig::from_json_str(&agent.to_string()).unwrap();
        assert_eq!(
            serde_json::to_value(config).unwrap(),
            json!({"name": "Ledger", "bio": ["I count."], "region": "eu-north"})
        );
    }

    #[test]
    fn an_error_names_the_file() {
        let error = AgentConfig::from_json_file("no/such/pilot.json").unwrap_err();
        let message = error.to_string();
        assert!(
            message.starts_with("cannot read the character file no/such/pilot.json: "),
            "{message}"
        );

        let path = std::env::temp_dir().join(format!("orionos-pilot-{}.json", std::process::id()));
        std::fs::write(&path, "{\"name\": \"Pilot\",}").unwrap();
        let message = AgentConfig::from_json_file(&path).unwrap_err().to_string();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(
            message,
            format!(
                "the character file {} is not valid JSON, correct its syntax: \
                 trailing comma at line 1 column 18",
                path.display()
            )
        );
    }
}
