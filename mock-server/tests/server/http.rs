//! HTTP at its edges, on raw sockets: limits, malformed requests and connections that end early.

use std::time::Duration;

use orionos_mock_server::{Fault, MockServer, Operation};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::connect;

/// Sends bytes and returns everything that comes back.
async fn exchange(mock: &MockServer, bytes: &[u8]) -> String {
    let mut socket = connect(mock).await;
    socket.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let read = socket.read_to_end(&mut answer);
    tokio::time::timeout(Duration::from_secs(10), read)
        .await
        .expect("the connection must end")
        .expect("the response must not be lost to a reset");
    String::from_utf8(answer).unwrap()
}

/// Returns the status, and the code of the envelope.
fn status_and_code(answer: &str) -> (u16, String) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head[9..12].parse().unwrap();
    let envelope: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"));
    assert_eq!(envelope["success"], false);
    (
        status,
        envelope["error"]["code"].as_str().unwrap().to_owned(),
    )
}

const POST: &str = "POST /v1/agents HTTP/1.1\r\nhost: mock\r\nauthorization: Bearer test-key\r\n\
                    content-type: application/json\r\n";

#[tokio::test]
async fn a_body_that_announces_its_size_is_rejected_before_it_is_sent() {
    let mock = MockServer::start().await;
    for headers in [
        "content-length: 1048577\r\n",
        "content-length: 99999999999\r\n",
        "content-length: 1048577\r\nexpect: 100-continue\r\n",
    ] {
        let answer = exchange(&mock, format!("{POST}{headers}\r\n").as_bytes()).await;
        assert_eq!(
            status_and_code(&answer),
            (413, "INVALID_REQUEST".into()),
            "{headers}"
        );
        assert!(!answer.contains("100 Continue"), "{answer}");
    }
}

#[tokio::test]
async fn a_small_body_is_asked_for_with_100_continue() {
    let mock = MockServer::start().await;
    let mut socket = connect(&mock).await;
    let head =
        format!("{POST}connection: close\r\ncontent-length: 12\r\nexpect: 100-continue\r\n\r\n");
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut first = [0; 25];
    socket.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 100 Continue\r\n\r\n");
    socket.write_all(br#"{"name":"a"}"#).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
}

#[tokio::test]
async fn a_client_that_sends_a_large_body_still_reads_the_response() {
    let mock = MockServer::start().await;
    let body = "x".repeat(4 << 20);
    for round in 0..5 {
        let length = body.len();
        let announced = format!("{POST}content-length: {length}\r\n\r\n{body}");
        let answer = exchange(&mock, announced.as_bytes()).await;
        assert_eq!(status_and_code(&answer).0, 413, "{round}");
        let chunked =
            format!("{POST}transfer-encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n0\r\n\r\n");
        let answer = exchange(&mock, chunked.as_bytes()).await;
        assert_eq!(status_and_code(&answer).0, 413, "{round}");
    }
}

#[tokio::test]
async fn a_request_that_is_not_valid_http_gets_an_envelope() {
    let mock = MockServer::start().await;
    let many_headers: String = (0..200)
        .map(|number| format!("x-{number}: y\r\n"))
        .collect();
    for (request, status) in [
        (
            format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "x".repeat(70_000)),
            414,
        ),
        (
            format!("GET / HTTP/1.1\r\nhost: a\r\n{many_headers}\r\n"),
            431,
        ),
        (
            format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(1 << 20)),
            431,
        ),
        ("nonsense\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.1\r\nbad header\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/9.9\r\nhost: a\r\n\r\n".to_owned(), 400),
        (
            "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: x\r\n\r\n".to_owned(),
            400,
        ),
    ] {
        let answer = exchange(&mock, request.as_bytes()).await;
        let start = &request[..request.len().min(40)];
        assert_eq!(
            status_and_code(&answer),
            (status, "INVALID_REQUEST".into()),
            "{start}"
        );
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
    }
}

#[tokio::test]
async fn http_1_1_requires_exactly_one_host() {
    let mock = MockServer::start().await;
    for path in ["/v1/agents", "/health", "/__mock/state"] {
        for (version, host, status) in [
            ("1.1", "", "400"),
            ("1.1", "host: localhost\r\nhost: localhost\r\n", "400"),
            ("1.0", "", "200"),
            ("1.1", "host: localhost\r\n", "200"),
        ] {
            let request = format!(
                "GET {path} HTTP/{version}\r\n{host}authorization: Bearer test-key\r\n\
                 connection: close\r\n\r\n"
            );
            let answer = exchange(&mock, request.as_bytes()).await;
            assert_eq!(&answer[9..12], status, "{path} {version} {host:?}");
        }
    }
}

/// The statuses of all responses that came back.
fn statuses(answer: &str) -> Vec<&str> {
    answer
        .split("HTTP/1.1 ")
        .skip(1)
        .map(|response| &response[..3])
        .collect()
}

#[tokio::test]
async fn no_spelling_of_a_request_gets_around_the_guard() {
    let mock = MockServer::start().await;
    mock.fault(Fault::close().on(Operation::Delete));
    for (request, expected) in [
        ("POST /__mock/reset HTTP/1.1\r\nhost: evil.example", "403"),
        ("POST /__mock/%72eset HTTP/1.1\r\nhost: evil.example", "403"),
        ("POST /__mock//reset HTTP/1.1\r\nhost: evil.example", "403"),
        ("POST /__mock/./reset HTTP/1.1\r\nhost: evil.example", "403"),
        ("POST /__mock/reset/ HTTP/1.1\r\nhost: evil.example", "403"),
        ("POST /__mock/reset?a HTTP/1.1\r\nhost: evil.example", "403"),
        (
            "POST /__mock/../__mock/reset HTTP/1.1\r\nhost: evil.example",
            "403",
        ),
        // These are other paths, and there is nothing at them.
        ("POST /%5f_mock/reset HTTP/1.1\r\nhost: evil.example", "404"),
        (
            "POST /%5F%5Fmock%2Freset HTTP/1.1\r\nhost: evil.example",
            "404",
        ),
        ("POST //__mock/reset HTTP/1.1\r\nhost: evil.example", "404"),
        ("POST /./__mock/reset HTTP/1.1\r\nhost: evil.example", "404"),
        (
            "POST /v1/../__mock/reset HTTP/1.1\r\nhost: evil.example",
            "404",
        ),
        ("POST /__MOCK/reset HTTP/1.1\r\nhost: evil.example", "404"),
        ("POST /__mock%2freset HTTP/1.1\r\nhost: evil.example", "404"),
        // The target and the header may name different hosts.
        (
            "POST http://evil.example/__mock/reset HTTP/1.1\r\nhost: localhost",
            "403",
        ),
        (
            "POST http://localhost/__mock/reset HTTP/1.1\r\nhost: evil.example",
            "403",
        ),
        (
            "POST http://a@evil.example/__mock/reset HTTP/1.1\r\nhost: localhost",
            "403",
        ),
        // Forms of a host.
        (
            "POST /__mock/reset HTTP/1.1\r\nhost: evil.example:80",
            "403",
        ),
        ("POST /__mock/reset HTTP/1.1\r\nhost: evil.example.", "403"),
        (
            "POST /__mock/reset HTTP/1.1\r\nhost: localhost@evil.example",
            "400",
        ),
        (
            "POST /__mock/reset HTTP/1.1\r\nhost: evil.example@localhost",
            "400",
        ),
        (
            "POST /__mock/reset HTTP/1.1\r\nhost: localhost evil.example",
            "400",
        ),
        (
            "POST /__mock/reset HTTP/1.1\r\nhost: localhost/evil.example",
            "400",
        ),
        ("POST /__mock/reset HTTP/1.1\r\nhost: ", "400"),
        ("POST /__mock/reset HTTP/1.1\r\nhost: [::2]", "403"),
        ("POST /__mock/reset HTTP/1.1\r\nhost: [fe80::1]:80", "403"),
        ("POST /__mock/reset HTTP/1.1\r\nhost: 0.0.0.0", "403"),
        ("POST /__mock/reset HTTP/1.1\r\nhost: 0x7f.1", "403"),
        (
            "POST /__mock/reset HTTP/1.1\r\nhost: localhost\r\nhost: evil.example",
            "400",
        ),
        (
            "POST /__mock/reset HTTP/1.1\r\nhost: localhost\r\norigin: ",
            "403",
        ),
        (
            "POST /__mock/reset HTTP/1.1\r\nhost: localhost\r\norigin: a\r\norigin: http://localhost",
            "403",
        ),
        (
            "POST /__mock/reset HTTP/1.1\r\nhost: localhost\r\nsec-fetch-site: Cross-Site",
            "403",
        ),
        ("POST /__mock/reset HTTP/1.0\r\nhost: evil.example", "403"),
    ] {
        let bytes =
            format!("{request}\r\nauthorization: Bearer test-key\r\nconnection: close\r\n\r\n");
        let answer = exchange(&mock, bytes.as_bytes()).await;
        let answer = answer.replace("HTTP/1.0 ", "HTTP/1.1 ");
        assert_eq!(statuses(&answer), [expected], "{request}");
        assert_eq!(mock.faults().len(), 1, "{request}");
    }
}

#[tokio::test]
async fn every_spelling_of_this_machine_passes_the_guard() {
    let mock = MockServer::start().await;
    for request in [
        "GET /__mock/state HTTP/1.1\r\nhost: localhost:1",
        "GET /__mock/state HTTP/1.1\r\nhost: LocalHost.",
        "GET /__mock/state HTTP/1.1\r\nhost: 127.0.0.1",
        "GET /__mock/state HTTP/1.1\r\nhost: [::1]:3000",
        "GET /__mock/state HTTP/1.1\r\nhost: [0:0:0:0:0:0:0:1]",
        "GET http://localhost/__mock/state HTTP/1.1\r\nhost: localhost",
        "GET /__mock/state HTTP/1.0",
    ] {
        let bytes = format!("{request}\r\nconnection: close\r\n\r\n");
        let answer = exchange(&mock, bytes.as_bytes()).await;
        assert_eq!(&answer[9..12], "200", "{request}");
    }
}

#[tokio::test]
async fn each_request_of_a_connection_passes_the_guard_for_itself() {
    let mock = MockServer::start().await;
    mock.fault(Fault::close().on(Operation::Delete));
    let good = "GET /__mock/clock HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let evil = "POST /__mock/reset HTTP/1.1\r\nhost: evil.example\r\ncontent-length: 0\r\n\r\n";
    let last = "GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let answer = exchange(&mock, format!("{good}{evil}{good}{evil}{last}").as_bytes()).await;
    assert_eq!(statuses(&answer), ["200", "403", "200", "403", "200"]);

    // What is in a body is not a request.
    let inside = format!("{evil}0\r\n\r\n");
    for headers in [
        format!("content-length: {}", inside.len()),
        format!(
            "content-length: {}\r\ncontent-length: {}",
            inside.len(),
            inside.len()
        ),
    ] {
        let request = format!(
            "POST /v1/agents HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer test-key\r\n\
             connection: close\r\n{headers}\r\n\r\n{inside}"
        );
        let answer = exchange(&mock, request.as_bytes()).await;
        assert_eq!(statuses(&answer).len(), 1, "{answer}");
        assert_eq!(mock.faults().len(), 1);
    }
}
