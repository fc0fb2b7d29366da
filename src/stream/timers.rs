//! The time limits of a stream.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use crate::error::{OrionError, TimeoutKind};
use crate::time_limit::TimeLimit;

/// One timer serves all limits. It is set again only when it fires.
///
/// Only the time that the caller waits for an event counts: a caller that reads slowly exceeds
/// neither of the limits between events or bytes.
pub(super) struct Timers {
    idle: Duration,
    read: Option<Duration>,
    deadline: Option<TimeLimit>,
    no_event_since: Option<Instant>,
    no_bytes_since: Option<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timers {
    pub(super) fn new(idle: Duration, read: Option<Duration>, deadline: Option<TimeLimit>) -> Self {
        Self {
            idle,
            read,
            deadline,
            no_event_since: None,
            no_bytes_since: None,
            sleep: None,
        }
    }

    pub(super) fn event(&mut self) {
        self.no_event_since = None;
        self.no_bytes_since = None;
    }

    pub(super) fn bytes(&mut self) {
        self.no_bytes_since = None;
    }

    /// Returns the error of the limit that is exceeded now.
    pub(super) fn check(&mut self) -> Result<(), OrionError> {
        let now = Instant::now();
        match self.next_limit(now) {
            Some(limit) if limit.at <= now => Err(limit.exceeded(true)),
            _ => Ok(()),
        }
    }

    /// Is ready with the error when a limit is exceeded.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<OrionError> {
        loop {
            let now = Instant::now();
            let Some(limit) = self.next_limit(now) else {
                return Poll::Pending;
            };
            let at = limit.at;
            if at <= now {
                return Poll::Ready(limit.exceeded(true));
            }
            let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(at)));
            // A timer that fires too early is left alone: this costs one wake, not one per token.
            if sleep.is_elapsed() || sleep.deadline() > at {
                sleep.as_mut().reset(at);
            }
            ready!(sleep.as_mut().poll(cx));
        }
    }

    /// Returns the limit that ends first.
    fn next_limit(&mut self, now: Instant) -> Option<TimeLimit> {
        let no_event_since = *self.no_event_since.get_or_insert(now);
        let no_bytes_since = *self.no_bytes_since.get_or_insert(now);
        let idle = TimeLimit::new(TimeoutKind::StreamIdle, self.idle, no_event_since);
        let read = self
            .read
            .and_then(|read| TimeLimit::new(TimeoutKind::StreamRead, read, no_bytes_since));
        TimeLimit::first(TimeLimit::first(idle, read), self.deadline)
    }
}
