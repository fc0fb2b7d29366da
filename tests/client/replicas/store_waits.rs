//! How often a call waits for the store.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use orionos::{
    Grant, Holding, MemoryWindowStore, OrionOS, Pacing, Reservation, StoreFuture, WindowStore,
};
use orionos_mock_server::{Operation, Tier};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::crowd::client;
use crate::support::{AGENT, OPERATIONS, answering, call, over, virtual_mock};

const ROUND_TRIP: Duration = Duration::from_millis(20);

/// A store on another machine, which counts what it grants.
#[derive(Debug, Clone, Default)]
struct Distant {
    store: MemoryWindowStore,
    /// Reservations, and calls of the account that were granted.
    asked: Arc<AtomicU64>,
    granted: Arc<AtomicU64>,
}

impl WindowStore for Distant {
    fn reserve<'a>(&'a self, reservation: &'a Reservation) -> StoreFuture<'a, Grant> {
        Box::pin(async move {
            sleep(ROUND_TRIP).await;
            let grant = self.store.reserve(reservation).await?;
            if reservation.window.ends_with(":account") {
                self.asked
                    .fetch_add(u64::from(reservation.want > 0), Ordering::Relaxed);
                self.granted.fetch_add(grant.calls, Ordering::Relaxed);
            }
            Ok(grant)
        })
    }

    fn hold<'a>(&'a self, holding: &'a Holding) -> StoreFuture<'a, u64> {
        Box::pin(async move {
            sleep(ROUND_TRIP).await;
            self.store.hold(holding).await
        })
    }
}

fn clients(number: usize, store: &Distant) -> (orionos_mock_server::MockServer, Vec<OrionOS>) {
    let mock = virtual_mock();
    mock.set_tier(Tier::Pro);
    let clients = (0..number).map(|_| client(&mock, Pacing::shared(store.clone())));
    let clients = clients.collect();
    (mock, clients)
}

async fn time(orion: &OrionOS, operation: Operation) -> Duration {
    let began = Instant::now();
    let _ = call(orion, operation).await;
    began.elapsed()
}

#[tokio::test(start_paused = true)]
async fn an_uncontended_call_waits_for_the_store_at_most_once() {
    // Timers have a resolution of one millisecond.
    let once = ROUND_TRIP + Duration::from_millis(1);
    let (_mock, clients) = clients(3, &Distant::default());
    for round in 0..3 {
        for operation in OPERATIONS {
            for orion in &clients {
                let took = time(orion, operation).await;
                assert!(took <= once, "{operation:?}, round {round}: {took:?}");
                // By now, each lease has ended.
                sleep(Duration::from_millis(6_100)).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_with_a_lease_does_not_wait_for_the_store() {
    let store = Distant::default();
    let (_mock, clients) = clients(1, &store);
    let orion = &clients[0];
    let mut waited = 0;
    for sent in 0..100 {
        let has_lease = store.granted.load(Ordering::Relaxed) > sent;
        let took = time(orion, Operation::Get).await;
        waited += u64::from(!took.is_zero());
        assert!(!has_lease || took.is_zero(), "call {sent}: {took:?}");
        sleep(Duration::from_millis(10)).await;
    }
    // No lease has ended yet, and each one is larger than the one before.
    let asked = store.asked.load(Ordering::Relaxed);
    println!("{asked} reservations, {waited} of 100 calls waited");
    assert!((1..=10).contains(&waited), "{waited}");
    assert!(waited <= asked, "{waited} waits, {asked} reservations");
}

#[tokio::test(start_paused = true)]
async fn clients_that_begin_together_do_not_wait_for_reports_of_one_another() {
    let (_mock, clients) = clients(3, &Distant::default());
    for number in 0..20 {
        for orion in &clients {
            let took = time(orion, Operation::Get).await;
            let most = Duration::from_millis(100);
            assert!(took <= most, "call {number}: {took:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_tells_no_limits_is_called_as_if_there_were_no_store() {
    let store = Distant::default();
    let clients: Vec<_> = (0..3)
        .map(|_| {
            let agent = json!({"success": true, "data": {"id": AGENT, "name": "Pilot", "status": "active"}});
            let service = answering(200, &[], agent.to_string());
            let builder = over(service).pacing(Pacing::shared(store.clone()));
            builder.build().unwrap()
        })
        .collect();
    let began = Instant::now();
    for _ in 0..20 {
        for orion in &clients {
            call(orion, Operation::Get).await.unwrap();
        }
    }
    let took = began.elapsed();
    assert!(took <= Duration::from_millis(300), "{took:?}");
}
