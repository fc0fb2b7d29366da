//! What the mock does, and on whose word.

use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use crate::envelope::{Answer, json_answer};

/// What the mock does.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Capabilities {
    behaviours: &'static [Behaviour],
}

/// One behaviour.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Behaviour {
    name: &'static str,
    description: &'static str,
    source: Source,
}

/// On whose word.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Source {
    /// The vendor documents it.
    Vendor,
    /// The vendor is silent; it is our choice, and a client must not depend on it.
    Ours,
}

pub(super) async fn show() -> Answer {
    json_answer(
        StatusCode::OK,
        &Capabilities {
            behaviours: BEHAVIOURS,
        },
    )
}

const fn vendor(name: &'static str, description: &'static str) -> Behaviour {
    Behaviour {
        name,
        description,
        source: Source::Vendor,
    }
}

const fn ours(name: &'static str, description: &'static str) -> Behaviour {
    Behaviour {
        name,
        description,
        source: Source::Ours,
    }
}

const BEHAVIOURS: &[Behaviour] = &[
    vendor(
        "authentication",
        "Authorization: Bearer <key> on every call; 401 UNAUTHORIZED without",
    ),
    vendor(
        "envelope",
        "success with data, or error with code, message and details",
    ),
    vendor(
        "health",
        "GET /health without a key and without an envelope",
    ),
    vendor(
        "create",
        "201 with id, name, status, createdAt, apiEndpoint",
    ),
    vendor(
        "list",
        "page from 1, limit 20 up to 100, status, sortBy, order (default desc)",
    ),
    vendor("get", "the whole configuration with metrics"),
    vendor("update", "fields that are not sent stay as they are"),
    vendor("delete", "irreversible; a second delete is 404"),
    vendor(
        "send_message",
        "the same userId and roomId continue a conversation",
    ),
    vendor("stream_message", "token events in order, then done"),
    vendor(
        "delete_protection",
        "403 DELETE_PROTECTED with protection and reason",
    ),
    vendor(
        "agent_unavailable",
        "503 AGENT_UNAVAILABLE with status and reason",
    ),
    vendor("quota", "100 agents an account"),
    vendor(
        "tiers",
        "standard 60 requests a minute, pro 300, enterprise none",
    ),
    vendor(
        "endpoint_limits",
        "a minute: create 10, list 60, get 60, update 30, delete 10, messages 60 an agent",
    ),
    vendor("messages_in_flight", "at most 10 to an agent at once"),
    vendor(
        "rate_limit_headers",
        "X-RateLimit-Limit, -Remaining and -Reset on every answer",
    ),
    vendor("rate_limit_exceeded", "429 with details.retryAfter"),
    ours(
        "fixed_windows",
        "one minute, beginning with a key's first request; a rejected request consumes nothing",
    ),
    ours(
        "header_choice",
        "the headers describe the window with fewer requests left",
    ),
    ours(
        "retry_after_header",
        "Retry-After beside details.retryAfter, rounded up",
    ),
    ours("eleventh_message", "429 with retryAfter 1"),
    ours("pro_endpoint_limits", "five times the standard ones"),
    ours("quota_status", "INSUFFICIENT_QUOTA is 403"),
    ours("forbidden", "403 FORBIDDEN for a read-only key"),
    ours(
        "not_found",
        "404 NOT_FOUND for a path without a route, 405 with Allow for a method",
    ),
    ours("default_sort", "by createdAt"),
    ours(
        "list_query_errors",
        "a parameter out of range or given twice is 400 INVALID_REQUEST",
    ),
    ours("page_past_the_end", "an empty list with the true totals"),
    ours(
        "replace_whole",
        "a field that is sent replaces the old value whole; null clears it",
    ),
    ours(
        "read_only_fields",
        "id, createdAt, updatedAt, metrics and apiEndpoint cannot be sent",
    ),
    ours("unknown_fields", "are kept and come back"),
    ours(
        "list_key",
        "agents, or items on request: the vendor's pages disagree",
    ),
    ours("done_event", "carries messageId and metadata"),
    ours(
        "error_event",
        "a failure after the headers is an event of the type error",
    ),
    ours(
        "stream_flag",
        "stream: true on the message endpoint answers with events",
    ),
    ours("memory", "the last 20 texts of a conversation"),
    ours(
        "replies",
        "scripted, by pattern, by template, or the turn with what was said before",
    ),
    ours("body_limit", "413 for a body of more than 1 MiB"),
    ours("faults", "failures on purpose, named in X-Mock-Fault"),
    ours(
        "clock",
        "moves when told, stands still, or follows real time",
    ),
    ours("control_api", "everything under /__mock"),
];
