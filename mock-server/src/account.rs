//! Everything that belongs to one account: agents, windows, journal, faults, replies.

use std::collections::HashMap;

use crate::faults::Faults;
use crate::journal::Journal;
use crate::limits::{Limits, Windows};
use crate::reply::Replies;
use crate::store::{Agent, Store};

/// The state behind one lock.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) store: Store,
    pub(crate) limits: Limits,
    pub(crate) windows: Windows,
    /// Messages in flight, by agent.
    pub(crate) in_flight: HashMap<String, u64>,
    pub(crate) journal: Journal,
    pub(crate) faults: Faults,
    pub(crate) replies: Replies,
    pub(crate) random: Random,
    seed: u64,
}

/// One source for each purpose, so that a fault's dice do not change the next agent's id.
#[derive(Debug)]
pub(crate) struct Random {
    ids: fastrand::Rng,
    messages: fastrand::Rng,
    requests: fastrand::Rng,
    pub(crate) faults: fastrand::Rng,
}

impl Random {
    fn new(seed: u64) -> Self {
        let source =
            |purpose: u64| fastrand::Rng::with_seed(seed.wrapping_mul(31).wrapping_add(purpose));
        Self {
            ids: source(1),
            messages: source(2),
            requests: source(3),
            faults: source(4),
        }
    }
}

impl Account {
    pub(crate) fn new(limits: Limits, replies: Replies, seed: u64) -> Self {
        Self {
            store: Store::default(),
            limits,
            windows: Windows::default(),
            in_flight: HashMap::new(),
            journal: Journal::default(),
            faults: Faults::default(),
            replies,
            random: Random::new(seed),
            seed,
        }
    }

    pub(crate) fn new_agent_id(&mut self) -> String {
        loop {
            let id = agent_id(&mut self.random.ids);
            if self.store.get(&id).is_none() {
                return id;
            }
        }
    }

    pub(crate) fn new_message_id(&mut self) -> String {
        new_id("msg_", &mut self.random.messages, 10)
    }

    pub(crate) fn new_request_id(&mut self) -> String {
        new_id("req_", &mut self.random.requests, 12)
    }

    /// As it was in the beginning, with these agents. Messages in flight stay counted.
    pub(crate) fn reset(&mut self, agents: Vec<Agent>) {
        self.store.replace(agents);
        self.windows = Windows::default();
        self.journal.clear();
        self.faults.clear();
        self.random = Random::new(self.seed);
    }
}

/// `agent_` and 12 lower-case letters or digits (contract, "create").
pub(crate) fn agent_id(random: &mut fastrand::Rng) -> String {
    new_id("agent_", random, 12)
}

fn new_id(prefix: &str, random: &mut fastrand::Rng, length: usize) -> String {
    const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut id = String::with_capacity(prefix.len() + length);
    id.push_str(prefix);
    id.extend((0..length).map(|_| char::from(LETTERS[random.usize(..LETTERS.len())])));
    id
}
