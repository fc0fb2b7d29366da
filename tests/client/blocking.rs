//! Blocking calls: from everywhere, nested in one another, and next to `async` use of the same client.

use std::cell::RefCell;
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
    AgentConfig, Agents, CallEvent, MessageEvent, Method, OrionBuilder, OrionError, OrionOS,
    RequestBody, RetryPolicy, Value,
};
use orionos_mock_server::{Fault, MockServer, MockServerBuilder, MockService, Operation};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};
use tower_service::Service;

use crate::support::AGENT;

/// Longer than any call of these tests takes, unless it hangs.
const FOREVER: Duration = Duration::from_secs(60);

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn multi_thread() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
}

/// A mock behind a socket, in a runtime of its own.
struct Served {
    mock: MockServer,
    _runtime: Runtime,
}

impl Served {
    fn new() -> Self {
        Self::with(|settings| settings)
    }

    fn with(change: impl FnOnce(MockServerBuilder) -> MockServerBuilder) -> Self {
        let runtime = multi_thread();
        let agent = json!({"id": AGENT, "name": "Pilot"});
        let settings = change(MockServer::builder().agents([agent]));
        let mock = runtime.block_on(settings.start()).unwrap();
        Self {
            mock,
            _runtime: runtime,
        }
    }

    fn builder(&self) -> OrionBuilder {
        OrionOS::builder()
            .api_key(self.mock.api_key())
            .base_url(self.mock.base_url())
    }

    fn client(&self) -> OrionOS {
        self.builder().build().unwrap()
    }
}

/// A client of a mock without a socket.
fn in_process() -> (MockServer, OrionOS) {
    let agent = json!({"id": AGENT, "name": "Pilot"});
    let mock = MockServer::builder().agents([agent]).in_process().unwrap();
    let orion = OrionOS::builder()
        .api_key(mock.api_key())
        .base_url(mock.base_url())
        .http_service(mock.service());
    let orion = orion.build().unwrap();
    (mock, orion)
}

fn get(agents: &Agents) -> Result<(), OrionError> {
    agents.get(AGENT).send_blocking().map(drop)
}

/// Makes a blocking call of every kind.
fn every_kind(orion: &OrionOS, number: usize) {
    let agents = orion.agents();
    let name = format!("Agent {number}");
    let created = agents.create(&name).send_blocking().unwrap();
    let id = &created.id;
    assert_eq!(agents.get(id).send_blocking().unwrap().name, name);
    agents.update(id).model("m").send_blocking().unwrap();
    let reply = agents.send_message(id, "Ahoy").send_blocking().unwrap();
    assert!(reply.response.contains("Ahoy"), "{}", reply.response);
    let stream = agents.stream_message(id, "Adieu").send_blocking().unwrap();
    let text = stream.collect_text().unwrap();
    assert!(text.contains("Adieu"), "{text}");
    let items = agents.list().limit(1).items_blocking();
    assert!(items.map(Result::unwrap).any(|agent| agent.id == *id));
    agents.delete(id).send_blocking().unwrap();
    let gone = agents.get(id).send_blocking().unwrap_err();
    assert!(gone.is_not_found(), "{gone}");
}

#[test]
fn every_operation_has_a_blocking_form() {
    let (mock, orion) = in_process();
    every_kind(&orion, 1);
    let agents = orion.agents();

    let response = agents.get(AGENT).send_with_meta_blocking().unwrap();
    assert_eq!(response.meta.attempts, 1);
    let stream = agents.stream_message(AGENT, "Hi").send_with_meta_blocking();
    let stream = stream.unwrap();
    assert_eq!(stream.meta.status, 200);
    assert!(stream.data.collect_text().unwrap().contains("Hi"));

    let chat = agents.conversation(AGENT).user_id("u");
    chat.say("My ship is the Mira.").send_blocking().unwrap();
    let reply = chat.say("Which ship is mine?").send_blocking().unwrap();
    assert!(reply.response.contains("Mira"), "{}", reply.response);

    let raw: Value = orion
        .request(Method::GET, ["agents", AGENT])
        .send_blocking()
        .unwrap();
    assert_eq!(raw["name"], "Pilot");
    let raw = orion.request(Method::GET, ["agents", AGENT]);
    let raw = raw.send_with_meta_blocking::<Value>().unwrap();
    assert_eq!(raw.data["name"], "Pilot");

    let crew = ["One", "Two", "Three"].map(AgentConfig::new);
    let created = agents.create_many(crew).concurrency(2).send_blocking();
    let ids: Vec<_> = created
        .into_iter()
        .map(|(_, done)| done.unwrap().id)
        .collect();
    let names = agents.backup().send_blocking().unwrap();
    let names: Vec<_> = names
        .into_iter()
        .map(|(_, config)| config.unwrap().name)
        .collect();
    assert_eq!(names, ["Pilot", "One", "Two", "Three"]);
    let deleted = agents.delete_many(ids).send_blocking();
    assert!(deleted.iter().all(|(_, done)| done.is_ok()));
    mock.assert_requests(Operation::Delete, 4);

    let configs = ["Pilot", "Mate"].map(AgentConfig::new);
    let plan = agents.plan(configs.clone()).send_blocking().unwrap();
    let outcomes = plan.apply().delete(true).send_blocking().unwrap();
    assert_eq!(outcomes.len(), 1);
    assert!(agents.plan(configs).send_blocking().unwrap().is_empty());
}

#[test]
fn lists_are_iterators_of_items_and_of_pages() {
    let (_mock, orion) = in_process();
    let agents = orion.agents();
    for name in ["Two", "Three"] {
        agents.create(name).send_blocking().unwrap();
    }
    let expected = ["Three", "Two", "Pilot"];
    let list = || agents.list().limit(2);
    let items: Vec<_> = list()
        .items_blocking()
        .map(|agent| agent.unwrap().name)
        .collect();
    assert_eq!(items, expected);
    let pages = list()
        .pages_blocking()
        .map(|page| page.unwrap().items.len());
    assert_eq!(pages.collect::<Vec<_>>(), [2, 1]);
    let all = list().all_blocking().unwrap();
    assert_eq!(
        all.into_iter().map(|agent| agent.name).collect::<Vec<_>>(),
        expected
    );

    let first = list().send_blocking().unwrap();
    let second = first.next_page_blocking().unwrap().unwrap();
    assert_eq!(second.items[0].name, "Pilot");
    assert!(second.next_page_blocking().unwrap().is_none());
}

#[test]
fn a_stream_is_an_iterator_that_ends_after_done_and_after_an_error() {
    let (mock, orion) = in_process();
    let open = || {
        orion
            .agents()
            .stream_message(AGENT, "Hi")
            .send_blocking()
            .unwrap()
    };
    let events: Result<Vec<_>, _> = open().collect();
    let events = events.unwrap();
    assert!(
        matches!(events.first(), Some(MessageEvent::Token(_))),
        "{events:?}"
    );
    assert!(
        matches!(events.last(), Some(MessageEvent::Done(_))),
        "{events:?}"
    );

    mock.fault(Fault::stream_cut(1).on(Operation::StreamMessage));
    let mut stream = open();
    let error = stream.find_map(Result::err).unwrap();
    assert!(
        error.partial_text().is_some_and(|text| !text.is_empty()),
        "{error}"
    );
    assert!(stream.next().is_none());
}

#[test]
fn many_threads_share_a_client() {
    let served = Served::new();
    let orion = served.client();
    thread::scope(|scope| {
        for number in 0..8 {
            let orion = orion.clone();
            scope.spawn(move || every_kind(&orion, number));
        }
    });
}

#[test]
fn a_task_of_either_kind_of_runtime_can_make_blocking_calls() {
    let served = Served::new();
    let orion = served.client();
    for runtime in [current_thread(), multi_thread()] {
        let agents = orion.agents();
        // More calls than a task may make before it must yield.
        let task = async move { (0..300).try_for_each(|_| get(&agents)) };
        let handle = runtime.spawn(task);
        runtime.block_on(handle).unwrap().unwrap();
        let agents = orion.agents();
        let handle = runtime.spawn_blocking(move || get(&agents));
        runtime.block_on(handle).unwrap().unwrap();
        runtime.block_on(async { every_kind(&orion, 0) });
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime, async { every_kind(&orion, 0) });
    }
}

#[test]
fn blocking_calls_do_not_use_the_connections_of_a_runtime_that_is_not_running() {
    let served = Served::new();
    let orion = served.builder().timeout(FOREVER).build().unwrap();
    let runtime = current_thread();
    for _ in 0..3 {
        // Leaves an idle connection, which only this runtime can use.
        runtime.block_on(orion.agents().get(AGENT).send()).unwrap();
        get(&orion.agents()).unwrap();
    }
    drop(runtime);
    get(&orion.agents()).unwrap();
    multi_thread()
        .block_on(orion.agents().get(AGENT).send())
        .unwrap();
}

#[test]
fn async_and_blocking_calls_of_one_client_run_at_the_same_time() {
    let served = Served::new();
    let orion = served.client();
    let runtime = multi_thread();
    thread::scope(|scope| {
        for number in 0..3 {
            let (orion, runtime) = (&orion, &runtime);
            scope.spawn(move || (0..20).for_each(|_| every_kind(orion, number)));
            scope.spawn(move || {
                for _ in 0..20 {
                    runtime.block_on(orion.agents().get(AGENT).send()).unwrap();
                }
            });
        }
    });
}

type InnerService = <MockService as Service<Request<RequestBody>>>::Response;

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

#[test]
fn a_service_can_make_blocking_calls_of_the_client_that_calls_it() {
    let (mock, _) = in_process();
    let (orion, nested) = nesting(&mock, false, || ());
    orion
        .agents()
        .update(AGENT)
        .model("m")
        .send_blocking()
        .unwrap();
    nested.recv().unwrap().unwrap();
    current_thread().block_on(async {
        orion
            .agents()
            .update(AGENT)
            .model("m")
            .send()
            .await
            .unwrap();
    });
    nested.recv().unwrap().unwrap();
}

#[test]
fn a_blocking_call_on_the_background_thread_is_an_error_instead_of_a_deadlock() {
    let (mock, _) = in_process();
    let (orion, nested) = nesting(&mock, true, || ());
    orion
        .agents()
        .update(AGENT)
        .model("m")
        .send_blocking()
        .unwrap();
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
            let agents = orion.agents();
            scope.spawn(move || agents.update(AGENT).model("m").send_blocking());
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
    let update = || orion.agents().update(AGENT).model("m");
    update().send_blocking().unwrap();
    assert_eq!(calls.swap(0, Ordering::SeqCst), 4);
    multi_thread().block_on(update().send()).unwrap();
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

#[test]
fn dropping_a_stream_half_way_closes_its_connection() {
    let served = Served::with(|settings| settings.token_pace(FOREVER));
    let orion = served.client();
    let stream = orion
        .agents()
        .stream_message(AGENT, "Hi there")
        .send_blocking();
    let mut stream = stream.unwrap();
    assert!(matches!(stream.next(), Some(Ok(MessageEvent::Token(_)))));
    drop(stream);
    let has_left = || {
        let requests = served.mock.requests();
        let mut streams = requests
            .iter()
            .filter(|it| it.operation == Operation::StreamMessage);
        streams.any(|stream| stream.client_left)
    };
    // Each round gives the mock's runtime time to see it.
    let left = (0..10_000).any(|_| {
        get(&orion.agents()).unwrap();
        has_left()
    });
    assert!(left);
}

/// A service that spawns a task that never ends, and so ends with its runtime.
#[derive(Clone)]
struct Spawning {
    inner: MockService,
    until_the_end: mpsc::Sender<()>,
}

impl Service<Request<RequestBody>> for Spawning {
    type Response = InnerService;
    type Error = io::Error;
    type Future = <MockService as Service<Request<RequestBody>>>::Future;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        let held = self.until_the_end.clone();
        tokio::spawn(async move {
            let _held = held;
            std::future::pending::<()>().await;
        });
        self.inner.call(request)
    }
}

/// Asserts that the background thread of a client ends when the last handle is dropped like this.
fn assert_ends(drop_it: impl FnOnce(OrionOS)) {
    let (mock, _) = in_process();
    let (until_the_end, ended) = mpsc::channel();
    let orion = OrionOS::builder()
        .api_key(mock.api_key())
        .base_url(mock.base_url())
        .http_service(Spawning {
            inner: mock.service(),
            until_the_end,
        });
    let orion = orion.build().unwrap();
    get(&orion.agents()).unwrap();
    assert_eq!(ended.try_recv(), Err(mpsc::TryRecvError::Empty));
    drop_it(orion);
    let end = ended.recv_timeout(FOREVER);
    assert_eq!(end, Err(mpsc::RecvTimeoutError::Disconnected));
}

#[test]
fn the_background_thread_ends_when_the_last_handle_is_dropped() {
    assert_ends(drop);
    assert_ends(|orion| {
        let agents = orion.agents();
        drop(orion);
        get(&agents).unwrap();
        let list = agents.list();
        drop(agents);
        let mut items = list.items_blocking();
        items.next().unwrap().unwrap();
    });
    assert_ends(|orion| {
        let stream = orion.agents().stream_message(AGENT, "Hi").send_blocking();
        drop(orion);
        stream.unwrap().next().unwrap().unwrap();
    });
    assert_ends(|orion| current_thread().block_on(async { drop(orion) }));
    assert_ends(|orion| {
        let runtime = multi_thread();
        runtime
            .block_on(runtime.spawn(async { drop(orion) }))
            .unwrap();
    });
    assert_ends(|orion| thread::spawn(|| drop(orion)).join().unwrap());
}

#[test]
fn a_panic_ends_the_background_thread_after_a_last_call_in_drop() {
    struct Guard(OrionOS);
    impl Drop for Guard {
        fn drop(&mut self) {
            get(&self.0.agents()).unwrap();
        }
    }
    assert_ends(|orion| {
        let panicking = thread::spawn(|| {
            let _guard = Guard(orion);
            std::panic::resume_unwind(Box::new("the panic of the test"));
        });
        assert_eq!(
            panicking.join().unwrap_err().downcast_ref(),
            Some(&"the panic of the test")
        );
    });
}

#[test]
fn a_panic_in_a_users_function_reaches_the_caller_and_the_client_goes_on() {
    let (_mock, orion) = in_process();
    let create = orion.agents().create_many([AgentConfig::new("One")]);
    let create = create.on_progress(|_| std::panic::resume_unwind(Box::new("the user's panic")));
    let panic = thread::spawn(move || create.send_blocking())
        .join()
        .unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"the user's panic"));
    every_kind(&orion, 1);
}

#[test]
fn a_thread_that_ends_can_drop_its_client_and_a_call_is_no_panic() {
    struct Last(OrionOS, mpsc::Sender<Result<(), OrionError>>);
    impl Drop for Last {
        fn drop(&mut self) {
            self.1.send(get(&self.0.agents())).unwrap();
        }
    }
    thread_local!(static LAST: RefCell<Option<Last>> = const { RefCell::new(None) });

    // The thread's values are destroyed in an order that depends on which one was used first.
    for call_first in [false, true] {
        assert_ends(|orion| {
            let (result, results) = mpsc::channel();
            let thread = thread::spawn(move || {
                if call_first {
                    get(&orion.agents()).unwrap();
                }
                LAST.set(Some(Last(orion, result)));
            });
            thread.join().unwrap();
            if let Err(error) = results.recv().unwrap() {
                assert!(error.to_string().contains("thread-local"), "{error}");
            }
        });
    }
}

/// Makes calls of all kinds at the same time: from threads, from tasks, nested, given up half-way.
fn rounds(rounds: usize) {
    let served = Served::with(|settings| settings.token_pace(Duration::from_micros(50)));
    let orion = served.client();
    let runtime = multi_thread();
    thread::scope(|scope| {
        for thread in 0..8 {
            let (orion, runtime, served) = (&orion, &runtime, &served);
            scope.spawn(move || {
                for round in 0..rounds / 8 {
                    let agents = orion.agents();
                    match (thread + round) % 8 {
                        0 => get(&agents).unwrap(),
                        1 => runtime
                            .block_on(agents.get(AGENT).send())
                            .map(drop)
                            .unwrap(),
                        2 => runtime.block_on(async { get(&agents) }).unwrap(),
                        3 => runtime
                            .block_on(runtime.spawn_blocking(move || get(&agents)))
                            .unwrap()
                            .unwrap(),
                        4 => {
                            let stream = agents.stream_message(AGENT, "Hi you").send_blocking();
                            assert!(stream.unwrap().take(round % 3).all(|event| event.is_ok()));
                        }
                        5 => assert!(agents.list().items_blocking().all(|agent| agent.is_ok())),
                        6 => {
                            // A client with a short life.
                            if round % 16 == 0 {
                                get(&served.client().agents()).unwrap();
                            }
                            get(&agents).unwrap();
                        }
                        _ => {
                            let call = agents.get(AGENT).send();
                            let _ = runtime.block_on(async {
                                tokio::time::timeout(Duration::from_micros(200), call).await
                            });
                        }
                    }
                }
            });
        }
    });
}

#[test]
fn mixed_calls_never_hang() {
    let count = std::env::var("BLOCKING_ROUNDS").ok();
    rounds(count.and_then(|count| count.parse().ok()).unwrap_or(800));
}
