//! The queues of one client behind one lock, and what they ask of the store.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout};

use super::queues::{QueueId, Queues};
use super::store::{Grant, StoreError};
use super::store_link::StoreLink;
use super::store_news;

/// The longest that a call waits for the store. What is left of 100 ms is for the reply before, in a
/// queue that the call has passed already, and for a busy machine.
const LONGEST_WAIT: Duration = Duration::from_millis(75);
/// How often the places of messages in flight are looked after.
const KEEP_EVERY: Duration = Duration::from_secs(1);
/// How often a lost store is tried.
const TRY_EVERY: Duration = Duration::from_secs(1);
/// The store hears of responses within this time, also if nothing is asked of it.
const REPORT_WITHIN: Duration = Duration::from_secs(2);

/// A call takes the lock for a moment when it starts, when its response headers arrive, and when it
/// gives back a place that it held for longer.
#[derive(Debug)]
pub(super) struct SharedQueues {
    queues: Mutex<Queues>,
    link: Option<StoreLink>,
}

impl SharedQueues {
    /// The queues of a client that shares nothing.
    pub(super) fn alone() -> Self {
        Self {
            queues: Mutex::new(Queues::new(None)),
            link: None,
        }
    }

    /// The queues of a client that shares its windows by a store, under the account's key there.
    pub(super) fn sharing(link: StoreLink, account_key: String) -> Self {
        Self {
            queues: Mutex::new(Queues::new(Some(account_key))),
            link: Some(link),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Queues> {
        // Nothing under the lock can panic halfway through a change.
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn has_store(&self) -> bool {
        self.link.is_some()
    }

    /// Asks the store for what the calls in this queue wait for.
    pub(super) fn ask_if_needed(self: &Arc<Self>, queues: &mut Queues, id: QueueId, now: Instant) {
        let windows = &mut queues.queue(id).windows;
        let (call, place) = (windows.must_ask(now), windows.must_ask_for_place(now));
        if call {
            self.ask(queues, id, 0, now);
        }
        if place {
            self.hold(queues, id);
        }
        // The call comes to the account's queue next: one wait for the store is enough.
        if (call || place) && queues.account.windows.must_ask(now) {
            self.ask(queues, QueueId::Account, 1, now);
        }
    }

    /// Asks the store for the calls that wait in this queue, and for `more`. A task of its own waits for the reply,
    /// so that a call that is dropped loses nothing that was granted.
    fn ask(self: &Arc<Self>, queues: &mut Queues, id: QueueId, more: u64, now: Instant) {
        let (Some(link), Ok(runtime)) = (&self.link, Handle::try_current()) else {
            return;
        };
        let queue = queues.queue(id);
        let waiting = queue.waiting() as u64 + more;
        let Some(lease) = queue.windows.lease_mut() else {
            return;
        };
        let reservation = lease.ask(&link.client, waiting, now);
        let (store, shared) = (link.store.clone(), Arc::downgrade(self));
        runtime.spawn(async move {
            let reply = match timeout(LONGEST_WAIT, store.reserve(&reservation)).await {
                Ok(reply) => reply,
                Err(_) => Err(format!("no reply within {LONGEST_WAIT:?}").into()),
            };
            if let Some(shared) = shared.upgrade() {
                shared.take_in(id, reply);
            }
        });
    }

    /// Asks the store for the places of this queue's calls, those in flight and those that wait.
    fn hold(self: &Arc<Self>, queues: &mut Queues, id: QueueId) {
        let (Some(link), Ok(runtime)) = (&self.link, Handle::try_current()) else {
            return;
        };
        let queue = queues.queue(id);
        let in_flight = queue.windows.in_flight();
        let wanted = in_flight + queue.waiting() as u64;
        let Some(places) = queue.windows.places_mut() else {
            return;
        };
        let holding = places.ask(&link.client, in_flight, wanted);
        let keep = places.keep();
        let (store, shared) = (link.store.clone(), Arc::downgrade(self));
        runtime.spawn(async move {
            let reply = match timeout(LONGEST_WAIT, store.hold(&holding)).await {
                Ok(reply) => reply,
                Err(_) => Err(format!("no reply within {LONGEST_WAIT:?}").into()),
            };
            if let Some(shared) = shared.upgrade() {
                shared.take_in_places(id, wanted, reply);
            }
        });
        if keep {
            self.keep_places(id);
        }
    }

    /// Renews the places of living streams, and gives back those of messages that have ended.
    fn keep_places(self: &Arc<Self>, id: QueueId) {
        let shared = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                sleep(KEEP_EVERY).await;
                let Some(shared) = shared.upgrade() else {
                    return;
                };
                let mut queues = shared.lock();
                let is_lost = queues.store.is_lost();
                let Some(queue) = queues.get(id) else {
                    return;
                };
                let in_flight = queue.windows.in_flight();
                let wanted = in_flight + queue.waiting() as u64;
                let Some(places) = queue.windows.places_mut() else {
                    return;
                };
                if places.is_done(in_flight) {
                    return;
                }
                if !is_lost && places.must_renew(in_flight, wanted, Instant::now()) {
                    shared.hold(&mut queues, id);
                }
            }
        });
    }

    fn take_in_places(self: &Arc<Self>, id: QueueId, wanted: u64, reply: Result<u64, StoreError>) {
        let mut queues = self.lock();
        match reply {
            Ok(held) => {
                if let Some(queue) = queues.get(id) {
                    if let Some(places) = queue.windows.places_mut() {
                        places.granted(held, wanted, Instant::now());
                    }
                    queue.wake_first();
                }
            }
            Err(error) => self.lose(queues, id, &error),
        }
    }

    /// From now on the client paces on its own.
    fn lose(self: &Arc<Self>, mut queues: MutexGuard<'_, Queues>, id: QueueId, error: &StoreError) {
        let is_news = queues.store_lost();
        if let Some(queue) = queues.get(id) {
            // This one may have been asked after the others had been told.
            queue.windows.ask_failed();
            queue.wake_first();
        }
        drop(queues);
        if is_news && let Some(link) = &self.link {
            self.look_for_the_store();
            store_news::lost(&link.observers, error);
        }
    }

    /// Lets the store know of responses: at once if calls of this client wait and nothing is in
    /// flight, or if other clients wait for the first response.
    pub(super) fn report(self: &Arc<Self>, queues: &mut Queues, id: QueueId) {
        let queue = queues.queue(id);
        let is_blocked = queue.waiting() > 0 && queue.windows.unanswered() == 0;
        let is_leased = queue.windows.is_leased();
        let Some(lease) = queue.windows.lease_mut() else {
            return;
        };
        if !is_leased && !lease.is_probe() {
            return;
        }
        let is_awaited = lease.is_probe() || (is_blocked && lease.is_empty());
        if is_awaited && lease.has_news() && !lease.is_asking() {
            self.ask(queues, id, 0, Instant::now());
        } else if lease.schedule_report()
            && let Ok(runtime) = Handle::try_current()
        {
            let shared = Arc::downgrade(self);
            runtime.spawn(async move {
                sleep(REPORT_WITHIN).await;
                if let Some(shared) = shared.upgrade() {
                    shared.report_now(id);
                }
            });
        }
    }

    fn report_now(self: &Arc<Self>, id: QueueId) {
        let mut queues = self.lock();
        let Some(queue) = queues.get(id) else {
            return;
        };
        let is_leased = queue.windows.is_leased();
        let lease = queue.windows.lease_mut().filter(|_| is_leased);
        if lease.is_some_and(|lease| lease.report_is_due()) {
            self.ask(&mut queues, id, 0, Instant::now());
        }
    }

    /// Tries the lost store again and again, also if all calls wait for a reset.
    fn look_for_the_store(self: &Arc<Self>) {
        let shared = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                sleep(TRY_EVERY).await;
                let Some(shared) = shared.upgrade() else {
                    return;
                };
                let mut queues = shared.lock();
                if !queues.store.is_lost() {
                    return;
                }
                shared.ask(&mut queues, QueueId::Account, 0, Instant::now());
            }
        });
    }

    fn take_in(self: &Arc<Self>, id: QueueId, reply: Result<Grant, StoreError>) {
        let now = Instant::now();
        let mut queues = self.lock();
        match reply {
            Ok(grant) => {
                let is_news = queues.store_found(grant.clients);
                if let Some(queue) = queues.get(id) {
                    queue.windows.granted(&grant, now);
                    queue.wake_first();
                }
                drop(queues);
                if is_news && let Some(link) = &self.link {
                    store_news::found(&link.observers);
                }
            }
            Err(error) => self.lose(queues, id, &error),
        }
    }
}
