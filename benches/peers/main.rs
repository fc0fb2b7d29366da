//! What a get costs with this client, with octocrab and with async-openai, each compared with raw reqwest
//! code that reads the same response into the same types. octocrab is built on hyper, the others on
//! reqwest.
//!
//! `cargo run --release --manifest-path benches/peers/Cargo.toml`

use std::alloc::System;

use async_openai::config::OpenAIConfig;
use octocrab::Octocrab;
use orionos_bench_harness::Report;
use orionos_benches::{AGENT, Agent, CallCosts, Envelope, FixedServer, Handwritten, KEY};
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
    // octocrab starts a task, which needs a runtime.
    let _guard = costs.runtime.enter();
    let raw = Handwritten::new(&server.base_url);
    let again = Handwritten::new(&server.base_url);
    let orion = orionos_benches::client(&server.base_url).agents();
    let octocrab = Octocrab::builder()
        .base_uri(server.base_url.as_str())
        .expect("a URL")
        .personal_token(KEY)
        .build()
        .expect("a client");
    let config = OpenAIConfig::new().with_api_base(&server.base_url);
    let openai = async_openai::Client::with_config(config.with_api_key(KEY));
    let path = format!("{}/agents/{AGENT}", server.base_url);

    let table = report.table("A get: client : raw reqwest", &["Client"], &CallCosts::COLUMNS);
    let baseline = async || drop(raw.get(AGENT).await.expect("an agent"));
    let call = async || drop(again.get(AGENT).await.expect("an agent"));
    table.row(&["raw reqwest"], costs.cells(call, baseline));
    let call = async || drop(orion.get(AGENT).send().await.expect("an agent"));
    table.row(&["orionos"], costs.cells(call, baseline));
    let call = async || {
        let agent = octocrab.get::<Envelope<Agent>, _, ()>(&path, None).await;
        drop(agent.expect("an agent"));
    };
    table.row(&["octocrab 0.54.9"], costs.cells(call, baseline));
    let call = async || {
        let agent = openai.models().retrieve_byot::<_, Envelope<Agent>>(AGENT).await;
        drop(agent.expect("an agent"));
    };
    table.row(&["async-openai 0.43.0"], costs.cells(call, baseline));
}
