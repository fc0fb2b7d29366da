//! What a store carries: a thousand clients of one account, and a thousand accounts with a client
//! each, in virtual time and without sockets.
//!
//! `FLEET_SECONDS=60 cargo test --test client fleet -- --nocapture` prints the table of the guide for
//! deployment. Without the variable the accounts are simulated for 12 seconds.

use std::time::Duration;

use orionos::{MemoryWindowStore, OrionOS, Pacing, RetryPolicy};
use orionos_mock_server::{MockServer, Tier};
use tokio::time::{Instant, sleep};

use crate::support::{AGENT, virtual_builder};

const SECOND: Duration = Duration::from_secs(1);

/// A server with one agent and this limit per minute.
fn limited(per_minute: u64) -> MockServer {
    let mut limits = Tier::Standard.limits();
    (limits.account, limits.get) = (Some(per_minute), Some(per_minute));
    MockServer::builder()
        .agents([serde_json::json!({"id": AGENT, "name": "Pilot"})])
        .limits(limits)
        .in_process()
        .unwrap()
}

fn client(mock: &MockServer, store: &MemoryWindowStore) -> OrionOS {
    virtual_builder(mock)
        .pacing(Pacing::shared(store.clone()))
        .retry(RetryPolicy::default().max_retry_after(120 * SECOND))
        .build()
        .unwrap()
}

/// Calls at this pace until the time is over. Returns how many there were.
async fn pace(orion: OrionOS, first: Duration, pause: Duration, until: Instant) -> u64 {
    sleep(first).await;
    let mut done = 0;
    while Instant::now() < until {
        orion.agents().get(AGENT).send().await.unwrap();
        done += 1;
        sleep(pause).await;
    }
    done
}

fn print(what: &str, calls: u64, store: &MemoryWindowStore, seconds: u64, refused: usize) {
    let operations = store.operations();
    println!(
        "| {what} | {calls} | {:.2} | {:.0} | {refused} |",
        operations as f64 / calls as f64,
        operations as f64 / seconds as f64
    );
}

fn refused(mock: &MockServer) -> usize {
    let requests = mock.requests();
    let refused = requests
        .iter()
        .filter(|request| request.status == Some(429));
    refused.count()
}

#[tokio::test(start_paused = true)]
async fn a_thousand_clients_of_one_account_share_its_limit() {
    let (mock, store) = (limited(6_000), MemoryWindowStore::new());
    let until = Instant::now() + 60 * SECOND;
    let tasks: Vec<_> = (0..1_000_u64)
        .map(|number| {
            // Four fifths of the limit: each client calls every 12.5 seconds.
            let first = Duration::from_micros(12_500 * number);
            let pause = Duration::from_millis(12_500);
            tokio::spawn(pace(client(&mock, &store), first, pause, until))
        })
        .collect();
    let mut calls = 0;
    for task in tasks {
        calls += task.await.unwrap();
    }
    print(
        "1,000 clients, 1 account",
        calls,
        &store,
        60,
        refused(&mock),
    );
    assert!(calls >= 4_000, "{calls}");
    assert_eq!(refused(&mock), 0);
    assert!(store.operations() <= 4 * calls);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_accounts_use_one_store() {
    let store = MemoryWindowStore::new();
    let seconds = std::env::var("FLEET_SECONDS").map_or(12, |text| text.parse().unwrap());
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut tasks = Vec::new();
    let mut mocks = Vec::new();
    for number in 0..1_000_u64 {
        let key = format!("key-{number}");
        let mut limits = Tier::Standard.limits();
        limits.agents = None;
        let mock = MockServer::builder()
            .api_key(&key)
            .agents([serde_json::json!({"id": AGENT, "name": "Pilot"})])
            .limits(limits)
            .in_process()
            .unwrap();
        let first = Duration::from_millis(2 * number);
        tasks.push(tokio::spawn(pace(
            client(&mock, &store),
            first,
            2 * SECOND,
            until,
        )));
        mocks.push(mock);
    }
    let mut calls = 0;
    for task in tasks {
        calls += task.await.unwrap();
    }
    let refused: usize = mocks.iter().map(refused).sum();
    print(
        "1,000 accounts, 1 client each",
        calls,
        &store,
        seconds,
        refused,
    );
    assert!(calls >= 420 * seconds, "{calls}");
    assert_eq!(refused, 0);
    assert!(store.operations() <= 2 * calls);
}
