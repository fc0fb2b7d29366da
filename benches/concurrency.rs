//! Calls per second of many tasks that share one client, compared with the hand-written client.
//! What the calls share (pacing, the retry budget) must not become a lock that all of them wait
//! for.
//!
//! `cargo bench -p orionos-benches --bench concurrency`

use std::sync::Arc;
use std::time::Instant;

use orionos::Agents;
use orionos_bench_harness::{Cell, Report, compared, in_turns, median_of};
use orionos_benches::{AGENT, Handwritten};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const CALLS: usize = 4_096;
const ROUNDS: usize = 40;

fn main() {
    orionos_bench_harness::run(measure);
}

fn measure(report: &mut Report) {
    let base_url = server();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let by_hand = |tasks, hand: &Handwritten| {
        runtime.block_on(seconds(tasks, hand, |hand| async move {
            drop(hand.get(AGENT).await.expect("an agent"));
        }))
    };
    let by_client = |tasks, agents: &Agents| {
        runtime.block_on(seconds(tasks, agents, |agents| async move {
            drop(agents.get(AGENT).send().await.expect("an agent"));
        }))
    };
    let title = "Many tasks: client : by hand";
    let table = report.table(title, &["Tasks"], &["Thousand calls per second"]);
    let (hand, again) = (Handwritten::new(&base_url), Handwritten::new(&base_url));
    let rounds = in_turns(ROUNDS, || by_hand(256, &again), || by_hand(256, &hand));
    table.row(&["256, by hand : by hand"], cells(&rounds));
    for tasks in [1, 16, 256, 2_048] {
        let hand = Handwritten::new(&base_url);
        let agents = orionos_benches::client(&base_url).agents();
        let by_us = || by_client(tasks, &agents);
        let rounds = in_turns(ROUNDS, by_us, || by_hand(tasks, &hand));
        table.row(&[&tasks.to_string()], cells(&rounds));
    }

    let title = "Many tasks: with a store : without";
    let table = report.table(title, &["Tasks"], &["Thousand calls per second"]);
    for tasks in [1, 256] {
        let sharing = orionos_benches::sharing_client(&base_url).agents();
        let alone = orionos_benches::client(&base_url).agents();
        let with = || by_client(tasks, &sharing);
        let rounds = in_turns(ROUNDS, with, || by_client(tasks, &alone));
        table.row(&[&tasks.to_string()], cells(&rounds));
    }
}

fn cells(rounds: &[(f64, f64)]) -> Vec<Cell> {
    let rate = |seconds: f64| CALLS as f64 / seconds / 1e3;
    vec![compared(
        median_of(rounds, |(ours, _)| rate(*ours)),
        median_of(rounds, |(_, by_hand)| rate(*by_hand)),
        1,
        median_of(rounds, |(ours, by_hand)| by_hand / ours),
    )]
}

/// Returns how long all calls together take.
async fn seconds<T, F>(tasks: usize, client: &T, call: fn(T) -> F) -> f64
where
    T: Clone + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let started = Instant::now();
    let running: Vec<_> = (0..tasks)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                for _ in 0..CALLS / tasks {
                    call(client.clone()).await;
                }
            })
        })
        .collect();
    for task in running {
        task.await.expect("no call fails");
    }
    started.elapsed().as_secs_f64()
}

/// Responds to every request with an agent, on one thread for all connections.
fn server() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("an option");
    let base_url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let mut answer = orionos_benches::answer(&orionos_benches::agent()).to_vec();
    orionos_benches::set_date(&mut answer);
    let answer: Arc<[u8]> = answer.into();
    std::thread::spawn(move || {
        let runtime = orionos_benches::runtime();
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener).expect("a listener");
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                tokio::spawn(serve(stream, answer.clone()));
            }
        });
    });
    base_url
}

async fn serve(mut stream: TcpStream, answer: Arc<[u8]>) {
    let _ = stream.set_nodelay(true);
    let mut buffer = [0; 2048];
    // A get has no body, and its headers arrive in one piece.
    while let Ok(length) = stream.read(&mut buffer).await {
        if length == 0 || stream.write_all(&answer).await.is_err() {
            return;
        }
    }
}
