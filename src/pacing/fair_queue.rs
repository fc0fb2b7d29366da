//! A queue in front of a window: calls pass in the order in which they arrived.

use std::collections::BTreeMap;
use std::task::Waker;

use tokio::time::Instant;

use super::window::Window;

#[derive(Debug)]
pub(super) struct FairQueue {
    pub(super) window: Window,
    /// Waiting calls by their number; the smallest is the first.
    queue: BTreeMap<u64, Option<Waker>>,
    next_number: u64,
}

impl FairQueue {
    pub(super) fn new(window: Window) -> Self {
        Self {
            window,
            queue: BTreeMap::new(),
            next_number: 0,
        }
    }

    /// Passes if no call waits and there is room; otherwise queues up under the returned number.
    pub(super) fn enter(&mut self, now: Instant) -> Result<(), u64> {
        if self.queue.is_empty() && self.window.has_room(now) {
            self.window.start();
            return Ok(());
        }
        let number = self.next_number;
        self.next_number += 1;
        self.queue.insert(number, None);
        Err(number)
    }

    pub(super) fn is_first(&self, number: u64) -> bool {
        self.queue.first_key_value().map(|(first, _)| *first) == Some(number)
    }

    pub(super) fn wait(&mut self, number: u64, waker: Waker) {
        self.queue.insert(number, Some(waker));
    }

    /// Lets the call out of the queue and through.
    pub(super) fn pass(&mut self, number: u64) {
        self.queue.remove(&number);
        self.window.start();
        self.wake_first();
    }

    /// For a call that waits no longer.
    pub(super) fn give_up(&mut self, number: u64) {
        if self.queue.remove(&number).is_some() {
            self.wake_first();
        }
    }

    /// Gives a place back.
    pub(super) fn leave(&mut self) {
        self.window.finish();
        self.wake_first();
    }

    pub(super) fn wake_first(&self) {
        if let Some((_, Some(waker))) = self.queue.first_key_value() {
            waker.wake_by_ref();
        }
    }

    /// Nothing waits or is in flight, and what the window knows no longer matters.
    pub(super) fn is_spent(&self, now: Instant) -> bool {
        self.queue.is_empty() && self.window.is_spent(now)
    }
}
