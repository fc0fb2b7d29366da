//! A store that is lost for a while, or for good.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use orionos::{Grant, Holding, MemoryWindowStore, Pacing, Reservation, StoreFuture, WindowStore};
use orionos_mock_server::Operation;
use tokio::time::{Instant, sleep};

use super::crowd::{client, limited, refused, saturate, sum};
use crate::support::call;

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
    mood: Arc<Mutex<Mood>>,
}

impl Moody {
    fn new() -> Self {
        Self {
            store: MemoryWindowStore::new(),
            mood: Arc::new(Mutex::new(Mood::Well)),
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
            let (mock, store) = (limited(60, 0), Moody::new());
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

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_reply_stops_a_call_for_a_tenth_of_a_second_at_most() {
    let (mock, store) = (limited(60, 0), Moody::new());
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
