//! One rate-limit window as the client knows it: a pure state machine without waiting.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::observation::Observation;
use super::share::Share;
use super::start::Start;
use crate::rate_limit::{RateLimit, RateLimitWindow};

/// How much later than its reset a window is taken to begin after a 429 that still named that
/// reset. Servers that cut fractions off the reset name one that is up to a second too early.
const GUARD_STEP: Duration = Duration::from_millis(250);
/// Resets are whole seconds.
const A_MOMENT: Duration = Duration::from_secs(2);
const LONGEST_GUARD: Duration = Duration::from_millis(1250);

/// A window that is told by its limit, over and over again after each reset.
#[derive(Debug)]
pub(super) struct Window {
    limit: u64,
    /// The fewest left that a response has told since the reset.
    remaining: u64,
    /// The reset by the server's clock, which tells one period from the next.
    reset_at_unix: i64,
    /// The end of the period on the client's clock. It is `None` after that, until a response of
    /// the next period arrives.
    resets_at: Option<Instant>,
    /// Calls of this client that the server counted in the period.
    sent: u64,
    guard: Duration,
    /// When the last period ended on our clock: a 429 to an earlier call says nothing of the guard.
    released_at: Option<Instant>,
    share: Share,
}

impl Window {
    /// A window that this response is the first to tell of, after `sent` calls of this client were
    /// counted in it.
    #[cold]
    pub(super) fn new(seen: &Observation, sent: u64, unanswered: u64) -> Self {
        let mut share = Share::new(seen);
        share.observe(seen, sent + unanswered);
        Self {
            limit: seen.told.limit,
            remaining: seen.told.remaining,
            reset_at_unix: seen.reset_at_unix(),
            resets_at: Some(seen.resets_at),
            sent,
            guard: Duration::ZERO,
            released_at: None,
            share,
        }
    }

    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    pub(super) fn remaining(&self) -> u64 {
        self.remaining
    }

    pub(super) fn resets_at(&self) -> Option<Instant> {
        self.resets_at
    }

    fn used(&self) -> u64 {
        self.limit.saturating_sub(self.remaining)
    }

    /// When one more call may be sent while `unanswered` calls have no response yet.
    pub(super) fn next_start(&mut self, unanswered: u64, now: Instant) -> Start {
        self.roll(now);
        let Some(resets_at) = self.resets_at else {
            // Only a response tells what the new period holds, so at least one call has to go.
            let most = match self.share.is_contended() {
                true => 1,
                false => self.remaining.max(1),
            };
            return match unanswered < most {
                true => Start::Now,
                false => Start::AfterResponse,
            };
        };
        if self.remaining <= unanswered {
            return Start::At(resets_at);
        }
        let used = self.used();
        match self.share.is_alone() {
            true => Start::Now,
            false => self
                .share
                .next_start(self.limit, used, unanswered, resets_at, now),
        }
    }

    /// The reset, if the server has said that nothing is left until then.
    pub(super) fn used_up_until(&mut self, now: Instant) -> Option<Instant> {
        self.roll(now);
        self.resets_at.filter(|_| self.remaining == 0)
    }

    /// Others use the window, as far as one knows.
    pub(super) fn expect_others(&mut self) {
        self.share.expect_others();
    }

    /// The number of clients that a store has seen.
    pub(super) fn set_clients(&mut self, clients: u64) {
        self.share.set_clients(clients);
    }

    /// A call is sent.
    pub(super) fn start(&mut self, now: Instant, had_to_wait: bool) {
        self.share.started(now, had_to_wait);
    }

    /// The server has counted a call whose response told nothing of this window.
    pub(super) fn count(&mut self) {
        self.sent += 1;
        self.remaining = self.remaining.saturating_sub(1);
    }

    /// Whether this window cannot be one of those that a response chose among: the server shows
    /// the window with the fewest requests left.
    pub(super) fn is_refuted_by(&self, told: &RateLimit) -> bool {
        let untold = self.resets_at.is_none();
        told.remaining > self.limit || (untold && self.remaining == 0 && told.remaining > 0)
    }

    /// Takes in a response that describes this window.
    pub(super) fn observe(&mut self, seen: &Observation, unanswered: u64) {
        let reset_at_unix = seen.reset_at_unix();
        if reset_at_unix < self.reset_at_unix {
            // A straggler of a period that is over.
            return;
        }
        if reset_at_unix == self.reset_at_unix && self.resets_at.is_none() {
            self.observe_after_the_end(seen);
            return;
        }
        let moved = self.resets_at.is_some_and(|at| at > seen.now + A_MOMENT);
        if reset_at_unix > self.reset_at_unix && moved {
            // A server without fixed windows: each response names a later reset.
            self.reset_at_unix = reset_at_unix;
            self.remaining = u64::MAX;
        }
        if reset_at_unix > self.reset_at_unix {
            self.end_period();
            let since = reset_at_unix - self.reset_at_unix;
            self.share.period_began(since.unsigned_abs(), seen);
            self.reset_at_unix = reset_at_unix;
            self.remaining = u64::MAX;
        }
        self.resets_at = Some(seen.resets_at + self.guard);
        self.remaining = self.remaining.min(seen.told.remaining);
        if seen.counted {
            self.sent += 1;
        }
        self.share.observe(seen, self.sent + unanswered);
    }

    /// A response of the period that has ended on our clock. A 429 to a call that was sent after
    /// the end says that it has not ended on the server's.
    #[cold]
    fn observe_after_the_end(&mut self, seen: &Observation) {
        if seen.counted || self.released_at.is_some_and(|at| seen.sent_at < at) {
            return;
        }
        let grown = (self.guard + GUARD_STEP).min(LONGEST_GUARD);
        let again_at = match grown > self.guard {
            true => seen.resets_at + grown,
            // The server's clock makes no sense: a pause keeps us from hammering it.
            false => seen.now + LONGEST_GUARD,
        };
        self.guard = grown;
        self.remaining = 0;
        self.resets_at = Some(again_at);
    }

    /// For people: the name of its operation and agent, and how many calls wait for it.
    pub(super) fn snapshot(
        &self,
        name: (&'static str, Option<&str>),
        waiting: usize,
    ) -> RateLimitWindow {
        RateLimitWindow {
            limit: self.limit,
            remaining: self.remaining.min(self.limit),
            resets_at: self
                .resets_at
                .and(Timestamp::from_second(self.reset_at_unix).ok()),
            ..RateLimitWindow::unknown(name, waiting)
        }
    }

    /// Returns whether nothing that is known still matters.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.resets_at.is_none_or(|at| at <= now)
    }

    fn roll(&mut self, now: Instant) {
        if self.resets_at.is_some_and(|at| at <= now) {
            self.end_period();
            self.released_at = Some(now);
        }
    }

    #[cold]
    fn end_period(&mut self) {
        if self.resets_at.take().is_some() {
            self.share.period_ended(self.limit, self.used(), self.sent);
            self.remaining = self.limit;
            self.sent = 0;
        }
    }
}
