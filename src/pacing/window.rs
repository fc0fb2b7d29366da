//! One rate-limit window as the client knows it: a pure state machine without waiting.

use tokio::time::Instant;

use crate::rate_limit::RateLimit;

/// Calls that may be in flight before the first response tells the limit: the server's smallest
/// documented limit.
const IN_FLIGHT_BEFORE_THE_FIRST_RESPONSE: u64 = 10;

#[derive(Debug)]
pub(super) struct Window {
    /// The window's size; the smallest seen, since the headers may describe a larger window.
    limit: Option<u64>,
    /// The fewest left that a response of this window has told.
    remaining: u64,
    /// The reset by the server's clock, which tells one window from the next.
    reset_at_unix: Option<i64>,
    /// The reset on our clock. `None` after it, until a response of the new window arrives.
    resets_at: Option<Instant>,
    /// Calls of this client that the server counted in the window.
    sent: u64,
    /// Calls that were let through and have no response yet.
    in_flight: u64,
    max_in_flight: u64,
    /// What may be in flight while the limit is not known.
    before_the_first_response: u64,
}

impl Window {
    pub(super) fn operation(max_in_flight: Option<u32>) -> Self {
        Self {
            limit: None,
            remaining: 0,
            reset_at_unix: None,
            resets_at: None,
            sent: 0,
            in_flight: 0,
            max_in_flight: max_in_flight.map_or(u64::MAX, u64::from),
            before_the_first_response: IN_FLIGHT_BEFORE_THE_FIRST_RESPONSE,
        }
    }

    /// The account's window: it limits nothing before the headers show that it exists.
    pub(super) fn account() -> Self {
        Self {
            before_the_first_response: u64::MAX,
            ..Self::operation(None)
        }
    }

    /// Whether one more call may be sent.
    pub(super) fn has_room(&mut self, now: Instant) -> bool {
        if self.resets_at.is_some_and(|at| at <= now) {
            self.resets_at = None;
            self.remaining = self.limit.unwrap_or(0);
            self.sent = 0;
        }
        let permitted = match self.limit {
            // With no reset to wait for, one call has to go and ask.
            Some(_) if self.resets_at.is_none() => self.remaining.max(1),
            Some(_) => self.remaining,
            None => self.before_the_first_response,
        };
        self.in_flight < permitted.min(self.max_in_flight)
    }

    /// When the next window begins, if that is what a call without room waits for.
    pub(super) fn next_reset(&self) -> Option<Instant> {
        match self.limit {
            Some(_) if self.in_flight < self.max_in_flight => self.resets_at,
            _ => None,
        }
    }

    /// Whether the number of calls in flight matters by itself.
    pub(super) fn limits_in_flight(&self) -> bool {
        self.max_in_flight != u64::MAX
    }

    pub(super) fn limit(&self) -> Option<u64> {
        self.limit
    }

    /// Takes this response's numbers for the window's.
    pub(super) fn set_limit(&mut self, told: &RateLimit) {
        self.limit = Some(told.limit);
        self.remaining = told.remaining;
    }

    pub(super) fn forget_limit(&mut self) {
        self.limit = None;
    }

    pub(super) fn in_flight(&self) -> u64 {
        self.in_flight
    }

    pub(super) fn start(&mut self) {
        self.in_flight += 1;
    }

    pub(super) fn finish(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// A call that the server counted, without word of what is left.
    pub(super) fn count(&mut self) {
        self.sent += 1;
        self.remaining = self.remaining.saturating_sub(1);
    }

    /// Takes in a response's headers. Returns how many calls of this client the window has counted.
    pub(super) fn observe(&mut self, told: &RateLimit, reset: Instant, counted: bool) -> u64 {
        // A straggler of a window that is over says nothing of this one.
        if self.enter(told, reset) {
            self.limit = Some(self.limit.map_or(told.limit, |limit| limit.min(told.limit)));
            self.remaining = self.remaining.min(told.remaining);
            self.sent += u64::from(counted);
        }
        self.sent
    }

    /// Counts a call in the window that this response belongs to, and returns how many that makes;
    /// `None` if that window is over already.
    pub(super) fn count_in(
        &mut self,
        told: &RateLimit,
        reset: Instant,
        counted: bool,
    ) -> Option<u64> {
        if !self.enter(told, reset) {
            return None;
        }
        self.sent += u64::from(counted);
        Some(self.sent)
    }

    /// Nothing in flight and nothing known that still matters.
    pub(super) fn is_spent(&self, now: Instant) -> bool {
        self.in_flight == 0 && self.resets_at.is_none_or(|at| at <= now)
    }

    /// Moves on to the window that a response belongs to. `false`: it is over already.
    fn enter(&mut self, told: &RateLimit, reset: Instant) -> bool {
        let reset_at_unix = told.reset.as_second();
        match self.reset_at_unix {
            Some(present) if reset_at_unix < present => return false,
            Some(present) if reset_at_unix == present => {}
            _ => {
                self.reset_at_unix = Some(reset_at_unix);
                self.remaining = u64::MAX;
                self.sent = 0;
            }
        }
        self.resets_at = Some(reset);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;

    fn told(limit: u64, remaining: u64, reset: i64) -> RateLimit {
        RateLimit {
            limit,
            remaining,
            reset: Timestamp::from_second(reset).unwrap(),
        }
    }

    fn room(window: &mut Window, now: Instant) -> u64 {
        let mut started = 0;
        while window.has_room(now) && started < 1000 {
            window.start();
            started += 1;
        }
        (0..started).for_each(|_| window.finish());
        started
    }

    #[test]
    fn before_the_first_response_ten_calls_may_be_in_flight() {
        assert_eq!(room(&mut Window::operation(None), Instant::now()), 10);
    }

    #[test]
    fn what_is_left_is_shared_with_the_calls_in_flight() {
        let now = Instant::now();
        let mut window = Window::operation(None);
        window.observe(&told(60, 20, 90), now + Duration::from_secs(30), true);
        window.start();
        window.start();
        assert_eq!(room(&mut window, now), 18);
    }

    #[test]
    fn responses_out_of_order_do_not_raise_what_is_left() {
        let now = Instant::now();
        let mut window = Window::operation(None);
        let reset = now + Duration::from_secs(30);
        window.observe(&told(60, 3, 90), reset, true);
        window.observe(&told(60, 5, 90), reset, true);
        assert_eq!(room(&mut window, now), 3);
        window.observe(&told(60, 40, 30), now, true);
        assert_eq!(room(&mut window, now), 3);
    }

    #[test]
    fn the_reset_gives_the_whole_window_back() {
        let now = Instant::now();
        let mut window = Window::operation(None);
        let reset = now + Duration::from_secs(30);
        window.observe(&told(60, 0, 90), reset, true);
        assert!(!window.has_room(now));
        assert_eq!(window.next_reset(), Some(reset));
        assert_eq!(room(&mut window, reset), 60);
    }

    #[test]
    fn a_window_without_a_reset_ahead_lets_one_call_ask() {
        let now = Instant::now();
        let mut nothing = Window::operation(None);
        nothing.observe(&told(0, 0, 0), now, true);
        assert_eq!(room(&mut nothing, now), 1);

        let mut responses_were_lost = Window::operation(None);
        responses_were_lost.observe(&told(2, 0, 90), now, true);
        assert_eq!(room(&mut responses_were_lost, now), 2);
        responses_were_lost.count();
        responses_were_lost.count();
        assert_eq!(room(&mut responses_were_lost, now), 1);
    }

    #[test]
    fn the_servers_number_wins_in_a_new_window() {
        let now = Instant::now();
        let mut window = Window::operation(None);
        window.observe(&told(60, 0, 90), now, true);
        assert_eq!(room(&mut window, now), 60);
        // Another process has used most of it.
        window.observe(&told(60, 7, 150), now + Duration::from_secs(60), true);
        assert_eq!(room(&mut window, now), 7);
    }

    #[test]
    fn at_most_so_many_in_flight_whatever_is_left() {
        let now = Instant::now();
        let mut window = Window::operation(Some(10));
        window.observe(&told(60, 59, 90), now + Duration::from_secs(30), true);
        (0..10).for_each(|_| window.start());
        assert!(!window.has_room(now));
        assert_eq!(window.next_reset(), None);
    }
}
