//! Replicas that know nothing of one another, except what the responses tell.

use std::time::Duration;

use orionos::{MemoryWindowStore, Pacing};
use orionos_mock_server::Operation;
use tokio::time::{Instant, sleep, sleep_until};

use super::crowd::{Crowd, Misses, client, limited, refused, saturate, seeds, sum};
use crate::support::call;

#[tokio::test(start_paused = true)]
async fn replicas_share_the_rate_and_run_into_few_429s() {
    let mut misses = Misses::default();
    for (replicas, callers) in [(4, 16), (8, 8)] {
        for mixed in [false, true] {
            let crowd = Crowd {
                replicas,
                callers,
                mixed,
            };
            for seed in seeds() {
                let outcome = crowd.run(&Pacing::Adaptive, seed).await;
                // There are 4 429s in 100 calls on average, and in 3 runs of 400 a little more than 5.
                misses.add(
                    outcome.keeps(5.5, 0.6),
                    format!("{crowd:?}, seed {seed}: {outcome:?}"),
                );
            }
        }
    }
    misses.check();
}

#[tokio::test(start_paused = true)]
async fn a_lone_client_uses_the_whole_window_at_once_with_and_without_a_store() {
    for mixed in [false, true] {
        for pacing in [Pacing::Adaptive, Pacing::shared(MemoryWindowStore::new())] {
            let crowd = Crowd {
                replicas: 1,
                callers: 16,
                mixed,
            };
            let outcome = crowd.run(&pacing, 0).await;
            assert_eq!((outcome.failed, outcome.refused_in_100), (0, 0.0));
            assert!(outcome.longest < Duration::from_secs(61), "{outcome:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_greedy_client_among_idle_ones_uses_what_they_leave() {
    let mut misses = Misses::default();
    for seed in seeds() {
        let mock = limited(60, seed);
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
                        sleep(Duration::from_secs(15)).await;
                    }
                    done
                })
            })
            .collect();
        let greedy = sum(greedy).await;
        let mut done = greedy.done;
        for idle in idle {
            done += idle.await.unwrap();
        }
        let refused = refused(&mock);
        misses.add(
            greedy.failed == 0 && done >= 588 && refused * 100 <= done * 5,
            format!("seed {seed}: {done} of 600, {refused} 429s, {greedy:?}"),
        );
    }
    misses.check();
}

#[tokio::test(start_paused = true)]
async fn replicas_that_join_and_leave_are_reckoned_with() {
    let mut misses = Misses::default();
    for seed in seeds() {
        for store in [None, Some(MemoryWindowStore::new())] {
            let mock = limited(60, seed);
            let pacing = || store.clone().map_or(Pacing::Adaptive, Pacing::shared);
            let start = Instant::now();
            let minutes = |minutes: u64| start + Duration::from_secs(60 * minutes);
            let mut tasks = Vec::new();
            for _ in 0..2 {
                tasks.extend(saturate(&client(&mock, pacing()), 16, minutes(15)));
            }
            sleep_until(minutes(5)).await;
            for _ in 0..2 {
                tasks.extend(saturate(&client(&mock, pacing()), 16, minutes(10)));
            }
            let all = sum(tasks).await;
            let refused = refused(&mock);
            let most = if store.is_some() { 1 } else { 5 };
            misses.add(
                all.failed == 0 && all.done >= 882 && refused * 100 <= all.done * most,
                format!("most {most}, seed {seed}: {all:?} of 900, {refused} 429s"),
            );
        }
    }
    misses.check();
}

/// Lets 480 calls arrive at random, 48 per minute, at each client in turn. Returns how long they
/// took, sorted, and the number of 429s.
async fn arrivals(seed: u64, clients: usize, pacing: &Pacing) -> (Vec<Duration>, usize) {
    let mock = limited(60, seed);
    let clients: Vec<_> = (0..clients)
        .map(|_| client(&mock, pacing.clone()))
        .collect();
    let mut random = fastrand::Rng::with_seed(seed);
    let mut calls = Vec::new();
    for number in 0..480 {
        let pause = -(1.0 - random.f64()).ln() * 60.0 / 48.0;
        sleep(Duration::from_secs_f64(pause)).await;
        let orion = clients[number % clients.len()].clone();
        calls.push(tokio::spawn(async move {
            let began = Instant::now();
            call(&orion, Operation::Get).await.unwrap();
            began.elapsed()
        }));
    }
    let mut times = Vec::new();
    for call in calls {
        times.push(call.await.unwrap());
    }
    times.sort();
    (times, refused(&mock))
}

#[tokio::test(start_paused = true)]
async fn at_four_fifths_of_the_rate_nobody_waits_6_seconds() {
    let mut misses = Misses::default();
    for seed in seeds() {
        // By chance, more calls than the limit arrive in some minute. Then even one client for all
        // of them has to wait for the reset.
        let (alone, _) = arrivals(seed, 1, &Pacing::Adaptive).await;
        let unavoidable = alone[alone.len() - 1];
        let most = Duration::from_secs(6).max(unavoidable + Duration::from_secs(1));
        for store in [None, Some(MemoryWindowStore::new())] {
            let what = if store.is_some() {
                "a store"
            } else {
                "no store"
            };
            let pacing = store.map_or(Pacing::Adaptive, Pacing::shared);
            let (times, refused) = arrivals(seed, 4, &pacing).await;
            let (nearly_all, longest) = (times[times.len() * 95 / 100], times[times.len() - 1]);
            misses.add(
                longest < most && nearly_all < Duration::from_secs(1),
                format!(
                    "{what}, seed {seed}: 95% within {nearly_all:?}, longest {longest:?} (one \
                     client: {unavoidable:?}), {refused} 429s"
                ),
            );
        }
    }
    misses.check();
}
