//! What is told of a call while it happens: events to the observers, spans to the tracing subscriber.
//!
//! The call, its waits and its stream report each step here, and nothing else notifies anybody. A call
//! that is dropped reports nothing, so the watch closes what is open when it is dropped itself.

use std::mem;
use std::time::Duration;

use http::{Method, StatusCode};
use tokio::time::Instant;

use crate::error::OrionError;
use crate::handle::BaseUrl;
use crate::observer::{CallEvent, CallInfo, CallOutcome, Observers, StreamEnd, WaitReason};
use crate::operation::Operation;
use crate::rate_limit::RateLimit;
use crate::telemetry::{self, Span};

/// Two moments that are this close are the same end of a wait: resets are whole seconds.
const SAME_END: Duration = Duration::from_secs(1);

/// Watches one call, from its start to its end or to the end of its stream.
pub(crate) struct Watch {
    observers: Observers,
    id: u64,
    operation: &'static str,
    method: Method,
    span: Span,
    started: Instant,
    attempts: u32,
    /// When the last attempt started.
    attempted: Instant,
    waited: Duration,
    /// What the last attempt's response headers said.
    status: Option<StatusCode>,
    rate_limit: Option<RateLimit>,
    step: Step,
}

/// What the call is doing.
enum Step {
    /// Nothing that takes time.
    Deciding,
    Waiting {
        reason: WaitReason,
        until: Option<Instant>,
        since: Instant,
    },
    Attempting {
        span: Span,
    },
    Streaming {
        since: Instant,
        events: u64,
        heartbeats: u64,
    },
    Ended,
}

impl Watch {
    /// A call starts.
    pub(crate) fn start(observers: &Observers, operation: &Operation) -> Self {
        let started = Instant::now();
        let watch = Self {
            id: observers.next_call(),
            observers: observers.clone(),
            operation: operation.name,
            method: operation.method.clone(),
            span: telemetry::call_span(operation),
            started,
            attempts: 0,
            attempted: started,
            waited: Duration::ZERO,
            status: None,
            rate_limit: None,
            step: Step::Deciding,
        };
        watch.tell(|call| CallEvent::CallStarted { call });
        watch
    }

    /// The span of the call.
    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// What the waits so far have taken.
    pub(crate) fn waited(&self) -> Duration {
        self.waited
    }

    /// Whether anybody is told.
    pub(crate) fn is_watched(&self) -> bool {
        !self.observers.is_empty() || telemetry::is_enabled(&self.span)
    }

    pub(crate) fn is_waiting(&self) -> bool {
        matches!(self.step, Step::Waiting { .. })
    }

    /// Whether a wait for this has not been told yet.
    pub(crate) fn is_new_wait(&self, reason: WaitReason, until: Option<Instant>) -> bool {
        let Step::Waiting {
            reason: told_reason,
            until: told_until,
            ..
        } = &self.step
        else {
            return true;
        };
        let is_same_end = match (*told_until, until) {
            (Some(told), Some(until)) => told.max(until) - told.min(until) <= SAME_END,
            (told, until) => told == until,
        };
        *told_reason != reason || !is_same_end
    }

    /// The call waits from `now` on, at least `until` then.
    pub(crate) fn waits(&mut self, reason: WaitReason, until: Option<Instant>, now: Instant) {
        if !self.is_new_wait(reason, until) {
            return;
        }
        self.waits_no_longer(now);
        self.step = Step::Waiting {
            reason,
            until,
            since: now,
        };
        let expected = until.map(|until| until.saturating_duration_since(now));
        telemetry::waiting(&self.span, reason, expected);
        self.tell(|call| CallEvent::Waiting {
            call,
            reason,
            expected,
        });
    }

    /// The wait is over, if there was one.
    pub(crate) fn waits_no_longer(&mut self, now: Instant) {
        let Step::Waiting { reason, since, .. } = self.step else {
            return;
        };
        self.step = Step::Deciding;
        let elapsed = now.saturating_duration_since(since);
        self.waited += elapsed;
        telemetry::waited(&self.span, reason, elapsed);
        self.tell(|call| CallEvent::Waited {
            call,
            reason,
            elapsed,
        });
    }

    /// An attempt starts. Returns its span.
    pub(crate) fn attempt_starts(&mut self, base_url: &BaseUrl, now: Instant) -> Span {
        self.attempts += 1;
        let span = telemetry::attempt_span(&self.span, base_url, &self.method, self.attempts);
        self.status = None;
        self.rate_limit = None;
        self.attempted = now;
        self.step = Step::Attempting { span: span.clone() };
        self.tell(|call| CallEvent::AttemptStarted {
            call,
            attempt: self.attempts,
        });
        span
    }

    /// The response headers have arrived.
    pub(crate) fn responds(&mut self, status: StatusCode, rate_limit: Option<RateLimit>) {
        self.status = Some(status);
        self.rate_limit = rate_limit;
    }

    /// An attempt has ended, with its response or an error.
    pub(crate) fn attempt_ends(&mut self, error: Option<&OrionError>) {
        self.end_attempt(outcome(error));
    }

    fn end_attempt(&mut self, outcome: CallOutcome<'_>) {
        let Step::Attempting { span } = mem::replace(&mut self.step, Step::Deciding) else {
            return;
        };
        telemetry::attempt_ended(&span, self.status, outcome);
        self.tell(|call| CallEvent::AttemptEnded {
            call,
            attempt: self.attempts,
            status: self.status,
            rate_limit: self.rate_limit,
            elapsed: self.attempted.elapsed(),
            outcome,
        });
    }

    /// The call makes another attempt after this error.
    pub(crate) fn retries_after(&self, error: &OrionError) {
        telemetry::retrying(&self.span, error.error_type());
    }

    /// The call's response is a stream, which begins now. Returns what watches it from here on.
    pub(crate) fn of_stream(&mut self) -> Self {
        let since = Instant::now();
        self.step = Step::Ended;
        Self {
            observers: self.observers.clone(),
            method: self.method.clone(),
            span: self.span.clone(),
            step: Step::Streaming {
                since,
                events: 0,
                heartbeats: 0,
            },
            ..*self
        }
    }

    /// The caller gets an event of the stream.
    pub(crate) fn stream_yields(&mut self) {
        let Step::Streaming { events, .. } = &mut self.step else {
            return;
        };
        *events += 1;
        if *events == 1 && self.is_watched() {
            let elapsed = self.started.elapsed();
            telemetry::first_event(&self.span, elapsed);
            self.tell(|call| CallEvent::FirstEvent {
                call,
                elapsed,
                since_attempt: self.attempted.elapsed(),
            });
        }
    }

    /// The stream has skipped a heartbeat.
    pub(crate) fn stream_is_alive(&mut self) {
        if let Step::Streaming { heartbeats, .. } = &mut self.step {
            *heartbeats += 1;
            telemetry::heartbeat(&self.span);
        }
    }

    /// The call has ended, or its stream has.
    pub(crate) fn ends(&mut self, error: Option<&OrionError>) {
        let end = match error {
            None => StreamEnd::Complete,
            Some(OrionError::Api(_)) => StreamEnd::ServerError,
            Some(OrionError::Timeout { .. }) => StreamEnd::Timeout,
            Some(_) => StreamEnd::Broken,
        };
        self.end_call(outcome(error), end);
    }

    /// Closes what is open, and then the call.
    fn end_call(&mut self, outcome: CallOutcome<'_>, end: StreamEnd) {
        match self.step {
            Step::Ended => return,
            Step::Deciding => {}
            Step::Waiting { .. } => self.waits_no_longer(Instant::now()),
            Step::Attempting { .. } => self.end_attempt(outcome),
            Step::Streaming {
                since,
                events,
                heartbeats,
            } => {
                telemetry::stream_ended(&self.span, events, heartbeats, end);
                self.tell(|call| CallEvent::StreamEnded {
                    call,
                    events,
                    heartbeats,
                    elapsed: since.elapsed(),
                    end,
                });
            }
        }
        self.step = Step::Ended;
        telemetry::call_ended(&self.span, self.attempts, self.status, self.waited, outcome);
        self.tell(|call| CallEvent::CallEnded {
            call,
            attempts: self.attempts,
            status: self.status,
            waited: self.waited,
            elapsed: self.started.elapsed(),
            outcome,
        });
    }

    fn tell<'a>(&'a self, event: impl FnOnce(CallInfo<'a>) -> CallEvent<'a>) {
        let Self {
            observers,
            id,
            operation,
            method,
            ..
        } = self;
        observers.tell_of_call(*id, operation, method, event);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.end_call(CallOutcome::Dropped, StreamEnd::Dropped);
    }
}

fn outcome(error: Option<&OrionError>) -> CallOutcome<'_> {
    match error {
        None => CallOutcome::Succeeded,
        Some(error) => CallOutcome::Failed {
            error_type: error.error_type(),
            server: error.outcome(),
        },
    }
}
