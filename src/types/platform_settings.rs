//! The settings of the platforms that the contract describes; any other is a free-form object.

use super::open_struct::open_struct;

/// A setter for an optional field.
macro_rules! setters {
    ($name:ident { $( $field:ident: $type:ty = $wire:literal, )* } lists { $( $list:ident = $list_wire:literal, )* }) => {
        impl $name {
            /// None set.
            #[must_use]
            pub fn new() -> Self {
                Self::default()
            }

            $(
                #[doc = concat!("Sets `", $wire, "`.")]
                #[must_use]
                pub fn $field(mut self, value: impl Into<$type>) -> Self {
                    self.$field = Some(value.into());
                    self
                }
            )*

            $(
                #[doc = concat!("Sets `", $list_wire, "`.")]
                #[must_use]
                pub fn $list<S: Into<String>>(mut self, values: impl IntoIterator<Item = S>) -> Self {
                    self.$list = Some(values.into_iter().map(Into::into).collect());
                    self
                }
            )*
        }
    };
}

open_struct! {
    /// `settings.discord`
    ///
    /// ```
    /// use orionos::DiscordSettings;
    ///
    /// let settings = DiscordSettings::new().channels(["arrivals"]).command_prefix("!");
    /// ```
    #[derive(Default)]
    DiscordSettings {
        required {}
        optional {
            /// The channels that it reads.
            channels: Vec<String> = "channels",
            /// Whether it answers when it is mentioned.
            respond_to_mentions: bool = "respondToMentions",
            /// Whether it answers direct messages.
            respond_to_dms: bool = "respondToDMs",
            /// Whether it moderates.
            moderation_enabled: bool = "moderationEnabled",
            /// What its commands begin with.
            command_prefix: String = "commandPrefix",
        }
    }
}

setters! {
    DiscordSettings {
        respond_to_mentions: bool = "respondToMentions",
        respond_to_dms: bool = "respondToDMs",
        moderation_enabled: bool = "moderationEnabled",
        command_prefix: String = "commandPrefix",
    }
    lists { channels = "channels", }
}

open_struct! {
    /// `settings.twitter`
    ///
    /// ```
    /// use orionos::TwitterSettings;
    ///
    /// let settings = TwitterSettings::new().post_frequency("4h").target_hashtags(["#quay"]);
    /// ```
    #[derive(Default)]
    TwitterSettings {
        required {}
        optional {
            /// Whether it replies.
            enable_replies: bool = "enableReplies",
            /// Whether it answers mentions.
            enable_mentions: bool = "enableMentions",
            /// Whether it answers direct messages.
            enable_dms: bool = "enableDMs",
            /// Whether it likes posts by itself.
            auto_like: bool = "autoLike",
            /// Whether it reposts by itself.
            auto_retweet: bool = "autoRetweet",
            /// How often it posts, such as `4h`.
            post_frequency: String = "postFrequency",
            /// The hashtags that it follows.
            target_hashtags: Vec<String> = "targetHashtags",
        }
    }
}

setters! {
    TwitterSettings {
        enable_replies: bool = "enableReplies",
        enable_mentions: bool = "enableMentions",
        enable_dms: bool = "enableDMs",
        auto_like: bool = "autoLike",
        auto_retweet: bool = "autoRetweet",
        post_frequency: String = "postFrequency",
    }
    lists { target_hashtags = "targetHashtags", }
}

open_struct! {
    /// `settings.telegram`
    ///
    /// ```
    /// use orionos::TelegramSettings;
    ///
    /// let settings = TelegramSettings::new().group_ids(["@northquay"]).respond_to_commands(true);
    /// ```
    #[derive(Default)]
    TelegramSettings {
        required {}
        optional {
            /// The groups that it is in.
            group_ids: Vec<String> = "groupIds",
            /// Whether it answers commands.
            respond_to_commands: bool = "respondToCommands",
        }
    }
}

setters! {
    TelegramSettings { respond_to_commands: bool = "respondToCommands", }
    lists { group_ids = "groupIds", }
}
