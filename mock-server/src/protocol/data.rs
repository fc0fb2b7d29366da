//! The `data` of each response: what the handlers send and the OpenAPI document describes.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::protocol::timestamp;

/// The `data` of a create.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatedAgent<'a> {
    #[schemars(regex(pattern = "^agent_[a-z0-9]{12}$"))]
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
    pub(crate) status: &'a str,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(crate) created_at: Timestamp,
    /// The agent's own URL.
    #[schemars(extend("format" = "uri"))]
    pub(crate) api_endpoint: String,
}

/// The `data` of an update.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdatedAgent<'a> {
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
    pub(crate) status: &'a str,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(crate) updated_at: Timestamp,
    /// The names of the fields that were sent, in that order.
    pub(crate) changes: Vec<String>,
}

/// The `data` of a delete.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeletedAgent<'a> {
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(crate) deleted_at: Timestamp,
    pub(crate) message: &'a str,
}

/// An agent in a list.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgentSummary<'a> {
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
    pub(crate) status: &'a str,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(crate) created_at: Timestamp,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(crate) updated_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub(crate) model_provider: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub(crate) model: Option<&'a Value>,
    #[schemars(with = "Vec<String>")]
    pub(crate) clients: &'a Value,
}

/// The position of a page in its list.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pagination {
    pub(crate) current_page: u64,
    pub(crate) total_pages: u64,
    pub(crate) total_items: u64,
    pub(crate) items_per_page: u64,
}

/// The activity of an agent.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metrics {
    pub(crate) total_messages: u64,
    pub(crate) total_conversations: u64,
    /// Such as `99.8%`.
    pub(crate) uptime: &'static str,
}

/// The `data` of a message.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Message<'a> {
    #[schemars(regex(pattern = "^msg_"))]
    pub(crate) message_id: &'a str,
    pub(crate) response: &'a str,
    pub(crate) agent_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub(crate) user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub(crate) room_id: Option<&'a str>,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(crate) timestamp: Timestamp,
    pub(crate) metadata: MessageMetadata<'a>,
}

/// The cost of a message.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageMetadata<'a> {
    pub(crate) tokens_used: u64,
    /// In seconds.
    pub(crate) response_time: f64,
    pub(crate) model: &'a str,
}

/// The `data` of one server-sent event of a stream.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(
    tag = "type",
    rename_all = "lowercase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum StreamEvent<'a> {
    /// The next part of the reply.
    Token { content: &'a str },
    /// The end of the reply.
    Done {
        message_id: &'a str,
        metadata: MessageMetadata<'a>,
    },
    /// An error after the response headers.
    Error { error: ErrorObject<'a> },
}

/// The `error` of the envelope.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ErrorObject<'a> {
    /// Such as `INVALID_REQUEST`. New codes may be added.
    pub(crate) code: &'a str,
    pub(crate) message: &'a str,
    /// Free-form: `{"field","reason"}`, `{"retryAfter"}`, `{"status","reason"}`,
    /// `{"protection","reason"}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "serde_json::Map<String, Value>")]
    pub(crate) details: Option<&'a Value>,
}
