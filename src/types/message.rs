//! What an agent answers.

use super::open_struct::open_struct;
use jiff::Timestamp;

use super::AgentId;

open_struct! {
    /// An agent's answer to a message.
    pub struct Message {
        required {
            /// The id of the answer, such as `msg_q7r2t9`.
            message_id: String = "messageId",
            /// The text of the answer.
            response: String = "response",
            /// The agent that answered.
            agent_id: AgentId = "agentId",
            /// When it answered.
            timestamp: Timestamp = "timestamp",
        }
        optional {
            /// Who spoke, as sent with the message.
            user_id: String = "userId",
            /// Where, as sent with the message.
            room_id: String = "roomId",
            /// What the answer cost.
            metadata: MessageMetadata = "metadata",
        }
    }
}

open_struct! {
    /// What an answer cost.
    #[derive(Default)]
    pub struct MessageMetadata {
        required {}
        optional {
            /// How many tokens the model used.
            tokens_used: u64 = "tokensUsed",
            /// How long the answer took, in seconds.
            response_time: f64 = "responseTime",
            /// The model that answered.
            model: String = "model",
        }
    }
}

open_struct! {
    /// What the last event of a streamed answer says; all of it may be absent.
    #[derive(Default)]
    pub struct MessageDone {
        required {}
        optional {
            /// The id of the answer, such as `msg_q7r2t9`.
            message_id: String = "messageId",
            /// What the answer cost.
            metadata: MessageMetadata = "metadata",
        }
    }
}
