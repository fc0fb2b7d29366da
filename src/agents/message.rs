//! What sent and streamed messages have in common: the body, its setters and the rate-limit window.

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use crate::error::OrionError;
use crate::pacing::RateWindow;
use crate::request::json;

/// The server counts the messages of each agent together, and accepts at most 10 in flight.
pub(super) const MESSAGES: RateWindow = RateWindow::Shared {
    name: "messages",
    max_in_flight: 10,
};

/// The body of a message.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MessageBody {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<Value>,
    /// Why the context cannot be written as JSON. It is reported when the call is made.
    #[serde(skip)]
    bad_context: Option<String>,
}

impl MessageBody {
    pub(super) fn new(text: String) -> Self {
        Self {
            text,
            user_id: None,
            room_id: None,
            context: None,
            bad_context: None,
        }
    }

    pub(super) fn user_id(&mut self, id: String) {
        self.user_id = Some(id);
    }

    pub(super) fn room_id(&mut self, id: String) {
        self.room_id = Some(id);
    }

    pub(super) fn context(&mut self, context: impl Serialize) {
        match serde_json::to_value(context) {
            Ok(context) => self.context = Some(context),
            Err(error) => self.bad_context = Some(error.to_string()),
        }
    }

    pub(super) fn to_json(&self) -> Result<Bytes, OrionError> {
        if self.text.trim().is_empty() {
            return Err(OrionError::invalid("text", "must not be empty"));
        }
        if let Some(error) = &self.bad_context {
            return Err(OrionError::invalid(
                "context",
                format!("cannot be written as JSON: {error}"),
            ));
        }
        json(self)
    }
}

/// The setters of a message, for a builder with a `body`.
macro_rules! message_setters {
    ($builder:ident) => {
        impl $builder {
            /// Sets `userId`, the user who sends the message. `userId` and `roomId` identify the
            /// conversation that the agent remembers.
            pub fn user_id(mut self, id: impl Into<String>) -> Self {
                self.body.user_id(id.into());
                self
            }

            /// Sets `roomId`, the room of the conversation. `userId` and `roomId` identify the
            /// conversation that the agent remembers.
            pub fn room_id(mut self, id: impl Into<String>) -> Self {
                self.body.room_id(id.into());
                self
            }

            /// Sets `context`, a JSON object with anything that the agent should know.
            pub fn context(mut self, context: impl serde::Serialize) -> Self {
                self.body.context(context);
                self
            }
        }
    };
}
pub(super) use message_setters;
