//! The queues of one client behind one lock.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::queues::Queues;

/// A call takes the lock for a moment when it starts, when its response headers arrive, and when it
/// gives back a place that it held for longer.
#[derive(Debug)]
pub(super) struct SharedQueues(Mutex<Queues>);

impl SharedQueues {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Queues::new()))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Queues> {
        // Nothing under the lock can panic halfway through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
