//! The wire's sets of words.

use super::open_enum::open_enum;

open_enum! {
    /// Whether an agent works.
    AgentStatus {
        /// It answers.
        Active = "active",
        /// It is switched off.
        Inactive = "inactive",
        /// It is broken.
        Error = "error",
    }
}

open_enum! {
    /// Who runs an agent's model.
    ModelProvider {
        /// OpenAI.
        OpenAi = "openai",
        /// Anthropic.
        Anthropic = "anthropic",
        /// Google's generative AI.
        GoogleGenAi = "google-genai",
        /// Ollama: models on one's own machine.
        Ollama = "ollama",
    }
}

open_enum! {
    /// Where an agent talks to people.
    Platform {
        /// Discord.
        Discord = "discord",
        /// Twitter.
        Twitter = "twitter",
        /// Telegram.
        Telegram = "telegram",
        /// Slack.
        Slack = "slack",
        /// WhatsApp.
        WhatsApp = "whatsapp",
    }
}

open_enum! {
    /// The envelope's `error.code` (contract, "Error codes").
    ErrorCode {
        /// A parameter is invalid; `details` names the field and the reason.
        InvalidRequest = "INVALID_REQUEST",
        /// The message's text is missing or empty.
        InvalidMessage = "INVALID_MESSAGE",
        /// The key is missing or invalid.
        Unauthorized = "UNAUTHORIZED",
        /// The key lacks the permission.
        Forbidden = "FORBIDDEN",
        /// The agent is protected from deletion.
        DeleteProtected = "DELETE_PROTECTED",
        /// The account's quota is used up; waiting does not help.
        InsufficientQuota = "INSUFFICIENT_QUOTA",
        /// No such agent.
        AgentNotFound = "AGENT_NOT_FOUND",
        /// No such route.
        NotFound = "NOT_FOUND",
        /// Too many requests; `details.retryAfter` in seconds.
        RateLimitExceeded = "RATE_LIMIT_EXCEEDED",
        /// The model provider failed.
        ModelError = "MODEL_ERROR",
        /// Anything else that broke.
        InternalError = "INTERNAL_ERROR",
        /// The agent does not answer.
        AgentUnavailable = "AGENT_UNAVAILABLE",
    }
}

/// What a list is sorted by (`sortBy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AgentSort {
    /// `createdAt`
    CreatedAt,
    /// `name`
    Name,
    /// `status`
    Status,
}

impl AgentSort {
    /// The wire's string.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreatedAt => "createdAt",
            Self::Name => "name",
            Self::Status => "status",
        }
    }
}

/// The direction of a list (`order`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Order {
    /// `asc`
    Asc,
    /// `desc`
    Desc,
}

impl Order {
    /// The wire's string.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asc => "asc",
            Self::Desc => "desc",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_trip_loses_nothing() {
        for value in [
            "active", "inactive", "error", "paused", "", "ACTIVE", "日本",
        ] {
            let status = AgentStatus::from(value);
            assert_eq!(status, value);
            let json = serde_json::to_string(&status).unwrap();
            assert_eq!(serde_json::from_str::<AgentStatus>(&json).unwrap(), status);
        }
    }

    #[test]
    fn a_known_value_given_as_other_is_the_known_value() {
        assert_eq!(AgentStatus::Other("active".into()), AgentStatus::Active);
        assert!(matches!(
            AgentStatus::from("active".to_owned()),
            AgentStatus::Active
        ));
    }
}
