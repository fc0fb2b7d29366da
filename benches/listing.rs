//! The time to read a whole list from a server that is 20 ms away, compared with the minimum number
//! of round trips: one for the first page, and ⌈(pages − 1) / n⌉ more.
//!
//! `cargo bench -p orionos-benches --bench listing`

use std::time::{Duration, Instant};

use orionos::{AgentSummary, OrionOS};
use orionos_bench_harness::{Report, compared, median};
use orionos_mock_server::{Fault, Limits, MockServer, Operation, Tier};
use serde_json::json;

const ROUND_TRIP: Duration = Duration::from_millis(20);
const ROUNDS: usize = 3;

fn main() {
    orionos_bench_harness::run(measure);
}

fn measure(report: &mut Report) {
    // The server has its own thread, as if it were on another machine.
    let (hand_over, mocks) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = orionos_benches::runtime();
        runtime.block_on(async {
            for agents in [100, 5_000] {
                hand_over.send(server(agents).await).expect("main waits");
            }
            std::future::pending::<()>().await;
        });
    });
    let runtime = orionos_benches::runtime();
    let names = ["Agents", "Page size", "Pages at a time"];
    let table = report.table("Whole list : minimum", &names, &["Time, ms"]);
    for agents in [100, 5_000] {
        let mock = mocks.recv().expect("a mock");
        for limit in [20, 100] {
            for concurrency in [1, 4, 16] {
                let times = (0..ROUNDS)
                    .map(|_| runtime.block_on(list(&mock, limit, concurrency, agents)))
                    .collect();
                let time = median(times);
                let pages = agents.div_ceil(limit as usize);
                let trips = 1 + (pages - 1).div_ceil(concurrency);
                let bound = ROUND_TRIP.as_secs_f64() * 1e3 * trips as f64;
                let names = [agents, limit as usize, concurrency].map(|name| name.to_string());
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                table.row(&names, vec![compared(time, bound, 1, time / bound)]);
            }
        }
    }
}

async fn server(agents: usize) -> MockServer {
    let mut limits: Limits = Tier::Enterprise.limits();
    limits.agents = None;
    MockServer::builder()
        .limits(limits)
        .agents((0..agents).map(|number| {
            json!({
                "id": format!("agent_{number:012}"), "name": format!("Pilot {number}"),
                "modelProvider": "anthropic", "model": "claude-3-opus", "clients": ["discord"],
            })
        }))
        .fault(Fault::latency(ROUND_TRIP).on(Operation::List))
        .start()
        .await
        .expect("a port")
}

/// Returns the milliseconds with a new client whose connections are open.
async fn list(mock: &MockServer, limit: u32, concurrency: usize, agents: usize) -> f64 {
    let orion = OrionOS::builder()
        .api_key(mock.api_key())
        .base_url(mock.base_url())
        .build()
        .expect("a client");
    let started = Instant::now();
    let all = orion
        .agents()
        .list()
        .limit(limit)
        .concurrency(concurrency)
        .all()
        .await
        .expect("the whole list");
    let time = started.elapsed();
    assert!(is_in_order(&all, agents), "the list is whole and in order");
    time.as_secs_f64() * 1e3
}

/// Newest first, like the server's default.
fn is_in_order(all: &[AgentSummary], agents: usize) -> bool {
    let expected = (0..agents)
        .rev()
        .map(|number| format!("agent_{number:012}"));
    all.iter().map(|agent| agent.id.to_string()).eq(expected)
}
