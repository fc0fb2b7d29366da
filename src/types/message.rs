//! The answers to messages.

use jiff::Timestamp;

use super::AgentId;
use super::open_struct::open_struct;

open_struct! {
    /// An agent's reply.
    Message {
        required {
            /// The reply's id, `msg_…`.
            message_id: String = "messageId",
            /// The reply's text.
            response: String = "response",
            /// The agent that replied.
            agent_id: AgentId = "agentId",
            /// When it replied.
            timestamp: Timestamp = "timestamp",
        }
        optional {
            /// Who spoke.
            user_id: String = "userId",
            /// Where.
            room_id: String = "roomId",
            /// What it took.
            metadata: MessageMetadata = "metadata",
        }
    }
}

open_struct! {
    /// What a reply took.
    MessageMetadata {
        required {}
        optional {
            /// Tokens of the model that it used.
            tokens_used: u64 = "tokensUsed",
            /// Seconds that it took.
            response_time: f64 = "responseTime",
            /// The model that wrote it.
            model: String = "model",
        }
    }
}

open_struct! {
    /// What the `done` event of a stream carries.
    MessageDone {
        required {}
        optional {
            /// The reply's id, `msg_…`.
            message_id: String = "messageId",
            /// What it took.
            metadata: MessageMetadata = "metadata",
        }
    }
}
