//! What a call costs compared with hand-written reqwest code: processor time, allocations and
//! bytes.
//!
//! `cargo bench -p orionos-benches --bench calls`

use std::alloc::System;

use cpu_time::ThreadTime;
use orionos::AgentStatus;
use orionos_benches::{AGENT, FixedServer, Handwritten, TEXT, median};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const ROUNDS: usize = 61;
const CALLS: usize = 200;

/// The costs of one call, averaged over a round.
#[derive(Clone, Copy, Default)]
struct Cost {
    microseconds: f64,
    allocations: f64,
    bytes: f64,
}

fn main() {
    orionos_benches::stay_on_one_core();
    let server = FixedServer::of_every_call();
    let runtime = orionos_benches::runtime();
    let hand = Handwritten::new(&server.base_url);
    let agents = orionos_benches::client(&server.base_url).agents();

    println!("| a call | CPU, µs | ratio | allocations | bytes allocated |\n|---|---|---|---|---|");
    compare(
        &runtime,
        "get",
        async || drop(hand.get(AGENT).await.expect("an agent")),
        async || drop(agents.get(AGENT).send().await.expect("an agent")),
    );
    compare(
        &runtime,
        "list of 20",
        async || drop(hand.list(20).await.expect("a list")),
        async || drop(agents.list().limit(20).send().await.expect("a list")),
    );
    compare(
        &runtime,
        "list of 100",
        async || drop(hand.list(100).await.expect("a list")),
        async || drop(agents.list().limit(100).send().await.expect("a list")),
    );
    compare(
        &runtime,
        "create",
        async || {
            let created = hand.create("Harbour Pilot", "Knows every shoal").await;
            drop(created.expect("an agent"));
        },
        async || {
            let create = agents.create("Harbour Pilot").bio(["Knows every shoal"]);
            drop(create.send().await.expect("an agent"));
        },
    );
    compare(
        &runtime,
        "update",
        async || drop(hand.deactivate(AGENT).await.expect("an agent")),
        async || {
            let update = agents.update(AGENT).status(AgentStatus::Inactive);
            drop(update.send().await.expect("an agent"));
        },
    );
    compare(
        &runtime,
        "delete",
        async || drop(hand.delete(AGENT).await.expect("an agent")),
        async || drop(agents.delete(AGENT).send().await.expect("an agent")),
    );
    compare(
        &runtime,
        "send message",
        async || {
            drop(hand.send(AGENT, TEXT).await.expect("a reply"));
        },
        async || {
            let message = agents
                .send_message(AGENT, TEXT)
                .user_id("user_1")
                .room_id("room_1");
            drop(message.send().await.expect("a reply"));
        },
    );

    println!(
        "\n| with a counting observer : without | CPU, µs | ratio | allocations | bytes allocated |\n|---|---|---|---|---|"
    );
    let observed = orionos_benches::observed_client(&server.base_url).agents();
    compare(
        &runtime,
        "get",
        async || drop(agents.get(AGENT).send().await.expect("an agent")),
        async || drop(observed.get(AGENT).send().await.expect("an agent")),
    );
    compare(
        &runtime,
        "send message",
        async || {
            let message = agents.send_message(AGENT, TEXT).send().await;
            drop(message.expect("a reply"));
        },
        async || {
            let message = observed.send_message(AGENT, TEXT).send().await;
            drop(message.expect("a reply"));
        },
    );
}

/// Runs rounds of both in turn, so that a disturbance affects both.
fn compare(
    runtime: &tokio::runtime::Runtime,
    name: &str,
    hand: impl AsyncFn(),
    ours: impl AsyncFn(),
) {
    let (mut by_hand, mut by_us, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS + 3 {
        let first = measure(runtime, &hand);
        let second = measure(runtime, &ours);
        // The first rounds open connections and fill caches.
        if round >= 3 {
            ratios.push(second.microseconds / first.microseconds);
            by_hand.push(first);
            by_us.push(second);
        }
    }
    let of = |costs: &[Cost], pick: fn(&Cost) -> f64| median(costs.iter().map(pick).collect());
    let (hand_cpu, our_cpu) = (
        of(&by_hand, |cost| cost.microseconds),
        of(&by_us, |cost| cost.microseconds),
    );
    println!(
        "| {name} | {our_cpu:.1} : {hand_cpu:.1} | {:.3} | {:.1} : {:.1} | {:.0} : {:.0} |",
        median(ratios),
        of(&by_us, |cost| cost.allocations),
        of(&by_hand, |cost| cost.allocations),
        of(&by_us, |cost| cost.bytes),
        of(&by_hand, |cost| cost.bytes),
    );
}

fn measure(runtime: &tokio::runtime::Runtime, call: &impl AsyncFn()) -> Cost {
    runtime.block_on(async {
        let region = Region::new(ALLOCATOR);
        let started = ThreadTime::now();
        for _ in 0..CALLS {
            call().await;
        }
        let time = started.elapsed();
        let change = region.change();
        let calls = CALLS as f64;
        Cost {
            microseconds: time.as_secs_f64() * 1e6 / calls,
            allocations: (change.allocations + change.reallocations) as f64 / calls,
            bytes: change.bytes_allocated as f64 / calls,
        }
    })
}
