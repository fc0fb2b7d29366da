//! How an update treats the settings of platforms.

/// What an update does with `settings`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SettingsUpdate {
    /// Replaces the settings of the platforms that are sent, and removes those that are null. Other
    /// platforms are unchanged.
    #[default]
    Merge,
    /// Replaces all settings.
    Replace,
}

impl std::str::FromStr for SettingsUpdate {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "merge" => Ok(Self::Merge),
            "replace" => Ok(Self::Replace),
            _ => Err(format!(
                "unknown settings update {name:?}; expected merge or replace"
            )),
        }
    }
}
