//! What a call costs compared with hand-written reqwest code: processor time, allocations and
//! bytes.
//!
//! `cargo bench -p orionos-benches --bench calls`

use std::alloc::System;

use orionos::AgentStatus;
use orionos_bench_harness::Report;
use orionos_benches::{AGENT, CallCosts, FixedServer, Handwritten, TEXT};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    orionos_bench_harness::run(measure);
}

fn measure(report: &mut Report) {
    orionos_benches::stay_on_one_core();
    let server = FixedServer::of_every_call();
    let costs = CallCosts {
        runtime: orionos_benches::runtime(),
        allocator: ALLOCATOR,
    };
    let hand = Handwritten::new(&server.base_url);
    let agents = orionos_benches::client(&server.base_url).agents();

    let table = report.table("Client : by hand", &["Call"], &CallCosts::COLUMNS);
    let again = Handwritten::new(&server.base_url);
    let both = costs.cells(
        async || drop(again.get(AGENT).await.expect("an agent")),
        async || drop(hand.get(AGENT).await.expect("an agent")),
    );
    table.row(&["get, by hand : by hand"], both);
    let both = costs.cells(
        async || drop(agents.get(AGENT).send().await.expect("an agent")),
        async || drop(hand.get(AGENT).await.expect("an agent")),
    );
    table.row(&["get"], both);
    let both = costs.cells(
        async || drop(agents.list().limit(20).send().await.expect("a list")),
        async || drop(hand.list(20).await.expect("a list")),
    );
    table.row(&["list of 20"], both);
    let both = costs.cells(
        async || drop(agents.list().limit(100).send().await.expect("a list")),
        async || drop(hand.list(100).await.expect("a list")),
    );
    table.row(&["list of 100"], both);
    let both = costs.cells(
        async || {
            let create = agents.create("Harbour Pilot").bio(["Knows every shoal"]);
            drop(create.send().await.expect("an agent"));
        },
        async || {
            let created = hand.create("Harbour Pilot", "Knows every shoal").await;
            drop(created.expect("an agent"));
        },
    );
    table.row(&["create"], both);
    let both = costs.cells(
        async || {
            let update = agents.update(AGENT).status(AgentStatus::Inactive);
            drop(update.send().await.expect("an agent"));
        },
        async || drop(hand.deactivate(AGENT).await.expect("an agent")),
    );
    table.row(&["update"], both);
    let both = costs.cells(
        async || drop(agents.delete(AGENT).send().await.expect("an agent")),
        async || drop(hand.delete(AGENT).await.expect("an agent")),
    );
    table.row(&["delete"], both);
    let both = costs.cells(
        async || {
            let message = agents.send_message(AGENT, TEXT).user_id("user_1");
            drop(message.room_id("room_1").send().await.expect("a reply"));
        },
        async || drop(hand.send(AGENT, TEXT).await.expect("a reply")),
    );
    table.row(&["send message"], both);

    for (title, client) in [
        (
            "With a counting observer : without",
            orionos_benches::observed_client(&server.base_url),
        ),
        (
            "With a store : without",
            orionos_benches::sharing_client(&server.base_url),
        ),
    ] {
        let table = report.table(title, &["Call"], &CallCosts::COLUMNS);
        let with = client.agents();
        let both = costs.cells(
            async || drop(with.get(AGENT).send().await.expect("an agent")),
            async || drop(agents.get(AGENT).send().await.expect("an agent")),
        );
        table.row(&["get"], both);
        let both = costs.cells(
            async || {
                let message = with.send_message(AGENT, TEXT).send().await;
                drop(message.expect("a reply"));
            },
            async || {
                let message = agents.send_message(AGENT, TEXT).send().await;
                drop(message.expect("a reply"));
            },
        );
        table.row(&["send message"], both);
    }
}
