//! A store for several clients in one process, and for tests in virtual time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::ledger::{Ledger, Places};
use super::window_store::{Grant, Holding, Reservation, StoreFuture, WindowStore};

/// Windows that several clients of one process share, each with its own settings or runtime.
///
/// Clones share one store. It uses tokio's clock, so it works in tests with a paused clock.
///
/// ```
/// # fn main() -> Result<(), orionos::OrionError> {
/// use orionos::{MemoryWindowStore, OrionOS, Pacing};
///
/// let store = MemoryWindowStore::new();
/// let batch = OrionOS::builder().api_key("key").pacing(Pacing::shared(store.clone())).build()?;
/// let chat = OrionOS::builder().api_key("key").pacing(Pacing::shared(store)).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct MemoryWindowStore(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    epoch: Option<Instant>,
    windows: HashMap<String, Ledger>,
    places: HashMap<String, Places>,
    operations: u64,
}

impl MemoryWindowStore {
    /// Returns an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the number of operations so far, which is the load of a store on another machine.
    pub fn operations(&self) -> u64 {
        self.lock().operations
    }

    /// Forgets everything, like a store that is restarted without its data.
    pub fn clear(&self) {
        let mut state = self.lock();
        state.windows.clear();
        state.places.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Counts an operation, and returns the time in milliseconds.
    fn operation(&mut self) -> u64 {
        self.operations += 1;
        let now = Instant::now();
        let passed = now.duration_since(*self.epoch.get_or_insert(now));
        // 0 means never.
        1 + u64::try_from(passed.as_millis()).unwrap_or(u64::MAX - 1)
    }
}

impl WindowStore for MemoryWindowStore {
    fn reserve<'a>(&'a self, reservation: &'a Reservation) -> StoreFuture<'a, Grant> {
        Box::pin(async move {
            let mut state = self.lock();
            let now = state.operation();
            let ledger = match state.windows.get_mut(&reservation.window) {
                Some(ledger) => ledger,
                None => state.windows.entry(reservation.window.clone()).or_default(),
            };
            Ok(ledger.reserve(reservation, now, fastrand::f64()))
        })
    }

    fn hold<'a>(&'a self, holding: &'a Holding) -> StoreFuture<'a, u64> {
        Box::pin(async move {
            let mut state = self.lock();
            let now = state.operation();
            let places = state.places.entry(holding.window.clone()).or_default();
            let held = places.hold(holding, now);
            if places.is_empty() {
                state.places.remove(&holding.window);
            }
            Ok(held)
        })
    }
}
