//! Spans with OpenTelemetry's attribute names for HTTP clients. They never have a body or a key.
//! Without the cargo feature `tracing`, the functions here do nothing.

use std::future::Future;
use std::time::Duration;

use http::{Method, StatusCode};

use crate::handle::BaseUrl;
use crate::observer::{CallOutcome, StreamEnd, WaitReason};
use crate::operation::Operation;

#[cfg(feature = "tracing")]
mod enabled {
    use std::pin::Pin;
    use std::sync::Arc;
    use std::task::{Context, Poll};

    use tracing::field::Empty;
    use tracing::span::Id;
    use tracing::{Value, debug, debug_span, info_span};

    use super::*;

    /// The target that filters name, such as `orionos=debug`.
    const TARGET: &str = "orionos";
    /// The `error.type` of what was dropped.
    const DROPPED: &str = "dropped";

    /// A span, unless no subscriber is interested in it. Then it is nothing, which makes a call small.
    #[derive(Clone)]
    pub(crate) struct Span(Option<Arc<tracing::Span>>);

    impl Span {
        fn new(span: tracing::Span) -> Self {
            Self((!span.is_disabled()).then(|| Arc::new(span)))
        }

        fn id(&self) -> Option<Id> {
            self.0.as_ref()?.id()
        }

        fn record(&self, field: &str, value: impl Value) {
            if let Some(span) = &self.0 {
                span.record(field, value);
            }
        }
    }

    /// A future that is polled inside a span.
    pub(crate) struct InSpan<F> {
        span: Span,
        future: F,
    }

    impl<F: Future + Unpin> Future for InSpan<F> {
        type Output = F::Output;

        fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
            let Self { span, future } = &mut *self;
            let _inside = span.0.as_ref().map(|span| span.enter());
            Pin::new(future).poll(cx)
        }
    }

    /// Returns the span of one call, including attempts and waits, and its stream.
    pub(crate) fn call_span(operation: &Operation) -> Span {
        Span::new(info_span!(
            target: TARGET,
            "orionos.call",
            otel.name = operation.name,
            otel.kind = "client",
            otel.status_code = Empty,
            orionos.operation = operation.name,
            orionos.waited_seconds = Empty,
            orionos.stream.end = Empty,
            orionos.stream.events = Empty,
            orionos.stream.heartbeats = Empty,
            http.response.status_code = Empty,
            http.request.resend_count = Empty,
            error.r#type = Empty,
        ))
    }

    /// Returns the span of one attempt.
    pub(crate) fn attempt_span(
        call: &Span,
        base_url: &BaseUrl,
        method: &Method,
        attempt: u32,
    ) -> Span {
        let span = Span::new(debug_span!(
            target: TARGET,
            parent: call.id(),
            "orionos.attempt",
            otel.kind = "client",
            otel.status_code = Empty,
            http.request.method = method.as_str(),
            server.address = base_url.host(),
            server.port = base_url.port(),
            http.response.status_code = Empty,
            http.request.resend_count = Empty,
            error.r#type = Empty,
        ));
        record_resends(&span, attempt);
        span
    }

    pub(crate) fn in_span<F: Future + Unpin>(span: Span, future: F) -> InSpan<F> {
        InSpan { span, future }
    }

    pub(crate) fn is_enabled(span: &Span) -> bool {
        span.0.is_some()
    }

    /// A wait begins, of this length if it is known.
    pub(crate) fn waiting(call: &Span, reason: WaitReason, expected: Option<Duration>) {
        debug!(
            target: TARGET,
            parent: call.id(),
            { reason = reason.as_str(), wait_seconds = expected.map(|wait| wait.as_secs_f64()) },
            "waiting"
        );
    }

    /// A wait is over.
    pub(crate) fn waited(call: &Span, reason: WaitReason, elapsed: Duration) {
        debug!(
            target: TARGET,
            parent: call.id(),
            { reason = reason.as_str(), waited_seconds = elapsed.as_secs_f64() },
            "waited"
        );
    }

    pub(crate) fn attempt_ended(
        attempt: &Span,
        status: Option<StatusCode>,
        outcome: CallOutcome<'_>,
    ) {
        record_end(attempt, status, outcome);
    }

    /// The call makes another attempt.
    pub(crate) fn retrying(call: &Span, error_type: &str) {
        debug!(
            target: TARGET,
            parent: call.id(),
            { error.r#type = error_type },
            "attempt failed, retrying"
        );
    }

    pub(crate) fn first_event(call: &Span, elapsed: Duration) {
        debug!(
            target: TARGET,
            parent: call.id(),
            { elapsed_seconds = elapsed.as_secs_f64() },
            "first event of the stream"
        );
    }

    pub(crate) fn heartbeat(call: &Span) {
        debug!(target: TARGET, parent: call.id(), "heartbeat");
    }

    pub(crate) fn stream_ended(call: &Span, events: u64, heartbeats: u64, end: StreamEnd) {
        call.record("orionos.stream.end", end.as_str());
        call.record("orionos.stream.events", events);
        call.record("orionos.stream.heartbeats", heartbeats);
    }

    pub(crate) fn call_ended(
        call: &Span,
        attempts: u32,
        status: Option<StatusCode>,
        waited: Duration,
        outcome: CallOutcome<'_>,
    ) {
        if !is_enabled(call) {
            return;
        }
        record_resends(call, attempts);
        if !waited.is_zero() {
            call.record("orionos.waited_seconds", waited.as_secs_f64());
        }
        record_end(call, status, outcome);
    }

    fn record_end(span: &Span, status: Option<StatusCode>, outcome: CallOutcome<'_>) {
        if !is_enabled(span) {
            return;
        }
        if let Some(status) = status {
            span.record("http.response.status_code", status.as_u16());
        }
        match outcome {
            CallOutcome::Succeeded => {}
            CallOutcome::Failed { error_type, .. } => {
                span.record("error.type", error_type);
                span.record("otel.status_code", "ERROR");
            }
            // The caller's decision is not an error.
            CallOutcome::Dropped => {
                span.record("error.type", DROPPED);
            }
        }
    }

    fn record_resends(span: &Span, attempts: u32) {
        if attempts > 1 {
            span.record("http.request.resend_count", attempts - 1);
        }
    }
}

#[cfg(not(feature = "tracing"))]
mod disabled {
    use super::*;

    /// Replaces a span.
    #[derive(Clone)]
    pub(crate) struct Span;

    pub(crate) fn call_span(_: &Operation) -> Span {
        Span
    }

    pub(crate) fn attempt_span(_: &Span, _: &BaseUrl, _: &Method, _: u32) -> Span {
        Span
    }

    pub(crate) fn in_span<F: Future>(_: Span, future: F) -> F {
        future
    }

    pub(crate) fn is_enabled(_: &Span) -> bool {
        false
    }

    pub(crate) fn waiting(_: &Span, _: WaitReason, _: Option<Duration>) {}

    pub(crate) fn waited(_: &Span, _: WaitReason, _: Duration) {}

    pub(crate) fn attempt_ended(_: &Span, _: Option<StatusCode>, _: CallOutcome<'_>) {}

    pub(crate) fn retrying(_: &Span, _: &str) {}

    pub(crate) fn first_event(_: &Span, _: Duration) {}

    pub(crate) fn heartbeat(_: &Span) {}

    pub(crate) fn stream_ended(_: &Span, _: u64, _: u64, _: StreamEnd) {}

    pub(crate) fn call_ended(
        _: &Span,
        _: u32,
        _: Option<StatusCode>,
        _: Duration,
        _: CallOutcome<'_>,
    ) {
    }
}

#[cfg(not(feature = "tracing"))]
pub(crate) use disabled::*;
#[cfg(feature = "tracing")]
pub(crate) use enabled::*;
