//! The behaviors of the mock, and who defined them.

use schemars::JsonSchema;
use serde::Serialize;

use crate::control::endpoint::Outcome;
use crate::control::output::ok;
use crate::control::request::ControlRequest;

/// The behaviors of the mock.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Capabilities {
    behaviors: &'static [Behavior],
}

/// One behavior.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Behavior {
    name: &'static str,
    description: &'static str,
    source: Source,
}

/// Who defined a behavior.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Source {
    /// The vendor documents it.
    Vendor,
    /// The vendor does not document it. Clients must not depend on it.
    Mock,
}

pub(crate) fn show(_: &ControlRequest) -> Outcome {
    ok(&Capabilities {
        behaviors: BEHAVIORS,
    })
}

const fn vendor(name: &'static str, description: &'static str) -> Behavior {
    Behavior {
        name,
        description,
        source: Source::Vendor,
    }
}

const fn mock(name: &'static str, description: &'static str) -> Behavior {
    Behavior {
        name,
        description,
        source: Source::Mock,
    }
}

const BEHAVIORS: &[Behavior] = &[
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
    vendor("get", "the configuration with metrics"),
    vendor("update", "fields that are not sent are unchanged"),
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
    vendor("quota", "100 agents per account"),
    vendor(
        "tiers",
        "standard 60 requests per minute, pro 300, enterprise unlimited",
    ),
    vendor(
        "endpoint_limits",
        "per minute: create 10, list 60, get 60, update 30, delete 10, messages 60 per agent",
    ),
    vendor(
        "messages_in_flight",
        "at most 10 to an agent at the same time",
    ),
    vendor(
        "rate_limit_headers",
        "X-RateLimit-Limit, -Remaining and -Reset on every response",
    ),
    vendor("rate_limit_exceeded", "429 with details.retryAfter"),
    mock(
        "fixed_windows",
        "one minute, beginning with the first request of a key; rejected requests do not count",
    ),
    mock(
        "header_choice",
        "the headers describe the window with fewer requests left",
    ),
    mock(
        "retry_after_header",
        "Retry-After in addition to details.retryAfter, rounded up",
    ),
    mock("eleventh_message", "429 with retryAfter 1"),
    mock("pro_endpoint_limits", "five times the standard limits"),
    mock("quota_status", "INSUFFICIENT_QUOTA is 403"),
    mock("forbidden", "403 FORBIDDEN for a read-only key"),
    mock(
        "not_found",
        "404 NOT_FOUND for a path without a route, 405 with Allow for a method",
    ),
    mock("default_sort", "lists are sorted by createdAt"),
    mock(
        "list_query_errors",
        "a parameter out of range or given twice is 400 INVALID_REQUEST",
    ),
    mock("page_past_the_end", "an empty list with the true totals"),
    mock(
        "replace_whole",
        "a field that is sent replaces the old value, and null clears it",
    ),
    mock(
        "settings_by_platform",
        "a platform that is sent replaces the settings of that platform, and null removes them",
    ),
    mock(
        "changes_order",
        "changes has the names of the fields in the order sent",
    ),
    mock(
        "nesting_limit",
        "400 for a body that is nested more than 64 levels deep",
    ),
    mock(
        "unknown_agents",
        "messages to agents that do not exist count against the account only",
    ),
    mock(
        "read_only_fields",
        "id, createdAt, updatedAt, metrics and apiEndpoint cannot be sent",
    ),
    mock("unknown_fields", "are kept and returned"),
    mock("list_key", "agents, or items if configured"),
    mock("done_event", "has messageId and metadata"),
    mock(
        "error_event",
        "an error after the response headers is an event of type error",
    ),
    mock(
        "stream_flag",
        "stream: true on the message endpoint returns events",
    ),
    mock(
        "memory",
        "agents remember the last 20 messages of a conversation, up to 1 MiB",
    ),
    mock(
        "replies",
        "from a script, patterns or a template, or by default the turn with the earlier messages",
    ),
    mock("body_limit", "413 for a body larger than 1 MiB"),
    mock("faults", "injected failures, named in X-Mock-Fault"),
    mock(
        "clock",
        "follows real time, is frozen, or is moved by a test",
    ),
    mock("control_api", "everything under /__mock"),
    mock(
        "cors",
        "web pages of configured origins may call /v1 and /openapi.json",
    ),
];
