//! Replicas that all have more to do than the limit permits, and what comes of their calls.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use orionos::{OrionOS, Pacing, RetryPolicy};
use orionos_mock_server::{Clock, Fault, MockServer, Operation, Tier};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::support::{AGENT, call, virtual_builder};

/// The seeds of a test's runs. Chance has its part in each of them: `REPLICA_SEEDS=100` runs each
/// test a hundred times.
pub(super) fn seeds() -> Range<u64> {
    let seeds = std::env::var("REPLICA_SEEDS").ok();
    0..seeds.map_or(1, |seeds| seeds.parse().unwrap())
}

/// A server with these limits and a latency of 20 to 300 ms. The seed decides about it and about
/// what clients leave to chance.
fn distant(limits: orionos_mock_server::Limits, seed: u64) -> MockServer {
    fastrand::seed(seed);
    let agent = serde_json::json!({"id": AGENT, "name": "Pilot"});
    let mock = MockServer::builder()
        .agents([agent])
        .limits(limits)
        .seed(seed)
        // Where in a second the first window begins must not differ from run to run.
        .clock(
            Clock::tokio().starting_at(Timestamp::UNIX_EPOCH + Duration::from_millis(seed * 137)),
        )
        .in_process()
        .unwrap();
    mock.fault(Fault::latency_between(
        Duration::from_millis(20),
        Duration::from_millis(300),
    ));
    mock
}

/// A server that permits this many requests and gets per minute.
pub(super) fn limited(per_minute: u64, seed: u64) -> MockServer {
    let mut limits = Tier::Standard.limits();
    (limits.account, limits.get) = (Some(per_minute), Some(per_minute));
    distant(limits, seed)
}

pub(super) fn client(mock: &MockServer, pacing: Pacing) -> OrionOS {
    let policy = RetryPolicy::default().max_retry_after(Duration::from_secs(120));
    virtual_builder(mock)
        .pacing(pacing)
        .retry(policy)
        .build()
        .unwrap()
}

pub(super) fn refused(mock: &MockServer) -> usize {
    count(mock, |status, _| status == 429)
}

fn count(mock: &MockServer, matches: impl Fn(u16, i64) -> bool) -> usize {
    let requests = mock.requests();
    let seconds = requests
        .iter()
        .filter_map(|request| Some((request.status?, request.time.as_second())));
    seconds
        .filter(|(status, second)| matches(*status, *second))
        .count()
}

/// What came of the replicas' calls.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) refused_in_100: f64,
    pub(super) failed: usize,
    /// The share of the permitted rate that was used in all windows but the last, which the calls
    /// do not fill.
    pub(super) used: f64,
    /// The calls of the replica with the fewest, divided by those of the replica with the most.
    pub(super) fairness: f64,
    pub(super) longest: Duration,
}

/// `replicas` clients with `callers` callers each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Crowd {
    pub(super) replicas: usize,
    pub(super) callers: usize,
    /// Gets, updates, lists and messages, or only gets.
    pub(super) mixed: bool,
}

/// The operation of a mixture's call.
fn mixture(number: usize) -> Operation {
    match number % 10 {
        0 => Operation::Update,
        1..=3 => Operation::List,
        4..=6 => Operation::SendMessage,
        _ => Operation::Get,
    }
}

impl Crowd {
    /// Makes 600 calls together, in the standard tier.
    pub(super) async fn run(self, pacing: &Pacing, seed: u64) -> Outcome {
        const CALLS: usize = 600;
        let mock = distant(Tier::Standard.limits(), seed);
        let next = Arc::new(AtomicUsize::new(0));
        let mut tasks = Vec::new();
        for replica in 0..self.replicas {
            let orion = client(&mock, pacing.clone());
            for _ in 0..self.callers {
                let (orion, next) = (orion.clone(), next.clone());
                tasks.push(tokio::spawn(async move {
                    let mut tally = Tally::default();
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= CALLS {
                            return (replica, tally);
                        }
                        let operation = match self.mixed {
                            true => mixture(number),
                            false => Operation::Get,
                        };
                        tally.add(&orion, operation).await;
                    }
                }));
            }
        }
        let mut shares = vec![0; self.replicas];
        let mut all = Tally::default();
        for task in tasks {
            let (replica, tally) = task.await.unwrap();
            shares[replica] += tally.done;
            all = all.and(&tally);
        }
        Outcome {
            refused_in_100: refused(&mock) as f64 * 100.0 / all.done as f64,
            failed: all.failed,
            used: used(&mock),
            fairness: *shares.iter().min().unwrap() as f64 / *shares.iter().max().unwrap() as f64,
            longest: all.longest,
        }
    }
}

/// The share of 60 requests per minute that was used, without the last minute.
fn used(mock: &MockServer) -> f64 {
    let requests = mock.requests();
    let first = requests[0].time.as_second();
    let last = requests[requests.len() - 1].time.as_second();
    let minutes = (last - first) / 60;
    let end = first + 60 * minutes;
    let done = count(mock, |status, second| status == 200 && second < end);
    done as f64 / (60 * minutes) as f64
}

/// How many calls were answered, how many failed, and how long the longest took.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) done: usize,
    pub(super) failed: usize,
    pub(super) longest: Duration,
}

impl Tally {
    async fn add(&mut self, orion: &OrionOS, operation: Operation) {
        let began = Instant::now();
        match call(orion, operation).await {
            Ok(()) => self.done += 1,
            Err(error) => {
                println!("{error}");
                self.failed += 1;
            }
        }
        self.longest = self.longest.max(began.elapsed());
    }

    fn and(self, other: &Self) -> Self {
        Self {
            done: self.done + other.done,
            failed: self.failed + other.failed,
            longest: self.longest.max(other.longest),
        }
    }
}

/// Callers that get one agent after another until the time is over.
pub(super) fn saturate(orion: &OrionOS, callers: usize, until: Instant) -> Vec<JoinHandle<Tally>> {
    let callers = (0..callers).map(|_| {
        let orion = orion.clone();
        tokio::spawn(async move {
            let mut tally = Tally::default();
            while Instant::now() < until {
                tally.add(&orion, Operation::Get).await;
            }
            tally
        })
    });
    callers.collect()
}

pub(super) async fn sum(tasks: Vec<JoinHandle<Tally>>) -> Tally {
    let mut sum = Tally::default();
    for task in tasks {
        sum = sum.and(&task.await.unwrap());
    }
    sum
}

/// Runs that miss what is promised. All of them are shown at the end of a test, not only the first.
#[derive(Debug, Default)]
pub(super) struct Misses {
    runs: usize,
    missed: Vec<String>,
}

impl Misses {
    /// Takes in a run, and whether it keeps the promises.
    pub(super) fn add(&mut self, is_kept: bool, run: String) {
        println!("{run}");
        self.runs += 1;
        if !is_kept {
            self.missed.push(run);
        }
    }

    pub(super) fn check(&self) {
        let (missed, runs) = (self.missed.len(), self.runs);
        assert!(missed == 0, "{missed} of {runs} runs: {:#?}", self.missed);
    }
}

impl Outcome {
    pub(super) fn keeps(&self, refused_in_100: f64, fairness: f64) -> bool {
        self.failed == 0
            && self.refused_in_100 <= refused_in_100
            && self.used >= 0.98
            && self.fairness >= fairness
    }
}
