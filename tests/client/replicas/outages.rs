//! A store that is lost for a while, or for good.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use orionos::{
    CallEvent, Grant, Holding, MemoryWindowStore, OrionOS, Pacing, Reservation, StoreError,
    StoreFuture, WindowStore,
};
use orionos_mock_server::{Limits, MockServer, Operation};
use tokio::time::{Instant, sleep};

use super::crowd::{client, limited, refused, saturate, sum};
use crate::support::{call, virtual_builder, virtual_mock};

/// What a store does when its clients ask it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Well,
    Failing,
    /// Does what it is asked, and replies too late.
    Slow,
    Silent,
}

/// A store that can be lost, and takes some time for a reply.
#[derive(Debug, Clone)]
struct Moody {
    store: MemoryWindowStore,
    mood: Arc<Mutex<Mood>>,
    round_trip: Duration,
}

impl Moody {
    fn new(round_trip: Duration) -> Self {
        Self {
            store: MemoryWindowStore::new(),
            mood: Arc::new(Mutex::new(Mood::Well)),
            round_trip,
        }
    }

    fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    async fn reply<T>(&self, reply: StoreFuture<'_, T>) -> Result<T, StoreError> {
        if !self.round_trip.is_zero() {
            sleep(self.round_trip).await;
        }
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Well => reply.await,
            Mood::Failing => Err("gone".into()),
            Mood::Slow => {
                let reply = reply.await;
                sleep(Duration::from_millis(80)).await;
                reply
            }
            Mood::Silent => std::future::pending().await,
        }
    }
}

impl WindowStore for Moody {
    fn reserve<'a>(&'a self, reservation: &'a Reservation) -> StoreFuture<'a, Grant> {
        Box::pin(self.reply(self.store.reserve(reservation)))
    }

    fn hold<'a>(&'a self, holding: &'a Holding) -> StoreFuture<'a, u64> {
        Box::pin(self.reply(self.store.hold(holding)))
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
            let (mock, store) = (limited(60, 0), Moody::new(Duration::ZERO));
            let until = Instant::now() + Duration::from_secs(659);
            let mut tasks = Vec::new();
            for _ in 0..replicas {
                let pacing = Pacing::shared(store.clone());
                tasks.extend(saturate(&client(&mock, pacing), 8, until));
            }
            sleep(Duration::from_secs(175)).await;
            store.set(mood);
            if wiped {
                store.store.clear();
            }
            sleep(Duration::from_secs(seconds.min(400))).await;
            if seconds < 1_000 {
                store.set(Mood::Well);
            }
            let all = sum(tasks).await;
            let refused = refused(&mock);
            println!("{name}, {replicas} clients: {all:?} of 660, {refused} 429s");
            assert_eq!(all.failed, 0);
            assert!(all.done >= 647, "{name}");
            assert!(refused * 50 <= all.done, "{name}: {refused}");
        }
    }
}

/// Makes calls of all kinds until it is stopped. Returns how long the longest took.
async fn keep_calling(
    orion: OrionOS,
    stop: Arc<AtomicBool>,
    mut random: fastrand::Rng,
) -> Duration {
    let mut longest = Duration::ZERO;
    while !stop.load(Ordering::Relaxed) {
        let began = Instant::now();
        let operation = random.choice(REPEATABLE).unwrap();
        call(&orion, operation).await.unwrap();
        longest = longest.max(began.elapsed());
        sleep(Duration::from_millis(random.u64(1..100))).await;
    }
    longest
}

/// Those that leave the agent alone.
const REPEATABLE: [Operation; 5] = [
    Operation::Get,
    Operation::List,
    Operation::Update,
    Operation::SendMessage,
    Operation::StreamMessage,
];

/// A server with limits that the calls do not reach.
fn roomy() -> MockServer {
    let mock = virtual_mock();
    let mut limits = Limits::unlimited();
    (limits.account, limits.messages) = (Some(1_000_000), Some(1_000_000));
    mock.set_limits(limits);
    mock
}

#[tokio::test(start_paused = true)]
async fn no_call_waits_for_the_store_for_longer_than_100_ms_whatever_becomes_of_it() {
    for round_trip in [0, 20].map(Duration::from_millis) {
        for mood in [Mood::Failing, Mood::Slow, Mood::Silent] {
            for moment in [0, 1_203].map(Duration::from_millis) {
                let store = Moody::new(round_trip);
                let mock = roomy();
                let (told, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::default());
                let mut calls = Vec::new();
                for number in 0..2 {
                    let told = told.clone();
                    let observer = move |event: &CallEvent<'_>| {
                        let news = match event {
                            CallEvent::StoreLost { .. } => "lost",
                            CallEvent::StoreFound { .. } => "found",
                            _ => return,
                        };
                        told.lock().unwrap().push((number, news));
                    };
                    let builder = virtual_builder(&mock).observer(observer);
                    let orion = builder
                        .pacing(Pacing::shared(store.clone()))
                        .build()
                        .unwrap();
                    for caller in 0..5 {
                        let random = fastrand::Rng::with_seed(5 * number + caller);
                        let calling = keep_calling(orion.clone(), Arc::clone(&stop), random);
                        calls.push(tokio::spawn(calling));
                    }
                }
                sleep(moment).await;
                store.set(mood);
                sleep(Duration::from_millis(1_500)).await;
                store.set(Mood::Well);
                sleep(Duration::from_millis(1_500)).await;
                stop.store(true, Ordering::Relaxed);
                let mut longest = Duration::ZERO;
                for call in calls {
                    longest = longest.max(call.await.unwrap());
                }
                let what = format!("{mood:?} after {moment:?}, else {round_trip:?}");
                println!("{what}: longest wait {longest:?}");
                assert!(longest <= Duration::from_millis(100), "{what}: {longest:?}");
                // Each client says once that the store is lost, and once that it is found.
                let mut told = told.lock().unwrap().clone();
                told.sort_by_key(|(client, _)| *client);
                assert_eq!(
                    told,
                    [(0, "lost"), (0, "found"), (1, "lost"), (1, "found")],
                    "{what}"
                );
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_waits_for_a_store_that_is_known_to_be_lost() {
    let (mock, store) = (limited(60, 0), Moody::new(Duration::ZERO));
    mock.clear_faults();
    store.set(Mood::Silent);
    let orion = client(&mock, Pacing::shared(store));
    let began = Instant::now();
    call(&orion, Operation::Get).await.unwrap();
    let waited = began.elapsed();
    assert!(waited <= Duration::from_millis(76), "{waited:?}");
    for _ in 0..50 {
        call(&orion, Operation::Get).await.unwrap();
    }
    assert_eq!(began.elapsed(), waited);
}
