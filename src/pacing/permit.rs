//! A call's places in its rate-limit windows.

use std::sync::Arc;

use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use super::account;
use super::queues::QueueId;
use super::shared_queues::SharedQueues;
use crate::rate_limit::RateLimit;

/// A call's places in its operation's window and in the account's, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    queues: Arc<SharedQueues>,
    /// `None` before the call has passed the operation's queue, and after it has left.
    operation: Option<QueueId>,
    in_account: bool,
    admitted_at: Instant,
    /// The call has been sent, and the windows have not counted it yet.
    uncounted: bool,
}

impl Permit {
    pub(super) fn new(queues: Arc<SharedQueues>, now: Instant) -> Self {
        Self {
            queues,
            operation: None,
            in_account: false,
            admitted_at: now,
            uncounted: false,
        }
    }

    pub(super) fn set_admitted_at(&mut self, now: Instant) {
        self.admitted_at = now;
    }

    pub(super) fn enter_operation(&mut self, operation: QueueId) {
        self.operation = Some(operation);
    }

    /// The last queue: the call is sent next.
    pub(super) fn enter_account(&mut self) {
        self.in_account = true;
        self.uncounted = true;
    }

    /// When the call passed the last queue and was sent.
    pub(crate) fn admitted_at(&self) -> Instant {
        self.admitted_at
    }

    /// Nothing reached the server.
    pub(crate) fn not_sent(&mut self) {
        self.uncounted = false;
    }

    /// Takes in what the response headers say of the limits. From here on the server's numbers
    /// count the call, so it leaves its windows; a message in flight stays until its response has
    /// been read.
    pub(crate) fn observe(&mut self, status: StatusCode, headers: &HeaderMap) {
        let Some(operation) = self.operation else {
            return;
        };
        self.uncounted = false;
        let counted = status != StatusCode::TOO_MANY_REQUESTS;
        let limit = RateLimit::from_headers(headers);
        let mut queues = self.queues.lock();
        match limit {
            Some(limit) => {
                queues.clock.observe(headers, self.admitted_at);
                let reset = queues.clock.instant_of(limit.reset);
                let window = &mut queues.queue(operation).window;
                let sent = window.observe(&limit, reset, counted);
                let account = &mut queues.queue(QueueId::Account).window;
                account::observe(account, &limit, reset, counted, sent);
            }
            None if counted => {
                queues.queue(operation).window.count();
                queues.queue(QueueId::Account).window.count();
            }
            None => {}
        }
        queues.queue(QueueId::Account).leave();
        self.in_account = false;
        if queues.queue(operation).window.limits_in_flight() {
            // What was observed may make room while the place is held, as by a stream.
            queues.queue(operation).wake_first();
        } else {
            queues.queue(operation).leave();
            self.operation = None;
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.operation.is_none() && !self.in_account {
            return;
        }
        let mut queues = self.queues.lock();
        let places = [self.operation, self.in_account.then_some(QueueId::Account)];
        for place in places.into_iter().flatten() {
            let queue = queues.queue(place);
            // A call that was dropped, or whose response was lost, has most likely been counted.
            if self.uncounted {
                queue.window.count();
            }
            queue.leave();
        }
    }
}
