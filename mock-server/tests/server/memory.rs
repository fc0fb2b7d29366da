//! The memory of the program under inputs that could fill it. Linux only, which tells the memory of a
//! process.
#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};

struct Program {
    child: Child,
    address: String,
    _log: BufReader<ChildStdout>,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_orionos-mock-server"))
            .args(["--port", "0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        log.read_line(&mut line).unwrap();
        let (_, address) = line.trim().split_once("http://").unwrap();
        Self {
            child,
            address: address.trim_end_matches("/v1").to_owned(),
            _log: log,
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    fn head(method: &str, path: &str, length: usize) -> String {
        format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer test-key\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        )
    }

    /// Sends a request with `connection: close` and returns the response.
    fn request(&self, method: &str, path: &str, body: &str) -> Vec<u8> {
        let mut stream = self.connect();
        let head = Self::head(method, path, body.len());
        let head = head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    }

    /// Returns the largest memory so far in MiB.
    fn peak(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmHWM:"))
            .unwrap();
        let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kib / 1024
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn messages_to_agents_that_do_not_exist_keep_no_window() {
    let mock = Program::start(&["--quiet", "--clock", "frozen"]);
    let long = "x".repeat(60_000);
    let mut stream = mock.connect();
    for number in 0..500 {
        let path = format!("/v1/agents/{number}{long}/messages");
        let head = Program::head("POST", &path, 13);
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(br#"{"text":"Hi"}"#).unwrap();
        let mut answer = vec![0; 128 << 10];
        let mut length = 0;
        while !answer[..length].ends_with(b"}}") {
            length += stream.read(&mut answer[length..]).unwrap();
        }
        assert!(answer.starts_with(b"HTTP/1.1 404"), "{number}");
    }
    // 30 MB of ids were sent, of which the journal keeps 16 MiB.
    assert!(mock.peak() < 45, "{} MiB", mock.peak());
}

#[test]
fn a_long_reply_needs_little_more_than_its_text_as_a_stream() {
    let mock = Program::start(&["--quiet"]);
    let created = mock.request("POST", "/v1/agents", r#"{"name":"a"}"#);
    let created = String::from_utf8(created).unwrap();
    let id = created.split("\"id\":\"").nth(1).unwrap();
    let path = format!("/v1/agents/{}/messages/stream", &id[..18]);
    let body = format!(r#"{{"text":"{}"}}"#, "a ".repeat(250_000));
    let answer = mock.request("POST", &path, &body);
    assert!(answer.starts_with(b"HTTP/1.1 200"));
    assert!(answer.len() > 10 << 20);
    assert!(mock.peak() < 45, "{} MiB", mock.peak());
}

#[test]
fn a_verbose_log_that_nobody_reads_is_bounded() {
    let mock = Program::start(&["--verbose"]);
    let body = format!(r#"{{"name":"a","x":"{}"}}"#, "x".repeat(1_000_000));
    for _ in 0..110 {
        // Without a key nothing but the log and the journal keeps the body.
        let mut stream = mock.connect();
        let head = Program::head("POST", "/v1/agents", body.len()).replace(
            "authorization: Bearer test-key\r\n",
            "connection: close\r\n",
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 401"));
    }
    assert!(mock.peak() < 90, "{} MiB", mock.peak());
}

#[test]
fn large_bodies_that_never_end_share_a_budget() {
    let mock = Program::start(&["--quiet"]);
    let part = vec![b' '; 1 << 20];
    let mut rejected = 0;
    let mut open = Vec::new();
    for _ in 0..16 {
        let mut stream = mock.connect();
        let head = Program::head("PUT", "/__mock/state", 60 << 20);
        stream.write_all(head.as_bytes()).unwrap();
        // A rejected upload may end in the middle.
        for _ in 0..30 {
            if stream.write_all(&part).is_err() {
                break;
            }
        }
        open.push(stream);
    }
    for stream in &mut open {
        stream.set_nonblocking(true).unwrap();
        let mut first = [0; 12];
        if stream.read(&mut first).is_ok_and(|length| length > 0) {
            assert_eq!(&first, b"HTTP/1.1 503");
            rejected += 1;
        }
    }
    assert!(rejected > 0);
    assert!(mock.peak() < 400, "{} MiB", mock.peak());
    drop(open);
    // The budget is free again.
    let answer = mock.request("PUT", "/__mock/state", r#"{"agents":[]}"#);
    assert!(answer.starts_with(b"HTTP/1.1 200"));
}
