//! All queues of a client, and the server's clock: what one lock guards.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::account::{Account, Counts, Verdict};
use super::fair_queue::FairQueue;
use super::observation::Observation;
use super::server_clock::ServerClock;
use super::store_state::StoreState;
use super::window_key::{Numbered, WindowKey};
use super::windows::Windows;
use crate::rate_limit::RateLimitWindow;

/// Queues of agents that nobody uses are dropped when there are more than this.
const QUEUES_KEPT: usize = 256;
/// The name of the account's windows, for people.
const ACCOUNT: &str = "account";

#[derive(Debug)]
pub(super) struct Queues {
    by_key: BTreeMap<WindowKey, usize>,
    /// Those of `by_key` whose key has a number, by that number.
    by_number: [Option<usize>; Numbered::COUNT],
    /// A queue keeps its index as long as a call is in flight or waits.
    operations: Vec<FairQueue>,
    unused: Vec<usize>,
    sweep_at: usize,
    /// In front of the account's windows over all operations.
    pub(super) account: FairQueue,
    derivation: Account,
    pub(super) clock: ServerClock,
    /// What the keys of this account begin with, if its clients share a store.
    account_key: Option<String>,
    pub(super) store: StoreState,
}

/// One of the two queues that a call passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QueueId {
    Operation(usize),
    Account,
}

impl Queues {
    /// The queues of a client. With `account_key`, the name of the account in it, they reserve calls
    /// in a store.
    pub(super) fn new(account_key: Option<String>) -> Self {
        let account = match &account_key {
            Some(key) => {
                let window = format!("{key}:{ACCOUNT}");
                Windows::new(None).always_leased(window)
            }
            None => Windows::new(None),
        };
        Self {
            by_key: BTreeMap::new(),
            by_number: [None; Numbered::COUNT],
            operations: Vec::new(),
            unused: Vec::new(),
            sweep_at: QUEUES_KEPT,
            account: FairQueue::new(account),
            derivation: Account::default(),
            clock: ServerClock::default(),
            account_key,
            store: StoreState::default(),
        }
    }

    pub(super) fn queue(&mut self, id: QueueId) -> &mut FairQueue {
        match id {
            QueueId::Operation(index) => &mut self.operations[index],
            QueueId::Account => &mut self.account,
        }
    }

    /// The queue, if there still is one.
    pub(super) fn get(&mut self, id: QueueId) -> Option<&mut FairQueue> {
        match id {
            QueueId::Operation(index) => self.operations.get_mut(index),
            QueueId::Account => Some(&mut self.account),
        }
    }

    /// The queue of an operation; a new one if it has not been used lately.
    pub(super) fn operation(&mut self, key: &WindowKey, now: Instant) -> usize {
        let number = key.number();
        if let Some(Some(index)) = number.and_then(|number| self.by_number.get(number)) {
            return *index;
        }
        let index = match self.by_key.get(key) {
            Some(index) => *index,
            None => self.new_operation(key, now),
        };
        if let Some(found) = number.and_then(|number| self.by_number.get_mut(number)) {
            *found = Some(index);
        }
        index
    }

    #[cold]
    fn new_operation(&mut self, key: &WindowKey, now: Instant) -> usize {
        if self.by_key.len() >= self.sweep_at {
            self.sweep(now);
        }
        let mut windows = Windows::new(key.max_in_flight());
        if let Some(account) = &self.account_key {
            let scope = key
                .scope()
                .map_or(String::new(), |scope| format!(":{scope}"));
            let window = format!("{account}:{}{scope}", key.name());
            windows = windows.leased(window, self.store.is_lost());
        }
        let queue = FairQueue::new(windows);
        let index = match self.unused.pop() {
            Some(index) => {
                self.operations[index] = queue;
                index
            }
            None => {
                self.operations.push(queue);
                self.operations.len() - 1
            }
        };
        self.by_key.insert(key.clone(), index);
        index
    }

    /// How many responses there have been, for a call that is sent now.
    pub(super) fn responses(&self) -> u64 {
        self.derivation.responses()
    }

    /// Takes in what the response to a call of `operation` told of the limits. The call was sent
    /// after `responses` others had arrived.
    pub(super) fn observe(&mut self, operation: usize, seen: &Observation, responses: u64) {
        let queue = &mut self.operations[operation].windows;
        let account = &mut self.account.windows;
        let (Some(by_operation), Some(by_all)) =
            (queue.count_in_period(seen), account.count_in_period(seen))
        else {
            // A straggler of a period that is over says nothing of this one.
            return;
        };
        let counts = Counts {
            by_operation,
            by_all,
            in_flight: account.unanswered(),
        };
        if seen.used() > by_all + counts.in_flight {
            account.set_crowded();
        }
        let limit = seen.told.limit;
        let is_accounts = match self.derivation.judge(seen, operation, counts, responses) {
            Verdict::Account => true,
            Verdict::Likely if account.is_crowded() => true,
            Verdict::Likely | Verdict::Unknown => {
                // Clients that share a store must agree on whose window it is: the account's, until
                // the numbers say otherwise.
                let is_largest = || account.known().iter().all(|known| known.limit() <= limit);
                account.has_limit(limit) || (self.account_key.is_some() && is_largest())
            }
            Verdict::NotAccount => {
                account.forget_limit(limit);
                false
            }
        };
        if is_accounts {
            account.observe(seen, by_all);
            // What was taken for the operation's before was the account's too.
            queue.forget_limit(limit);
            queue.observe_other(seen);
        } else {
            queue.observe(seen, by_operation);
            account.observe_other(seen);
        }
    }

    /// The store does not reply. Returns whether this is news.
    pub(super) fn store_lost(&mut self) -> bool {
        let is_news = self.store.lost();
        if is_news {
            let clients = self.store.clients();
            self.for_each(|queue| queue.windows.store_lost(clients));
        }
        is_news
    }

    /// The store has replied. Returns whether it was lost before.
    pub(super) fn store_found(&mut self, clients: u64) -> bool {
        let is_news = self.store.found(clients);
        if is_news {
            self.for_each(|queue| queue.windows.store_found());
        }
        is_news
    }

    fn for_each(&mut self, change: impl Fn(&mut FairQueue)) {
        for queue in self.operations.iter_mut().chain([&mut self.account]) {
            change(queue);
            queue.wake_first();
        }
    }

    /// The server has counted a call of `operation` without telling what is left.
    pub(super) fn count(&mut self, operation: usize) {
        self.operations[operation].windows.count();
        self.account.windows.count();
    }

    /// Whether a call that the server refused for this long waits long enough if it queues up.
    pub(super) fn hold(&self, key: &WindowKey, delay: Duration, now: Instant) -> bool {
        // The server rounds delays up to whole seconds.
        let soonest = now + delay.saturating_sub(Duration::from_secs(1));
        let operation = self.by_key.get(key).map(|index| &self.operations[*index]);
        let queues = operation.into_iter().chain([&self.account]);
        let mut windows = queues.flat_map(|queue| queue.windows.known());
        windows.any(|window| {
            window.remaining() == 0 && window.resets_at().is_some_and(|at| at >= soonest)
        })
    }

    /// The window that the calls of this queue wait for, for people.
    pub(super) fn tightest(&self, id: QueueId) -> RateLimitWindow {
        let (name, queue) = match id {
            QueueId::Account => ((ACCOUNT, None), &self.account),
            QueueId::Operation(index) => {
                let key = self.by_key.iter().find(|(_, at)| **at == index);
                let name = key.map_or((ACCOUNT, None), |(key, _)| (key.name(), key.scope()));
                (name, &self.operations[index])
            }
        };
        let waiting = queue.waiting();
        match queue.windows.tightest() {
            Some(window) => window.snapshot(name, waiting),
            None => RateLimitWindow::unknown(name, waiting),
        }
    }

    /// All windows that are known, for people.
    pub(super) fn snapshot(&self) -> Vec<RateLimitWindow> {
        let operations = self.by_key.iter().map(|(key, index)| {
            let name = (key.name(), key.scope());
            (name, &self.operations[*index])
        });
        let queues = operations.chain([((ACCOUNT, None), &self.account)]);
        queues
            .flat_map(|(name, queue)| {
                let windows = queue.windows.known().iter();
                windows.map(move |window| window.snapshot(name, queue.waiting()))
            })
            .collect()
    }

    fn sweep(&mut self, now: Instant) {
        // What is dropped must not be found by its number either. What is kept is found again.
        self.by_number = [None; Numbered::COUNT];
        let Self {
            by_key,
            operations,
            unused,
            ..
        } = self;
        by_key.retain(|_, index| {
            let is_unused = operations[*index].is_unused(now);
            if is_unused {
                unused.push(*index);
            }
            !is_unused
        });
        self.sweep_at = QUEUES_KEPT.max(self.by_key.len() * 2);
    }
}

#[cfg(test)]
mod tests {
    use super::super::fair_queue::Place;
    use super::super::window_key::RateWindow;
    use super::*;

    fn messages(agent: u32) -> WindowKey {
        let window = RateWindow::Shared {
            name: "messages",
            max_in_flight: 10,
        };
        WindowKey::new(
            "agents.send_message",
            window,
            Some(agent.to_string().into()),
        )
    }

    #[test]
    fn unused_queues_of_agents_are_dropped() {
        let mut queues = Queues::new(None);
        let now = Instant::now();
        for agent in 0..10_000 {
            queues.operation(&messages(agent), now);
        }
        assert!(queues.by_key.len() <= 2 * QUEUES_KEPT);
        assert!(queues.operations.len() <= 2 * QUEUES_KEPT);
    }

    #[test]
    fn an_operation_finds_its_queue_again_also_after_others_were_dropped() {
        let of = |name, number| WindowKey::new(name, RateWindow::OfOperation(number), None);
        let (get, list) = (of("get", Numbered::Get), of("list", Numbered::List));
        let mut queues = Queues::new(None);
        let now = Instant::now();
        for agent in 0..10_000 {
            for key in [&get, &list] {
                let index = queues.operation(key, now);
                assert_eq!(queues.by_key.get(key), Some(&index));
            }
            queues.operation(&messages(agent), now);
        }
        assert_ne!(queues.operation(&get, now), queues.operation(&list, now));
    }

    #[test]
    fn a_queue_with_a_call_in_flight_is_kept() {
        let mut queues = Queues::new(None);
        let now = Instant::now();
        let held = queues.operation(&messages(0), now);
        let id = QueueId::Operation(held);
        queues.queue(id).enter(Place::Back, now).unwrap();
        for agent in 1..10_000 {
            queues.operation(&messages(agent), now);
        }
        assert_eq!(queues.operation(&messages(0), now), held);
    }
}
