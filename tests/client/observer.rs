//! What an observer is told: the events of every way that a call can go, none lost and none twice.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use orionos::{
    CallEvent, CallOutcome, Grant, Holding, MemoryWindowStore, Observer, OrionOS, Outcome, Pacing,
    Reservation, StoreFuture, WaitReason, WindowStore,
};
use orionos_mock_server::{Fault, MockServer, Operation, Tier};

use crate::support::recorder::{Recorder, Times};
use crate::support::ways::ways;
use crate::support::{AGENT, call, virtual_builder, virtual_mock};

#[tokio::test(start_paused = true)]
async fn each_way_that_a_call_can_go_has_its_events() {
    for way in ways() {
        let recorder = Recorder::default();
        let call = (way.setup)(recorder.clone()).await;
        call.await;
        assert_eq!(recorder.first_call(), way.events, "{}", way.name);
        drain().await;
        recorder.check(Times::Exact);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_anywhere_ends_once_and_loses_no_event() {
    for way in ways() {
        for (name, when) in [
            ("while it rests", When::Resting),
            ("when it wakes", When::Waking),
        ] {
            let mut whole = false;
            let mut polls = 0;
            while !whole {
                let recorder = Recorder::default();
                let call = (way.setup)(recorder.clone()).await;
                whole = polled(call, polls, when).await.is_some();
                let events = recorder.first_call();
                let place = format!(
                    "{}, dropped {name} after {polls} polls: {events:?}",
                    way.name
                );
                match (whole, polls) {
                    (true, _) => assert_eq!(events, way.events, "{place}"),
                    (false, 0) => assert!(events.is_empty(), "{place}"),
                    (false, _) => {
                        let end = events.last().unwrap();
                        assert!(
                            end.starts_with("ended") && end.ends_with("dropped"),
                            "{place}"
                        );
                        let told = events.iter().zip(way.events).take_while(|(a, b)| a == b);
                        // What was told before is what the whole call tells. Then everything is closed.
                        assert!(told.count() + 3 >= events.len(), "{place}");
                    }
                }
                drain().await;
                recorder.check(Times::Exact);
                polls += 1;
            }
        }
    }
}

/// When a call is dropped after some polls.
#[derive(Debug, Clone, Copy, PartialEq)]
enum When {
    /// Immediately after the last poll.
    Resting,
    /// When it would be polled again.
    Waking,
}

/// Polls the future up to `polls` times, and then drops it. Returns its output if it was ready by then.
async fn polled<F: Future>(future: F, mut polls: usize, when: When) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(move |cx| {
        if polls == 0 {
            return Poll::Ready(None);
        }
        polls -= 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if polls == 0 && when == When::Resting => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Lets other calls of a way end.
async fn drain() {
    tokio::time::sleep(Duration::from_secs(3600)).await;
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_behind_others_is_told_of_the_rate_limit_too() {
    let mock = virtual_mock();
    mock.set_tier(Tier::Standard);
    let recorder = Recorder::default();
    let orion = virtual_builder(&mock).observer(recorder.clone()).build();
    let orion = orion.unwrap();
    let calls = (0..150).map(|_| call(&orion, Operation::Get));
    assert!(join_all(calls).await.iter().all(Result::is_ok));
    assert_eq!(recorder.check(Times::Exact), 150);
    let seen = recorder.seen();
    let told = |text: &str| seen.iter().filter(|seen| seen.text == text).count();
    // Sixty calls leave at once, sixty after a minute, and thirty after two.
    assert_eq!(told("waiting rate_limit 60 s"), 90 + 30, "{seen:#?}");
    assert_eq!(told("waited rate_limit 60 s"), 90 + 30);
}

#[tokio::test(start_paused = true)]
async fn every_observer_gets_every_event_in_the_order_of_the_calls_to_the_builder() {
    let mock = virtual_mock();
    let order = Recorder::default();
    let (first, second) = (Recorder::default(), Arc::new(Recorder::default()));
    let both = order.clone();
    let orion = virtual_builder(&mock)
        .observer(first.clone())
        .observer(second.clone())
        .observer(move |event: &CallEvent<'_>| both.on_event(event))
        .build()
        .unwrap();
    call(&orion, Operation::Get).await.unwrap();
    assert_eq!(first.first_call().len(), 4);
    assert_eq!(first.first_call(), second.first_call());
    assert_eq!(first.first_call(), order.first_call());
}

#[tokio::test(start_paused = true)]
async fn calls_of_all_clients_have_different_numbers() {
    let mock = virtual_mock();
    let recorder = Recorder::default();
    for _ in 0..2 {
        let orion = virtual_builder(&mock).observer(recorder.clone()).build();
        let orion = orion.unwrap();
        let calls = (0..20).map(|_| call(&orion, Operation::Get));
        join_all(calls).await;
    }
    assert_eq!(recorder.check(Times::Exact), 40);
}

#[tokio::test(start_paused = true)]
async fn an_event_names_the_call_and_the_server() {
    let mock = virtual_mock();
    mock.set_tier(Tier::Standard);
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let orion = virtual_builder(&mock)
        .observer(move |event: &CallEvent<'_>| {
            let call = event.call().unwrap();
            assert_eq!(call.operation, "agents.delete");
            assert_eq!(call.method.as_str(), "DELETE");
            assert_eq!((call.scheme, call.server_address), ("http", "localhost"));
            assert_eq!(call.server_port, 80);
            if let CallEvent::AttemptEnded { rate_limit, .. } = event {
                assert!(rate_limit.is_some_and(|limit| limit.remaining < limit.limit));
            }
            counted.fetch_add(1, Ordering::SeqCst);
        })
        .build()
        .unwrap();
    call(&orion, Operation::Delete).await.unwrap();
    assert_eq!(calls.load(Ordering::SeqCst), 4);
}

#[tokio::test(start_paused = true)]
async fn an_event_has_neither_the_key_nor_a_body() {
    let mock = virtual_mock();
    let key = mock.api_key().to_owned();
    mock.fault(Fault::status(500).code(&key).message(&key).times(1));
    let texts = Arc::new(std::sync::Mutex::new(String::new()));
    let all = texts.clone();
    let orion = virtual_builder(&mock)
        .observer(move |event: &CallEvent<'_>| *all.lock().unwrap() += &format!("{event:?}"))
        .build()
        .unwrap();
    for operation in [
        Operation::Get,
        Operation::SendMessage,
        Operation::StreamMessage,
    ] {
        drop(call(&orion, operation).await);
    }
    let texts = texts.lock().unwrap();
    for secret in [&key, "Pilot", "\"Hi\""] {
        assert!(!texts.contains(secret), "{texts}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_failure_says_whether_the_server_acted() {
    let mock = virtual_mock();
    mock.fault(Fault::cut_body());
    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let all = told.clone();
    let orion = virtual_builder(&mock)
        .observer(move |event: &CallEvent<'_>| {
            if let CallEvent::CallEnded {
                outcome: CallOutcome::Failed { server, .. },
                ..
            } = event
            {
                all.lock().unwrap().push(*server);
            }
        })
        .build()
        .unwrap();
    drop(call(&orion, Operation::Create).await);
    drop(orion.agents().create("").send().await);
    assert_eq!(*told.lock().unwrap(), [Outcome::Unknown, Outcome::NotSent]);
}

/// Panics at every event.
struct Panicking;

impl Observer for Panicking {
    fn on_event(&self, _: &CallEvent<'_>) {
        panic!("an observer's mistake")
    }
}

fn beside_a_panicking_observer(mock: &MockServer) -> (OrionOS, Recorder) {
    let recorder = Recorder::default();
    let orion = virtual_builder(mock)
        .observer(Panicking)
        .observer(recorder.clone())
        .build();
    (orion.unwrap(), recorder)
}

#[tokio::test(start_paused = true)]
async fn an_observer_that_panics_costs_neither_the_call_nor_the_other_observers() {
    let mock = virtual_mock();
    let (orion, recorder) = beside_a_panicking_observer(&mock);
    call(&orion, Operation::Get).await.unwrap();
    let stream = orion.agents().stream_message(AGENT, "Hi").send().await;
    drop(stream.unwrap());
    assert_eq!(recorder.check(Times::Exact), 2);
}

#[tokio::test(start_paused = true)]
async fn an_observer_may_panic_while_a_panic_drops_the_call() {
    let mock = virtual_mock();
    let (orion, recorder) = beside_a_panicking_observer(&mock);
    let stream = orion
        .agents()
        .stream_message(AGENT, "Hi")
        .send()
        .await
        .unwrap();
    let panicked = catch_unwind(AssertUnwindSafe(move || {
        let _stream = stream;
        panic!("the application's mistake")
    }));
    assert!(panicked.is_err());
    let events = recorder.first_call();
    assert_eq!(events.last().unwrap(), "ended 200 dropped");
}

#[tokio::test(start_paused = true)]
async fn an_observer_may_use_the_client() {
    let mock = virtual_mock();
    mock.set_tier(Tier::Standard);
    let recorder = Recorder::default();
    let itself: Arc<std::sync::OnceLock<OrionOS>> = Arc::default();
    let (orion, calls) = (itself.clone(), AtomicUsize::new(0));
    let client = virtual_builder(&mock)
        .observer(recorder.clone())
        .observer(move |event: &CallEvent<'_>| {
            let orion = orion.get().unwrap();
            orion.rate_limits();
            // A call within a call, which is dropped, and which has events as well.
            if calls.fetch_add(1, Ordering::SeqCst) % 100 == 0 {
                let _ = orion.agents().get(AGENT).send().now_or_never();
            }
            if let CallEvent::Waiting { reason, .. } = event {
                assert_eq!(*reason, WaitReason::RateLimit);
            }
        })
        .build()
        .unwrap();
    itself.set(client.clone()).unwrap();
    let calls = (0..150).map(|_| call(&client, Operation::Get));
    assert!(join_all(calls).await.iter().all(Result::is_ok));
    assert!(recorder.check(Times::Exact) > 150);
}

/// A store that fails while it is told to.
#[derive(Debug, Clone, Default)]
struct Moody {
    store: MemoryWindowStore,
    failing: Arc<std::sync::atomic::AtomicBool>,
}

impl WindowStore for Moody {
    fn reserve<'a>(&'a self, reservation: &'a Reservation) -> StoreFuture<'a, Grant> {
        match self.failing.load(Ordering::SeqCst) {
            true => Box::pin(async { Err("gone".into()) }),
            false => self.store.reserve(reservation),
        }
    }

    fn hold<'a>(&'a self, holding: &'a Holding) -> StoreFuture<'a, u64> {
        self.store.hold(holding)
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_lost_and_found_is_told_once_each() {
    let mock = virtual_mock();
    mock.set_tier(Tier::Standard);
    let store = Moody::default();
    let recorder = Recorder::default();
    let itself: Arc<std::sync::OnceLock<OrionOS>> = Arc::default();
    let in_observer = itself.clone();
    let orion = virtual_builder(&mock)
        .pacing(Pacing::shared(store.clone()))
        .observer(recorder.clone())
        .observer(move |_: &CallEvent<'_>| drop(in_observer.get().unwrap().rate_limits()))
        .build()
        .unwrap();
    itself.set(orion.clone()).unwrap();
    let calls = async || {
        for _ in 0..20 {
            call(&orion, Operation::Get).await.unwrap();
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    calls().await;
    for failing in [true, false] {
        store.failing.store(failing, Ordering::SeqCst);
        calls().await;
    }
    let seen = recorder.seen().into_iter();
    let of_the_store: Vec<_> = seen.filter(|seen| seen.call.is_none()).collect();
    let texts: Vec<_> = of_the_store.iter().map(|seen| &seen.text[..]).collect();
    assert_eq!(texts, ["store lost: gone", "store found"]);
    recorder.check(Times::Exact);
}
