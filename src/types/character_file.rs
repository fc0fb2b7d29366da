//! Character files: an agent's configuration as JSON, kept in version control.

use std::io::ErrorKind;
use std::path::Path;

use super::AgentConfig;
use crate::error::OrionError;

impl AgentConfig {
    /// Reads a character file's text. Fields that this version does not know are kept.
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
    /// [`OrionError::Config`] that names the field, line and column: text that is no JSON, a field
    /// of a wrong type, a missing or empty name.
    pub fn from_json_str(text: &str) -> Result<Self, OrionError> {
        read(text, "the character file")
    }

    /// Reads a character file: JSON in UTF-8, with or without a byte order mark.
    ///
    /// # Errors
    ///
    /// [`OrionError::Config`] that names the file: it cannot be read, or as
    /// [`from_json_str`](Self::from_json_str).
    pub fn from_json_file(path: impl AsRef<Path>) -> Result<Self, OrionError> {
        let path = path.as_ref();
        let file = format!("the character file {}", path.display());
        let text = std::fs::read_to_string(path).map_err(|error| {
            let advice = match error.kind() {
                ErrorKind::InvalidData => " (save it as UTF-8)",
                _ => "",
            };
            OrionError::config_with(format!("{file} cannot be read{advice}"), error)
        })?;
        read(&text, &file)
    }

    /// The text of a character file, indented, without a line break at its end.
    ///
    /// # Errors
    ///
    /// [`OrionError::Config`] if settings were given to
    /// [`platform_settings`](Self::platform_settings) that JSON cannot hold.
    pub fn to_json_string_pretty(&self) -> Result<String, OrionError> {
        serde_json::to_string_pretty(self).map_err(|error| {
            OrionError::config_with("the configuration cannot be written as JSON", error)
        })
    }
}

/// Reads the text of what an error calls `file`.
fn read(text: &str, file: &str) -> Result<AgentConfig, OrionError> {
    // Some editors begin a UTF-8 file with a byte order mark, which is no JSON.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut json = serde_json::Deserializer::from_str(text);
    let config: AgentConfig = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let message = match error.path().to_string().as_str() {
            "." => format!("{file} is not right"),
            path => format!("{file} is not right at {path}"),
        };
        OrionError::config_with(message, error.into_inner())
    })?;
    json.end().map_err(|error| {
        OrionError::config_with(format!("{file} goes on behind its object"), error)
    })?;
    if config.name.trim().is_empty() {
        return Err(OrionError::config(format!(
            "{file} is not right at name: an agent needs a name that is not empty"
        )));
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        AgentConfig::from_json_str(text).unwrap_err().to_string()
    }

    #[test]
    fn a_wrong_type_is_refused_with_path_line_and_column() {
        assert_eq!(
            refusal("{\n  \"name\": \"Ledger\",\n  \"personality\": {\"traits\": \"calm\"}\n}"),
            "the character file is not right at personality.traits: \
             invalid type: string \"calm\", expected a sequence at line 3 column 34"
        );
        assert_eq!(
            refusal(r#"{"name": "Ledger", "plugins": [{"enabled": true}]}"#),
            "the character file is not right at plugins[0]: \
             missing field `name` at line 1 column 48"
        );
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for text in ["", "[]", "null", "7", "\u{feff}", "{", "{\"name\": \"L\""] {
            let message = refusal(text);
            assert!(
                message.starts_with("the character file is not right"),
                "{message}"
            );
            assert!(message.contains(" at line 1 column "), "{message}");
        }
    }

    #[test]
    fn a_missing_or_empty_name_is_refused() {
        assert!(refusal("{}").contains("missing field `name`"));
        for text in [r#"{"name": ""}"#, r#"{"name": "  "}"#] {
            assert!(refusal(text).contains("an agent needs a name that is not empty"));
        }
    }

    #[test]
    fn text_behind_the_object_is_refused() {
        assert_eq!(
            refusal("{\"name\": \"Ledger\"}\n{}"),
            "the character file goes on behind its object: \
             trailing characters at line 2 column 1"
        );
    }

    #[test]
    fn a_byte_order_mark_is_accepted() {
        let config = AgentConfig::from_json_str("\u{feff}{\"name\": \"Ledger\"}").unwrap();
        assert_eq!(config, AgentConfig::new("Ledger"));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let error = AgentConfig::from_json_file("no/such/pilot.json").unwrap_err();
        let message = error.to_string();
        assert!(
            message.starts_with("the character file no/such/pilot.json cannot be read: "),
            "{message}"
        );
    }
}
