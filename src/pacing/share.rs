//! How much of a window this client takes when others use the same one.
//!
//! Clients of one account that know nothing of one another would each take the whole window at the
//! reset, and most of their calls would be refused. What they can see is this: the `used` of an
//! accepted call (limit minus remaining) is its *ticket*, a number that no other call of the period
//! has. While all clients send at the same pace, the gaps between one's own tickets are as wide as
//! there are clients.
//!
//! A period then has three stretches:
//! 1. the first half at most: each client has its part of what is left in flight;
//! 2. the pace: each client sends one call an interval, the same interval for all of them, so the
//!    gaps tell how many there are;
//! 3. the last lap: with `n` clients and `k` calls in flight each, a client that has `k` tickets
//!    among the last `n × k` stops. The last tickets go to each client evenly, the window is used
//!    up, and nobody is refused, whatever the latency.
//!
//! After the reset each client sends one call, and waits for what its response tells. A refused
//! call consumes nothing, so whoever does not send at the reset is invisible to the others.
//!
//! If the estimate is too high, tickets are left over. Now and then a client therefore takes what is
//! left late in the period, one call after another.
//!
//! A client that is alone does none of this: as long as all that was used is its own.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::observation::Observation;
use super::start::Start;

/// The number of clients that is assumed when others appear.
const FIRST_GUESS: f64 = 2.0;
/// The most that are assumed after the first period with others.
const MOST_AT_FIRST: f64 = 8.0;
/// This client, and a little doubt.
const FEWEST: f64 = 1.05;
/// Periods last a minute or an hour, until resets tell more.
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
/// More own tickets than this never matter to the last lap.
const TICKETS_KEPT: usize = 256;

#[derive(Debug)]
pub(super) struct Share {
    /// Whether others used the last period.
    others: bool,
    /// Whether others use this period.
    others_now: bool,
    /// Whether all clients have kept the pace since the period began, so that gaps mean something.
    is_paced: bool,
    /// The estimate from earlier periods, and the gaps between own tickets since.
    guess: f64,
    gaps: f64,
    gap_sum: f64,
    /// The lowest and highest ticket since the client was last idle.
    run: Option<(u64, u64)>,
    /// Own tickets of this period, the highest of them, in ascending order.
    tickets: VecDeque<u64>,
    /// Whether a call was rejected in this period.
    refused: bool,
    length: Duration,
    last_start: Option<Instant>,
    slowest: Duration,
    slowest_before: Duration,
    take_the_rest_at: Option<Instant>,
}

/// The three stretches of a period for one client.
struct Plan {
    /// Own calls in flight at the same time on the last lap.
    in_flight: f64,
    /// The first ticket of the last lap.
    lap: f64,
    /// The last ticket before the pace.
    burst: f64,
}

impl Share {
    pub(super) fn new(seen: &Observation) -> Self {
        let until_reset = seen.resets_at.saturating_duration_since(seen.now);
        // Resets and dates are whole seconds.
        let a_minute = until_reset <= MINUTE + Duration::from_secs(2);
        Self {
            others: false,
            others_now: false,
            is_paced: false,
            guess: FIRST_GUESS,
            gaps: 0.0,
            gap_sum: 0.0,
            run: None,
            tickets: VecDeque::new(),
            refused: false,
            length: if a_minute {
                MINUTE
            } else {
                HOUR.max(until_reset)
            },
            last_start: None,
            slowest: Duration::ZERO,
            slowest_before: Duration::ZERO,
            take_the_rest_at: None,
        }
    }

    /// There are others, and nobody knows how many.
    pub(super) fn expect_others(&mut self) {
        self.others = true;
    }

    /// Somebody knows how many clients there are.
    pub(super) fn set_clients(&mut self, clients: u64) {
        self.others = clients > 1;
        self.is_paced = self.others;
        self.guess = (clients as f64).max(FEWEST);
        (self.gaps, self.gap_sum) = (0.0, 0.0);
    }

    /// Whether others are expected in a period of which nothing is known yet.
    pub(super) fn is_contended(&self) -> bool {
        self.others
    }

    /// Whether nobody else uses this window, as far as one knows.
    pub(super) fn is_alone(&self) -> bool {
        !self.others && !self.others_now
    }

    /// When one more call may be sent, if this client is not alone.
    pub(super) fn next_start(
        &self,
        limit: u64,
        used: u64,
        in_flight: u64,
        resets_at: Instant,
        now: Instant,
    ) -> Start {
        let clients = self.clients(limit);
        let plan = self.plan(limit, clients);
        let in_flight = in_flight as f64;
        let in_lap = self
            .tickets
            .iter()
            .rev()
            .take_while(|ticket| **ticket as f64 > plan.lap);
        let in_lap = in_lap.count() as f64;
        let burst = ((plan.burst - used as f64) / (1.5 * clients))
            .floor()
            .max(0.0);
        if in_flight + in_lap < plan.in_flight + burst {
            if in_flight < burst {
                return Start::Now;
            }
            let paced = self.last_start.map(|at| at + self.interval(limit));
            return match paced.filter(|at| *at > now) {
                Some(at) => Start::At(at),
                None => Start::Now,
            };
        }
        match self.take_the_rest_at {
            Some(at) if at > now => Start::At(at.min(resets_at)),
            Some(_) if in_flight == 0.0 => Start::Now,
            _ => Start::At(resets_at),
        }
    }

    /// A call is sent. The gap between the tickets before and after a pause, in which there was
    /// nothing to send, says nothing of the others.
    pub(super) fn started(&mut self, now: Instant, had_to_wait: bool) {
        self.last_start = Some(now);
        if !had_to_wait {
            self.run = None;
        }
    }

    /// Takes in a response. `own` are this client's calls that the server may have counted in the
    /// period, this one included.
    pub(super) fn observe(&mut self, seen: &Observation, own: u64) {
        self.slowest = self
            .slowest
            .max(seen.now.saturating_duration_since(seen.sent_at));
        if !seen.counted {
            self.refused = true;
            return;
        }
        self.others_now |= seen.used() > own;
        if self.is_alone() {
            return;
        }
        let (limit, ticket) = (seen.told.limit, seen.used());
        let at = self.tickets.partition_point(|earlier| *earlier < ticket);
        self.tickets.insert(at, ticket);
        if self.tickets.len() > TICKETS_KEPT {
            self.tickets.pop_front();
        }
        if !self.is_paced || ticket as f64 <= self.plan(limit, self.clients(limit)).burst {
            return;
        }
        self.run = Some(match self.run {
            None => (ticket, ticket),
            Some((low, high)) => {
                let wider = (low.min(ticket), high.max(ticket));
                self.gap_sum += ((wider.1 - wider.0) - (high - low)) as f64;
                self.gaps += 1.0;
                wider
            }
        });
    }

    /// The period is over: `used` of it was used, `sent` by this client.
    pub(super) fn period_ended(&mut self, limit: u64, used: u64, sent: u64) {
        let clients = self.clients(limit);
        if used > sent {
            self.others = true;
            self.guess = match self.refused {
                // Nobody has kept the pace. Their shares are the best that is known.
                _ if !self.is_paced => {
                    let share = used as f64 / sent.max(1) as f64;
                    share.clamp(FIRST_GUESS, MOST_AT_FIRST)
                }
                true => 1.1 * clients + 0.5,
                false => (0.97 * clients).max(FEWEST),
            };
            self.gaps /= 2.0;
            self.gap_sum /= 2.0;
        } else if sent > 0 {
            self.others = false;
            self.guess = FIRST_GUESS;
            self.gaps = 0.0;
            self.gap_sum = 0.0;
        }
        self.others_now = false;
        self.is_paced = self.others;
        self.tickets.clear();
        self.run = None;
        self.refused = false;
        self.slowest_before = std::mem::take(&mut self.slowest);
        self.take_the_rest_at = None;
    }

    /// The next period's first response. Its reset is `later` seconds after the last one.
    pub(super) fn period_began(&mut self, later: u64, seen: &Observation) {
        let until_reset = seen.resets_at.saturating_duration_since(seen.now);
        self.length = self.length.min(Duration::from_secs(later)).max(until_reset);
        if self.others && fastrand::f64() < 0.15 / self.clients(seen.told.limit) {
            let before_the_end = self.length.mul_f64(0.03 + 0.47 * fastrand::f64());
            self.take_the_rest_at = seen.resets_at.checked_sub(before_the_end);
        }
    }

    /// How many clients use the window.
    fn clients(&self, limit: u64) -> f64 {
        let estimate = (self.gap_sum + 0.5 * self.guess) / (self.gaps + 0.5);
        let whole = estimate.round();
        let estimate = if (estimate - whole).abs() <= 0.3 {
            whole
        } else {
            estimate
        };
        estimate.clamp(FEWEST, (limit as f64).max(FEWEST))
    }

    /// The same for all clients: all of them together use up a window in two thirds of its length
    /// even if each of them were alone.
    fn interval(&self, limit: u64) -> Duration {
        self.length.mul_f64(2.0 / 3.0 / (limit.max(1) as f64))
    }

    fn plan(&self, limit: u64, clients: f64) -> Plan {
        let limit_f = limit as f64;
        let slowest = self.slowest.max(self.slowest_before).as_secs_f64();
        let interval = self.interval(limit).as_secs_f64().max(1e-9);
        let in_flight = (slowest / interval).ceil().max(1.0);
        let in_flight = in_flight.min((limit_f / clients).floor().max(1.0));
        let lap = limit_f - clients * in_flight;
        let burst = lap
            .min(limit_f / 2.0)
            .min(limit_f - 4.0 * clients * in_flight);
        Plan {
            in_flight,
            lap,
            burst: burst.max(0.0),
        }
    }
}
