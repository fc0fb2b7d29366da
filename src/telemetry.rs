//! Spans with OpenTelemetry's HTTP client attribute names (design §8). Never a body, never a key.
//! Without the cargo feature `tracing` every function here does nothing.

use std::future::Future;
use std::time::Duration;

use crate::client::OrionOS;
use crate::error::OrionError;
use crate::meta::{ApiResponse, ResponseMeta};
use crate::request::Request;

#[cfg(feature = "tracing")]
pub(crate) use tracing::Span;

/// Stands in for a span.
#[cfg(not(feature = "tracing"))]
pub(crate) struct Span;

#[cfg(feature = "tracing")]
mod enabled {
    use tracing::field::Empty;
    use tracing::{Instrument, debug_span, info_span};

    use super::*;
    use crate::error::{Outcome, TimeoutKind};

    /// What filters name, such as `orionos=debug`.
    const TARGET: &str = "orionos";

    /// One call of the application, attempts and waits included.
    pub(crate) fn call_span(operation: &'static str) -> Span {
        info_span!(
            target: TARGET,
            "orionos.call",
            otel.name = operation,
            otel.kind = "client",
            orionos.operation = operation,
            http.response.status_code = Empty,
            http.request.resend_count = Empty,
            error.r#type = Empty,
        )
    }

    /// One exchange.
    pub(crate) fn attempt_span(client: &OrionOS, request: &Request, attempt: u32) -> Span {
        let base_url = &client.inner.base_url;
        let span = debug_span!(
            target: TARGET,
            "orionos.attempt",
            otel.kind = "client",
            http.request.method = request.method.as_str(),
            server.address = base_url.host(),
            server.port = base_url.port(),
            http.response.status_code = Empty,
            http.request.resend_count = Empty,
            error.r#type = Empty,
        );
        if attempt > 1 {
            span.record("http.request.resend_count", attempt - 1);
        }
        span
    }

    pub(crate) fn in_span<F: Future>(
        span: &Span,
        future: F,
    ) -> impl Future<Output = F::Output> + use<F> {
        future.instrument(span.clone())
    }

    pub(crate) fn record_call<T>(span: &Span, result: &Result<ApiResponse<T>, OrionError>) {
        let attempts = match result {
            Ok(response) => response.meta.attempts,
            Err(error) => error.attempts(),
        };
        if attempts > 1 {
            span.record("http.request.resend_count", attempts - 1);
        }
        record(span, result.as_ref().map(|response| &response.meta));
    }

    pub(crate) fn record_attempt<T>(span: &Span, result: &Result<(ResponseMeta, T), OrionError>) {
        record(span, result.as_ref().map(|(meta, _)| meta));
    }

    fn record(span: &Span, result: Result<&ResponseMeta, &OrionError>) {
        if span.is_disabled() {
            return;
        }
        let status = match result {
            Ok(meta) => Some(meta.status),
            Err(error) => error.status(),
        };
        if let Some(status) = status {
            span.record("http.response.status_code", status.as_u16());
        }
        if let Err(error) = result {
            span.record("error.type", error_type(error));
        }
    }

    /// A wait before the next attempt.
    pub(crate) fn waiting(error: &OrionError, wait: Duration) {
        tracing::debug!(
            target: TARGET,
            { error.r#type = error_type(error), wait_seconds = wait.as_secs_f64() },
            "the attempt failed, the call will be sent again"
        );
    }

    /// Of low cardinality, as OpenTelemetry asks: the server's code, else the kind of failure.
    fn error_type(error: &OrionError) -> &str {
        if let Some(code) = error.code() {
            return code.as_str();
        }
        match error {
            OrionError::Timeout { what, .. } => match what {
                TimeoutKind::Connect => "connect_timeout",
                TimeoutKind::Deadline => "deadline",
                _ => "timeout",
            },
            OrionError::UnexpectedResponse(_) => "unexpected_response",
            OrionError::Decode(_) => "decode",
            OrionError::Connection(_) if error.outcome() == Outcome::NotSent => "connect",
            OrionError::Connection(_) => "connection",
            OrionError::Stream(_) => "stream",
            OrionError::BodyTooLarge(_) => "body_too_large",
            _ => "_OTHER",
        }
    }
}

#[cfg(not(feature = "tracing"))]
mod disabled {
    use super::*;

    pub(crate) fn call_span(_: &'static str) -> Span {
        Span
    }

    pub(crate) fn attempt_span(_: &OrionOS, _: &Request, _: u32) -> Span {
        Span
    }

    pub(crate) fn in_span<F: Future>(_: &Span, future: F) -> F {
        future
    }

    pub(crate) fn record_call<T>(_: &Span, _: &Result<ApiResponse<T>, OrionError>) {}

    pub(crate) fn record_attempt<T>(_: &Span, _: &Result<(ResponseMeta, T), OrionError>) {}

    pub(crate) fn waiting(_: &OrionError, _: Duration) {}
}

#[cfg(not(feature = "tracing"))]
pub(crate) use disabled::*;
#[cfg(feature = "tracing")]
pub(crate) use enabled::*;
