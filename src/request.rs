//! A call before it is sent: what an endpoint knows, and nothing of HTTP's machinery.

mod body;
mod headers;
mod options;
mod path;

pub use body::RequestBody;
pub(crate) use headers::UserHeaders;
pub(crate) use options::{CallOptions, call_options};
pub(crate) use path::Path;

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use serde::Serialize;

use crate::error::OrionError;
use crate::retry::Safety;

/// One call. Every endpoint makes one of these and hands it to [`call`](crate::call).
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// `agents.create`, for errors and spans.
    pub(crate) operation: &'static str,
    pub(crate) method: Method,
    pub(crate) path: Path,
    /// Encoded, without the question mark.
    pub(crate) query: Option<String>,
    /// JSON.
    pub(crate) body: Option<Bytes>,
    pub(crate) safety: Safety,
    /// Which rate-limit window it counts against, beside the account's.
    pub(crate) window: WindowKey,
    pub(crate) options: CallOptions,
}

/// The server counts requests by operation, messages by agent too (contract, "Rate limits").
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WindowKey {
    operation: &'static str,
    scope: Option<Arc<str>>,
    /// Calls that may be in flight at once.
    max_in_flight: Option<u32>,
}

/// At most 10 messages in flight per agent (contract, "Rate limits").
const MESSAGES_IN_FLIGHT: u32 = 10;

impl WindowKey {
    pub(crate) fn operation(operation: &'static str) -> Self {
        Self {
            operation,
            scope: None,
            max_in_flight: None,
        }
    }

    /// Sent and streamed messages to one agent share a window.
    pub(crate) fn messages(agent: Arc<str>) -> Self {
        Self {
            operation: "messages",
            scope: Some(agent),
            max_in_flight: Some(MESSAGES_IN_FLIGHT),
        }
    }

    pub(crate) fn raw(scope: String) -> Self {
        Self {
            operation: "request",
            scope: Some(scope.into()),
            max_in_flight: None,
        }
    }

    pub(crate) fn max_in_flight(&self) -> Option<u32> {
        self.max_in_flight
    }
}

/// Serializes a body; a value that JSON cannot hold is the caller's mistake.
pub(crate) fn json(value: &impl Serialize) -> Result<Bytes, OrionError> {
    serde_json::to_vec(value)
        .map(Bytes::from)
        .map_err(|error| OrionError::invalid("body", format!("cannot be written as JSON: {error}")))
}
