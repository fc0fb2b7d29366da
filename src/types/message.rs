//! What an agent replies.

use jiff::Timestamp;

use super::AgentId;
use super::open_struct::open_struct;

open_struct! {
    /// An agent's reply to a message.
    pub struct Message {
        required {
            /// The id of the reply, such as `msg_q7r2t9`.
            message_id: String = "messageId",
            /// The text of the reply.
            response: String = "response",
        }
        optional {
            /// The agent that replied.
            agent_id: AgentId = "agentId",
            /// When it replied.
            timestamp: Timestamp = "timestamp",
            /// The user who sent the message.
            user_id: String = "userId",
            /// The room that the message was sent in.
            room_id: String = "roomId",
            /// What the reply cost.
            metadata: MessageMetadata = "metadata",
        }
    }
}

impl Message {
    /// Returns a reply without any optional field, for tests and fakes.
    ///
    /// ```
    /// let message = orionos::Message::new("msg_q7r2t9", "The tide turns at 14:10.");
    /// assert_eq!(message.metadata, None);
    /// ```
    pub fn new(message_id: impl Into<String>, response: impl Into<String>) -> Self {
        Self::with_required(message_id.into(), response.into())
    }
}

open_struct! {
    /// What a reply cost.
    #[derive(Default)]
    pub struct MessageMetadata {
        required {}
        optional {
            /// How many tokens the model used.
            tokens_used: u64 = "tokensUsed",
            /// How long the reply took, in seconds.
            response_time: f64 = "responseTime",
            /// The model that wrote the reply.
            model: String = "model",
        }
    }
}

open_struct! {
    /// The last event of a streamed reply. All of its fields can be absent.
    #[derive(Default)]
    pub struct MessageDone {
        required {}
        optional {
            /// The id of the reply, such as `msg_q7r2t9`.
            message_id: String = "messageId",
            /// What the reply cost.
            metadata: MessageMetadata = "metadata",
        }
    }
}
