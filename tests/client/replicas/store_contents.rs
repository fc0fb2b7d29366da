//! What a store is told, and the places among the messages in flight that it deals out.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use orionos::{Grant, Holding, MemoryWindowStore, Pacing, Reservation, StoreFuture, WindowStore};
use orionos_mock_server::{MockServer, Operation, Tier};
use tokio::time::Instant;

use super::crowd::{client, limited, refused};
use crate::support::{AGENT, call};

#[tokio::test(start_paused = true)]
async fn the_stores_keys_say_nothing_of_the_api_key_and_are_the_same_for_every_client() {
    #[derive(Debug, Clone, Default)]
    struct Seen(Arc<Mutex<Vec<String>>>);
    impl WindowStore for Seen {
        fn reserve<'a>(&'a self, reservation: &'a Reservation) -> StoreFuture<'a, Grant> {
            self.0.lock().unwrap().push(format!("{reservation:?}"));
            Box::pin(async { Ok(Grant::new(1, 1)) })
        }
        fn hold<'a>(&'a self, holding: &'a Holding) -> StoreFuture<'a, u64> {
            Box::pin(async { Ok(holding.want) })
        }
    }
    let mock = limited(60, 0);
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
    let agent = serde_json::json!({"id": AGENT, "name": "Pilot"});
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
                let stream = agents.stream_message(AGENT, "Hi").send();
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
        let stream = crashing.agents().stream_message(AGENT, "Hi").send();
        streams.push(stream.await.unwrap());
    }
    drop(crashing);
    let other = client(&mock, Pacing::shared(store.clone()));
    let began = Instant::now();
    let message = other.agents().send_message(AGENT, "Hi");
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
