//! A call's places in its rate-limit windows.

use std::sync::Arc;

use http::StatusCode;
use tokio::time::Instant;

use super::observation::Observation;
use super::queues::{QueueId, Queues};
use super::shared_queues::SharedQueues;
use super::windows::Settled;
use crate::response_headers::ResponseHeaders;

/// A call's places in its operation's windows and in the account's, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    queues: Arc<SharedQueues>,
    operation: usize,
    held: Held,
    admitted_at: Instant,
    /// The responses that had arrived when the call was sent.
    responses: u64,
}

/// What a permit holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    /// A place in the operation's queue; the account's queue comes next.
    Operation,
    /// The call has been sent, and the windows have not counted it yet.
    Uncounted,
    /// The call was not sent.
    NotSent,
    /// The response headers have arrived, and the call is a message whose response is being read.
    InFlight,
    Nothing,
}

impl Permit {
    /// For a call that has passed its operation's queue.
    pub(super) fn new(queues: Arc<SharedQueues>, operation: usize, now: Instant) -> Self {
        Self {
            queues,
            operation,
            held: Held::Operation,
            admitted_at: now,
            responses: 0,
        }
    }

    /// The call has passed the account's queue as well, and is sent next.
    pub(super) fn admit(&mut self, responses: u64, now: Instant) {
        self.held = Held::Uncounted;
        self.responses = responses;
        self.admitted_at = now;
    }

    /// When the call passed the last queue and was sent.
    pub(crate) fn admitted_at(&self) -> Instant {
        self.admitted_at
    }

    /// Nothing reached the server.
    pub(crate) fn not_sent(&mut self) {
        if self.held == Held::Uncounted {
            self.held = Held::NotSent;
        }
    }

    /// Takes in what the response headers say of the limits. From here on the server's numbers
    /// count the call, so it leaves its windows; a message stays in flight until its response has
    /// been read.
    pub(crate) fn observe(&mut self, status: StatusCode, headers: &ResponseHeaders<'_>) {
        if !matches!(self.held, Held::Uncounted | Held::NotSent) {
            return;
        }
        let counted = status != StatusCode::TOO_MANY_REQUESTS;
        let settled = if counted {
            Settled::Counted
        } else {
            Settled::Refused
        };
        let mut queues = self.queues.lock();
        match headers.rate_limit {
            Some(told) => {
                queues.clock.observe(headers.date, self.admitted_at);
                let seen = Observation {
                    told,
                    resets_at: queues.clock.instant_of(told.reset),
                    counted,
                    sent_at: self.admitted_at,
                    now: Instant::now(),
                };
                queues.observe(self.operation, &seen, self.responses);
            }
            None if counted => queues.count(self.operation),
            None => {}
        }
        queues.account.windows.respond();
        let operation = queues.queue(QueueId::Operation(self.operation));
        operation.windows.respond();
        operation.windows.settle(settled);
        if operation.windows.max_in_flight().is_some() {
            self.held = Held::InFlight;
            // What was observed may make room while the place is held, as by a stream.
            operation.wake_first();
        } else {
            self.held = Held::Nothing;
            operation.leave();
        }
        leave_account(&mut queues, settled);
        self.report(&mut queues);
    }

    /// Lets the store know, if there is one.
    fn report(&self, queues: &mut Queues) {
        if self.queues.has_store() {
            for id in [QueueId::Operation(self.operation), QueueId::Account] {
                self.queues.report(queues, id);
            }
        }
    }
}

fn leave_account(queues: &mut Queues, settled: Settled) {
    queues.account.windows.settle(settled);
    queues.account.leave();
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.held == Held::Nothing {
            return;
        }
        let mut queues = self.queues.lock();
        if self.held == Held::Uncounted {
            // A call that was dropped, or whose response was lost, has most likely been counted.
            queues.count(self.operation);
        }
        let settled = match self.held {
            Held::Uncounted => Settled::Counted,
            _ => Settled::NotSent,
        };
        if matches!(self.held, Held::Uncounted | Held::NotSent) {
            leave_account(&mut queues, settled);
        }
        let operation = queues.queue(QueueId::Operation(self.operation));
        if self.held != Held::InFlight {
            operation.windows.settle(settled);
        }
        operation.leave();
        self.report(&mut queues);
    }
}
