//! A queue in front of a window: calls pass in the order in which they came.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::time::{Instant, Sleep, sleep_until};

use super::window::Window;
use super::{PastDeadline, Patience};
use crate::rate_limit::RateLimit;

#[derive(Debug)]
pub(super) struct Gate {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    window: Window,
    /// Waiting calls by their number; the smallest is the first.
    queue: BTreeMap<u64, Option<Waker>>,
    next_number: u64,
}

impl Gate {
    pub(super) fn operation(max_in_flight: Option<u32>) -> Self {
        Self::new(Window::operation(max_in_flight))
    }

    pub(super) fn account() -> Self {
        Self::new(Window::account())
    }

    fn new(window: Window) -> Self {
        Self {
            state: Mutex::new(State {
                window,
                queue: BTreeMap::new(),
                next_number: 0,
            }),
        }
    }

    /// Waits for a place, from `now` on. Dropping the future leaves the queue.
    pub(super) async fn enter(
        self: Arc<Self>,
        patience: Patience,
        now: Instant,
    ) -> Result<Place, PastDeadline> {
        if self.lock().pass_at_once(now) {
            return Ok(Place::new(self, now));
        }
        let number = self.lock().queue_up();
        let mut waiting = Waiting {
            number,
            gate: self,
            timer: None,
            patience,
        };
        poll_fn(|cx| waiting.poll(cx)).await
    }

    pub(super) fn is_spent(&self, now: Instant) -> bool {
        let state = self.lock();
        state.queue.is_empty() && state.window.is_spent(now)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock can panic halfway through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// For a call that finds nobody waiting.
    fn pass_at_once(&mut self, now: Instant) -> bool {
        let passes = self.queue.is_empty() && self.window.has_room(now);
        if passes {
            self.window.start();
        }
        passes
    }

    fn queue_up(&mut self) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        self.queue.insert(number, None);
        number
    }

    fn is_first(&self, number: u64) -> bool {
        self.queue.first_key_value().map(|(first, _)| *first) == Some(number)
    }

    fn wake_first(&self) {
        if let Some((_, Some(waker))) = self.queue.first_key_value() {
            waker.wake_by_ref();
        }
    }
}

/// A call in the queue.
struct Waiting {
    gate: Arc<Gate>,
    number: u64,
    /// Set by the first in the queue only, for the window's reset.
    timer: Option<Pin<Box<Sleep>>>,
    patience: Patience,
}

impl Waiting {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Place, PastDeadline>> {
        loop {
            let now = Instant::now();
            let mut state = self.gate.lock();
            let reset = if state.is_first(self.number) {
                if state.window.has_room(now) {
                    return self.pass(state, now);
                }
                state.window.next_reset()
            } else {
                None
            };
            if let Some(at) = reset
                && at.saturating_duration_since(now) > self.patience.longest
            {
                return self.pass(state, now);
            }
            state.queue.insert(self.number, Some(cx.waker().clone()));
            drop(state);

            if let Some(deadline) = self.patience.deadline
                && reset.is_some_and(|at| at > deadline)
            {
                return Poll::Ready(Err(PastDeadline));
            }
            let wake_at = match (reset, self.patience.deadline) {
                (Some(reset), _) => reset,
                (None, Some(deadline)) => deadline,
                (None, None) => return Poll::Pending,
            };
            let timer = self
                .timer
                .get_or_insert_with(|| Box::pin(sleep_until(wake_at)));
            if timer.deadline() != wake_at {
                timer.as_mut().reset(wake_at);
            }
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            if reset.is_none() {
                return Poll::Ready(Err(PastDeadline));
            }
        }
    }

    fn pass(
        &self,
        mut state: MutexGuard<'_, State>,
        now: Instant,
    ) -> Poll<Result<Place, PastDeadline>> {
        state.queue.remove(&self.number);
        state.window.start();
        state.wake_first();
        drop(state);
        Poll::Ready(Ok(Place::new(self.gate.clone(), now)))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut state = self.gate.lock();
        if state.queue.remove(&self.number).is_some() {
            state.wake_first();
        }
    }
}

/// A call that has passed; dropping it makes room.
#[derive(Debug)]
pub(super) struct Place {
    gate: Arc<Gate>,
    pub(super) passed_at: Instant,
    /// Given back already.
    left: bool,
}

impl Place {
    fn new(gate: Arc<Gate>, passed_at: Instant) -> Self {
        Self {
            gate,
            passed_at,
            left: false,
        }
    }

    pub(super) fn learn(&self, told: &RateLimit, reset: Instant, counted: bool) -> u64 {
        let mut state = self.gate.lock();
        let sent = state.window.learn(told, reset, counted);
        // What was learned may make room while this place is still held, as by a stream.
        state.wake_first();
        sent
    }

    /// Learns, and gives the place back: the server's number counts the call from here on.
    pub(super) fn learn_account(
        &mut self,
        told: &RateLimit,
        reset: Instant,
        counted: bool,
        operation_sent: u64,
    ) {
        let mut state = self.gate.lock();
        state
            .window
            .learn_account(told, reset, counted, operation_sent);
        state.window.finish();
        state.wake_first();
        drop(state);
        self.left = true;
    }

    pub(super) fn count(&self) {
        self.gate.lock().window.count();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.left {
            return;
        }
        let mut state = self.gate.lock();
        state.window.finish();
        state.wake_first();
    }
}
