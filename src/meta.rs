//! What an answer says besides its data.

use std::time::Duration;

use http::{HeaderMap, StatusCode};

use crate::rate_limit::RateLimit;

/// An operation's result together with what the answer said about itself.
///
/// ```no_run
/// # async fn example(agents: orionos::Agents) -> Result<(), orionos::OrionError> {
/// let response = agents.get("agent_k3m9q0w7z2x5").send_with_meta().await?;
/// println!("{} after {} attempts", response.data.name, response.meta.attempts);
/// if let Some(limit) = response.meta.rate_limit() {
///     println!("{} of {} requests left", limit.remaining, limit.limit);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ApiResponse<T> {
    /// The envelope's `data`.
    pub data: T,
    /// Status, headers and what it took to get them.
    pub meta: ResponseMeta,
}

impl<T> ApiResponse<Box<T>> {
    pub(crate) fn unboxed(self) -> ApiResponse<T> {
        ApiResponse {
            data: *self.data,
            meta: self.meta,
        }
    }
}

/// Status, headers and what it took to get them.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ResponseMeta {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers of the last answer.
    pub headers: HeaderMap,
    /// How many times the request was sent.
    pub attempts: u32,
    /// From the call's start to its answer: attempts, waits and pacing.
    pub elapsed: Duration,
}

impl ResponseMeta {
    /// The answer's `X-Request-Id`.
    pub fn request_id(&self) -> Option<&str> {
        request_id(&self.headers)
    }

    /// The answer's `X-RateLimit-*` headers; `None` if one is missing or unreadable.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        RateLimit::from_headers(&self.headers)
    }
}

pub(crate) fn request_id(headers: &HeaderMap) -> Option<&str> {
    headers
        .get("x-request-id")
        .or_else(|| headers.get("request-id"))?
        .to_str()
        .ok()
}
