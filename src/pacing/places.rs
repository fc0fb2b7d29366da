//! The places among the messages in flight to one agent that this client holds in the store: a pure
//! state machine.

use std::time::Duration;

use tokio::time::Instant;

use super::store::Holding;

/// When the store takes places back that are not renewed.
const LEASE: Duration = Duration::from_secs(30);
const RENEW_AFTER: Duration = Duration::from_secs(10);
/// How soon to ask again if other clients hold all places: first, and at most.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(250);
const ASK_AGAIN_WITHIN: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Places {
    /// The window's name in the store.
    window: String,
    most: u64,
    /// How many messages may be in flight.
    held: u64,
    /// How many places the store knows of: more than `held` while messages are in flight in places
    /// that other clients wait for.
    known: u64,
    renewed_at: Option<Instant>,
    is_asking: bool,
    ask_again_at: Option<Instant>,
    ask_again_after: Duration,
    /// Whether a task renews the places and gives them back.
    is_kept: bool,
}

impl Places {
    pub(super) fn new(window: String, most: u64) -> Self {
        Self {
            window,
            most,
            held: 0,
            known: 0,
            renewed_at: None,
            is_asking: false,
            ask_again_at: None,
            ask_again_after: ASK_AGAIN_AFTER,
            is_kept: false,
        }
    }

    /// How many messages may be in flight.
    pub(super) fn held(&self) -> u64 {
        self.held
    }

    /// When to ask again, if other clients hold all places.
    pub(super) fn ask_again_at(&self, now: Instant) -> Option<Instant> {
        self.ask_again_at.filter(|at| *at > now)
    }

    /// Whether messages wait for a place that nobody has asked for.
    pub(super) fn must_ask(&self, in_flight: u64, now: Instant) -> bool {
        let may_ask = !self.is_asking && self.ask_again_at(now).is_none();
        may_ask && in_flight >= self.held && self.held < self.most
    }

    /// Whether the places have to be renewed, or some of them given back.
    pub(super) fn must_renew(&self, in_flight: u64, wanted: u64, now: Instant) -> bool {
        let is_old = self.renewed_at.is_none_or(|at| now >= at + RENEW_AFTER);
        let needed = self.held.min(wanted).max(in_flight);
        !self.is_asking && self.known > 0 && (is_old || needed < self.known)
    }

    /// What to ask for, so that `wanted` messages are in flight. `in_flight` are already.
    pub(super) fn ask(&mut self, client: &str, in_flight: u64, wanted: u64) -> Holding {
        self.is_asking = true;
        // Unused places are given back.
        self.held = self.held.min(wanted);
        self.known = self.held.max(in_flight);
        Holding {
            window: format!("{}:places", self.window),
            client: client.to_owned(),
            most: self.most,
            has: self.known,
            want: wanted.min(self.most),
            lease: LEASE,
        }
    }

    /// Takes in the store's reply.
    pub(super) fn granted(&mut self, held: u64, wanted: u64, now: Instant) {
        self.is_asking = false;
        let has_more = held > std::mem::replace(&mut self.held, held);
        self.known = self.known.max(held);
        self.renewed_at = Some(now);
        self.ask_again_after = match has_more {
            true => ASK_AGAIN_AFTER,
            false => (2 * self.ask_again_after).min(ASK_AGAIN_WITHIN),
        };
        let is_short = held < wanted.min(self.most);
        self.ask_again_at = is_short.then(|| now + self.ask_again_after);
    }

    /// The store does not reply.
    pub(super) fn failed(&mut self) {
        self.is_asking = false;
        self.renewed_at = None;
        self.ask_again_at = None;
    }

    /// Returns whether a task has to be started that renews the places.
    pub(super) fn keep(&mut self) -> bool {
        !std::mem::replace(&mut self.is_kept, true)
    }

    /// The task ends, unless places are held.
    pub(super) fn is_done(&mut self, in_flight: u64) -> bool {
        let is_done = self.known == 0 && in_flight == 0 && !self.is_asking;
        self.is_kept &= !is_done;
        is_done
    }
}
