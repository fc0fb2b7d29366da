//! A queue in front of windows: calls pass in the order in which they arrived.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::task::Waker;

use tokio::time::Instant;

use super::start::Start;
use super::windows::Windows;

/// Where a call enters a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Back,
    /// For a call that the server has rejected, which has already waited.
    Front,
}

#[derive(Debug)]
pub(super) struct FairQueue {
    pub(super) windows: Windows,
    /// Waiting calls by their number; the smallest is the first.
    queue: BTreeMap<i64, Option<Waker>>,
    next_back: i64,
    next_front: i64,
}

impl FairQueue {
    pub(super) fn new(windows: Windows) -> Self {
        Self {
            windows,
            queue: BTreeMap::new(),
            next_back: 0,
            next_front: -1,
        }
    }

    /// Passes if no call waits and there is room; otherwise queues up under the returned number.
    pub(super) fn enter(&mut self, place: Place, now: Instant) -> Result<(), i64> {
        if self.queue.is_empty() && self.windows.next_start(now) == Start::Now {
            self.windows.start(now, false);
            return Ok(());
        }
        let number = match place {
            Place::Back => self.next_back,
            Place::Front => self.next_front,
        };
        match place {
            Place::Back => self.next_back += 1,
            Place::Front => self.next_front -= 1,
        }
        self.queue.insert(number, None);
        Err(number)
    }

    pub(super) fn is_first(&self, number: i64) -> bool {
        self.queue.first_key_value().map(|(first, _)| *first) == Some(number)
    }

    pub(super) fn waiting(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn wait(&mut self, number: i64, waker: &Waker) {
        self.queue.insert(number, Some(waker.clone()));
    }

    /// Lets the call out of the queue and through.
    pub(super) fn pass(&mut self, number: i64, now: Instant) {
        self.queue.remove(&number);
        self.windows.start(now, true);
        self.wake_first();
    }

    /// For a call that waits no longer.
    pub(super) fn give_up(&mut self, number: i64) {
        if self.queue.remove(&number).is_some() {
            self.wake_first();
        }
    }

    /// Gives a place back.
    pub(super) fn leave(&mut self) {
        self.windows.finish();
        self.wake_first();
    }

    pub(super) fn wake_first(&self) {
        if let Some((_, Some(waker))) = self.queue.first_key_value() {
            waker.wake_by_ref();
        }
    }

    /// Wakes the call behind this one, which waits for the same.
    pub(super) fn wake_next(&self, number: i64) {
        let behind = (Bound::Excluded(number), Bound::Unbounded);
        if let Some((_, Some(waker))) = self.queue.range(behind).next() {
            waker.wake_by_ref();
        }
    }

    /// Nothing waits or is in flight, and what the windows know no longer matters.
    pub(super) fn is_unused(&self, now: Instant) -> bool {
        self.queue.is_empty() && self.windows.is_unused(now)
    }
}
