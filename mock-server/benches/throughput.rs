//! Requests per second and the slowest 1% of the mock, with keys, limits and journal enabled,
//! compared with a bare axum route that reads the request and returns the same bytes. Also the time
//! of a list as the store grows.
//!
//! `cargo bench -p orionos-mock-server --bench throughput`

use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::any;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use orionos_mock_server::{Limits, MockServer, Tier};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const CONNECTIONS: usize = 16;
const REQUESTS: usize = 200;
const ROUNDS: usize = 41;
const KEY: &str = "bench-key-0123456789";
const AGENT: &str = "agent_000000000000";

fn main() {
    let runtime = runtime();
    println!("| request | thousand a second | ratio | slowest hundredth, ms |\n|---|---|---|---|");
    let get = request("GET", &format!("/v1/agents/{AGENT}"), "");
    let list = request("GET", "/v1/agents?limit=20", "");
    let create = request("POST", "/v1/agents", r#"{"name":"Harbour Pilot"}"#);
    let message = request(
        "POST",
        &format!("/v1/agents/{AGENT}/messages"),
        r#"{"text":"Where does the Mira berth?","userId":"user_1","roomId":"room_1"}"#,
    );
    let short = Some("At 14:10, number 7.");
    for (name, reply, request) in [
        ("get", None, get.clone()),
        ("list of 20", None, list.clone()),
        ("message, short reply", short, message.clone()),
        ("message, reply of the last 20 texts", None, message),
        ("create", None, create),
    ] {
        compare(&runtime, name, reply, &request);
    }
    let viewers = with_a_viewer(&runtime, &get);
    println!("\nA get with one viewer of the page, as a share of its rate without: {viewers:.3}");
    println!("\n| agents | a list of 20, µs | ratio | after a create, µs |\n|---|---|---|---|");
    let mut smallest = None;
    for agents in [100, 10_000, 100_000] {
        let (page, after_create) = list_cost(&runtime, agents, &list);
        let ratio = page / *smallest.get_or_insert(page);
        println!("| {agents} | {page:.1} | {ratio:.2} | {after_create:.1} |");
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

fn request(method: &str, path: &str, body: &str) -> Vec<u8> {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: mock\r\nauthorization: Bearer {KEY}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Starts a mock with this number of agents on its own thread. Every limit exists, but is never
/// reached.
fn mock(agents: usize, reply: Option<&'static str>) -> String {
    let (hand_over, address) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        runtime().block_on(async {
            let mut limits: Limits = Tier::Standard.limits();
            for limit in [
                &mut limits.account,
                &mut limits.create,
                &mut limits.list,
                &mut limits.get,
                &mut limits.messages,
                &mut limits.messages_in_flight,
                &mut limits.agents,
            ] {
                *limit = Some(1_000_000_000);
            }
            let seeds = (0..agents).map(|number| {
                json!({
                    "id": format!("agent_{number:012}"), "name": "Harbour Pilot",
                    "bio": ["Brings ships to their berths"], "modelProvider": "anthropic",
                    "model": "claude-3-opus", "clients": ["discord"],
                })
            });
            let mut mock = MockServer::builder()
                .api_key(KEY)
                .limits(limits)
                .agents(seeds);
            if let Some(reply) = reply {
                mock = mock.reply_template(reply);
            }
            let mock = mock.start().await.expect("a port");
            let address = mock.base_url().trim_start_matches("http://");
            let address = address.trim_end_matches("/v1").to_owned();
            hand_over.send(address).expect("main waits");
            std::future::pending::<()>().await;
        });
    });
    address.recv().expect("an address")
}

/// Starts a route that reads the request and returns the same body with the same headers, on its
/// own thread.
fn bare(status: u16, headers: Vec<(HeaderName, HeaderValue)>, body: Vec<u8>) -> String {
    let (hand_over, address) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        runtime().block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
                .await
                .expect("a port");
            let address = listener.local_addr().expect("an address").to_string();
            hand_over.send(address).expect("main waits");
            let headers: http::HeaderMap = headers.into_iter().collect();
            let body = bytes::Bytes::from(body);
            let answer = move |_read: bytes::Bytes| {
                let mut answer =
                    axum::response::Response::new(axum::body::Body::from(body.clone()));
                *answer.status_mut() = status.try_into().expect("a status");
                answer.headers_mut().extend(headers.clone());
                std::future::ready(answer)
            };
            let app = Router::new()
                .route("/v1/agents", any(answer.clone()))
                .route("/v1/agents/{id}", any(answer.clone()))
                .route("/v1/agents/{id}/messages", any(answer));
            axum_serve(listener, app).await;
        });
    });
    address.recv().expect("an address")
}

/// Uses hyper in the same way as the mock.
async fn axum_serve(listener: tokio::net::TcpListener, app: Router) {
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        let _ = stream.set_nodelay(true);
        let service = hyper_util::service::TowerToHyperService::new(app.clone());
        tokio::spawn(async move {
            let io = hyper_util::rt::TokioIo::new(stream);
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(io, service)
                .await;
        });
    }
}

fn compare(
    runtime: &tokio::runtime::Runtime,
    name: &str,
    reply: Option<&'static str>,
    request: &[u8],
) {
    let mock = mock(100, reply);
    let (status, headers, body) = runtime.block_on(async {
        let mut stream = TcpStream::connect(&mock).await.expect("it listens");
        let mut buffer = Vec::new();
        // An agent repeats the last 20 texts that it received. Until then, the responses grow.
        for _ in 0..25 {
            exchange(&mut stream, request, &mut buffer).await;
        }
        let (head, length) = exchange(&mut stream, request, &mut buffer).await;
        parse(&buffer[..head], &buffer[head..length])
    });
    let bare = bare(status, headers, body);
    let (mut rates, mut bare_rates) = (Vec::new(), Vec::new());
    let (mut ratios, mut times, mut bare_times) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS + 2 {
        let mut first = runtime.block_on(load(&bare, request));
        let mut second = runtime.block_on(load(&mock, request));
        let mut third = runtime.block_on(load(&mock, request));
        let mut fourth = runtime.block_on(load(&bare, request));
        if round >= 2 {
            let (bare_time, time) = (first.0 + fourth.0, second.0 + third.0);
            ratios.push(bare_time / time);
            let requests = 2.0 * (CONNECTIONS * REQUESTS) as f64 / 1e3;
            rates.push(requests / time);
            bare_rates.push(requests / bare_time);
            bare_times.append(&mut first.1);
            bare_times.append(&mut fourth.1);
            times.append(&mut second.1);
            times.append(&mut third.1);
        }
    }
    println!(
        "| {name} | {:.1} : {:.1} | {:.2} | {:.2} : {:.2} |",
        at(&mut rates, 0.5),
        at(&mut bare_rates, 0.5),
        at(&mut ratios, 0.5),
        at(&mut times, 0.99),
        at(&mut bare_times, 0.99)
    );
}

/// Returns the rate of a request while a viewer reads the events, divided by its rate without a viewer.
fn with_a_viewer(runtime: &tokio::runtime::Runtime, request: &[u8]) -> f64 {
    let mock = mock(100, None);
    let mut ratios = Vec::new();
    for round in 0..ROUNDS + 2 {
        let first = runtime.block_on(load(&mock, request)).0;
        let viewed: f64 = runtime.block_on(async {
            let viewer = tokio::spawn(watch(mock.clone()));
            let both = load(&mock, request).await.0 + load(&mock, request).await.0;
            viewer.abort();
            both
        });
        let last = runtime.block_on(load(&mock, request)).0;
        if round >= 2 {
            ratios.push((first + last) / viewed);
        }
    }
    at(&mut ratios, 0.5)
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

/// Returns the value below which this share of all values is.
fn at(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[(values.len() as f64 * share) as usize]
}

/// Returns the seconds for all requests, and the milliseconds for each one.
async fn load(address: &str, request: &[u8]) -> (f64, Vec<f64>) {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        let stream = TcpStream::connect(address).await.expect("it listens");
        stream.set_nodelay(true).expect("an option");
        connections.push((stream, request.to_vec()));
    }
    let started = Instant::now();
    let running: Vec<_> = connections
        .into_iter()
        .map(|(mut stream, request)| {
            tokio::spawn(async move {
                let mut buffer = Vec::with_capacity(64 * 1024);
                let mut times = Vec::with_capacity(REQUESTS);
                for _ in 0..REQUESTS {
                    let started = Instant::now();
                    exchange(&mut stream, &request, &mut buffer).await;
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
    (started.elapsed().as_secs_f64(), times)
}

/// Sends a request and reads one response. Returns the length of its headers, and its whole length.
async fn exchange(stream: &mut TcpStream, request: &[u8], buffer: &mut Vec<u8>) -> (usize, usize) {
    buffer.clear();
    stream.write_all(request).await.expect("it reads");
    loop {
        let length = stream.read_buf(buffer).await.expect("it answers");
        assert_ne!(length, 0, "it closed");
        let Some(head) = buffer.windows(4).position(|end| end == b"\r\n\r\n") else {
            continue;
        };
        let head = head + 4;
        let name = b"content-length: ";
        let announced = buffer[..head]
            .windows(name.len())
            .position(|window| window == name)
            .expect("a length");
        let length = buffer[announced + name.len()..head]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .fold(0, |length, digit| length * 10 + usize::from(digit - b'0'));
        if buffer.len() >= head + length {
            return (head, head + length);
        }
    }
}

/// Returns the status, the headers except those that the server adds, and the body.
fn parse(head: &[u8], body: &[u8]) -> (u16, Vec<(HeaderName, HeaderValue)>, Vec<u8>) {
    let head = std::str::from_utf8(head).expect("text");
    let status = head[9..12].parse().expect("a status");
    let headers = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "))
        .filter(|(name, _)| !["content-length", "date"].contains(name))
        .map(|(name, value)| {
            (
                name.parse().expect("a name"),
                value.parse().expect("a value"),
            )
        })
        .collect::<Vec<(HeaderName, HeaderValue)>>();
    assert!(headers.iter().any(|(name, _)| name == CONTENT_TYPE));
    (status, headers, body.to_vec())
}

/// Returns the microseconds for a page of a list: with an unchanged store, and after a create.
fn list_cost(runtime: &tokio::runtime::Runtime, agents: usize, list: &[u8]) -> (f64, f64) {
    let mock = mock(agents, None);
    let create = request("POST", "/v1/agents", r#"{"name":"Harbour Pilot"}"#);
    runtime.block_on(async {
        let mut stream = TcpStream::connect(&mock).await.expect("it listens");
        let mut buffer = Vec::new();
        let mut alone = Vec::new();
        let mut after_create = Vec::new();
        for round in 0..2_200 {
            let creates = round >= 2_000;
            if creates {
                exchange(&mut stream, &create, &mut buffer).await;
            }
            let started = Instant::now();
            exchange(&mut stream, list, &mut buffer).await;
            let time: Duration = started.elapsed();
            let times = if creates {
                &mut after_create
            } else {
                &mut alone
            };
            times.push(time.as_secs_f64() * 1e6);
        }
        (at(&mut alone, 0.5), at(&mut after_create, 0.5))
    })
}
