//! Replicas that share their windows through a store.

use std::time::Duration;

use orionos::{MemoryWindowStore, Pacing};
use tokio::time::{Instant, sleep};

use super::crowd::{Crowd, Misses, client, limited, refused, saturate, seeds, sum};

#[tokio::test(start_paused = true)]
async fn replicas_share_evenly_and_run_into_almost_no_429s() {
    let mut misses = Misses::default();
    for (replicas, callers) in [(2, 16), (4, 16), (8, 8)] {
        for mixed in [false, true] {
            let crowd = Crowd {
                replicas,
                callers,
                mixed,
            };
            for seed in seeds() {
                let store = MemoryWindowStore::new();
                let outcome = crowd.run(&Pacing::shared(store.clone()), seed).await;
                let operations = store.operations() as f64 / 600.0;
                misses.add(
                    outcome.keeps(1.0, 0.8),
                    format!("{crowd:?}, seed {seed}: {operations:.2} a call, {outcome:?}"),
                );
            }
        }
    }
    misses.check();
}

#[tokio::test(start_paused = true)]
async fn at_6_000_a_minute_a_store_is_asked_for_one_call_in_five_at_most() {
    let mock = limited(6_000, 0);
    let store = MemoryWindowStore::new();
    let until = Instant::now() + Duration::from_secs(125);
    let tasks: Vec<_> = (0..8)
        .map(|_| saturate(&client(&mock, Pacing::shared(store.clone())), 32, until))
        .collect();
    let mut shares = Vec::new();
    for tasks in tasks {
        let tally = sum(tasks).await;
        assert_eq!(tally.failed, 0);
        shares.push(tally.done);
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
async fn calls_of_clients_that_crash_are_free_again_after_a_few_seconds() {
    let (mock, store) = (limited(60, 0), MemoryWindowStore::new());
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
    sleep(Duration::from_millis(180_700)).await;
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
