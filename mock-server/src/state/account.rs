//! An account: everything that the requests with its key see and change.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::faults::armed::{FaultId, Faults};
use crate::faults::fault::Fault;
use crate::journal::pattern::RequestPattern;
use crate::journal::record::Journal;
use crate::protocol::date_header::DateHeader;
use crate::state::clock::RunningClock;
use crate::state::ids::Random;
use crate::state::in_flight::InFlight;
use crate::state::limits::Limits;
use crate::state::replies::Replies;
use crate::state::settings::Settings;
use crate::state::snapshot::Snapshot;
use crate::state::store::Store;
use crate::state::windows::{Windows, WrittenHeaders};

/// An account with its clock.
#[derive(Debug)]
pub(crate) struct Account {
    /// The number of the account in the order of first use. The shared account has the number 0.
    pub(crate) number: usize,
    pub(crate) clock: RunningClock,
    /// Notified when a request arrives or has its response.
    pub(crate) requests: Notify,
    /// Whether there has ever been a fault that slows bodies down. Each request asks before its body is read,
    /// and most accounts never have one.
    may_slow_bodies: AtomicBool,
    state: Mutex<AccountState>,
    /// How often the state was locked.
    #[cfg(test)]
    pub(crate) visits: std::sync::atomic::AtomicU64,
}

/// The part of an account that is behind its lock.
#[derive(Debug)]
pub(crate) struct AccountState {
    pub(crate) store: Store,
    pub(crate) limits: Limits,
    pub(crate) windows: Windows,
    pub(crate) in_flight: InFlight,
    pub(crate) journal: Journal,
    pub(crate) faults: Faults,
    pub(crate) replies: Replies,
    pub(crate) token_pace: Duration,
    pub(crate) random: Random,
    pub(crate) date: DateHeader,
    pub(crate) written_headers: WrittenHeaders,
    seed: u64,
    starts: u64,
}

impl Account {
    /// Returns the account of a key in its initial state. The shared account has an empty key.
    pub(crate) fn new(settings: &Settings, key: &str, number: usize) -> Self {
        let seed = seed_of(settings.seed, key);
        Self {
            number,
            clock: RunningClock::new(&settings.clock),
            requests: Notify::new(),
            may_slow_bodies: settings.faults.iter().any(Fault::slows_bodies).into(),
            state: Mutex::new(AccountState::new(settings, seed)),
            #[cfg(test)]
            visits: 0.into(),
        }
    }

    /// Waits until `count` requests have arrived that match a pattern, and returns their number.
    pub(crate) async fn wait_for(&self, pattern: &RequestPattern, count: u64) -> u64 {
        loop {
            // Registering before the journal is read does not miss a request.
            let changed = self.requests.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let requests = self.lock().journal.requests();
            let found = requests.iter().filter(|request| pattern.matches(request));
            let found = found.count() as u64;
            if found >= count {
                return found;
            }
            changed.await;
        }
    }

    /// Adds a fault to the state, which is locked.
    pub(crate) fn add_fault(&self, state: &mut AccountState, fault: Fault) -> FaultId {
        if fault.slows_bodies() {
            self.may_slow_bodies.store(true, Ordering::Release);
        }
        state.faults.add(fault)
    }

    pub(crate) fn may_slow_bodies(&self) -> bool {
        self.may_slow_bodies.load(Ordering::Acquire)
    }

    /// Locks the state. Nothing under the lock panics halfway through a change, so a poisoned lock
    /// is as good as any.
    pub(crate) fn lock(&self) -> MutexGuard<'_, AccountState> {
        #[cfg(test)]
        self.visits.fetch_add(1, Ordering::Relaxed);
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AccountState {
    fn new(settings: &Settings, seed: u64) -> Self {
        let mut state = Self {
            store: Store::default(),
            limits: settings.limits.clone(),
            windows: Windows::default(),
            in_flight: InFlight::default(),
            journal: Journal::default(),
            faults: Faults::default(),
            replies: settings.replies.clone(),
            token_pace: settings.token_pace,
            random: Random::new(seed, settings.starts),
            starts: settings.starts,
            date: DateHeader::default(),
            written_headers: WrittenHeaders::default(),
            seed,
        };
        state.store.replace(settings.agents.clone());
        for fault in &settings.faults {
            state.faults.add(fault.clone());
        }
        state
    }

    /// Restores the initial state. Messages in flight remain counted.
    pub(crate) fn reset(&mut self, settings: &Settings) {
        let mut initial = Self::new(settings, self.seed);
        initial.in_flight = std::mem::take(&mut self.in_flight);
        initial.store.continue_changes_of(&self.store);
        initial.journal = std::mem::take(&mut self.journal);
        initial.journal.restart();
        *self = initial;
    }

    /// Replaces all agents.
    pub(crate) fn restore(&mut self, snapshot: Snapshot) {
        self.store.replace(snapshot.agents);
        let store = &self.store;
        self.windows.retain(|agent| store.get(agent).is_some());
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot {
            agents: self.store.all(),
            starts: self.starts,
        }
    }

    pub(crate) fn new_agent_id(&mut self) -> String {
        loop {
            let id = self.random.agent_id();
            if self.store.get(&id).is_none() {
                return id;
            }
        }
    }
}

/// The seed depends on the key and on nothing that happened before.
fn seed_of(seed: u64, key: &str) -> u64 {
    if key.is_empty() {
        return seed;
    }
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    seed ^ hasher.finish()
}
