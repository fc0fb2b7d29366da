//! Several clients of one account, without a store and with one: the permitted rate is used and
//! shared evenly, and almost no call runs into a 429.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use orionos::{
    Grant, Holding, MemoryWindowStore, OrionOS, Pacing, Reservation, RetryPolicy, StoreFuture,
    WindowStore,
};
use orionos_mock_server::{Fault, MockServer, Operation, Tier};
use tokio::time::Instant;

use crate::support::{call, virtual_builder, virtual_mock};

fn distant(tier: Tier) -> MockServer {
    let mock = virtual_mock();
    mock.set_tier(tier);
    mock.fault(Fault::latency_between(
        Duration::from_millis(20),
        Duration::from_millis(300),
    ));
    mock
}

fn client(mock: &MockServer, pacing: Pacing) -> OrionOS {
    let policy = RetryPolicy::default().max_retry_after(Duration::from_secs(120));
    virtual_builder(mock)
        .pacing(pacing)
        .retry(policy)
        .build()
        .unwrap()
}

/// What came of the replicas' calls.
#[derive(Debug)]
struct Outcome {
    refused_in_100: f64,
    failed: usize,
    used: f64,
    fairness: f64,
    longest: Duration,
}

/// `replicas` clients with `callers` callers each make `calls` calls together.
async fn run(
    replicas: usize,
    callers: usize,
    calls: usize,
    tier: Tier,
    mixed: bool,
    pacing: &Pacing,
) -> Outcome {
    let mock = distant(tier);
    let per_minute = match tier {
        Tier::Pro => 300,
        _ => 60,
    };
    let started = Instant::now();
    let next = Arc::new(AtomicUsize::new(0));
    let failed = Arc::new(AtomicUsize::new(0));
    let mut tasks = Vec::new();
    for replica in 0..replicas {
        let orion = client(&mock, pacing.clone());
        for _ in 0..callers {
            let (orion, next, failed) = (orion.clone(), next.clone(), failed.clone());
            tasks.push(tokio::spawn(async move {
                let (mut done, mut longest) = (0, Duration::ZERO);
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= calls {
                        return (replica, done, longest);
                    }
                    let operation = match number % 10 {
                        _ if !mixed => Operation::Get,
                        0 => Operation::Update,
                        1..=3 => Operation::List,
                        4..=6 => Operation::SendMessage,
                        _ => Operation::Get,
                    };
                    let began = Instant::now();
                    match call(&orion, operation).await {
                        Ok(()) => done += 1,
                        Err(error) => {
                            println!("{error}");
                            failed.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                    longest = longest.max(began.elapsed());
                }
            }));
        }
    }
    let mut shares = vec![0; replicas];
    let mut longest = Duration::ZERO;
    for task in tasks {
        let (replica, done, waited) = task.await.unwrap();
        shares[replica] += done;
        longest = longest.max(waited);
    }
    let refused = mock
        .requests()
        .iter()
        .filter(|request| request.status == Some(429))
        .count();
    let failed = failed.load(Ordering::Relaxed);
    let windows = 1 + usize::try_from(started.elapsed().as_secs() / 60).unwrap();
    let done = calls - failed;
    Outcome {
        refused_in_100: refused as f64 * 100.0 / done as f64,
        failed,
        used: done as f64 / (windows * per_minute) as f64,
        fairness: *shares.iter().min().unwrap() as f64 / *shares.iter().max().unwrap() as f64,
        longest,
    }
}

impl Outcome {
    /// What is promised to clients that know nothing of one another. A ticket that is left over in
    /// the last window makes the calls spill into one window more.
    fn check_without_a_store(&self) {
        assert_eq!(self.failed, 0, "{self:?}");
        assert!(self.refused_in_100 <= 8.0, "{self:?}");
        assert!(self.used >= 0.8, "{self:?}");
        assert!(self.fairness >= 0.4, "{self:?}");
    }
}

/// The mean of several runs: chance has its part in each of them.
async fn mean(replicas: usize, callers: usize, tier: Tier, mixed: bool) -> (f64, f64) {
    const RUNS: usize = 5;
    let (mut refused, mut fairness) = (0.0, 0.0);
    for _ in 0..RUNS {
        let outcome = run(replicas, callers, 600, tier, mixed, &Pacing::Adaptive).await;
        println!("{replicas} × {callers}, mixed: {mixed}: {outcome:?}");
        outcome.check_without_a_store();
        refused += outcome.refused_in_100 / RUNS as f64;
        fairness += outcome.fairness / RUNS as f64;
    }
    (refused, fairness)
}

#[tokio::test(start_paused = true)]
async fn replicas_without_a_store_share_the_rate_and_run_into_few_429s() {
    for (replicas, callers) in [(4, 16), (8, 8)] {
        for mixed in [false, true] {
            let (refused, fairness) = mean(replicas, callers, Tier::Standard, mixed).await;
            assert!(
                refused <= 5.0,
                "{replicas} × {callers}: {refused} 429s in 100"
            );
            assert!(fairness >= 0.6, "{replicas} × {callers}: {fairness}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_lone_client_uses_the_whole_window_at_once_with_and_without_a_store() {
    for mixed in [false, true] {
        for pacing in [Pacing::Adaptive, Pacing::shared(MemoryWindowStore::new())] {
            let outcome = run(1, 16, 600, Tier::Standard, mixed, &pacing).await;
            assert_eq!((outcome.failed, outcome.refused_in_100), (0, 0.0));
            assert!(outcome.longest < Duration::from_secs(61), "{outcome:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn replicas_with_a_store_share_evenly_and_run_into_no_429s() {
    for (replicas, callers) in [(2, 16), (4, 16), (8, 8)] {
        for mixed in [false, true] {
            const RUNS: usize = 3;
            let (mut refused, mut fairness) = (0.0, 0.0);
            for _ in 0..RUNS {
                let store = MemoryWindowStore::new();
                let pacing = Pacing::shared(store.clone());
                let outcome = run(replicas, callers, 600, Tier::Standard, mixed, &pacing).await;
                let operations = store.operations() as f64 / 600.0;
                println!(
                    "{replicas} × {callers}, mixed: {mixed}: {operations} a call, {outcome:?}"
                );
                assert_eq!(outcome.failed, 0);
                assert!(outcome.used >= 0.8, "{outcome:?}");
                refused += outcome.refused_in_100 / RUNS as f64;
                fairness += outcome.fairness / RUNS as f64;
            }
            // Calls of four kinds are not dealt out as evenly as of one.
            let (most, least) = if mixed { (3.0, 0.6) } else { (1.0, 0.8) };
            assert!(
                refused <= most,
                "{replicas} × {callers}: {refused} 429s in 100"
            );
            assert!(fairness >= least, "{replicas} × {callers}: {fairness}");
        }
    }
}

/// A server with a limit per minute and latency between 20 and 300 ms.
fn limited(per_minute: u64) -> MockServer {
    let mut limits = Tier::Standard.limits();
    (limits.account, limits.get) = (Some(per_minute), Some(per_minute));
    let agent = serde_json::json!({"id": crate::support::AGENT, "name": "Pilot"});
    let mock = MockServer::builder()
        .agents([agent])
        .limits(limits)
        .in_process()
        .unwrap();
    mock.fault(Fault::latency_between(
        Duration::from_millis(20),
        Duration::from_millis(300),
    ));
    mock
}

/// How many calls of a client were answered, how many failed, and how long the longest wait was.
type Tally = (usize, usize, Duration);

/// Callers that call one after another until the time is over.
fn saturate(
    orion: &OrionOS,
    callers: usize,
    until: Instant,
) -> Vec<tokio::task::JoinHandle<Tally>> {
    (0..callers)
        .map(|_| {
            let orion = orion.clone();
            tokio::spawn(async move {
                let mut tally = (0, 0, Duration::ZERO);
                while Instant::now() < until {
                    let began = Instant::now();
                    match call(&orion, Operation::Get).await {
                        Ok(()) => tally.0 += 1,
                        Err(_) => tally.1 += 1,
                    }
                    tally.2 = tally.2.max(began.elapsed());
                }
                tally
            })
        })
        .collect()
}

async fn sum(tasks: Vec<tokio::task::JoinHandle<Tally>>) -> Tally {
    let mut sum = (0, 0, Duration::ZERO);
    for task in tasks {
        let (done, failed, longest) = task.await.unwrap();
        sum = (sum.0 + done, sum.1 + failed, sum.2.max(longest));
    }
    sum
}

fn refused(mock: &MockServer) -> usize {
    let requests = mock.requests();
    let refused = requests
        .iter()
        .filter(|request| request.status == Some(429));
    refused.count()
}

#[tokio::test(start_paused = true)]
async fn at_6_000_a_minute_a_store_is_asked_for_one_call_in_five_at_most() {
    let mock = limited(6_000);
    let store = MemoryWindowStore::new();
    let until = Instant::now() + Duration::from_secs(125);
    let tasks: Vec<_> = (0..8)
        .map(|_| saturate(&client(&mock, Pacing::shared(store.clone())), 32, until))
        .collect();
    let mut shares = Vec::new();
    for tasks in tasks {
        let (done, failed, _) = sum(tasks).await;
        assert_eq!(failed, 0);
        shares.push(done);
    }
    let done: usize = shares.iter().sum();
    let per_call = store.operations() as f64 / done as f64;
    println!(
        "{done} calls, {per_call:.3} operations a call, {} 429s, {shares:?}",
        refused(&mock)
    );
    assert!(per_call <= 0.2);
    assert!(refused(&mock) * 100 <= done);
    let (least, most) = (shares.iter().min().unwrap(), shares.iter().max().unwrap());
    assert!(*least as f64 / *most as f64 >= 0.8, "{shares:?}");
}

#[tokio::test(start_paused = true)]
async fn at_four_fifths_of_the_rate_nobody_waits_for_long() {
    for store in [None, Some(MemoryWindowStore::new())] {
        let mock = limited(60);
        let random = fastrand_like(7);
        let mut calls = Vec::new();
        let clients: Vec<_> = (0..4)
            .map(|_| {
                let pacing = store.clone().map_or(Pacing::Adaptive, Pacing::shared);
                client(&mock, pacing)
            })
            .collect();
        let mut random = random;
        for number in 0..480 {
            // Poisson arrivals, 48 a minute.
            let pause = -(1.0 - random()).ln() * 60.0 / 48.0;
            tokio::time::sleep(Duration::from_secs_f64(pause)).await;
            let orion = clients[number % 4].clone();
            calls.push(tokio::spawn(async move {
                let began = Instant::now();
                call(&orion, Operation::Get).await.unwrap();
                began.elapsed()
            }));
        }
        let mut waits = Vec::new();
        for call in calls {
            waits.push(call.await.unwrap());
        }
        waits.sort();
        let (most, longest) = (waits[waits.len() * 95 / 100], waits[waits.len() - 1]);
        println!(
            "95%: {most:?}, longest: {longest:?}, {} 429s",
            refused(&mock)
        );
        assert!(longest < Duration::from_secs(20), "{longest:?}");
        assert!(most < Duration::from_secs(1), "{most:?}");
    }
}

/// Random numbers between 0 and 1 that are the same in every run.
fn fastrand_like(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[tokio::test(start_paused = true)]
async fn a_greedy_client_among_idle_ones_uses_what_they_leave() {
    let mock = limited(60);
    let until = Instant::now() + Duration::from_secs(600);
    let greedy = saturate(&client(&mock, Pacing::Adaptive), 32, until);
    let idle: Vec<_> = (0..3)
        .map(|_| {
            let orion = client(&mock, Pacing::Adaptive);
            tokio::spawn(async move {
                let mut done = 0;
                while Instant::now() < until {
                    call(&orion, Operation::Get).await.unwrap();
                    done += 1;
                    tokio::time::sleep(Duration::from_secs(15)).await;
                }
                done
            })
        })
        .collect();
    let (mut done, failed, _) = sum(greedy).await;
    for idle in idle {
        done += idle.await.unwrap();
    }
    println!(
        "greedy: {done} of 600, {} 429s, {failed} failed",
        refused(&mock)
    );
    assert_eq!(failed, 0);
    assert!(done >= 588);
    assert!(refused(&mock) * 100 <= done * 8);
}

#[tokio::test(start_paused = true)]
async fn replicas_that_join_and_leave_are_reckoned_with() {
    for store in [None, Some(MemoryWindowStore::new())] {
        let mock = limited(60);
        let pacing = || store.clone().map_or(Pacing::Adaptive, Pacing::shared);
        let start = Instant::now();
        let minutes = |minutes: u64| start + Duration::from_secs(60 * minutes);
        let mut tasks = Vec::new();
        for _ in 0..2 {
            tasks.extend(saturate(&client(&mock, pacing()), 16, minutes(15)));
        }
        tokio::time::sleep_until(minutes(5)).await;
        for _ in 0..2 {
            tasks.extend(saturate(&client(&mock, pacing()), 16, minutes(10)));
        }
        let (done, failed, _) = sum(tasks).await;
        println!(
            "joined and left: {done} of 900, {} 429s, {failed} failed",
            refused(&mock)
        );
        assert_eq!(failed, 0);
        assert!(done >= 882);
        assert!(refused(&mock) * 100 <= done * 5);
    }
}

/// What a store does when its clients ask it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Well,
    Failing,
    Silent,
}

/// A store that can be lost.
#[derive(Debug, Clone)]
struct Moody {
    store: MemoryWindowStore,
    mood: Arc<std::sync::Mutex<Mood>>,
}

impl Moody {
    fn new() -> Self {
        Self {
            store: MemoryWindowStore::new(),
            mood: Arc::new(std::sync::Mutex::new(Mood::Well)),
        }
    }

    fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }
}

impl WindowStore for Moody {
    fn reserve<'a>(&'a self, reservation: &'a Reservation) -> StoreFuture<'a, Grant> {
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Well => self.store.reserve(reservation),
            Mood::Failing => Box::pin(async { Err("gone".into()) }),
            Mood::Silent => Box::pin(std::future::pending()),
        }
    }

    fn hold<'a>(&'a self, holding: &'a Holding) -> StoreFuture<'a, u64> {
        self.store.hold(holding)
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_the_store_costs_no_call_and_little_of_the_rate() {
    for (name, mood, seconds, wiped) in [
        ("10 s", Mood::Failing, 10, false),
        ("10 s, silent", Mood::Silent, 10, false),
        ("10 s and wiped", Mood::Failing, 10, true),
        ("70 s", Mood::Failing, 70, false),
        ("for good", Mood::Failing, 10_000, false),
    ] {
        for replicas in [4, 8] {
            let (mock, store) = (limited(60), Moody::new());
            let until = Instant::now() + Duration::from_secs(659);
            let mut tasks = Vec::new();
            for _ in 0..replicas {
                let pacing = Pacing::shared(store.clone());
                tasks.extend(saturate(&client(&mock, pacing), 8, until));
            }
            tokio::time::sleep(Duration::from_secs(175)).await;
            store.set(mood);
            if wiped {
                store.store.clear();
            }
            tokio::time::sleep(Duration::from_secs(seconds.min(400))).await;
            if seconds < 1_000 {
                store.set(Mood::Well);
            }
            let (done, failed, _) = sum(tasks).await;
            let refused = refused(&mock);
            println!("{name}, {replicas} clients: {done} of 660, {refused} 429s, {failed} failed");
            assert_eq!(failed, 0);
            assert!(done >= 647, "{name}: {done}");
            assert!(refused * 50 <= done, "{name}: {refused}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_reply_stops_a_call_for_a_tenth_of_a_second_at_most() {
    let (mock, store) = (limited(60), Moody::new());
    mock.clear_faults();
    store.set(Mood::Silent);
    let orion = client(&mock, Pacing::shared(store));
    let began = Instant::now();
    call(&orion, Operation::Get).await.unwrap();
    let waited = began.elapsed();
    assert!(waited <= Duration::from_millis(102), "{waited:?}");
    // From then on, nothing waits for it.
    for _ in 0..50 {
        call(&orion, Operation::Get).await.unwrap();
    }
    assert_eq!(began.elapsed(), waited);
}

#[tokio::test(start_paused = true)]
async fn calls_of_clients_that_crash_are_free_again_after_a_few_seconds() {
    let (mock, store) = (limited(60), MemoryWindowStore::new());
    let until = Instant::now() + Duration::from_secs(659);
    let mut living = Vec::new();
    let mut dying = Vec::new();
    for number in 0..8 {
        let orion = client(&mock, Pacing::shared(store.clone()));
        match number % 2 {
            0 => living.extend(saturate(&orion, 8, until)),
            _ => dying.extend(saturate(&orion, 8, until)),
        }
    }
    tokio::time::sleep(Duration::from_millis(180_700)).await;
    dying.iter().for_each(tokio::task::JoinHandle::abort);
    sum(living).await;
    let requests = mock.requests();
    let done = requests
        .iter()
        .filter(|request| request.status == Some(200))
        .count();
    println!("half of them crash: {done} of 660, {} 429s", refused(&mock));
    assert!(done >= 647, "{done}");
    assert!(refused(&mock) <= 6);
}

#[tokio::test(start_paused = true)]
async fn the_stores_keys_say_nothing_of_the_api_key_and_are_the_same_for_every_client() {
    #[derive(Debug, Clone, Default)]
    struct Seen(Arc<std::sync::Mutex<Vec<String>>>);
    impl WindowStore for Seen {
        fn reserve<'a>(&'a self, reservation: &'a Reservation) -> StoreFuture<'a, Grant> {
            self.0.lock().unwrap().push(format!("{reservation:?}"));
            Box::pin(async { Ok(Grant::new(1, 1)) })
        }
        fn hold<'a>(&'a self, holding: &'a Holding) -> StoreFuture<'a, u64> {
            Box::pin(async { Ok(holding.want) })
        }
    }
    let mock = limited(60);
    let seen = Seen::default();
    for _ in 0..2 {
        let orion = client(&mock, Pacing::shared(seen.clone()));
        call(&orion, Operation::Get).await.unwrap();
    }
    let seen = seen.0.lock().unwrap();
    assert!(seen.iter().all(|text| !text.contains(mock.api_key())));
    let window = |text: &String| text.split("window: ").nth(1).unwrap()[..42].to_owned();
    assert_eq!(window(&seen[0]), window(&seen[1]));
}

#[tokio::test(start_paused = true)]
async fn ten_messages_to_an_agent_are_in_flight_among_all_clients_of_a_store() {
    let agent = serde_json::json!({"id": crate::support::AGENT, "name": "Pilot"});
    let mut limits = Tier::Enterprise.limits();
    limits.messages_in_flight = Some(10);
    let mock = MockServer::builder()
        .agents([agent])
        .limits(limits)
        .token_pace(Duration::from_secs(1))
        .in_process()
        .unwrap();
    let store = MemoryWindowStore::new();
    let mut calls = Vec::new();
    for _ in 0..4 {
        let orion = client(&mock, Pacing::shared(store.clone()));
        for _ in 0..15 {
            let agents = orion.agents();
            calls.push(tokio::spawn(async move {
                let stream = agents.stream_message(crate::support::AGENT, "Hi").send();
                stream.await.unwrap().collect_text().await.unwrap();
            }));
        }
    }
    for call in calls {
        call.await.unwrap();
    }
    assert_eq!(refused(&mock), 0);

    // A client that crashes with ten open streams costs half a minute.
    let crashing = client(&mock, Pacing::shared(store.clone()));
    let mut streams = Vec::new();
    for _ in 0..10 {
        let stream = crashing
            .agents()
            .stream_message(crate::support::AGENT, "Hi")
            .send();
        streams.push(stream.await.unwrap());
    }
    drop(crashing);
    let other = client(&mock, Pacing::shared(store.clone()));
    let began = Instant::now();
    let message = other.agents().send_message(crate::support::AGENT, "Hi");
    let error = message
        .max_wait(Duration::from_secs(5))
        .send()
        .await
        .unwrap_err();
    assert!(error.is_rate_limited(), "{error}");
    assert_eq!(began.elapsed().as_secs(), 5);
    streams.clear();
    call(&other, Operation::SendMessage).await.unwrap();
    assert!(
        began.elapsed() <= Duration::from_secs(33),
        "{:?}",
        began.elapsed()
    );
}
