//! How the client makes each kind of error.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use super::classify::Failure;
use super::context::Context;
use super::details::{
    ApiError, BodyTooLarge, BoxError, ConfigError, ConnectionError, DecodeError, StreamError,
    TimeoutError, UnexpectedResponse,
};
use super::orion_error::OrionError;
use super::rate_limited::RateLimitedError;
use super::timeout_kind::TimeoutKind;
use crate::rate_limit::RateLimitWindow;
use crate::types::ErrorCode;

impl OrionError {
    #[cold]
    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self::Config(Box::new(ConfigError::new(message, None)))
    }

    #[cold]
    pub(crate) fn config_with(message: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self::Config(Box::new(ConfigError::new(message, Some(source.into()))))
    }

    #[cold]
    pub(crate) fn invalid(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::InvalidRequest {
            field: field.into(),
            reason: reason.into(),
            operation: None,
        }
    }

    #[cold]
    pub(crate) fn api(
        code: ErrorCode,
        message: String,
        details: Option<serde_json::Value>,
        context: Context,
    ) -> Self {
        Self::Api(Box::new(ApiError::from_response(
            code, message, details, context,
        )))
    }

    #[cold]
    pub(crate) fn unexpected(
        what: impl Into<String>,
        content_type: Option<String>,
        context: Context,
    ) -> Self {
        let error = UnexpectedResponse::new(what, content_type, context);
        Self::UnexpectedResponse(Box::new(error))
    }

    /// A list that has more pages than the client keeps in memory.
    #[cold]
    pub(crate) fn endless_list(pages: usize) -> Self {
        let what = format!(
            "the list did not end after {pages} pages; use items() to read a list of that length"
        );
        let context = Context {
            status: Some(StatusCode::OK),
            ..Context::of(Failure::EndlessList)
        };
        Self::unexpected(what, None, context)
    }

    #[cold]
    pub(crate) fn decode(path: String, source: impl Into<BoxError>, context: Context) -> Self {
        Self::Decode(Box::new(DecodeError::new(path, source, context)))
    }

    /// `sent`: whether the server may have received the request.
    #[cold]
    pub(crate) fn connection(source: impl Into<BoxError>, sent: bool) -> Self {
        let context = Context::of(Failure::Connection { sent });
        let what = match sent {
            true => "the connection failed before the response was complete",
            false => "could not reach the server",
        };
        Self::Connection(Box::new(ConnectionError::new(source.into(), what, context)))
    }

    /// The server has said that it did not process the request.
    #[cfg(feature = "http2")]
    #[cold]
    pub(crate) fn unprocessed(source: impl Into<BoxError>) -> Self {
        let context = Context::of(Failure::Unprocessed);
        let what = "the server did not process the request";
        Self::Connection(Box::new(ConnectionError::new(source.into(), what, context)))
    }

    /// Adds the proxy through which the client could not connect.
    #[cold]
    pub(crate) fn through(mut self, proxy: Option<Arc<str>>) -> Self {
        if let Some(context) = self.context_mut() {
            context.proxy = proxy;
        }
        self
    }

    /// `sent`: whether the server may have received the request.
    #[cold]
    pub(crate) fn timeout(what: TimeoutKind, limit: Duration, sent: bool) -> Self {
        let context = Context::of(Failure::Timeout { what, sent });
        Self::Timeout {
            what,
            context: Box::new(TimeoutError::new(what, limit, context)),
        }
    }

    /// Pacing cannot let the call through within `bound`, a setting and its value. It would wait for
    /// this window, for `resets_in` if that is known, or until one of `max_in_flight` calls ends.
    #[cold]
    pub(crate) fn held_back(
        window: RateLimitWindow,
        resets_in: Option<Duration>,
        max_in_flight: Option<u64>,
        bound: (&'static str, Duration),
    ) -> Self {
        let context = Context {
            retry_after: resets_in,
            rate_limit: window.rate_limit(),
            ..Context::of(Failure::HeldBack)
        };
        let error = RateLimitedError::new(window, max_in_flight, bound, context);
        Self::RateLimited(Box::new(error))
    }

    #[cold]
    pub(crate) fn stream(what: &'static str) -> Self {
        let context = Context::of(Failure::Stream);
        Self::Stream(Box::new(StreamError::new(what, None, context)))
    }

    /// An event of a stream that cannot be read.
    #[cold]
    pub(crate) fn malformed_event(source: impl Into<BoxError>, event: &[u8]) -> Self {
        let context = Context::of(Failure::Stream).excerpt_of(event);
        let error = StreamError::new("an event is invalid", Some(source.into()), context);
        Self::Stream(Box::new(error))
    }

    #[cold]
    pub(crate) fn too_large(limit: usize) -> Self {
        let context = Context::of(Failure::TooLarge);
        Self::BodyTooLarge(Box::new(BodyTooLarge::new(limit, context)))
    }

    /// Names the operation that failed.
    #[cold]
    pub(crate) fn of_operation(mut self, name: &'static str) -> Self {
        if let Self::InvalidRequest { operation, .. } = &mut self {
            *operation = Some(name);
        } else if let Some(context) = self.context_mut() {
            context.operation = Some(name);
        }
        self
    }
}
