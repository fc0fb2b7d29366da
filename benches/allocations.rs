//! What an observer costs in memory: nothing per call. It is the only test of its program, because the
//! allocator counts for all threads.

use std::alloc::System;

use orionos::OrionOS;
use orionos_benches::{AGENT, FixedServer, TEXT, answer, answer_of, message};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tokio::runtime::Runtime;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const CALLS: usize = 20;
const ROUNDS: usize = 10;

#[test]
fn an_observer_that_counts_allocates_nothing() {
    let calls = FixedServer::of_every_call();
    let failure = answer(&message());
    let failures = FixedServer::start(move |_| failure.clone());
    let events = "data: {\"type\":\"token\",\"content\":\"high water\"}\n\n: alive\n\n\
                  data: {\"type\":\"done\"}\n\n";
    let stream = answer_of("text/event-stream", events);
    let streams = FixedServer::start(move |_| stream.clone());
    let runtime = orionos_benches::runtime();
    for (name, server, call) in [
        ("get", &calls, CallKind::Get),
        ("send message", &calls, CallKind::Send),
        // A message is not a list: the call fails after its attempt.
        ("failure", &failures, CallKind::List),
        ("stream", &streams, CallKind::Stream),
    ] {
        let off = allocations(&runtime, &orionos_benches::client(&server.base_url), call);
        let client = orionos_benches::observed_client(&server.base_url);
        let on = allocations(&runtime, &client, call);
        assert_eq!(on, off, "{name}");
    }
}

#[derive(Clone, Copy)]
enum CallKind {
    Get,
    Send,
    List,
    Stream,
}

/// Returns the allocations of some calls and their bytes. Sometimes tokio, hyper or the system allocates
/// in between, so it is the fewest of several rounds.
fn allocations(runtime: &Runtime, client: &OrionOS, kind: CallKind) -> (usize, usize) {
    let agents = client.agents();
    let rounds = (0..ROUNDS).map(|_| {
        runtime.block_on(async {
            let region = Region::new(ALLOCATOR);
            for _ in 0..CALLS {
                match kind {
                    CallKind::Get => drop(agents.get(AGENT).send().await.expect("an agent")),
                    CallKind::Send => {
                        let message = agents.send_message(AGENT, TEXT).send().await;
                        drop(message.expect("a reply"));
                    }
                    CallKind::List => drop(agents.list().send().await.expect_err("no list")),
                    CallKind::Stream => {
                        let stream = agents.stream_message(AGENT, TEXT).send().await;
                        let text = stream.expect("a stream").collect_text().await;
                        assert_eq!(text.expect("a text"), "high water");
                    }
                }
            }
            let change = region.change();
            (
                change.allocations + change.reallocations,
                change.bytes_allocated,
            )
        })
    });
    rounds.min().unwrap_or_default()
}
