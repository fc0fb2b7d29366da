//! The settings of the platforms whose shape is documented.

use super::open_struct::{extra_setter, open_struct};
use super::strings::strings;

open_struct! {
    /// The settings of the platform `discord`.
    ///
    /// ```
    /// use orionos::DiscordSettings;
    ///
    /// let settings = DiscordSettings::new()
    ///     .channels(["arrivals", "help"])
    ///     .respond_to_mentions(true)
    ///     .command_prefix("!");
    /// assert_eq!(settings.respond_to_dms, None);
    /// ```
    #[derive(Default)]
    #[must_use = "a setter returns the changed value"]
    pub struct DiscordSettings {
        required {}
        optional {
            /// The channels that the agent is in.
            channels: Vec<String> = "channels",
            /// Whether it replies when it is mentioned.
            respond_to_mentions: bool = "respondToMentions",
            /// Whether it replies to direct messages.
            respond_to_dms: bool = "respondToDMs",
            /// Whether it moderates the channels.
            moderation_enabled: bool = "moderationEnabled",
            /// The text before a command, such as `!`.
            command_prefix: String = "commandPrefix",
        }
    }
}

extra_setter!(DiscordSettings);

impl DiscordSettings {
    /// Returns settings without any field set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the channels that the agent is in, replacing any earlier ones.
    pub fn channels<S: Into<String>>(mut self, channels: impl IntoIterator<Item = S>) -> Self {
        self.channels = Some(strings(channels));
        self
    }

    /// Sets whether it replies when it is mentioned.
    pub fn respond_to_mentions(mut self, respond: bool) -> Self {
        self.respond_to_mentions = Some(respond);
        self
    }

    /// Sets whether it replies to direct messages.
    pub fn respond_to_dms(mut self, respond: bool) -> Self {
        self.respond_to_dms = Some(respond);
        self
    }

    /// Sets whether it moderates the channels.
    pub fn moderation_enabled(mut self, enabled: bool) -> Self {
        self.moderation_enabled = Some(enabled);
        self
    }

    /// Sets the text before a command, such as `!`.
    pub fn command_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.command_prefix = Some(prefix.into());
        self
    }
}

open_struct! {
    /// The settings of the platform `twitter`.
    ///
    /// ```
    /// use orionos::TwitterSettings;
    ///
    /// let settings = TwitterSettings::new()
    ///     .enable_replies(true)
    ///     .post_frequency("4h")
    ///     .target_hashtags(["#harbour"]);
    /// assert_eq!(settings.post_frequency.as_deref(), Some("4h"));
    /// ```
    #[derive(Default)]
    #[must_use = "a setter returns the changed value"]
    pub struct TwitterSettings {
        required {}
        optional {
            /// Whether the agent replies to posts.
            enable_replies: bool = "enableReplies",
            /// Whether it replies when it is mentioned.
            enable_mentions: bool = "enableMentions",
            /// Whether it replies to direct messages.
            enable_dms: bool = "enableDMs",
            /// Whether it likes posts without being asked.
            auto_like: bool = "autoLike",
            /// Whether it reposts without being asked.
            auto_retweet: bool = "autoRetweet",
            /// How often it posts, such as `4h`.
            post_frequency: String = "postFrequency",
            /// The hashtags that it looks for.
            target_hashtags: Vec<String> = "targetHashtags",
        }
    }
}

extra_setter!(TwitterSettings);

impl TwitterSettings {
    /// Returns settings without any field set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether the agent replies to posts.
    pub fn enable_replies(mut self, enable: bool) -> Self {
        self.enable_replies = Some(enable);
        self
    }

    /// Sets whether it replies when it is mentioned.
    pub fn enable_mentions(mut self, enable: bool) -> Self {
        self.enable_mentions = Some(enable);
        self
    }

    /// Sets whether it replies to direct messages.
    pub fn enable_dms(mut self, enable: bool) -> Self {
        self.enable_dms = Some(enable);
        self
    }

    /// Sets whether it likes posts without being asked.
    pub fn auto_like(mut self, like: bool) -> Self {
        self.auto_like = Some(like);
        self
    }

    /// Sets whether it reposts without being asked.
    pub fn auto_retweet(mut self, retweet: bool) -> Self {
        self.auto_retweet = Some(retweet);
        self
    }

    /// Sets how often it posts, such as `4h`.
    pub fn post_frequency(mut self, frequency: impl Into<String>) -> Self {
        self.post_frequency = Some(frequency.into());
        self
    }

    /// Sets the hashtags that it looks for, replacing any earlier ones.
    pub fn target_hashtags<S: Into<String>>(
        mut self,
        hashtags: impl IntoIterator<Item = S>,
    ) -> Self {
        self.target_hashtags = Some(strings(hashtags));
        self
    }
}

open_struct! {
    /// The settings of the platform `telegram`.
    ///
    /// ```
    /// use orionos::TelegramSettings;
    ///
    /// let settings = TelegramSettings::new().group_ids(["@northquay"]).respond_to_commands(true);
    /// assert_eq!(settings.respond_to_commands, Some(true));
    /// ```
    #[derive(Default)]
    #[must_use = "a setter returns the changed value"]
    pub struct TelegramSettings {
        required {}
        optional {
            /// The groups that the agent is in.
            group_ids: Vec<String> = "groupIds",
            /// Whether it responds to commands.
            respond_to_commands: bool = "respondToCommands",
        }
    }
}

extra_setter!(TelegramSettings);

impl TelegramSettings {
    /// Returns settings without any field set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the groups that the agent is in, replacing any earlier ones.
    pub fn group_ids<S: Into<String>>(mut self, groups: impl IntoIterator<Item = S>) -> Self {
        self.group_ids = Some(strings(groups));
        self
    }

    /// Sets whether it responds to commands.
    pub fn respond_to_commands(mut self, respond: bool) -> Self {
        self.respond_to_commands = Some(respond);
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{json, to_value};

    use super::*;

    #[test]
    fn the_setters_write_the_json_names() {
        let discord = DiscordSettings::new()
            .channels(["help"])
            .respond_to_mentions(true)
            .respond_to_dms(false)
            .moderation_enabled(true)
            .command_prefix("!");
        assert_eq!(
            to_value(discord).unwrap(),
            json!({
                "channels": ["help"], "respondToMentions": true, "respondToDMs": false,
                "moderationEnabled": true, "commandPrefix": "!",
            })
        );
        let twitter = TwitterSettings::new()
            .enable_replies(true)
            .enable_mentions(false)
            .enable_dms(true)
            .auto_like(false)
            .auto_retweet(true)
            .post_frequency("4h")
            .target_hashtags(["#quay"]);
        assert_eq!(
            to_value(twitter).unwrap(),
            json!({
                "enableReplies": true, "enableMentions": false, "enableDMs": true,
                "autoLike": false, "autoRetweet": true, "postFrequency": "4h",
                "targetHashtags": ["#quay"],
            })
        );
        let telegram = TelegramSettings::new()
            .group_ids(["@quay"])
            .respond_to_commands(false)
            .extra("silent", true);
        assert_eq!(
            to_value(telegram).unwrap(),
            json!({"groupIds": ["@quay"], "respondToCommands": false, "silent": true})
        );
    }
}
