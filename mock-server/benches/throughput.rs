//! Requests per second and the slowest 1% of the mock, with keys, limits and journal enabled,
//! compared with a bare axum route that reads the request and returns the same bytes, each also over TLS
//! and with HTTP/2. Also what a viewer of the page costs, and the time of a list as the store grows.
//!
//! `cargo bench -p orionos-mock-server --bench throughput`

mod support;
#[path = "support/trust.rs"]
mod trust;
#[path = "support/wire.rs"]
mod wire;

use std::sync::Arc;
use std::time::Instant;

use orionos_bench_harness::{
    Cell, Report, ThreadClock, at, compared, in_turns, median, median_of, pair, ratio, value,
};
use rustls::ClientConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use crate::support::{Answer, Requests, exchange, runtime};
use crate::wire::{Connection, Tls, Wire};

const CONNECTIONS: usize = 16;
const REQUESTS: usize = 200;
const ROUNDS: usize = 15;

fn main() {
    orionos_bench_harness::run(measure);
}

fn measure(report: &mut Report) {
    let runtime = runtime();
    let requests = Requests::new();
    let columns = ["Thousand per second", "Server's CPU, µs", "Slowest 1%, ms"];
    let table = report.table("Mock : bare route", &["Request"], &columns);
    let (first, second) = bare_twice(&runtime, &requests.get);
    let cells = against(&runtime, &first, &second, &requests.get);
    table.row(&["get, bare : bare"], cells);
    let short = Some("At 14:10, number 7.");
    let answer = |reply, request| {
        let mock = mock(100, reply, Wire::Plain);
        runtime.block_on(support::answer(&mock.address, request))
    };
    for (name, reply, request) in [
        ("get", None, &requests.get),
        ("list of 20", None, &requests.list),
        ("message, short reply", short, &requests.message),
        (
            "message, reply of the last 20 texts",
            None,
            &requests.message,
        ),
        ("create", None, &requests.create),
    ] {
        let bare = bare(answer(reply, request), Wire::Plain);
        let mock = mock(100, reply, Wire::Plain);
        table.row(&[name], against(&runtime, &mock, &bare, request));
    }
    for (name, wire, request) in [
        ("get, TLS", Wire::Tls, &requests.get),
        ("message, short reply, TLS", Wire::Tls, &requests.message),
        ("get, HTTP/2", Wire::Http2, &requests.get),
        (
            "message, short reply, HTTP/2",
            Wire::Http2,
            &requests.message,
        ),
    ] {
        let bare = bare(answer(short, request), wire);
        let mock = mock(100, short, wire);
        table.row(&[name], against(&runtime, &mock, &bare, request));
    }

    let title = "With one viewer of the page : without";
    let table = report.table(title, &["Request"], &columns[..2]);
    table.row(&["get"], with_a_viewer(&runtime, &requests.get));

    let columns = ["List of 20, µs", "Ratio", "After a create, µs"];
    let table = report.table("Lists of a growing store", &["Agents"], &columns);
    let mut smallest = None;
    for agents in [100, 10_000, 100_000] {
        let (page, after_create) = list_cost(&runtime, agents, &requests);
        let growth = page / *smallest.get_or_insert(page);
        let cells = vec![value(page, 1), ratio(growth), value(after_create, 1)];
        table.row(&[&agents.to_string()], cells);
    }
}

/// A server on its own thread.
struct Server {
    address: String,
    /// The settings of a client, if the server has TLS.
    client: Option<Arc<ClientConfig>>,
    clock: ThreadClock,
}

/// Starts a mock with this number of agents.
fn mock(agents: usize, reply: Option<&'static str>, wire: Wire) -> Server {
    start(async move || {
        let mut mock = support::mock(agents, reply);
        if wire != Wire::Plain {
            mock = mock.https();
        }
        let mock = mock.start().await.expect("a port");
        let client = wire::client(wire, mock.ca_pem());
        (support::address(&mock), client, async move {
            std::future::pending::<()>().await;
            drop(mock);
        })
    })
}

/// Starts a route that returns this response.
fn bare(answer: Answer, wire: Wire) -> Server {
    start(async move || {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let tls = (wire != Wire::Plain).then(Tls::new);
        let client = tls
            .as_ref()
            .and_then(|tls| wire::client(wire, &tls.authority));
        let app = support::bare(answer);
        (address, client, async move {
            match tls {
                Some(tls) => tls.serve(listener, app).await,
                None => support::serve(listener, app).await,
            }
        })
    })
}

fn bare_twice(runtime: &Runtime, request: &[u8]) -> (Server, Server) {
    let mock = mock(100, None, Wire::Plain);
    let answer = || runtime.block_on(support::answer(&mock.address, request));
    (bare(answer(), Wire::Plain), bare(answer(), Wire::Plain))
}

/// Starts a server on its own thread: the function returns its address, the settings of its clients, and a
/// future that serves.
fn start<F: Future<Output = ()>>(
    server: impl AsyncFnOnce() -> (String, Option<Arc<ClientConfig>>, F) + Send + 'static,
) -> Server {
    let (hand_over, started) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        runtime().block_on(async {
            let (address, client, serve) = server().await;
            let server = Server {
                address,
                client,
                clock: ThreadClock::of_this_thread(),
            };
            hand_over.send(server).expect("main waits");
            serve.await;
        });
    });
    started.recv().expect("a server")
}

/// What a round of requests took.
struct Load {
    seconds: f64,
    /// The processor time of the server's thread per request.
    server_microseconds: f64,
    /// The milliseconds of each request.
    times: Vec<f64>,
}

fn against(runtime: &Runtime, server: &Server, baseline: &Server, request: &[u8]) -> Vec<Cell> {
    let rounds = in_turns(
        ROUNDS,
        || runtime.block_on(load(server, request)),
        || runtime.block_on(load(baseline, request)),
    );
    let mut cells = cells(&rounds);
    let slowest = |times: Vec<f64>| at(times, 0.99);
    cells.push(pair(
        slowest(
            rounds
                .iter()
                .flat_map(|(ours, _)| ours.times.clone())
                .collect(),
        ),
        slowest(
            rounds
                .iter()
                .flat_map(|(_, bare)| bare.times.clone())
                .collect(),
        ),
        2,
    ));
    cells
}

fn cells(rounds: &[(Load, Load)]) -> Vec<Cell> {
    let rate = |load: &Load| (CONNECTIONS * REQUESTS) as f64 / load.seconds / 1e3;
    let time = |load: &Load| load.server_microseconds;
    vec![
        compared(
            median_of(rounds, |(ours, _)| rate(ours)),
            median_of(rounds, |(_, baseline)| rate(baseline)),
            1,
            median_of(rounds, |(ours, baseline)| rate(ours) / rate(baseline)),
        ),
        compared(
            median_of(rounds, |(ours, _)| time(ours)),
            median_of(rounds, |(_, baseline)| time(baseline)),
            2,
            median_of(rounds, |(ours, baseline)| time(ours) / time(baseline)),
        ),
    ]
}

/// Compares the rate of a request while a viewer reads the events with its rate without a viewer.
fn with_a_viewer(runtime: &Runtime, request: &[u8]) -> Vec<Cell> {
    let mock = mock(100, None, Wire::Plain);
    let viewed = || {
        runtime.block_on(async {
            let viewer = tokio::spawn(watch(mock.address.clone()));
            let load = load(&mock, request).await;
            viewer.abort();
            load
        })
    };
    let alone = || runtime.block_on(load(&mock, request));
    cells(&in_turns(ROUNDS, viewed, alone))
}

/// Reads the events of the mock.
async fn watch(address: String) {
    let mut stream = TcpStream::connect(&address).await.expect("it listens");
    let request = "GET /__mock/events HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stream
        .write_all(request.as_bytes())
        .await
        .expect("it reads");
    let mut buffer = vec![0; 64 * 1024];
    while stream
        .read(&mut buffer)
        .await
        .is_ok_and(|length| length > 0)
    {}
}

/// Sends the same request often, through many connections, or through one with many streams.
async fn load(server: &Server, request: &[u8]) -> Load {
    let connections = Connection::open(&server.address, server.client.as_ref(), CONNECTIONS).await;
    let (started, server_time) = (Instant::now(), server.clock.now());
    let running: Vec<_> = connections
        .into_iter()
        .map(|mut connection| {
            let request = request.to_vec();
            tokio::spawn(async move {
                let mut buffer = Vec::with_capacity(64 * 1024);
                let mut times = Vec::with_capacity(REQUESTS);
                for _ in 0..REQUESTS {
                    let started = Instant::now();
                    connection.exchange(&request, &mut buffer).await;
                    times.push(started.elapsed().as_secs_f64() * 1e3);
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in running {
        times.append(&mut task.await.expect("no request fails"));
    }
    let server_time = server.clock.now() - server_time;
    Load {
        seconds: started.elapsed().as_secs_f64(),
        server_microseconds: server_time.as_secs_f64() * 1e6 / times.len() as f64,
        times,
    }
}

/// Returns the microseconds for a page of a list: with an unchanged store, and after a create.
fn list_cost(runtime: &Runtime, agents: usize, requests: &Requests) -> (f64, f64) {
    let mock = mock(agents, None, Wire::Plain);
    runtime.block_on(async {
        let mut stream = TcpStream::connect(&mock.address).await.expect("it listens");
        let mut buffer = Vec::new();
        let mut alone = Vec::new();
        let mut after_create = Vec::new();
        for round in 0..2_200 {
            let creates = round >= 2_000;
            if creates {
                exchange(&mut stream, &requests.create, &mut buffer).await;
            }
            let started = Instant::now();
            exchange(&mut stream, &requests.list, &mut buffer).await;
            let time = started.elapsed();
            let times = if creates {
                &mut after_create
            } else {
                &mut alone
            };
            times.push(time.as_secs_f64() * 1e6);
        }
        (median(alone), median(after_create))
    })
}
