//! What a response says besides its data.

use std::time::Duration;

use http::{HeaderMap, StatusCode};

use crate::error::OrionError;
use crate::rate_limit::RateLimit;

const REQUEST_ID: &str = "x-request-id";

/// The result of an operation, with the response's status, headers and rate limit.
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
    /// The response's status and headers, and what the call took.
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

/// The status and headers of a response, and what the call took.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ResponseMeta {
    /// The HTTP status.
    pub status: StatusCode,
    /// The response headers.
    pub headers: HeaderMap,
    /// How many attempts the call made.
    pub attempts: u32,
    /// The time from the start of the call to its response, including attempts, waits and pacing.
    pub elapsed: Duration,
    pub(crate) waited: Duration,
}

impl ResponseMeta {
    /// Returns what a call with one attempt tells, for tests and fakes.
    ///
    /// ```
    /// use orionos::{HeaderMap, ResponseMeta, StatusCode};
    ///
    /// let meta = ResponseMeta::new(StatusCode::CREATED, HeaderMap::new());
    /// assert_eq!(meta.attempts, 1);
    /// ```
    pub fn new(status: StatusCode, headers: HeaderMap) -> Self {
        Self {
            status,
            headers,
            attempts: 1,
            elapsed: Duration::ZERO,
            waited: Duration::ZERO,
        }
    }

    /// For a response that is an error elsewhere, but not for this call. Of its headers, the error has
    /// kept the request id and the rate limit.
    pub(crate) fn of_error(error: &OrionError, elapsed: Duration) -> Self {
        let mut headers = error
            .rate_limit()
            .map(RateLimit::to_headers)
            .unwrap_or_default();
        if let Some(id) = error.request_id().and_then(|id| id.parse().ok()) {
            headers.insert(REQUEST_ID, id);
        }
        Self {
            status: error.status().unwrap_or(StatusCode::NOT_FOUND),
            headers,
            attempts: error.attempts(),
            elapsed,
            waited: error.waited(),
        }
    }

    /// Returns the response's `X-Request-Id`.
    pub fn request_id(&self) -> Option<&str> {
        request_id(&self.headers)
    }

    /// Returns how much of [`elapsed`](Self::elapsed) the call waited: for a rate limit, for a place
    /// among the messages in flight, and before retries.
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// Returns the response's `X-RateLimit-*` headers, or `None` if one is missing or invalid.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        RateLimit::from_headers(&self.headers)
    }
}

pub(crate) fn request_id(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(REQUEST_ID)
        .or_else(|| headers.get("request-id"))?
        .to_str()
        .ok()
        .filter(|id| !id.trim().is_empty())
}
