//! The one public error type.
//!
//! A response is never lost: whatever the server said, its status, request id, rate-limit hint and
//! the beginning of its body stay reachable through the accessors. None of them appears in a log
//! line by itself: `Display` is one line made of the operation, the status and the server's message.

mod details;
mod display;
mod redact;

use std::error::Error as StdError;
use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

pub use details::{
    ApiError, BodyTooLarge, ConfigError, ConnectionError, DecodeError, StreamError, TimeoutError,
    UnexpectedResponse,
};
pub(crate) use details::{Context, RetryClass};

use crate::types::ErrorCode;

/// A boxed error of another layer, kept as the `source` of ours.
pub(crate) type BoxError = Box<dyn StdError + Send + Sync + 'static>;

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
///         "look before you send it again: the server may have acted"
///     } else {
///         "see the message"
///     }
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OrionError {
    /// The server answered with an error envelope (`"success": false`), at whatever status.
    #[error(transparent)]
    Api(Box<ApiError>),
    /// The server answered with something that is no envelope: a proxy's page, an empty body,
    /// truncated JSON, a redirect.
    #[error(transparent)]
    UnexpectedResponse(Box<UnexpectedResponse>),
    /// The envelope was a success, but its `data` is not what the operation returns.
    #[error(transparent)]
    Decode(Box<DecodeError>),
    /// The exchange broke below HTTP: name resolution, refused, TLS, reset, a body cut short.
    #[error(transparent)]
    Connection(Box<ConnectionError>),
    /// A time limit passed; `what` says which.
    #[error("{context}")]
    Timeout {
        /// The limit that passed.
        what: TimeoutKind,
        /// The limit's length and the call that it ended.
        context: Box<TimeoutError>,
    },
    /// A stream ended before `done`, or carried an event that cannot be read.
    #[error(transparent)]
    Stream(Box<StreamError>),
    /// The request was refused before anything was sent.
    #[error("{}", display::invalid_request(.operation, .field, .reason))]
    InvalidRequest {
        /// The argument that is wrong, by its wire name (`name`, `text`, `limit`, `page`,
        /// `agentId`, …).
        field: String,
        /// What is wrong with it and what would be accepted.
        reason: String,
        /// The operation that was about to be called.
        operation: Option<&'static str>,
    },
    /// The client cannot be built, or was given something that it cannot use.
    #[error(transparent)]
    Config(Box<ConfigError>),
    /// A body or a stream's event is larger than `max_response_bytes`.
    #[error(transparent)]
    BodyTooLarge(Box<BodyTooLarge>),
}

/// Which time limit passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimeoutKind {
    /// No connection within `connect_timeout`.
    Connect,
    /// One attempt took longer than `timeout`.
    Attempt,
    /// The whole call, waits included, took longer than `deadline`.
    Deadline,
    /// No event of a stream within `stream_idle_timeout`; comments do not count.
    StreamIdle,
    /// Not a byte of a stream within `stream_read_timeout`; comments do count.
    StreamRead,
}

/// Did the server act on the call that failed?
///
/// `Unknown` is what a caller must look at before creating or sending again: the first try may
/// have succeeded. Over several attempts the most uncertain one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// Nothing reached the server.
    NotSent,
    /// The server answered that it did not act.
    Rejected,
    /// It may have acted: the answer was lost, cut, unreadable, or a server error.
    Unknown,
}

impl OrionError {
    /// The HTTP status of the last answer, if there was one.
    pub fn status(&self) -> Option<StatusCode> {
        self.context().and_then(|context| context.status)
    }

    /// The envelope's `error.code`. Next step: match on it, or use the predicates below.
    pub fn code(&self) -> Option<&ErrorCode> {
        match self {
            Self::Api(error) => Some(error.code()),
            _ => None,
        }
    }

    /// The envelope's `error.details`, as it came.
    pub fn details(&self) -> Option<&Value> {
        match self {
            Self::Api(error) => error.details(),
            _ => None,
        }
    }

    /// How long the server asked to wait: `details.retryAfter`, else `Retry-After`, else
    /// `X-RateLimit-Reset` read against the answer's `Date`. Next step: wait at least this long.
    pub fn retry_after(&self) -> Option<Duration> {
        self.context().and_then(|context| context.retry_after)
    }

    /// The answer's `X-Request-Id`. Next step: quote it to the service's support.
    pub fn request_id(&self) -> Option<&str> {
        self.context()
            .and_then(|context| context.request_id.as_deref())
    }

    /// How many times the request was sent, or tried to be sent. 0 if nothing was tried.
    pub fn attempts(&self) -> u32 {
        self.context().map_or(0, |context| context.attempts)
    }

    /// The operation that failed, such as `"agents.create"`.
    pub fn operation(&self) -> Option<&'static str> {
        match self {
            Self::InvalidRequest { operation, .. } => *operation,
            other => other.context().and_then(|context| context.operation),
        }
    }

    /// The beginning of the answer's body (at most 2 KiB), for a person to look at.
    pub fn body_excerpt(&self) -> Option<&str> {
        self.context()
            .and_then(|context| context.excerpt.as_deref())
    }

    /// The text that a stream had delivered before it broke.
    pub fn partial_text(&self) -> Option<&str> {
        self.context()
            .and_then(|context| context.partial_text.as_deref())
    }

    /// Too many requests: status 429 or `RATE_LIMIT_EXCEEDED`. An exhausted quota is not one:
    /// waiting does not help there. Next step: wait for [`retry_after`](Self::retry_after).
    pub fn is_rate_limited(&self) -> bool {
        match self.code() {
            Some(ErrorCode::InsufficientQuota) => false,
            Some(ErrorCode::RateLimitExceeded) => true,
            _ => self.status() == Some(StatusCode::TOO_MANY_REQUESTS),
        }
    }

    /// No such agent or route: status 404. Next step: check the id and the base URL.
    pub fn is_not_found(&self) -> bool {
        match self.code() {
            Some(ErrorCode::AgentNotFound | ErrorCode::NotFound) => true,
            _ => self.status() == Some(StatusCode::NOT_FOUND),
        }
    }

    /// The key is missing, wrong or revoked: status 401. Next step: check `ORION_API_KEY`.
    pub fn is_unauthorized(&self) -> bool {
        match self.code() {
            Some(ErrorCode::Unauthorized) => true,
            _ => self.status() == Some(StatusCode::UNAUTHORIZED),
        }
    }

    /// A time limit passed, here or at a proxy (408, 504).
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
            || matches!(
                self.status(),
                Some(StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT)
            )
    }

    /// Whether the same call may be sent again as it stands, by the rules of [`RetryPolicy`].
    /// Next step: the client has done so as often as its policy says; try later.
    ///
    /// [`RetryPolicy`]: crate::RetryPolicy
    pub fn is_retryable(&self) -> bool {
        self.context().is_some_and(|context| context.retryable)
    }

    /// Whether the server acted. Look at it before creating or sending again.
    pub fn outcome(&self) -> Outcome {
        self.context()
            .map_or(Outcome::NotSent, |context| context.outcome)
    }

    pub(crate) fn context(&self) -> Option<&Context> {
        match self {
            Self::Api(error) => Some(&error.context),
            Self::UnexpectedResponse(error) => Some(&error.context),
            Self::Decode(error) => Some(&error.context),
            Self::Connection(error) => Some(&error.context),
            Self::Timeout { context, .. } => Some(&context.context),
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
            Self::Stream(error) => Some(&mut error.context),
            Self::BodyTooLarge(error) => Some(&mut error.context),
            Self::InvalidRequest { .. } | Self::Config(_) => None,
        }
    }

    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self::Config(Box::new(ConfigError::new(message, None)))
    }

    pub(crate) fn config_with(message: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self::Config(Box::new(ConfigError::new(message, Some(source.into()))))
    }

    pub(crate) fn invalid(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::InvalidRequest {
            field: field.into(),
            reason: reason.into(),
            operation: None,
        }
    }

    pub(crate) fn connection(source: impl Into<BoxError>, sent: bool) -> Self {
        Self::Connection(Box::new(ConnectionError::new(source.into(), sent)))
    }

    pub(crate) fn timeout(what: TimeoutKind, limit: Duration, outcome: Outcome) -> Self {
        Self::Timeout {
            what,
            context: Box::new(TimeoutError::new(what, limit, outcome)),
        }
    }

    /// Names the operation that failed.
    pub(crate) fn of_operation(mut self, name: &'static str) -> Self {
        if let Self::InvalidRequest { operation, .. } = &mut self {
            *operation = Some(name);
        } else if let Some(context) = self.context_mut() {
            context.operation = Some(name);
        }
        self
    }

    /// A word about why the client gave up, for `Display`.
    pub(crate) fn add_note(&mut self, note: impl Into<String>) {
        if let Some(context) = self.context_mut() {
            context.note = Some(note.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_small_enough_to_return_by_value() {
        assert!(size_of::<OrionError>() <= 64);
    }

    #[test]
    fn the_error_crosses_threads() {
        fn check<T: Send + Sync + 'static>() {}
        check::<OrionError>();
    }

    #[test]
    fn an_exhausted_quota_under_429_is_no_rate_limit() {
        let error = OrionError::Api(Box::new(ApiError::new(
            ErrorCode::InsufficientQuota,
            "Account quota exceeded".into(),
            None,
            Context {
                status: Some(StatusCode::TOO_MANY_REQUESTS),
                ..Context::default()
            },
        )));
        assert!(!error.is_rate_limited());
    }
}
