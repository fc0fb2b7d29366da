//! The mock's clock. Timestamps, windows and waits use it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::time::Instant;

/// How time passes for the mock. [`MockServer::advance`](crate::MockServer::advance) moves every kind of
/// clock forward.
#[derive(Debug, Clone)]
pub struct Clock {
    start: Option<Timestamp>,
    moves: bool,
}

impl Default for Clock {
    fn default() -> Self {
        Self::tokio()
    }
}

impl Clock {
    /// Follows tokio's clock, starting at the current time. This is real time unless the runtime's
    /// clock is paused. This is the default.
    #[must_use]
    pub fn tokio() -> Self {
        Self {
            start: None,
            moves: true,
        }
    }

    /// Is frozen at 2026-01-01T00:00:00Z and moves only when advanced.
    #[must_use]
    pub fn frozen() -> Self {
        Self {
            start: Timestamp::from_second(1_767_225_600).ok(),
            moves: false,
        }
    }

    /// Sets the initial time.
    #[must_use]
    pub fn starting_at(mut self, start: Timestamp) -> Self {
        self.start = Some(start);
        self
    }
}

/// A running clock.
#[derive(Debug, Clone)]
pub(crate) struct RunningClock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    advanced: Notify,
}

/// The state of a clock. Two are equal if the clock was not set or moved in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State {
    /// The time at which the clock was last frozen or started.
    base: Timestamp,
    /// When it was started; `None` while it is frozen.
    since: Option<Instant>,
    /// The number of restarts, which end all waits.
    restarts: u64,
}

impl State {
    fn start(clock: &Clock, restarts: u64) -> Self {
        Self {
            base: clock.start.unwrap_or_else(Timestamp::now),
            since: clock.moves.then(Instant::now),
            restarts,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        let passed = self.since.map_or(Duration::ZERO, |since| since.elapsed());
        later(self.base, passed)
    }
}

/// Stops at the end of the calendar.
fn later(time: Timestamp, by: Duration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

impl RunningClock {
    pub(crate) fn new(clock: &Clock) -> Self {
        Self(Arc::new(Inner {
            state: Mutex::new(State::start(clock, 0)),
            advanced: Notify::new(),
        }))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.lock().now()
    }

    pub(crate) fn state(&self) -> State {
        *self.lock()
    }

    /// Starts anew. Whoever waits goes on.
    pub(crate) fn restart(&self, clock: &Clock) {
        {
            let mut state = self.lock();
            *state = State::start(clock, state.restarts + 1);
        }
        self.0.advanced.notify_waiters();
    }

    /// Sets the time. Whoever waits goes on.
    pub(crate) fn set(&self, time: Timestamp) {
        {
            let mut state = self.lock();
            state.base = time;
            state.since = state.since.map(|_| Instant::now());
            state.restarts += 1;
        }
        self.0.advanced.notify_waiters();
    }

    pub(crate) fn advance(&self, by: Duration) {
        {
            let mut state = self.lock();
            state.base = later(state.base, by);
        }
        self.0.advanced.notify_waiters();
    }

    /// Freezes the clock at the current time.
    pub(crate) fn freeze(&self) {
        let mut state = self.lock();
        state.base = state.now();
        state.since = None;
        drop(state);
        self.0.advanced.notify_waiters();
    }

    /// Lets a frozen clock move again.
    pub(crate) fn resume(&self) {
        let mut state = self.lock();
        state.since.get_or_insert_with(Instant::now);
        drop(state);
        self.0.advanced.notify_waiters();
    }

    pub(crate) fn is_frozen(&self) -> bool {
        self.lock().since.is_none()
    }

    /// Waits until the clock has moved by `length`, or is restarted.
    pub(crate) async fn sleep(&self, length: Duration) {
        if length.is_zero() {
            return;
        }
        let begun = *self.lock();
        let end = later(begun.now(), length);
        loop {
            // Registering before the clock is read does not miss an advance.
            let advanced = self.0.advanced.notified();
            tokio::pin!(advanced);
            advanced.as_mut().enable();
            let state = *self.lock();
            let now = state.now();
            if now >= end || state.restarts != begun.restarts {
                return;
            }
            if state.since.is_none() {
                advanced.await;
            } else {
                let left = Duration::try_from(end.duration_since(now)).unwrap_or_default();
                tokio::select! {
                    () = tokio::time::sleep(left) => {}
                    () = advanced => {}
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn advancing_a_frozen_clock_ends_waits() {
        let clock = RunningClock::new(&Clock::frozen());
        let start = clock.now();
        assert_eq!(start.to_string(), "2026-01-01T00:00:00Z");
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(Duration::from_secs(60)).await }
        });
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(59));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_secs(1));
        sleeper.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn the_clock_follows_a_paused_runtime() {
        let clock = RunningClock::new(&Clock::tokio());
        let start = clock.now();
        clock.sleep(Duration::from_secs(3600)).await;
        assert_eq!(clock.now().duration_since(start).as_secs(), 3600);
    }

    #[tokio::test]
    async fn a_restart_sets_the_time_back_and_ends_waits() {
        let clock = RunningClock::new(&Clock::frozen());
        clock.advance(Duration::from_secs(60));
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(Duration::from_secs(60)).await }
        });
        tokio::task::yield_now().await;
        clock.restart(&Clock::frozen());
        sleeper.await.unwrap();
        assert_eq!(clock.now().to_string(), "2026-01-01T00:00:00Z");
    }

    #[test]
    fn advancing_past_the_calendar_stops_at_its_end() {
        let clock = RunningClock::new(&Clock::frozen());
        clock.advance(Duration::MAX);
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), Timestamp::MAX);
    }
}
