//! The error of a call: its kinds and its accessors.

use std::error::Error as StdError;
use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

use super::context::Context;
use super::details::{
    ApiError, BodyTooLarge, ConfigError, ConnectionError, DecodeError, StreamError, TimeoutError,
    UnexpectedResponse,
};
use super::display;
use super::outcome::Outcome;
use super::rate_limited::RateLimitedError;
use super::timeout_kind::TimeoutKind;
use crate::rate_limit::RateLimit;
use crate::types::ErrorCode;

/// Everything that can go wrong with a call.
///
/// ```
/// use orionos::{Outcome, OrionError};
///
/// fn advice(error: &OrionError) -> &'static str {
///     if error.is_not_found() {
///         "check the agent's id"
///     } else if error.is_rate_limited() {
///         "slow down, see retry_after()"
///     } else if error.outcome() == Outcome::Unknown {
///         "check what exists before you retry: the server may have acted"
///     } else {
///         "see the message"
///     }
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OrionError {
    /// The server responded with an error envelope (`"success": false`), with any status.
    #[error(transparent)]
    Api(Box<ApiError>),
    /// The response was not an API envelope: a proxy's page, an empty body, truncated JSON or a
    /// redirect.
    #[error(transparent)]
    UnexpectedResponse(Box<UnexpectedResponse>),
    /// The envelope was a success, but its `data` cannot be decoded as the operation's result.
    #[error(transparent)]
    Decode(Box<DecodeError>),
    /// The connection failed: DNS, connection refused, TLS, a reset or a body that was cut off.
    #[error(transparent)]
    Connection(Box<ConnectionError>),
    /// A time limit was exceeded. `what` says which.
    #[error("{context}")]
    Timeout {
        /// The limit that was exceeded.
        what: TimeoutKind,
        /// The length of the limit, and the call that it ended.
        context: Box<TimeoutError>,
    },
    /// A rate limit held the call back for longer than its `max_wait` or `deadline` permits. Nothing
    /// was sent.
    #[error(transparent)]
    RateLimited(Box<RateLimitedError>),
    /// A stream ended before `done`, or had an invalid event.
    #[error(transparent)]
    Stream(Box<StreamError>),
    /// An argument is invalid. Nothing was sent.
    #[error("{}", display::invalid_request(.operation, .field, .reason))]
    InvalidRequest {
        /// The JSON field name of the invalid argument (`name`, `text`, `limit`, `page`, `agentId`,
        /// …).
        field: String,
        /// What is wrong with the argument, and what is expected.
        reason: String,
        /// The operation that was not called, such as `"agents.create"`.
        operation: Option<&'static str>,
    },
    /// The client's configuration, a character file or the environment of a call is invalid.
    #[error(transparent)]
    Config(Box<ConfigError>),
    /// A response body or a stream event is larger than `max_response_bytes`.
    #[error(transparent)]
    BodyTooLarge(Box<BodyTooLarge>),
}

impl OrionError {
    /// Returns the HTTP status of the last response, if there was one.
    pub fn status(&self) -> Option<StatusCode> {
        self.context().and_then(|context| context.status)
    }

    /// Returns the envelope's `error.code`. Match on it, or use the methods that start with `is_`.
    pub fn code(&self) -> Option<&ErrorCode> {
        match self {
            Self::Api(error) => Some(error.code()),
            _ => None,
        }
    }

    /// Returns the envelope's `error.details`, unchanged.
    pub fn details(&self) -> Option<&Value> {
        match self {
            Self::Api(error) => error.details(),
            _ => None,
        }
    }

    /// Returns the delay that the server requested before a retry: `details.retryAfter`, else
    /// `Retry-After`, else the time from the response's `Date` to `X-RateLimit-Reset`. For a call
    /// that pacing held back, this is the time until the window resets. Wait at least this long.
    pub fn retry_after(&self) -> Option<Duration> {
        self.context().and_then(|context| context.retry_after)
    }

    /// Returns the rate limit that the response headers told of. For a call that pacing held back,
    /// it is that of the window that the call would have waited for.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        self.context().and_then(|context| context.rate_limit)
    }

    /// Returns the response's `X-Request-Id`. Quote it to the service's support.
    pub fn request_id(&self) -> Option<&str> {
        self.context()
            .and_then(|context| context.request_id.as_deref())
    }

    pub(crate) fn waited(&self) -> Duration {
        self.context()
            .map_or(Duration::ZERO, |context| context.waited)
    }

    /// Returns how many attempts there were. 0 if the client did not try to send the request.
    pub fn attempts(&self) -> u32 {
        self.context().map_or(0, |context| context.attempts)
    }

    /// Returns the operation that failed, such as `"agents.create"`.
    pub fn operation(&self) -> Option<&'static str> {
        match self {
            Self::InvalidRequest { operation, .. } => *operation,
            other => other.context().and_then(|context| context.operation),
        }
    }

    /// Returns the first 2 KiB of the response body, for debugging.
    pub fn body_excerpt(&self) -> Option<&str> {
        self.context()
            .and_then(|context| context.excerpt.as_deref())
    }

    /// Returns the text that a stream received before it failed.
    pub fn partial_text(&self) -> Option<&str> {
        self.context()
            .and_then(|context| context.partial_text.as_deref())
    }

    /// Returns whether there were too many requests: status 429, `RATE_LIMIT_EXCEEDED`, or a call
    /// that pacing could not let through in time ([`OrionError::RateLimited`]). Wait for
    /// [`retry_after`](Self::retry_after). An exhausted quota does not count, because waiting does not
    /// help.
    pub fn is_rate_limited(&self) -> bool {
        match self.code() {
            _ if matches!(self, Self::RateLimited(_)) => true,
            Some(ErrorCode::InsufficientQuota) => false,
            Some(ErrorCode::RateLimitExceeded) => true,
            _ => self.status() == Some(StatusCode::TOO_MANY_REQUESTS),
        }
    }

    /// Returns whether there is no such agent or route: status 404. Check the id and the base URL.
    pub fn is_not_found(&self) -> bool {
        match self.code() {
            Some(ErrorCode::AgentNotFound | ErrorCode::NotFound) => true,
            _ => self.status() == Some(StatusCode::NOT_FOUND),
        }
    }

    /// Returns whether the API key is missing, wrong or revoked: status 401. Check `ORION_API_KEY`.
    pub fn is_unauthorized(&self) -> bool {
        match self.code() {
            Some(ErrorCode::Unauthorized) => true,
            _ => self.status() == Some(StatusCode::UNAUTHORIZED),
        }
    }

    /// Returns whether a time limit was exceeded, by the client or by a proxy (408, 504).
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
            || matches!(
                self.status(),
                Some(StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT)
            )
    }

    /// Returns whether the same call may be retried under its [`RetryPolicy`]. The client has already
    /// retried it as often as the policy permits, so try again later.
    ///
    /// [`RetryPolicy`]: crate::RetryPolicy
    pub fn is_retryable(&self) -> bool {
        self.context().is_some_and(|context| context.retryable)
    }

    /// Returns whether the server acted. Check it before you create or send again.
    pub fn outcome(&self) -> Outcome {
        self.context()
            .map_or(Outcome::NotSent, |context| context.outcome)
    }

    /// Returns the error of another layer that caused this one, such as reqwest's, to be downcast.
    ///
    /// `Display` already says what it says. That is why it is not the `source()`, which is always
    /// `None`: a report that prints a chain of errors would say it twice.
    pub fn underlying_error(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        match self {
            Self::Decode(error) => Some(&*error.source),
            Self::Connection(error) => Some(&*error.source),
            Self::Stream(error) => error.source.as_deref(),
            Self::Config(error) => error.source.as_deref(),
            Self::Api(_)
            | Self::UnexpectedResponse(_)
            | Self::Timeout { .. }
            | Self::RateLimited(_)
            | Self::InvalidRequest { .. }
            | Self::BodyTooLarge(_) => None,
        }
    }

    pub(crate) fn context(&self) -> Option<&Context> {
        match self {
            Self::Api(error) => Some(&error.context),
            Self::UnexpectedResponse(error) => Some(&error.context),
            Self::Decode(error) => Some(&error.context),
            Self::Connection(error) => Some(&error.context),
            Self::Timeout { context, .. } => Some(&context.context),
            Self::RateLimited(error) => Some(&error.context),
            Self::Stream(error) => Some(&error.context),
            Self::BodyTooLarge(error) => Some(&error.context),
            Self::InvalidRequest { .. } | Self::Config(_) => None,
        }
    }

    pub(crate) fn context_mut(&mut self) -> Option<&mut Context> {
        match self {
            Self::Api(error) => Some(&mut error.context),
            Self::UnexpectedResponse(error) => Some(&mut error.context),
            Self::Decode(error) => Some(&mut error.context),
            Self::Connection(error) => Some(&mut error.context),
            Self::Timeout { context, .. } => Some(&mut context.context),
            Self::RateLimited(error) => Some(&mut error.context),
            Self::Stream(error) => Some(&mut error.context),
            Self::BodyTooLarge(error) => Some(&mut error.context),
            Self::InvalidRequest { .. } | Self::Config(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::classify::Failure;
    use super::*;

    #[test]
    fn the_error_is_small_enough_to_return_by_value() {
        assert!(size_of::<OrionError>() <= 64);
    }

    #[test]
    fn the_error_can_be_sent_to_another_thread() {
        fn check<T: Send + Sync + 'static>() {}
        check::<OrionError>();
    }

    #[test]
    fn an_exhausted_quota_with_status_429_is_not_a_rate_limit() {
        let error = OrionError::Api(Box::new(ApiError::from_response(
            ErrorCode::InsufficientQuota,
            "Account quota exceeded".into(),
            None,
            Context {
                status: Some(StatusCode::TOO_MANY_REQUESTS),
                ..Context::of(Failure::Undecodable)
            },
        )));
        assert!(!error.is_rate_limited());
    }
}
