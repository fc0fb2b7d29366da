//! The program under load, measured from outside (on Linux): start, memory when idle and with
//! agents, a hundred mocks at the same time, a million requests, ten thousand streams, and the
//! shutdown with open connections.
//!
//! `cargo bench -p orionos-mock-server --bench endurance`

#[path = "support/trust.rs"]
mod trust;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use orionos_bench_harness::at;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConnection, StreamOwned};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const REQUESTS: usize = 1_000_000;
const STREAMS: usize = 10_000;
const AGENT: &str = r#"[{"id": "agent_a", "name": "Pilot"}]"#;

struct Mock {
    child: Child,
    address: String,
}

impl Mock {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_orionos-mock-server"))
            .args(["--port", "0", "--quiet"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe"))
            .read_line(&mut line)
            .expect("a line");
        let address = line.trim().rsplit("://").next().expect("an address");
        let address = address.trim_end_matches("/v1").to_owned();
        Self { child, address }
    }

    fn health(&self) {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        stream
            .write_all(b"GET /health HTTP/1.1\r\nhost: mock\r\nconnection: close\r\n\r\n")
            .expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    /// As `health`, over TLS.
    fn secure_health(&self, authority: &str) {
        let authority = CertificateDer::from_pem_file(authority).expect("a certificate");
        let name = ServerName::try_from("127.0.0.1").expect("an address");
        let client = ClientConnection::new(trust::trusting(authority, &[b"http/1.1"]), name);
        let stream = TcpStream::connect(&self.address).expect("it listens");
        // Otherwise, the request waits until the mock confirms the end of the handshake.
        stream.set_nodelay(true).expect("an option");
        let mut stream = StreamOwned::new(client.expect("settings"), stream);
        stream
            .write_all(b"GET /health HTTP/1.1\r\nhost: mock\r\n\r\n")
            .expect("it reads");
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).expect("it answers");
        assert_eq!(&answer, b"HTTP/1.1 200");
    }

    /// Returns the resident memory in MiB.
    fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))
            .expect("this measures on Linux");
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .expect("a resident size");
        let kibibytes: f64 = line
            .split_whitespace()
            .nth(1)
            .expect("a number")
            .parse()
            .expect("a number");
        kibibytes / 1024.0
    }

    fn end(mut self, signal: &str) -> Duration {
        let started = Instant::now();
        Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status()
            .expect("kill runs");
        let status = self.child.wait().expect("it ends");
        assert_eq!(status.code(), Some(0));
        started.elapsed()
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the lowest time, the median and the highest time in milliseconds.
fn spread(times: Vec<Duration>) -> [f64; 3] {
    let times: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1e3).collect();
    [0.0, 0.5, 1.0].map(|share| at(times.clone(), share))
}

fn main() {
    let agents = std::env::temp_dir().join("orionos-mock-endurance.json");
    std::fs::write(&agents, AGENT).expect("a temporary file");
    let agents = agents.to_str().expect("a path").to_owned();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");

    orionos_bench_harness::print_machine();
    println!("| Measured | Result |\n|---|---|");
    start();
    memory_of_agents();
    a_hundred_at_once();
    runtime.block_on(a_million_requests(&agents));
    runtime.block_on(ten_thousand_streams(&agents));
    runtime.block_on(the_end(&agents));
}

fn memory_of_agents() {
    let file = std::env::temp_dir().join("orionos-mock-agents.json");
    for count in [100, 10_000, 100_000] {
        let agents: Vec<String> = (0..count)
            .map(|number| {
                format!(
                    r#"{{"id": "agent_{number:012}", "name": "Harbour Pilot",
                        "bio": ["Brings ships to their berths"], "modelProvider": "anthropic",
                        "model": "claude-3-opus", "clients": ["discord"]}}"#
                )
            })
            .collect();
        std::fs::write(&file, format!("[{}]", agents.join(","))).expect("a temporary file");
        let mock = Mock::start(&["--agents", file.to_str().expect("a path")]);
        mock.health();
        println!(
            "| memory with {count} agents, idle | {:.1} MiB |",
            mock.memory()
        );
    }
    let _ = std::fs::remove_file(&file);
}

fn start() {
    let authority = std::env::temp_dir().join("orionos-mock-authority.pem");
    let authority = authority.to_str().expect("a path");
    let plain = times_of_start(&[], Mock::health);
    let secure = times_of_start(&["--tls", "--ca-file", authority], |mock| {
        mock.secure_health(authority);
    });
    let _ = std::fs::remove_file(authority);
    for (name, times) in [("start", plain), ("start with --tls", secure)] {
        let [lowest, median, highest] = spread(times);
        println!(
            "| {name} to first response, median of 21 [lowest–highest] | {median:.1} [{lowest:.1}–{highest:.1}] ms |"
        );
    }
    let mock = Mock::start(&[]);
    mock.health();
    println!("| memory without agents, idle | {:.1} MiB |", mock.memory());
}

fn times_of_start(arguments: &[&str], first_request: impl Fn(&Mock)) -> Vec<Duration> {
    let start = |_| {
        let started = Instant::now();
        let mock = Mock::start(arguments);
        first_request(&mock);
        started.elapsed()
    };
    (0..21).map(start).collect()
}

fn a_hundred_at_once() {
    let started = Instant::now();
    let threads: Vec<_> = (0..100)
        .map(|_| {
            std::thread::spawn(|| {
                let mock = Mock::start(&[]);
                mock.health();
                mock
            })
        })
        .collect();
    let mocks: Vec<Mock> = threads
        .into_iter()
        .map(|thread| thread.join().expect("every one gets ready"))
        .collect();
    println!(
        "| {} mocks started at the same time, until all are ready | {:.0} ms |",
        mocks.len(),
        started.elapsed().as_secs_f64() * 1000.0
    );
}

async fn a_million_requests(agents: &str) {
    let mock = Mock::start(&["--agents", agents]);
    let mut memory = vec![mock.memory()];
    let started = Instant::now();
    for _ in 0..10 {
        let workers: Vec<_> = (0..16)
            .map(|_| tokio::spawn(gets(mock.address.clone(), REQUESTS / 10 / 16)))
            .collect();
        for worker in workers {
            worker.await.expect("every request is answered");
        }
        memory.push(mock.memory());
    }
    let shown: Vec<String> = memory.iter().map(|memory| format!("{memory:.1}")).collect();
    println!(
        "| memory during {REQUESTS} requests in {:.0} s: at the start and after each tenth | {} MiB |",
        started.elapsed().as_secs_f64(),
        shown.join(", ")
    );
}

async fn gets(address: String, count: usize) {
    let mut stream = tokio::net::TcpStream::connect(address)
        .await
        .expect("it listens");
    let mut buffer = vec![0; 4096];
    for _ in 0..count {
        stream
            .write_all(b"GET /v1/agents/agent_a HTTP/1.1\r\nhost: mock\r\nauthorization: Bearer test-key\r\n\r\n")
            .await
            .expect("it reads");
        let mut filled = 0;
        while !buffer[..filled].ends_with(b"}}") {
            let length = stream
                .read(&mut buffer[filled..])
                .await
                .expect("it answers");
            assert!(length > 0, "the connection ended");
            filled += length;
        }
        assert!(buffer.starts_with(b"HTTP/1.1 200"));
    }
}

async fn open_stream(address: String) -> tokio::net::TcpStream {
    let mut stream = tokio::net::TcpStream::connect(address)
        .await
        .expect("it listens");
    let body = r#"{"text":"Hello there"}"#;
    let request = format!(
        "POST /v1/agents/agent_a/messages/stream HTTP/1.1\r\nhost: mock\r\nconnection: close\r\n\
         authorization: Bearer test-key\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream
        .write_all(request.as_bytes())
        .await
        .expect("it reads");
    let mut seen = Vec::new();
    while !seen.windows(5).any(|window| window == b"data:") {
        let mut buffer = [0; 1024];
        let length = stream.read(&mut buffer).await.expect("it answers");
        assert!(length > 0, "the stream ended before its first event");
        seen.extend_from_slice(&buffer[..length]);
    }
    stream
}

/// The clock is frozen, so that every stream waits after its first token until all are open.
async fn ten_thousand_streams(agents: &str) {
    let mock = Mock::start(&[
        "--agents",
        agents,
        "--clock",
        "frozen",
        "--token-pace",
        "1000",
    ]);
    let before = mock.memory();
    let started = Instant::now();
    let mut streams = Vec::new();
    for _ in 0..STREAMS {
        streams.push(open_stream(mock.address.clone()).await);
    }
    let opened = started.elapsed();
    let open = mock.memory();
    let readers: Vec<_> = streams
        .into_iter()
        .map(|mut stream| {
            tokio::spawn(async move {
                let mut rest = Vec::new();
                stream
                    .read_to_end(&mut rest)
                    .await
                    .expect("it is delivered");
                let text = String::from_utf8_lossy(&rest);
                assert!(
                    text.contains("\"done\"") && text.ends_with("0\r\n\r\n"),
                    "{text}"
                );
            })
        })
        .collect();
    let advance = async {
        loop {
            tokio::net::TcpStream::connect(&mock.address)
                .await
                .expect("it listens")
                .write_all(
                    b"POST /__mock/clock HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                      content-type: application/json\r\ncontent-length: 18\r\n\r\n{\"advanceMs\":1000}",
                )
                .await
                .expect("it reads");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let delivered = async {
        for reader in readers {
            reader.await.expect("every stream is whole");
        }
    };
    tokio::select! {
        () = delivered => {}
        () = advance => {}
    }
    println!(
        "| {STREAMS} simultaneous streams | open after {:.1} s, all delivered after {:.1} s; \
         {before:.1} MiB before, {open:.1} MiB while open, {:.1} MiB after |",
        opened.as_secs_f64(),
        started.elapsed().as_secs_f64(),
        mock.memory()
    );
}

async fn the_end(agents: &str) {
    for signal in ["TERM", "INT"] {
        let mut times = Vec::new();
        for _ in 0..5 {
            let mock = Mock::start(&["--agents", agents, "--fault", "stream_stall=1"]);
            let idle: Vec<TcpStream> = (0..100)
                .map(|_| TcpStream::connect(&mock.address).expect("it listens"))
                .collect();
            let mut streams = Vec::new();
            for _ in 0..10 {
                streams.push(open_stream(mock.address.clone()).await);
            }
            times.push(mock.end(&format!("-{signal}")));
            drop((idle, streams));
        }
        println!(
            "| SIG{signal} with 100 idle connections and 10 endless streams, slowest of 5 | exit 0 after {:.0} ms |",
            spread(times)[2]
        );
    }
}
