//! The mock's own clock: everything that it dates, counts or waits for goes by it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::time::Instant;

/// How the mock's time passes. `MockServer::advance` moves every kind forward.
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
    /// Follows tokio's clock from the present time on: real time, unless the runtime's clock is
    /// paused. The default.
    #[must_use]
    pub fn tokio() -> Self {
        Self {
            start: None,
            moves: true,
        }
    }

    /// Stands still and moves only when it is told to. It begins at 2026-01-01T00:00:00Z.
    #[must_use]
    pub fn frozen() -> Self {
        Self {
            start: Timestamp::from_second(1_767_225_600).ok(),
            moves: false,
        }
    }

    /// Begins at this time.
    #[must_use]
    pub fn starting_at(mut self, start: Timestamp) -> Self {
        self.start = Some(start);
        self
    }
}

/// The running clock.
#[derive(Debug, Clone)]
pub(crate) struct RunningClock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    advanced: Notify,
}

#[derive(Debug, Clone, Copy)]
struct State {
    /// The time when the clock last stood still, or began to move.
    base: Timestamp,
    /// Since when it moves; `None` while it stands still.
    since: Option<Instant>,
}

impl State {
    fn now(&self) -> Timestamp {
        let passed = self.since.map_or(Duration::ZERO, |since| since.elapsed());
        later(self.base, passed)
    }
}

/// A time past the end of the calendar is its end.
fn later(time: Timestamp, by: Duration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

impl RunningClock {
    pub(crate) fn new(clock: &Clock) -> Self {
        Self(Arc::new(Inner {
            state: Mutex::new(State {
                base: clock.start.unwrap_or_else(Timestamp::now),
                since: clock.moves.then(Instant::now),
            }),
            advanced: Notify::new(),
        }))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.lock().now()
    }

    pub(crate) fn advance(&self, by: Duration) {
        {
            let mut state = self.lock();
            state.base = later(state.base, by);
        }
        self.0.advanced.notify_waiters();
    }

    /// Stands still from now on.
    pub(crate) fn freeze(&self) {
        let mut state = self.lock();
        state.base = state.now();
        state.since = None;
        drop(state);
        self.0.advanced.notify_waiters();
    }

    /// Moves from now on.
    pub(crate) fn resume(&self) {
        let mut state = self.lock();
        state.since.get_or_insert_with(Instant::now);
        drop(state);
        self.0.advanced.notify_waiters();
    }

    pub(crate) fn is_frozen(&self) -> bool {
        self.lock().since.is_none()
    }

    /// Waits until the clock shows this much more.
    pub(crate) async fn sleep(&self, length: Duration) {
        if length.is_zero() {
            return;
        }
        let end = later(self.now(), length);
        loop {
            // Registered before the clock is read, so that no advance is missed.
            let advanced = self.0.advanced.notified();
            tokio::pin!(advanced);
            advanced.as_mut().enable();
            let state = *self.lock();
            let now = state.now();
            if now >= end {
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
    async fn a_frozen_clock_moves_only_when_told_and_its_sleepers_wake() {
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
    async fn it_follows_a_paused_runtime() {
        let clock = RunningClock::new(&Clock::tokio());
        let start = clock.now();
        clock.sleep(Duration::from_secs(3600)).await;
        assert_eq!(clock.now().duration_since(start).as_secs(), 3600);
    }

    #[test]
    fn an_advance_past_the_calendar_does_not_panic() {
        let clock = RunningClock::new(&Clock::frozen());
        clock.advance(Duration::MAX);
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), Timestamp::MAX);
    }
}
