//! Where calls can run: in a runtime, and in another one afterwards.

use orionos::{OrionError, OrionOS, RetryPolicy};
use orionos_mock_server::MockServer;
use tokio::runtime::{Builder, Runtime};

use crate::support::AGENT;

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

/// A mock in a runtime of its own, which outlives the client's runtimes.
fn mock() -> (Runtime, MockServer) {
    let runtime = multi_thread();
    let agent = serde_json::json!({"id": AGENT, "name": "Pilot"});
    let mock =
        runtime.block_on(async { MockServer::builder().agents([agent]).start().await.unwrap() });
    (runtime, mock)
}

fn client(mock: &MockServer) -> OrionOS {
    OrionOS::builder()
        .api_key(mock.api_key())
        .base_url(mock.base_url())
        .retry(RetryPolicy::none())
        .build()
        .unwrap()
}

#[test]
fn outside_of_a_runtime_a_call_is_an_error() {
    let orion = OrionOS::builder()
        .api_key("key")
        .base_url("http://127.0.0.1:1/v1")
        .build()
        .unwrap();
    let call = orion.agents().get(AGENT).send();
    let error = futures_util::FutureExt::now_or_never(call)
        .unwrap()
        .unwrap_err();
    assert!(matches!(error, OrionError::Config(_)), "{error}");
    assert!(error.to_string().contains("tokio runtime"), "{error}");
}

#[test]
fn a_client_goes_on_in_another_runtime_when_the_first_has_shut_down() {
    let (_runtime, mock) = mock();
    let orion = client(&mock);
    for runtime in [current_thread(), multi_thread(), current_thread()] {
        for _ in 0..2 {
            runtime.block_on(orion.agents().get(AGENT).send()).unwrap();
        }
        drop(runtime);
    }
}

#[test]
fn a_client_is_used_in_two_running_runtimes_at_once() {
    let (_runtime, mock) = mock();
    let orion = client(&mock);
    let runtimes = [multi_thread(), multi_thread()];
    for _ in 0..20 {
        for runtime in &runtimes {
            runtime.block_on(orion.agents().get(AGENT).send()).unwrap();
        }
    }
}
