//! Blocking calls: from everywhere, nested in one another, and next to `async` use of the same client.

mod end;
mod nested;

use std::thread;
use std::time::Duration;

use http::Request;
use orionos::{
    AgentConfig, Agents, MessageEvent, Method, OrionBuilder, OrionError, OrionOS, RequestBody,
    Value,
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

/// What a service around the mock's returns.
type InnerService = <MockService as Service<Request<RequestBody>>>::Response;

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
