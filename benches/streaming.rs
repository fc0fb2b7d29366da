//! What a streamed token costs compared with a bare event parser over reqwest's byte stream, and
//! how long a token takes from the server's write to the caller.
//!
//! `cargo bench -p orionos-benches --bench streaming`

use std::alloc::System;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;
use orionos_bench_harness::{Cell, Report, compared, in_turns, median, median_of, pair};
use orionos_benches::tokens::{read_by_hand, read_by_us, stream_answer};
use orionos_benches::{FixedServer, Handwritten};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const TOKENS: usize = 20_000;
const ROUNDS: usize = 15;
const PACED_TOKENS: usize = 500;
const PACE: Duration = Duration::from_millis(2);

fn main() {
    orionos_bench_harness::run(|report| {
        let runtime = orionos_benches::runtime();
        latency(report, &runtime);
        orionos_benches::stay_on_one_core();
        throughput(report, &runtime);
    });
}

/// The costs of one token, averaged over a stream.
struct Cost {
    microseconds: f64,
    allocations: f64,
}

fn throughput(report: &mut Report, runtime: &tokio::runtime::Runtime) {
    let answer = stream_answer(TOKENS);
    let server = FixedServer::start(move |_| answer.clone());
    let hand = Handwritten::new(&server.base_url);
    let again = Handwritten::new(&server.base_url);
    let orion = orionos_benches::client(&server.base_url);
    let columns = ["Million tokens per second", "Allocations per token"];
    let table = report.table("Stream: client : by hand", &["Reader"], &columns);
    let by_hand = || cost(runtime, async || read_by_hand(&hand, |_| {}).await);
    let by_hand_again = || cost(runtime, async || read_by_hand(&again, |_| {}).await);
    let by_us = || cost(runtime, async || read_by_us(&orion, |_| {}).await);
    let both = in_turns(ROUNDS, by_hand_again, by_hand);
    table.row(&["by hand : by hand"], cells(&both));
    table.row(&["client"], cells(&in_turns(ROUNDS, by_us, by_hand)));
}

fn cells(rounds: &[(Cost, Cost)]) -> Vec<Cell> {
    vec![
        compared(
            median_of(rounds, |(ours, _)| 1.0 / ours.microseconds),
            median_of(rounds, |(_, by_hand)| 1.0 / by_hand.microseconds),
            2,
            median_of(rounds, |(ours, by_hand)| {
                by_hand.microseconds / ours.microseconds
            }),
        ),
        pair(
            median_of(rounds, |(ours, _)| ours.allocations),
            median_of(rounds, |(_, by_hand)| by_hand.allocations),
            3,
        ),
    ]
}

fn cost(runtime: &tokio::runtime::Runtime, read: impl AsyncFn() -> usize) -> Cost {
    runtime.block_on(async {
        let region = Region::new(ALLOCATOR);
        let started = ThreadTime::now();
        let tokens = read().await;
        let time = started.elapsed();
        let change = region.change();
        assert_eq!(tokens, TOKENS);
        Cost {
            microseconds: time.as_secs_f64() * 1e6 / TOKENS as f64,
            allocations: (change.allocations + change.reallocations) as f64 / TOKENS as f64,
        }
    })
}

/// The server writes a token every 2 ms that contains the time. Both sides read the same clock.
fn latency(report: &mut Report, runtime: &tokio::runtime::Runtime) {
    let start = Instant::now();
    let base_url = paced_server(start);
    let hand = Handwritten::new(&base_url);
    let orion = orionos_benches::client(&base_url);
    let (mut by_hand, mut by_us) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        for (ours, times) in [(false, &mut by_hand), (true, &mut by_us)] {
            let on_token = |text: &str| {
                let written: u64 = text.parse().expect("nanoseconds");
                let now = u64::try_from(start.elapsed().as_nanos()).expect("not that long");
                times.push((now - written) as f64 / 1e3);
            };
            runtime.block_on(async {
                if ours {
                    read_by_us(&orion, on_token).await
                } else {
                    read_by_hand(&hand, on_token).await
                }
            });
        }
    }
    let title = "Stream: from the server's write to the caller";
    let table = report.table(title, &["Reader"], &["Median, µs"]);
    let (ours, by_hand) = (median(by_us), median(by_hand));
    table.row(
        &["client"],
        vec![compared(ours, by_hand, 0, ours / by_hand)],
    );
}

fn paced_server(start: Instant) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let base_url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            stream.set_nodelay(true).expect("an option");
            let _ = stream.read(&mut [0; 4096]).expect("a request");
            let mut send = |text: String| stream.write_all(text.as_bytes()).is_ok();
            send(
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/event-stream\r\n\r\n"
                    .into(),
            );
            for _ in 0..PACED_TOKENS {
                std::thread::sleep(PACE);
                let now = start.elapsed().as_nanos();
                send(format!(
                    "data: {{\"type\":\"token\",\"content\":\"{now}\"}}\n\n"
                ));
            }
            send("data: {\"type\":\"done\"}\n\n".into());
        }
    });
    base_url
}
