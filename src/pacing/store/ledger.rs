//! What a store knows of one window, and how it divides it: a pure function of its state, the
//! request and the time. The script of `RedisWindowStore` does the same, step by step.

use std::collections::BTreeMap;
use std::time::Duration;

use super::window_store::{Grant, Holding, Reservation, WindowReport};

/// A client that has not been heard of for this long does not get a share any more.
const CLIENT_KEPT_MS: u64 = 75_000;
/// Reserved calls that have not been reported by then will not be sent.
const LEASE_MS: u64 = 5_000;
/// How long one client may take to find out the limit, before another one tries.
const PROBE_MS: u64 = 2_000;
/// At the beginning of a period each client gets its quota, so that nobody comes too late.
const QUOTA_MS: u64 = 1_000;
const SOON: Duration = Duration::from_millis(50);

/// One window's state.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// 0 while it is unknown.
    limit: u64,
    reset: i64,
    /// The reset by the store's clock; `None` after it, until a response of the next period.
    ends: Option<u64>,
    /// When this period began; 0 if it is the first one, of which the clients have no quotas.
    began: u64,
    granted: u64,
    /// Requests of clients that do not use the store.
    foreign: u64,
    /// What is set aside for them, from earlier periods.
    set_aside: f64,
    accepted: u64,
    used: u64,
    probe_until: u64,
    clients: BTreeMap<String, Client>,
}

#[derive(Debug, Default)]
struct Client {
    seen: u64,
    /// Reserved calls without a response, and since when.
    out: u64,
    out_since: u64,
    /// Reserved in this period, and, fading, in those before.
    got: u64,
    got_before: f64,
    quota: f64,
}

impl Ledger {
    pub(super) fn reserve(&mut self, request: &Reservation, now: u64, jitter: f64) -> Grant {
        let grant = self.divide(request, now, jitter);
        match self.ends {
            Some(ends) => grant.resets_in(Duration::from_millis(ends.saturating_sub(now))),
            None => grant,
        }
    }

    fn divide(&mut self, request: &Reservation, now: u64, jitter: f64) -> Grant {
        self.clients
            .retain(|_, client| now.saturating_sub(client.seen) < CLIENT_KEPT_MS);
        let is_new = !self.clients.contains_key(&request.client);
        self.clients.entry(request.client.clone()).or_default().seen = now;
        if is_new && self.limit > 0 {
            let quota = self.limit as f64 / self.clients.len() as f64;
            self.client(request).quota = quota;
        }
        if self.ends.is_some_and(|ends| now >= ends) {
            self.begin_period(now);
        }
        self.report(request, now);
        self.end_leases(now);

        let clients = self.clients.len() as u64;
        if self.limit == 0 {
            if request.want == 0 {
                return Grant::new(0, clients);
            }
            if now < self.probe_until {
                return Grant::new(0, clients).retry_in(SOON);
            }
            self.probe_until = now + PROBE_MS;
            return self.grant(request, 1, now);
        }
        let out: u64 = self.clients.values().map(|client| client.out).sum();
        if out == 0 && self.used > 0 {
            // Nothing is on its way: the server is the truth.
            self.granted = self.accepted;
            self.foreign = self.used.saturating_sub(self.accepted);
        }
        let free = self.limit.saturating_sub(self.granted + self.foreign);
        let held_back = (self.set_aside as u64).saturating_sub(self.foreign);
        let left = if out > 0 {
            free.saturating_sub(held_back)
        } else {
            free
        };
        let batch = if clients == 1 {
            left
        } else {
            left.div_ceil(2 * clients).max(1)
        };
        let mut calls = request.want.min(batch).min(left);
        let quota_ends = self.began + QUOTA_MS;
        if clients > 1 && self.began > 0 && now < quota_ends {
            let client = self.client(request);
            let quota = (client.quota.max(0.0) as u64).saturating_sub(client.got);
            if quota == 0 && calls > 0 {
                let wait = quota_ends - now + (20.0 * jitter) as u64;
                return Grant::new(0, clients).retry_in(Duration::from_millis(wait));
            }
            calls = calls.min(quota);
        }
        if calls > 0 {
            return self.grant(request, calls, now);
        }
        if request.want == 0 {
            return Grant::new(0, clients);
        }
        let wait = self.retry_in(request, free > left, now);
        Grant::new(0, clients).retry_in(wait)
    }

    fn client(&mut self, request: &Reservation) -> &mut Client {
        self.clients.entry(request.client.clone()).or_default()
    }

    fn grant(&mut self, request: &Reservation, calls: u64, now: u64) -> Grant {
        self.granted += calls;
        let client = self.client(request);
        client.out += calls;
        client.out_since = now;
        client.got += calls;
        Grant::new(calls, self.clients.len() as u64)
    }

    fn begin_period(&mut self, now: u64) {
        self.set_aside = (self.set_aside + self.used.saturating_sub(self.accepted) as f64) / 2.0;
        // What is still on its way may be counted in the new period.
        self.granted = self.clients.values().map(|client| client.out).sum();
        (self.foreign, self.accepted, self.used) = (0, 0, 0);
        (self.began, self.ends) = (now, None);
        let clients = self.clients.len() as f64;
        for client in self.clients.values_mut() {
            client.got_before = 0.8 * client.got_before + client.got as f64;
            client.got = 0;
        }
        let got_before = self.clients.values().map(|client| client.got_before);
        let mean = got_before.sum::<f64>() / clients;
        for client in self.clients.values_mut() {
            client.quota = self.limit as f64 / clients + mean - client.got_before;
        }
    }

    fn report(&mut self, request: &Reservation, now: u64) {
        let (mut answered, mut refused) = (request.answered, request.refused);
        let mut returned = request.returned;
        match request.told {
            Some(told) if self.enter(&told, now) => {
                self.limit = told.limit;
                self.used = self.used.max(told.used);
            }
            Some(_) => {
                // These calls were counted in a period that is over.
                returned += answered;
                (answered, refused) = (0, 0);
            }
            None => {}
        }
        if answered + returned > 0 {
            // Another client may try, if this one has not found out the limit.
            self.probe_until = 0;
        }
        let client = self.client(request);
        returned = returned.min(client.out);
        client.out = client.out.saturating_sub(returned + answered);
        self.granted = self.granted.saturating_sub(returned);
        self.accepted += answered.saturating_sub(refused);
        if self.used > self.granted + self.foreign {
            self.foreign = self.used - self.granted;
        }
        if refused > 0 {
            self.foreign = self.foreign.max(self.limit.saturating_sub(self.granted));
        }
    }

    /// Moves on to the period that is reported. `false`: it is over already.
    fn enter(&mut self, told: &WindowReport, now: u64) -> bool {
        let resets_in = u64::try_from(told.resets_in.as_millis()).unwrap_or(u64::MAX);
        let ends = now.saturating_add(resets_in);
        if told.reset > self.reset {
            if self.ends.is_some() {
                self.begin_period(now);
            }
            (self.reset, self.ends) = (told.reset, Some(ends));
            return true;
        }
        match self.ends {
            // Clients take the reset to be late rather than early.
            Some(known) if told.reset == self.reset => {
                self.ends = Some(known.min(ends));
                true
            }
            _ => false,
        }
    }

    fn end_leases(&mut self, now: u64) {
        let taken = self.used.saturating_sub(self.foreign);
        for client in self.clients.values_mut() {
            if client.out > 0 && now >= client.out_since + LEASE_MS {
                self.granted = self.granted.saturating_sub(client.out).max(taken);
                client.out = 0;
            }
        }
    }

    fn retry_in(&self, request: &Reservation, only_set_aside: bool, now: u64) -> Duration {
        let rank = self
            .clients
            .keys()
            .take_while(|name| **name < request.client)
            .count() as u64;
        let Some(ends) = self.ends else {
            return SOON;
        };
        let mut at = ends + 5 * rank;
        if self.used < self.limit {
            let others = self
                .clients
                .iter()
                .filter(|(name, _)| **name != request.client);
            let leases = others.filter(|(_, client)| client.out > 0);
            let first = leases.map(|(_, client)| client.out_since + LEASE_MS).min();
            at = at.min(first.unwrap_or(at));
        }
        if only_set_aside {
            at = at.min(now + 500);
        }
        Duration::from_millis(at.saturating_sub(now).max(1))
    }
}

/// A client that waits for a place asks again sooner than this.
const WAITS_MS: u64 = 5_000;

/// The places among the messages in flight to one agent.
#[derive(Debug, Default)]
pub(super) struct Places {
    clients: BTreeMap<String, Holder>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Holder {
    places: u64,
    want: u64,
    until: u64,
}

impl Places {
    pub(super) fn hold(&mut self, request: &Holding, now: u64) -> u64 {
        self.clients.remove(&request.client);
        self.clients.retain(|_, other| other.until > now);
        if request.has == 0 && request.want == 0 {
            return 0;
        }
        let others = || self.clients.values();
        let taken: u64 = others().map(|other| other.places).sum();
        let share = request.most / (1 + self.clients.len() as u64);
        let is_short = |other: &Holder| other.places < other.want.min(share.max(1));
        let fair = match others().any(is_short) {
            true => share,
            false => request.most.saturating_sub(taken),
        };
        let free = request.most.saturating_sub(taken);
        let may_use = request.want.min(fair).min(free.max(request.has));
        let places = may_use.max(request.has);
        let lease = match places {
            0 => WAITS_MS,
            _ => u64::try_from(request.lease.as_millis()).unwrap_or(u64::MAX),
        };
        let holder = Holder {
            places,
            want: request.want,
            until: now.saturating_add(lease),
        };
        self.clients.insert(request.client.clone(), holder);
        may_use
    }

    pub(super) fn is_empty(&self) -> bool {
        self.clients.is_empty()
    }
}
