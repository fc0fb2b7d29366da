//! What a request asks for.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a request asks for (contract, "Endpoints").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Operation {
    /// `POST /agents`
    Create,
    /// `GET /agents`
    List,
    /// `GET /agents/{agentId}`
    Get,
    /// `PATCH /agents/{agentId}`
    Update,
    /// `DELETE /agents/{agentId}`
    Delete,
    /// `POST /agents/{agentId}/messages`
    SendMessage,
    /// `POST /agents/{agentId}/messages/stream`
    StreamMessage,
    /// `GET /health`
    Health,
    /// Anything else.
    Unknown,
}

impl Operation {
    const ALL: [Self; 9] = [
        Self::Create,
        Self::List,
        Self::Get,
        Self::Update,
        Self::Delete,
        Self::SendMessage,
        Self::StreamMessage,
        Self::Health,
        Self::Unknown,
    ];

    /// Its name on the command line and in the control API: `send_message`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::List => "list",
            Self::Get => "get",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::SendMessage => "send_message",
            Self::StreamMessage => "stream_message",
            Self::Health => "health",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it changes something, which a read-only key may not.
    pub(crate) fn writes(self) -> bool {
        !matches!(self, Self::List | Self::Get | Self::Health | Self::Unknown)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Operation {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|operation| operation.as_str() == name)
            .ok_or_else(|| {
                let names: Vec<_> = Self::ALL
                    .iter()
                    .map(|operation| operation.as_str())
                    .collect();
                format!("{name:?} is no operation; one of: {}", names.join(", "))
            })
    }
}
