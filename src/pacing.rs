//! Waiting for the rate limit's reset instead of earning a 429 (design §6).
//!
//! Each operation has a [`Gate`] (messages one per agent) that learns its window from the answers'
//! headers; one more stands for the account's window over all operations. A call passes both, and
//! holds its places until its answer is read.

mod gate;
mod server_clock;
mod window;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use gate::{Gate, Place};
use server_clock::ServerClock;

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

/// Gates of agents that nobody uses are dropped when there are more than this.
const GATES_KEPT: usize = 256;

/// The gates of one client.
#[derive(Debug)]
pub(crate) struct Pacer {
    gates: Mutex<Gates>,
    /// The account's window over all operations.
    account: Arc<Gate>,
    clock: Mutex<ServerClock>,
}

#[derive(Debug, Default)]
struct Gates {
    by_key: BTreeMap<WindowKey, Arc<Gate>>,
    sweep_at: usize,
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
            gates: Mutex::default(),
            account: Arc::new(Gate::account()),
            clock: Mutex::default(),
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
        let operation = self.gate(key).enter(patience, now).await?;
        let account = self.account.clone();
        let account = account.enter(patience, operation.passed_at).await?;
        Ok(Permit {
            pacer: self.clone(),
            operation,
            account,
            settled: false,
        })
    }

    fn gate(&self, key: &WindowKey) -> Arc<Gate> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gate) = gates.by_key.get(key) {
            return gate.clone();
        }
        if key.is_scoped() && gates.by_key.len() >= gates.sweep_at.max(GATES_KEPT) {
            let now = Instant::now();
            gates
                .by_key
                .retain(|_, gate| Arc::strong_count(gate) > 1 || !gate.is_spent(now));
            gates.sweep_at = gates.by_key.len() * 2;
        }
        let gate = Arc::new(Gate::operation(key.max_in_flight()));
        gates.by_key.insert(key.clone(), gate.clone());
        gate
    }
}

/// A call's places in its two windows; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    pacer: Arc<Pacer>,
    operation: Place,
    account: Place,
    /// Whether it is known what the server made of the call.
    settled: bool,
}

impl Permit {
    /// When the call passed the last gate and was sent.
    pub(crate) fn passed_at(&self) -> Instant {
        self.account.passed_at
    }

    /// Nothing reached the server.
    pub(crate) fn not_sent(&mut self) {
        self.settled = true;
    }

    /// Takes in what the answer says of the limits.
    pub(crate) fn learn(&mut self, status: StatusCode, headers: &HeaderMap) {
        self.settled = true;
        let counted = status != StatusCode::TOO_MANY_REQUESTS;
        let Some(limit) = RateLimit::from_headers(headers) else {
            if counted {
                self.operation.count();
                self.account.count();
            }
            return;
        };
        let reset = {
            let clock = &self.pacer.clock;
            let mut clock = clock.lock().unwrap_or_else(PoisonError::into_inner);
            clock.read(headers, self.passed_at());
            clock.instant_of(limit.reset)
        };
        let sent = self.operation.learn(&limit, reset, counted);
        self.account.learn_account(&limit, reset, counted, sent);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        // A call that was given up, or whose answer was lost, has most likely been counted.
        if !self.settled {
            self.operation.count();
            self.account.count();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_of_agents_that_nobody_uses_are_dropped() {
        let pacer = Arc::new(Pacer::new());
        for agent in 0..10_000 {
            pacer.gate(&WindowKey::messages(agent.to_string().into()));
        }
        let kept = pacer.gates.lock().unwrap().by_key.len();
        assert!(kept <= 2 * GATES_KEPT, "{kept}");
    }
}
