//! Waiting for the rate limit's reset instead of earning a 429 (design §6).
//!
//! Each operation has a [`Gate`](gate::Gate) (messages one per agent) that learns its window from
//! the answers' headers; one more stands for the account's window over all operations. A call
//! passes both, and leaves them when its answer's head is there; a message in flight stays until
//! its answer is read.

mod gate;
mod gates;
mod server_clock;
mod waiting;
mod window;

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use gates::{GateId, Gates};
use waiting::Waiting;

use crate::rate_limit::RateLimit;
use crate::request::WindowKey;

/// Whether calls wait for the rate limit's reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Pacing {
    /// Learn from the `X-RateLimit-*` headers: when the server has said that no request is left,
    /// calls wait for the reset, in the order in which they came; at most 10 messages to an agent
    /// are in flight, and at most 10 calls of an operation before its first answer. A caller under
    /// the limit never waits.
    #[default]
    Adaptive,
    /// Send at once, and leave 429s to the retry policy.
    Off,
}

/// The gates of one client, behind one lock: a call takes it for a moment when it starts, when its
/// answer arrives, and when it gives back a place that it held for longer.
#[derive(Debug)]
pub(crate) struct Pacer {
    gates: Mutex<Gates>,
}

/// The wait would pass the call's deadline.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PastDeadline;

/// How long a call may wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    pub(crate) deadline: Option<Instant>,
    /// A reset farther away than this is not waited for: the server's 429 says more than we can.
    pub(crate) longest: Duration,
}

impl Pacer {
    pub(crate) fn new() -> Self {
        Self {
            gates: Mutex::new(Gates::new()),
        }
    }

    /// Waits until the call may be sent, from `now` on. Dropping the future gives the place in the
    /// queue up.
    pub(crate) async fn acquire(
        self: &Arc<Self>,
        key: &WindowKey,
        patience: Patience,
        now: Instant,
    ) -> Result<Permit, PastDeadline> {
        let mut permit = Permit {
            pacer: self.clone(),
            operation: None,
            in_account: false,
            passed_at: now,
            uncounted: false,
        };
        let (operation, entered) = {
            let mut gates = self.lock();
            let operation = gates.operation(key, now);
            (operation, gates.gate(operation).enter(now))
        };
        if let Err(number) = entered {
            permit.passed_at = self.queued(operation, number, patience).await?;
        }
        permit.operation = Some(operation);
        let entered = self.lock().gate(GateId::Account).enter(permit.passed_at);
        if let Err(number) = entered {
            permit.passed_at = self.queued(GateId::Account, number, patience).await?;
        }
        permit.in_account = true;
        permit.uncounted = true;
        Ok(permit)
    }

    async fn queued(
        &self,
        gate: GateId,
        number: u64,
        patience: Patience,
    ) -> Result<Instant, PastDeadline> {
        let mut waiting = Waiting::new(self, gate, number, patience);
        poll_fn(|cx| waiting.poll(cx)).await
    }

    fn lock(&self) -> MutexGuard<'_, Gates> {
        // Nothing under the lock can panic halfway through a change.
        self.gates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call's places in its two windows; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    pacer: Arc<Pacer>,
    /// `None` before the call has passed, and after it has left.
    operation: Option<GateId>,
    in_account: bool,
    passed_at: Instant,
    /// The call has been sent, and the windows have not counted it yet.
    uncounted: bool,
}

impl Permit {
    /// When the call passed the last gate and was sent.
    pub(crate) fn passed_at(&self) -> Instant {
        self.passed_at
    }

    /// Nothing reached the server.
    pub(crate) fn not_sent(&mut self) {
        self.uncounted = false;
    }

    /// Takes in what the answer says of the limits. From here on the server's numbers count the
    /// call, so it leaves its windows; messages in flight count until the answer is read.
    pub(crate) fn learn(&mut self, status: StatusCode, headers: &HeaderMap) {
        let Some(operation) = self.operation else {
            return;
        };
        self.uncounted = false;
        let counted = status != StatusCode::TOO_MANY_REQUESTS;
        let limit = RateLimit::from_headers(headers);
        let mut gates = self.pacer.lock();
        match limit {
            Some(limit) => {
                gates.clock.read(headers, self.passed_at);
                let reset = gates.clock.instant_of(limit.reset);
                let sent = gates.gate(operation).window.learn(&limit, reset, counted);
                let account = gates.gate(GateId::Account);
                account.window.learn_account(&limit, reset, counted, sent);
            }
            None if counted => {
                gates.gate(operation).window.count();
                gates.gate(GateId::Account).window.count();
            }
            None => {}
        }
        gates.gate(GateId::Account).leave();
        self.in_account = false;
        if gates.gate(operation).window.limits_in_flight() {
            // What was learned may make room while the place is held, as by a stream.
            gates.gate(operation).wake_first();
        } else {
            gates.gate(operation).leave();
            self.operation = None;
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.operation.is_none() && !self.in_account {
            return;
        }
        let mut gates = self.pacer.lock();
        let places = [self.operation, self.in_account.then_some(GateId::Account)];
        for place in places.into_iter().flatten() {
            let gate = gates.gate(place);
            // A call that was given up, or whose answer was lost, has most likely been counted.
            if self.uncounted {
                gate.window.count();
            }
            gate.leave();
        }
    }
}
