//! Calls that go on while something happens to the store.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use orionos::{OrionOS, Pacing, RedisWindowStore, RetryPolicy};
use orionos_mock_server::{MockServer, Tier};
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::canary::CANARY;
use super::log::Log;
use crate::support::AGENT;

/// The client waits for 75 ms. The rest is for a machine that is busy with other tests. The exact bound
/// is tested in virtual time.
const LONGEST: Duration = Duration::from_millis(100 + 300);

/// A server with these limits and one agent.
pub(super) async fn mock(tier: Tier) -> MockServer {
    let builder = MockServer::builder().api_key(CANARY).tier(tier);
    let agent = json!({"id": AGENT, "name": "Pilot"});
    builder.agents([agent]).start().await.unwrap()
}

/// A server with a limit that the calls do not reach.
pub(super) async fn roomy() -> MockServer {
    let mock = mock(Tier::Enterprise).await;
    let mut limits = Tier::Enterprise.limits();
    (limits.account, limits.get) = (Some(100_000), Some(100_000));
    mock.set_limits(limits);
    mock
}

pub(super) fn client(base_url: &str, store: RedisWindowStore, log: &Log) -> OrionOS {
    OrionOS::builder()
        .api_key(CANARY)
        .base_url(base_url)
        .pacing(Pacing::shared(store))
        .retry(RetryPolicy::none())
        .observer(log.clone())
        .build()
        .unwrap()
}

/// What came of the calls.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) done: usize,
    /// The longest that pacing held a call back.
    pub(super) longest: Duration,
}

/// Two callers that call until they are stopped. A call that fails is an error of the test.
pub(super) struct Calls {
    stop: Arc<AtomicBool>,
    callers: Vec<JoinHandle<Tally>>,
}

impl Calls {
    pub(super) fn start(orion: &OrionOS) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let callers = (0..2).map(|_| {
            let (orion, stop) = (orion.clone(), stop.clone());
            tokio::spawn(async move {
                let mut tally = Tally::default();
                while !stop.load(Ordering::Relaxed) {
                    let response = orion.agents().get(AGENT).send_with_meta().await.unwrap();
                    tally.done += 1;
                    tally.longest = tally.longest.max(response.meta.waited());
                    // More would keep the machine busy, since these tests run next to each other.
                    sleep(Duration::from_millis(20)).await;
                }
                tally
            })
        });
        Self {
            callers: callers.collect(),
            stop,
        }
    }

    /// Ends the calls. None was held back for long.
    pub(super) async fn stop(self, what: &str) -> Tally {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Tally::default();
        for caller in self.callers {
            let tally = caller.await.unwrap();
            all.done += tally.done;
            all.longest = all.longest.max(tally.longest);
        }
        println!("{what}: {} calls, longest wait {:?}", all.done, all.longest);
        assert!(all.longest < LONGEST, "{what}: {:?}", all.longest);
        all
    }
}

/// Lets calls go on for a while.
pub(super) async fn calls_go_on(orion: &OrionOS, time: Duration, what: &str) -> Tally {
    let calls = Calls::start(orion);
    sleep(time).await;
    calls.stop(what).await
}

/// The server has got each call once, and has answered it.
pub(super) fn nothing_is_lost_or_doubled(mock: &MockServer, done: usize) {
    let requests = mock.requests();
    assert!(requests.iter().all(|request| request.status == Some(200)));
    assert_eq!(requests.len(), done);
}
