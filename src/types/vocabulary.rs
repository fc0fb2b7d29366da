//! Words to which the API can add: statuses, model providers, platforms and error codes.

use super::open_enum::open_enum;

open_enum! {
    /// The status of an agent.
    ///
    /// ```
    /// use orionos::AgentStatus;
    ///
    /// assert_eq!(AgentStatus::from("inactive"), AgentStatus::Inactive);
    /// assert_eq!(AgentStatus::from("paused").as_str(), "paused");
    /// ```
    pub enum AgentStatus ("an agent's status") {
        /// The agent replies to messages.
        Active = "active",
        /// The agent was switched off.
        Inactive = "inactive",
        /// The agent failed. Only the server sets this status; an update cannot.
        Error = "error",
    }
}

open_enum! {
    /// Who runs the model of an agent.
    ///
    /// ```
    /// use orionos::ModelProvider;
    ///
    /// assert_eq!(ModelProvider::GoogleGenAi.to_string(), "google-genai");
    /// ```
    pub enum ModelProvider ("a model provider") {
        /// OpenAI.
        OpenAi = "openai",
        /// Anthropic.
        Anthropic = "anthropic",
        /// Google's generative AI.
        GoogleGenAi = "google-genai",
        /// Ollama: models on your own machine.
        Ollama = "ollama",
    }
}

open_enum! {
    /// A platform on which an agent can be reached. It is also the key of the platform's settings.
    ///
    /// ```
    /// use orionos::Platform;
    ///
    /// assert_eq!(Platform::from("slack"), Platform::Slack);
    /// assert_eq!(Platform::from("matrix"), Platform::Other("matrix".into()));
    /// ```
    pub enum Platform ("a platform") {
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
    /// The `code` of an API error.
    ///
    /// ```
    /// use orionos::ErrorCode;
    ///
    /// assert_eq!(ErrorCode::from("DELETE_PROTECTED"), ErrorCode::DeleteProtected);
    /// assert_eq!(ErrorCode::from("EMBEDDING_STORE_OFFLINE"), "EMBEDDING_STORE_OFFLINE");
    /// ```
    pub enum ErrorCode ("an error code") {
        /// A parameter is invalid. `details.field` and `details.reason` say which one and why.
        InvalidRequest = "INVALID_REQUEST",
        /// The text of a message is missing or empty.
        InvalidMessage = "INVALID_MESSAGE",
        /// The API key is missing or invalid.
        Unauthorized = "UNAUTHORIZED",
        /// The API key lacks the permission; for example, it is a read-only key.
        Forbidden = "FORBIDDEN",
        /// The agent is protected from deletion. `details.protection` and `details.reason` say how.
        DeleteProtected = "DELETE_PROTECTED",
        /// The account has as many agents as its quota allows. Waiting does not help.
        InsufficientQuota = "INSUFFICIENT_QUOTA",
        /// No agent has this id.
        AgentNotFound = "AGENT_NOT_FOUND",
        /// The API has no such route.
        NotFound = "NOT_FOUND",
        /// There were too many requests. `details.retryAfter` says how many seconds to wait.
        RateLimitExceeded = "RATE_LIMIT_EXCEEDED",
        /// The model provider failed.
        ModelError = "MODEL_ERROR",
        /// Something else failed in the server.
        InternalError = "INTERNAL_ERROR",
        /// The agent does not reply. `details.status` and `details.reason` say why.
        AgentUnavailable = "AGENT_UNAVAILABLE",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashSet};

    use super::*;

    #[test]
    fn every_known_value_has_its_json_string() {
        let codes = [
            (ErrorCode::InvalidRequest, "INVALID_REQUEST"),
            (ErrorCode::InvalidMessage, "INVALID_MESSAGE"),
            (ErrorCode::Unauthorized, "UNAUTHORIZED"),
            (ErrorCode::Forbidden, "FORBIDDEN"),
            (ErrorCode::DeleteProtected, "DELETE_PROTECTED"),
            (ErrorCode::InsufficientQuota, "INSUFFICIENT_QUOTA"),
            (ErrorCode::AgentNotFound, "AGENT_NOT_FOUND"),
            (ErrorCode::NotFound, "NOT_FOUND"),
            (ErrorCode::RateLimitExceeded, "RATE_LIMIT_EXCEEDED"),
            (ErrorCode::ModelError, "MODEL_ERROR"),
            (ErrorCode::InternalError, "INTERNAL_ERROR"),
            (ErrorCode::AgentUnavailable, "AGENT_UNAVAILABLE"),
        ];
        for (code, json) in codes {
            assert_eq!(code.as_str(), json);
            assert!(!matches!(ErrorCode::from(json), ErrorCode::Other(_)));
        }
        let words = [
            AgentStatus::Active.to_string(),
            AgentStatus::Inactive.to_string(),
            AgentStatus::Error.to_string(),
            ModelProvider::OpenAi.to_string(),
            ModelProvider::Anthropic.to_string(),
            ModelProvider::GoogleGenAi.to_string(),
            ModelProvider::Ollama.to_string(),
            Platform::Discord.to_string(),
            Platform::Twitter.to_string(),
            Platform::Telegram.to_string(),
            Platform::Slack.to_string(),
            Platform::WhatsApp.to_string(),
        ];
        assert_eq!(
            words.join(" "),
            "active inactive error openai anthropic google-genai ollama \
             discord twitter telegram slack whatsapp"
        );
    }

    #[test]
    fn an_other_with_a_known_value_equals_the_known_value() {
        let by_hand = AgentStatus::Other("active".into());
        assert_eq!(by_hand, AgentStatus::Active);
        assert_eq!(
            HashSet::from([by_hand.clone(), AgentStatus::Active]).len(),
            1
        );
        assert_eq!(BTreeSet::from([by_hand, AgentStatus::Active]).len(), 1);
    }

    #[test]
    fn upper_and_lower_case_are_different_values() {
        assert_eq!(AgentStatus::from("Active").as_str(), "Active");
        assert_ne!(AgentStatus::from("Active"), AgentStatus::Active);
    }

    #[test]
    fn a_value_that_is_not_a_string_is_rejected_with_what_was_expected() {
        let error = serde_json::from_str::<ModelProvider>("[]")
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("invalid type: sequence, expected a model provider (a string)"),
            "{error}"
        );
    }

    #[test]
    fn a_value_is_padded_like_other_strings() {
        assert_eq!(format!("{:>8}|", AgentStatus::Active), "  active|");
    }
}
