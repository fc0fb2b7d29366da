//! The operations of the API.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! operations {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What a request asks the API to do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        #[non_exhaustive]
        pub enum Operation {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl Operation {
            pub(crate) const ALL: &[Self] = &[$(Self::$variant),*];

            /// Returns the name that the command line and the control API use, such as
            /// `send_message`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

operations! {
    /// `POST /agents`
    Create = "create",
    /// `GET /agents`
    List = "list",
    /// `GET /agents/{agentId}`
    Get = "get",
    /// `PATCH /agents/{agentId}`
    Update = "update",
    /// `DELETE /agents/{agentId}`
    Delete = "delete",
    /// `POST /agents/{agentId}/messages`
    SendMessage = "send_message",
    /// `POST /agents/{agentId}/messages/stream`
    StreamMessage = "stream_message",
    /// `GET /health`
    Health = "health",
    /// Any other request.
    Unknown = "unknown",
}

impl Operation {
    /// Returns whether it is a message, sent or streamed. Messages have a rate-limit window per agent.
    pub(crate) fn is_message(self) -> bool {
        matches!(self, Self::SendMessage | Self::StreamMessage)
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
            .iter()
            .find(|operation| operation.as_str() == name)
            .copied()
            .ok_or_else(|| {
                let names: Vec<_> = Self::ALL.iter().map(|known| known.as_str()).collect();
                format!(
                    "unknown operation {name:?}; expected one of {}",
                    names.join(", ")
                )
            })
    }
}
