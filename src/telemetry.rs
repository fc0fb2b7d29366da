//! Spans with OpenTelemetry's attribute names for HTTP clients. They never have a body or a key.
//! Without the cargo feature `tracing`, the functions here do nothing.

use std::future::Future;
use std::time::Duration;

use crate::error::OrionError;
use crate::handle::Handle;
use crate::meta::ApiResponse;
use crate::operation::Operation;

#[cfg(feature = "tracing")]
pub(crate) use tracing::Span;

/// Replaces a span.
#[cfg(not(feature = "tracing"))]
pub(crate) struct Span;

#[cfg(feature = "tracing")]
mod enabled {
    use tracing::field::Empty;
    use tracing::{Instrument, debug_span, info_span};

    use super::*;
    use crate::error::{Outcome, TimeoutKind};

    /// The target that filters name, such as `orionos=debug`.
    const TARGET: &str = "orionos";

    /// Returns the span of one call, including attempts and waits.
    pub(crate) fn call_span(operation: &Operation) -> Span {
        info_span!(
            target: TARGET,
            "orionos.call",
            otel.name = operation.name,
            otel.kind = "client",
            orionos.operation = operation.name,
            http.response.status_code = Empty,
            http.request.resend_count = Empty,
            error.r#type = Empty,
        )
    }

    /// Returns the span of one attempt.
    pub(crate) fn attempt_span(handle: &Handle, operation: &Operation, attempt: u32) -> Span {
        let base_url = &handle.base_url;
        let span = debug_span!(
            target: TARGET,
            "orionos.attempt",
            otel.kind = "client",
            http.request.method = operation.method.as_str(),
            server.address = base_url.host(),
            server.port = base_url.port(),
            http.response.status_code = Empty,
            http.request.resend_count = Empty,
            error.r#type = Empty,
        );
        record_resends(&span, attempt);
        span
    }

    pub(crate) fn in_span<F: Future>(
        span: &Span,
        future: F,
    ) -> impl Future<Output = F::Output> + use<F> {
        future.instrument(span.clone())
    }

    /// Records how an attempt ended, or a call.
    pub(crate) fn record<T>(span: &Span, result: &Result<ApiResponse<T>, OrionError>) {
        if span.is_disabled() {
            return;
        }
        let (status, attempts) = match result {
            Ok(response) => (Some(response.meta.status), response.meta.attempts),
            Err(error) => (error.status(), error.attempts()),
        };
        record_resends(span, attempts);
        if let Some(status) = status {
            span.record("http.response.status_code", status.as_u16());
        }
        if let Err(error) = result {
            span.record("error.type", error_type(error));
        }
    }

    fn record_resends(span: &Span, attempts: u32) {
        if attempts > 1 {
            span.record("http.request.resend_count", attempts - 1);
        }
    }

    /// Logs the wait before a retry.
    pub(crate) fn waiting(error: &OrionError, wait: Duration) {
        tracing::debug!(
            target: TARGET,
            { error.r#type = error_type(error), wait_seconds = wait.as_secs_f64() },
            "attempt failed, retrying"
        );
    }

    /// Returns the server's code, else the kind of failure. OpenTelemetry asks for few different values.
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
            OrionError::RateLimited(_) => "rate_limited",
            OrionError::Stream(_) => "stream",
            OrionError::BodyTooLarge(_) => "body_too_large",
            _ => "_OTHER",
        }
    }
}

#[cfg(not(feature = "tracing"))]
mod disabled {
    use super::*;

    pub(crate) fn call_span(_: &Operation) -> Span {
        Span
    }

    pub(crate) fn attempt_span(_: &Handle, _: &Operation, _: u32) -> Span {
        Span
    }

    pub(crate) fn in_span<F: Future>(_: &Span, future: F) -> F {
        future
    }

    pub(crate) fn record<T>(_: &Span, _: &Result<ApiResponse<T>, OrionError>) {}

    pub(crate) fn waiting(_: &OrionError, _: Duration) {}
}

#[cfg(not(feature = "tracing"))]
pub(crate) use disabled::*;
#[cfg(feature = "tracing")]
pub(crate) use enabled::*;
