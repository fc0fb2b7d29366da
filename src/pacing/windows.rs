//! All rate-limit windows that apply to the calls of one queue: a minute's and an hour's, say.

use std::time::Duration;

use tokio::time::Instant;

use super::lease::Lease;
use super::observation::Observation;
use super::places::Places;
use super::reserved::Reserved;
use super::sent::Sent;
use super::start::Start;
use super::store::Grant;
use super::window::Window;
use crate::observer::WaitReason;

/// Calls that may be in flight before the first response tells a limit: the server's smallest
/// documented limit.
const IN_FLIGHT_BEFORE_THE_FIRST_RESPONSE: u64 = 10;
/// After this many responses, it is known whose windows they describe, even if others use the
/// account.
const RESPONSES_AT_FIRST: u64 = 16;
/// Resets are whole seconds.
const A_MOMENT: Duration = Duration::from_secs(2);
/// A server with more windows than this would invent a limit per response.
const WINDOWS_KEPT: usize = 4;

#[derive(Debug)]
pub(super) struct Windows {
    /// Told apart by their limits.
    known: Vec<Window>,
    sent: Sent,
    /// Calls that were let through and have no response yet.
    unanswered: u64,
    /// Calls that hold a place: those, and messages whose response is still being read.
    in_flight: u64,
    max_in_flight: Option<u64>,
    responses: u64,
    /// Whether any response, of these windows or of others, has had rate-limit headers.
    is_told: bool,
    /// Whether others use the account.
    is_crowded: bool,
    /// What is reserved in the store that clients share, if there is one.
    reserved: Option<Box<Reserved>>,
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    Counted,
    Refused,
    NotSent,
}

impl Windows {
    pub(super) fn new(max_in_flight: Option<u32>) -> Self {
        Self {
            known: Vec::new(),
            sent: Sent::default(),
            unanswered: 0,
            in_flight: 0,
            max_in_flight: max_in_flight.map(u64::from),
            responses: 0,
            is_told: false,
            is_crowded: false,
            reserved: None,
        }
    }

    /// Shares the windows with other clients through a store, under this name there.
    pub(super) fn leased(mut self, window: String, is_store_lost: bool) -> Self {
        let reserved = Reserved::new(window, self.max_in_flight, is_store_lost);
        self.reserved = Some(Box::new(reserved));
        self
    }

    /// Like [`leased`](Self::leased), and reserves even the first call.
    pub(super) fn always_leased(mut self, window: String) -> Self {
        let reserved = Reserved::new(window, self.max_in_flight, false);
        self.reserved = Some(Box::new(reserved.always()));
        self
    }

    /// When one more call may be sent.
    pub(super) fn next_start(&mut self, now: Instant) -> Start {
        let has_place = self.has_place();
        if self.is_leased() {
            return self.next_leased_start(has_place, now);
        }
        let most_at_first = match (self.responses, self.is_crowded) {
            (0, _) => IN_FLIGHT_BEFORE_THE_FIRST_RESPONSE,
            (1..RESPONSES_AT_FIRST, true) if self.known.is_empty() => 1,
            _ => u64::MAX,
        };
        if !has_place && let Some(at) = self.place_at(now) {
            return Start::At(at);
        }
        let start = match has_place && self.unanswered < most_at_first {
            true => Start::Now,
            false => Start::AfterResponse,
        };
        self.known.iter_mut().fold(start, |start, window| {
            start.and(window.next_start(self.unanswered, now))
        })
    }

    /// The store says how much of the windows is this client's, unless the server has said that
    /// one of them is used up.
    fn next_leased_start(&mut self, has_place: bool, now: Instant) -> Start {
        if !has_place && let Some(at) = self.place_at(now) {
            return Start::At(at);
        }
        let start = match has_place {
            true => Start::Now,
            false => Start::AfterResponse,
        };
        let used_up = |window: &mut Window| window.used_up_until(now).map(Start::At);
        let starts = self.known.iter_mut().filter_map(used_up);
        let start = starts.fold(start, Start::and);
        let reserved = self.reserved.as_mut();
        start.and(reserved.map_or(Start::Now, |reserved| reserved.next_start(now)))
    }

    /// Why a call is held back that may be sent at this start.
    pub(super) fn reason(&self, start: Start, now: Instant) -> WaitReason {
        let waits_for_reset = matches!(start, Start::At(_)) && self.place_at(now).is_none();
        match self.has_place() || waits_for_reset {
            true => WaitReason::RateLimit,
            false => WaitReason::InFlight,
        }
    }

    /// When to ask for a place again, if other clients hold all of them.
    fn place_at(&self, now: Instant) -> Option<Instant> {
        self.reserved.as_ref()?.place_at(now)
    }

    /// Whether one more call may be in flight.
    pub(super) fn has_place(&self) -> bool {
        let most = self.max_in_flight.unwrap_or(u64::MAX);
        let reserved = self.reserved.as_ref();
        let held = reserved.and_then(|reserved| reserved.most_in_flight());
        self.in_flight < most.min(held.unwrap_or(most))
    }

    /// Whether a place has to be asked for, for the calls that wait.
    pub(super) fn must_ask_for_place(&self, now: Instant) -> bool {
        let reserved = self.reserved.as_ref();
        reserved.is_some_and(|reserved| reserved.must_ask_for_place(self.in_flight, now))
    }

    pub(super) fn places_mut(&mut self) -> Option<&mut Places> {
        self.reserved.as_mut()?.places_mut()
    }

    /// Whether calls need a reservation. A server that tells no limit has none.
    pub(super) fn is_leased(&self) -> bool {
        let may_be_limited = self.responses == 0 || self.is_told;
        let is_known = !self.known.is_empty();
        let reserved = self.reserved.as_ref();
        reserved.is_some_and(|reserved| reserved.is_needed(is_known, may_be_limited))
    }

    /// Whether a reservation has to be asked for, for the calls that wait.
    pub(super) fn must_ask(&mut self, now: Instant) -> bool {
        // A place and a call are asked for together.
        let may_ask = self.is_leased() && (self.has_place() || self.must_ask_for_place(now));
        let reserved = self.reserved.as_ref();
        may_ask
            && reserved.is_some_and(|reserved| reserved.must_ask(now))
            && !self
                .known
                .iter_mut()
                .any(|window| window.used_up_until(now).is_some())
    }

    pub(super) fn lease_mut(&mut self) -> Option<&mut Lease> {
        self.reserved.as_mut().map(|reserved| reserved.lease_mut())
    }

    /// Takes in the store's reply to a reservation.
    pub(super) fn granted(&mut self, grant: &Grant, now: Instant) {
        if let Some(reserved) = &mut self.reserved {
            reserved.granted(grant, now);
        }
    }

    /// A reservation has no reply.
    pub(super) fn ask_failed(&mut self) {
        if let Some(reserved) = &mut self.reserved {
            reserved.failed();
        }
    }

    /// The store is lost: from now on the client takes the share of one of `clients`.
    pub(super) fn store_lost(&mut self, clients: u64) {
        if let Some(reserved) = &mut self.reserved {
            reserved.failed();
            reserved.set_lost(true);
        }
        for window in &mut self.known {
            window.set_clients(clients);
        }
    }

    /// The store is back.
    pub(super) fn store_found(&mut self) {
        if let Some(reserved) = &mut self.reserved {
            reserved.set_lost(false);
        }
    }

    pub(super) fn known(&self) -> &[Window] {
        &self.known
    }

    /// The window that a call without room waits for.
    pub(super) fn tightest(&self) -> Option<&Window> {
        let left = |window: &&Window| (window.remaining(), std::cmp::Reverse(window.resets_at()));
        self.known.iter().min_by_key(left)
    }

    pub(super) fn has_limit(&self, limit: u64) -> bool {
        self.known.iter().any(|window| window.limit() == limit)
    }

    pub(super) fn forget_limit(&mut self, limit: u64) {
        self.known.retain(|window| window.limit() != limit);
    }

    pub(super) fn unanswered(&self) -> u64 {
        self.unanswered
    }

    pub(super) fn in_flight(&self) -> u64 {
        self.in_flight
    }

    pub(super) fn max_in_flight(&self) -> Option<u64> {
        self.max_in_flight
    }

    /// A call is sent, out of the queue if it had to wait.
    pub(super) fn start(&mut self, now: Instant, had_to_wait: bool) {
        self.unanswered += 1;
        self.in_flight += 1;
        for window in &mut self.known {
            window.start(now, had_to_wait);
        }
        if let Some(lease) = self.lease_mut() {
            lease.start(now);
        }
    }

    /// A call has its response, or never gets one.
    pub(super) fn settle(&mut self, settled: Settled) {
        self.unanswered = self.unanswered.saturating_sub(1);
        if let Some(lease) = self.lease_mut() {
            match settled {
                Settled::Counted => lease.answered(true),
                Settled::Refused => lease.answered(false),
                Settled::NotSent => lease.not_sent(),
            }
        }
    }

    /// A call gives its place back.
    pub(super) fn finish(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// The server has counted a call without telling what is left, as far as one knows.
    pub(super) fn count(&mut self) {
        self.sent.count();
        self.known.iter_mut().for_each(Window::count);
    }

    /// There is a response, so what it does not tell of is not limited.
    pub(super) fn respond(&mut self) {
        self.responses += 1;
    }

    /// Counts the call of this response, and returns how many calls that makes in the period that
    /// the response tells of.
    pub(super) fn count_in_period(&mut self, seen: &Observation) -> Option<u64> {
        self.sent.count_in_period(seen)
    }

    /// Takes in a response that describes one of these windows, after [`Self::count_in_period`]
    /// has counted it.
    pub(super) fn observe(&mut self, seen: &Observation, sent: u64) {
        self.observe_other(seen);
        let mut resets = self.known.iter().filter_map(Window::resets_at);
        // Of a minute's and an hour's window, the minute's is shared.
        let is_shared = resets.all(|at| at + A_MOMENT >= seen.resets_at);
        if is_shared && let Some(lease) = self.lease_mut() {
            lease.observe(seen);
        }
        let told = |window: &&mut Window| window.limit() == seen.told.limit;
        // This call has its response.
        let unanswered = self.unanswered.saturating_sub(1);
        match self.known.iter_mut().find(told) {
            Some(window) => window.observe(seen, unanswered),
            None => {
                if self.known.len() == WINDOWS_KEPT {
                    self.known.remove(0);
                }
                let mut window = Window::new(seen, sent, unanswered);
                if self.is_crowded {
                    window.expect_others();
                }
                self.known.push(window);
            }
        }
    }

    /// Whether others use the account.
    pub(super) fn is_crowded(&self) -> bool {
        self.is_crowded
    }

    /// Others use the account.
    pub(super) fn set_crowded(&mut self) {
        self.is_crowded = true;
    }

    /// Takes in a response that describes another window: the server counted the call in these too.
    pub(super) fn observe_other(&mut self, seen: &Observation) {
        let told = &seen.told;
        self.is_told = true;
        if self.known.iter().any(|window| window.is_refuted_by(told)) {
            self.known.retain(|window| !window.is_refuted_by(told));
        }
        if seen.counted {
            let others = |window: &&mut Window| window.limit() != told.limit;
            self.known.iter_mut().filter(others).for_each(Window::count);
        }
    }

    /// Nothing in flight, and nothing known that still matters.
    pub(super) fn is_unused(&self, now: Instant) -> bool {
        let reserved = self.reserved.as_ref();
        let is_asking = reserved.is_some_and(|reserved| reserved.is_asking());
        self.in_flight == 0 && !is_asking && self.known.iter().all(|window| window.is_over(now))
    }
}

#[cfg(test)]
mod tests;
