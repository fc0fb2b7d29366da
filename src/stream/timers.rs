//! The time limits of a stream.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use crate::error::{OrionError, TimeoutKind};
use crate::time_limit::TimeLimit;

/// One timer serves all limits. It is set again only when it fires.
pub(super) struct Timers {
    idle: Duration,
    read: Option<Duration>,
    deadline: Option<TimeLimit>,
    last_event: Instant,
    last_bytes: Instant,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timers {
    pub(super) fn new(idle: Duration, read: Option<Duration>, deadline: Option<TimeLimit>) -> Self {
        let now = Instant::now();
        Self {
            idle,
            read,
            deadline,
            last_event: now,
            last_bytes: now,
            sleep: None,
        }
    }

    pub(super) fn event(&mut self) {
        self.last_event = Instant::now();
    }

    pub(super) fn bytes(&mut self) {
        self.last_bytes = Instant::now();
    }

    /// Is ready with the error when a limit is exceeded.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<OrionError> {
        loop {
            let Some(limit) = self.next_limit() else {
                return Poll::Pending;
            };
            let at = limit.at;
            if at <= Instant::now() {
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
    fn next_limit(&self) -> Option<TimeLimit> {
        let idle = TimeLimit::new(TimeoutKind::StreamIdle, self.idle, self.last_event);
        let read = self
            .read
            .and_then(|read| TimeLimit::new(TimeoutKind::StreamRead, read, self.last_bytes));
        TimeLimit::first(TimeLimit::first(idle, read), self.deadline)
    }
}
