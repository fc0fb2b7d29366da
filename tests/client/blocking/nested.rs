//! Blocking calls that are made while another blocking call runs a function of the user.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Barrier, OnceLock};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use http::Request;
use orionos::{
    AgentConfig, Agents, CallEvent, Method, OrionError, OrionOS, RequestBody, RetryPolicy,
    UpdateAgent,
};
use orionos_mock_server::{MockServer, MockService};
use tower_service::Service;

use super::{InnerService, Served, current_thread, get, in_process, multi_thread};
use crate::support::AGENT;

/// A service that makes a blocking call of the same client before it sends anything but a GET.
#[derive(Clone)]
struct Nested {
    inner: MockService,
    agents: Arc<OnceLock<Agents>>,
    /// Whether a task that the service spawns makes the call.
    spawns: bool,
    before: Arc<dyn Fn() + Send + Sync>,
    results: mpsc::Sender<Result<(), OrionError>>,
}

impl Service<Request<RequestBody>> for Nested {
    type Response = InnerService;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<InnerService>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        if request.method() == Method::GET {
            return self.inner.call(request);
        }
        let mut this = self.clone();
        Box::pin(async move {
            let (before, results) = (this.before, this.results);
            let agents = this.agents.get().unwrap().clone();
            let nested = async move {
                before();
                results.send(get(&agents)).unwrap();
            };
            if this.spawns {
                tokio::spawn(nested).await.unwrap();
            } else {
                nested.await;
            }
            this.inner.call(request).await
        })
    }
}

/// Returns a client of the mock over the service, and the results of the nested calls.
fn nesting(
    mock: &MockServer,
    spawns: bool,
    before: impl Fn() + Send + Sync + 'static,
) -> (OrionOS, mpsc::Receiver<Result<(), OrionError>>) {
    let (results, nested) = mpsc::channel();
    let agents = Arc::new(OnceLock::new());
    let service = Nested {
        inner: mock.service(),
        agents: agents.clone(),
        spawns,
        before: Arc::new(before),
        results,
    };
    let orion = OrionOS::builder()
        .api_key(mock.api_key())
        .base_url(mock.base_url())
        .timeout(Duration::from_millis(200))
        .retry(RetryPolicy::none())
        .http_service(service);
    let orion = orion.build().unwrap();
    agents.set(orion.agents()).unwrap();
    (orion, nested)
}

/// A call that `Nested` sends after a call of its own.
fn update(orion: &OrionOS) -> UpdateAgent {
    orion.agents().update(AGENT).model("m")
}

#[test]
fn a_service_can_make_blocking_calls_of_the_client_that_calls_it() {
    let (mock, _) = in_process();
    let (orion, nested) = nesting(&mock, false, || ());
    update(&orion).send_blocking().unwrap();
    nested.recv().unwrap().unwrap();
    current_thread()
        .block_on(async { update(&orion).send().await })
        .unwrap();
    nested.recv().unwrap().unwrap();
}

#[test]
fn a_blocking_call_on_the_background_thread_is_an_error_instead_of_a_deadlock() {
    let (mock, _) = in_process();
    let (orion, nested) = nesting(&mock, true, || ());
    update(&orion).send_blocking().unwrap();
    let error = nested.recv().unwrap().unwrap_err();
    assert!(matches!(error, OrionError::Config(_)), "{error}");
    assert!(error.to_string().contains("background thread"), "{error}");
}

#[test]
fn nested_calls_that_wait_for_those_that_they_are_nested_in_are_given_up() {
    // Before the first response, pacing lets ten calls out. All of them wait for nested ones.
    let (mock, _) = in_process();
    let barrier = Barrier::new(10);
    let (orion, nested) = nesting(&mock, false, move || {
        barrier.wait();
    });
    thread::scope(|scope| {
        for _ in 0..10 {
            let update = update(&orion);
            scope.spawn(move || update.send_blocking());
        }
    });
    for result in nested.try_iter() {
        if let Err(error) = result {
            assert!(error.is_rate_limited(), "{error}");
        }
    }
}

#[test]
fn an_observer_can_make_blocking_calls_at_every_event() {
    let served = Served::new();
    let agents: Arc<OnceLock<Agents>> = Arc::default();
    let (for_observer, calls) = (agents.clone(), Arc::new(AtomicUsize::new(0)));
    let counter = calls.clone();
    let orion = served.builder().observer(move |event: &CallEvent<'_>| {
        // Its own calls have events too.
        if let CallEvent::CallStarted { call, .. }
        | CallEvent::AttemptStarted { call, .. }
        | CallEvent::AttemptEnded { call, .. }
        | CallEvent::FirstEvent { call, .. }
        | CallEvent::StreamEnded { call, .. }
        | CallEvent::CallEnded { call, .. } = event
            && call.operation != "agents.get"
            && get(for_observer.get().unwrap()).is_ok()
        {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    let orion = orion.build().unwrap();
    agents.set(orion.agents()).unwrap();
    update(&orion).send_blocking().unwrap();
    assert_eq!(calls.swap(0, Ordering::SeqCst), 4);
    multi_thread()
        .block_on(async { update(&orion).send().await })
        .unwrap();
    assert_eq!(calls.swap(0, Ordering::SeqCst), 4);
    let stream = orion.agents().stream_message(AGENT, "Hi").send_blocking();
    stream.unwrap().collect_text().unwrap();
    assert_eq!(calls.load(Ordering::SeqCst), 6);
}

#[test]
fn a_reply_closure_of_the_mock_can_make_blocking_calls_of_the_client_that_waits_for_it() {
    let agents: Arc<OnceLock<Agents>> = Arc::default();
    let for_reply = agents.clone();
    let served = Served::with(|settings| {
        settings.reply(move |_| match get(for_reply.get().unwrap()) {
            Ok(()) => "It exists.".to_owned(),
            Err(error) => error.to_string(),
        })
    });
    let orion = served.client();
    agents.set(orion.agents()).unwrap();
    let reply = orion.agents().send_message(AGENT, "Hi").send_blocking();
    assert_eq!(reply.unwrap().response, "It exists.");
}

#[test]
fn progress_is_told_on_the_calling_thread_which_can_make_blocking_calls() {
    let (_mock, orion) = in_process();
    let caller = thread::current().id();
    let agents = orion.agents();
    let told = Arc::new(AtomicUsize::new(0));
    let outcomes = orion
        .agents()
        .create_many(["One", "Two"].map(AgentConfig::new))
        .on_progress({
            let told = told.clone();
            move |_| {
                assert_eq!(thread::current().id(), caller);
                get(&agents).unwrap();
                told.fetch_add(1, Ordering::SeqCst);
            }
        })
        .send_blocking();
    assert_eq!((outcomes.len(), told.load(Ordering::SeqCst)), (2, 2));
}
