//! Many callers share one rate limit: they use the permitted rate and run into almost no 429s.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::{AGENT, call, virtual_builder, virtual_mock};
use orionos::{OrionOS, Pacing, RetryPolicy};
use orionos_mock_server::{Fault, MockServer, Operation, Tier};
use serde_json::json;
use tokio::time::Instant;

/// What many callers got.
struct Crowd {
    elapsed: Duration,
    rate_limited: usize,
    failed: usize,
    answered: usize,
}

impl Crowd {
    /// The share of the calls that fixed windows of this size permit in this time.
    fn share(&self, per_minute: usize) -> f64 {
        let windows = 1 + usize::try_from(self.elapsed.as_secs() / 60).unwrap();
        self.answered as f64 / (windows * per_minute) as f64
    }
}

/// Lets `tasks` tasks share one client and make `calls` calls. The nth call is of the operation
/// `of(n)`.
async fn crowd(
    mock: &MockServer,
    orion: &OrionOS,
    tasks: usize,
    calls: usize,
    of: impl Fn(usize) -> Operation + Send + Sync + 'static,
) -> Crowd {
    let started = Instant::now();
    let (next, failed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let of = Arc::new(of);
    let tasks: Vec<_> = (0..tasks)
        .map(|_| {
            let (orion, next, failed, of) =
                (orion.clone(), next.clone(), failed.clone(), of.clone());
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= calls {
                        return;
                    }
                    if call(&orion, of(number)).await.is_err() {
                        failed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let rate_limited = mock
        .requests()
        .iter()
        .filter(|request| request.status == Some(429))
        .count();
    let failed = failed.load(Ordering::Relaxed);
    Crowd {
        elapsed: started.elapsed(),
        rate_limited,
        failed,
        answered: calls - failed,
    }
}

fn standard() -> MockServer {
    let mock = virtual_mock();
    mock.set_tier(Tier::Standard);
    mock
}

/// The same over a network, whose responses take different times and arrive out of order.
fn distant() -> MockServer {
    let mock = standard();
    mock.fault(Fault::latency_between(
        Duration::from_millis(20),
        Duration::from_millis(300),
    ));
    mock
}

fn patient(mock: &MockServer, pacing: Pacing) -> OrionOS {
    let policy = RetryPolicy::default()
        .max_attempts(5)
        .max_retry_after(Duration::from_secs(120));
    virtual_builder(mock)
        .pacing(pacing)
        .retry(policy)
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn sixty_four_tasks_use_the_permitted_rate_without_429s() {
    let mock = distant();
    let crowd = crowd(&mock, &patient(&mock, Pacing::Adaptive), 64, 600, |_| {
        Operation::Get
    })
    .await;
    println!(
        "adaptive, get: {:.1}% of the rate, {} 429s, {} failed, {:?}",
        crowd.share(60) * 100.0,
        crowd.rate_limited,
        crowd.failed,
        crowd.elapsed
    );
    assert_eq!(crowd.failed, 0);
    assert!(crowd.share(60) >= 0.98);
    assert!(crowd.rate_limited <= 6, "{}", crowd.rate_limited);
}

#[tokio::test(start_paused = true)]
async fn the_accounts_window_holds_for_all_operations_together() {
    let mock = distant();
    let of = |number| match number % 10 {
        0 => Operation::Update,
        1..=3 => Operation::List,
        4..=6 => Operation::SendMessage,
        _ => Operation::Get,
    };
    let crowd = crowd(&mock, &patient(&mock, Pacing::Adaptive), 64, 600, of).await;
    println!(
        "adaptive, mixed: {:.1}% of the rate, {} 429s, {} failed, {:?}",
        crowd.share(60) * 100.0,
        crowd.rate_limited,
        crowd.failed,
        crowd.elapsed
    );
    assert_eq!(crowd.failed, 0);
    assert!(crowd.share(60) >= 0.98);
    assert!(crowd.rate_limited <= 6, "{}", crowd.rate_limited);
}

#[tokio::test(start_paused = true)]
async fn without_pacing_the_same_tasks_run_into_429s() {
    let mock = distant();
    let crowd = crowd(&mock, &patient(&mock, Pacing::Off), 64, 600, |_| {
        Operation::Get
    })
    .await;
    println!(
        "off, get: {:.1}% of the rate, {} 429s, {} failed, {:?}",
        crowd.share(60) * 100.0,
        crowd.rate_limited,
        crowd.failed,
        crowd.elapsed
    );
    assert!(crowd.rate_limited > 60, "{}", crowd.rate_limited);
}

/// 20 agents with 15 senders each, and five streamed messages per sender. A stream is a message in
/// flight for as long as it lasts.
async fn senders(pacing: Pacing) -> (usize, usize) {
    let agents = (0..20).map(|number| json!({"id": format!("agent_{number:012}"), "name": "A"}));
    let mock = MockServer::builder()
        .agents(agents)
        .limits({
            let mut limits = Tier::Standard.limits();
            limits.account = None;
            limits.messages = None;
            limits
        })
        .token_pace(Duration::from_secs(1))
        .in_process()
        .unwrap();
    let orion = patient(&mock, pacing);
    let mut tasks = Vec::new();
    for agent in 0..20 {
        for _ in 0..15 {
            let agents = orion.agents();
            tasks.push(tokio::spawn(async move {
                let mut failed = 0;
                for _ in 0..5 {
                    let id = format!("agent_{agent:012}");
                    let heard = match agents.stream_message(id, "Hi").send().await {
                        Ok(stream) => stream.collect_text().await.map(drop),
                        Err(error) => Err(error),
                    };
                    failed += usize::from(heard.is_err());
                }
                failed
            }));
        }
    }
    let mut failed = 0;
    for task in tasks {
        failed += task.await.unwrap();
    }
    let requests = mock.requests();
    (
        failed,
        requests
            .iter()
            .filter(|request| request.status == Some(429))
            .count(),
    )
}

#[tokio::test(start_paused = true)]
async fn at_most_ten_messages_to_an_agent_are_in_flight() {
    let (failed, rate_limited) = senders(Pacing::Adaptive).await;
    println!("adaptive, 20 agents of 15 senders: {rate_limited} 429s, {failed} failed");
    assert_eq!((failed, rate_limited), (0, 0));
    let (failed, rate_limited) = senders(Pacing::Off).await;
    println!("off, 20 agents of 15 senders: {rate_limited} 429s, {failed} failed");
    assert!(rate_limited > 0);
}

#[tokio::test(start_paused = true)]
async fn a_single_caller_under_the_limit_never_waits() {
    let mock = standard();
    let orion = patient(&mock, Pacing::Adaptive);
    let started = Instant::now();
    for operation in [Operation::Create, Operation::Delete] {
        for _ in 0..10 {
            let _ = call(&orion, operation).await;
        }
    }
    for _ in 0..20 {
        call(&orion, Operation::List).await.unwrap();
    }
    for _ in 0..20 {
        let _ = orion.agents().get("agent_other0000000").send().await;
    }
    assert_eq!(started.elapsed(), Duration::ZERO);
    // The sixty-first call waits for the reset and is not rejected.
    call(&orion, Operation::List).await.unwrap();
    assert!(
        (59..=61).contains(&started.elapsed().as_secs()),
        "{:?}",
        started.elapsed()
    );
    assert!(
        mock.requests()
            .iter()
            .all(|request| request.status != Some(429))
    );
}

#[tokio::test(start_paused = true)]
async fn waiting_calls_start_in_order() {
    let mock = standard();
    let orion = patient(&mock, Pacing::Adaptive);
    for _ in 0..60 {
        call(&orion, Operation::Get).await.unwrap();
    }
    let mut tasks = Vec::new();
    for number in 0..30 {
        let agents = orion.agents();
        tasks.push(tokio::spawn(async move {
            agents
                .get(AGENT)
                .header("x-number", number.to_string())
                .send()
                .await
                .unwrap();
        }));
        tokio::task::yield_now().await;
    }
    for task in tasks {
        task.await.unwrap();
    }
    let order: Vec<usize> = mock.requests()[60..]
        .iter()
        .map(|request| {
            request.headers["x-number"]
                .to_str()
                .unwrap()
                .parse()
                .unwrap()
        })
        .collect();
    assert_eq!(order, (0..30).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn dropping_a_waiting_call_frees_its_place() {
    let mock = standard();
    let orion = patient(&mock, Pacing::Adaptive);
    for _ in 0..60 {
        call(&orion, Operation::Get).await.unwrap();
    }
    let waiting: Vec<_> = (0..10)
        .map(|_| {
            let agents = orion.agents();
            tokio::spawn(async move { agents.get(AGENT).send().await.map(drop) })
        })
        .collect();
    tokio::task::yield_now().await;
    waiting[..9].iter().for_each(tokio::task::JoinHandle::abort);
    let last = waiting.into_iter().next_back().unwrap();
    last.await.unwrap().unwrap();
    mock.assert_requests(Operation::Get, 61);
}

#[tokio::test(start_paused = true)]
async fn another_process_with_the_same_key_is_noticed() {
    let mock = standard();
    let (mine, others) = (
        patient(&mock, Pacing::Adaptive),
        patient(&mock, Pacing::Adaptive),
    );
    call(&mine, Operation::Get).await.unwrap();
    for _ in 0..58 {
        call(&others, Operation::Get).await.unwrap();
    }
    for _ in 0..3 {
        call(&mine, Operation::Get).await.unwrap();
    }
    assert!(
        mock.requests()
            .iter()
            .all(|request| request.status != Some(429))
    );
}
