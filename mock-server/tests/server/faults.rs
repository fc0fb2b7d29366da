//! The effect of each fault on a raw socket.

use std::io::ErrorKind;
use std::time::Duration;

use crate::support::{connect, exchange, raw, send, split};
use orionos_mock_server::{Clock, Fault, MockServer, Operation};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const AGENT: &str = "agent_test00000000";
const PATH: &str = "/v1/agents/agent_test00000000";
const STREAM: &str = "/v1/agents/agent_test00000000/messages/stream";
const HI: &str = r#"{"text":"naïve 🌊"}"#;

async fn mock(fault: Fault) -> MockServer {
    MockServer::builder()
        .agents([json!({"id": AGENT, "name": "Pilot"})])
        .fault(fault)
        .start()
        .await
        .unwrap()
}

/// Returns the head and the body of a get with a fault.
async fn get(fault: Fault) -> (String, Vec<u8>) {
    let mock = mock(fault).await;
    let (answer, end) = exchange(&mock, "GET", PATH, "").await;
    end.unwrap();
    split(&answer)
}

/// Returns the head, the body and the end of a stream with a fault.
async fn stream(fault: Fault) -> (String, Vec<u8>, std::io::Result<()>) {
    let mock = mock(fault).await;
    let (answer, end) = exchange(&mock, "POST", STREAM, HI).await;
    let (head, body) = split(&answer);
    (head, body, end)
}

fn count(body: &[u8], word: &str) -> usize {
    String::from_utf8_lossy(body).matches(word).count()
}

#[tokio::test]
async fn a_status_fault_has_its_code_and_its_name() {
    let (head, body) = get(Fault::status(503).details(json!({"a": 1}))).await;
    assert!(
        head.starts_with("http/1.1 503") && head.contains("x-mock-fault: status"),
        "{head}"
    );
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["error"]["code"], "AGENT_UNAVAILABLE");
    assert_eq!(body["error"]["details"], json!({"a": 1}));
    let (_, body) = get(Fault::status(500).code("MODEL_ERROR").message("It broke")).await;
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        body["error"],
        json!({"code": "MODEL_ERROR", "message": "It broke"})
    );
}

#[tokio::test]
async fn an_invalid_status_becomes_a_server_error() {
    for status in [0, 99, 100, 199, 1000, u16::MAX] {
        let (head, _) = get(Fault::status(status)).await;
        assert!(head.starts_with("http/1.1 500"), "{status}: {head}");
    }
}

#[tokio::test]
async fn a_rate_limit_fault_has_its_retry_after_delay() {
    let (head, body) = get(Fault::rate_limit(0.5)).await;
    assert!(
        head.starts_with("http/1.1 429") && head.contains("retry-after: 1"),
        "{head}"
    );
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["error"]["details"]["retryAfter"], 0.5);
}

#[tokio::test]
async fn a_closed_connection_ends_before_the_response() {
    let mock = mock(Fault::close()).await;
    let (answer, end) = exchange(&mock, "GET", PATH, "").await;
    assert!(answer.is_empty() && end.is_ok());
    assert_eq!(mock.requests()[0].fault.as_deref(), Some("close"));
    assert_eq!(mock.requests()[0].status, None);
}

#[tokio::test]
async fn a_reset_fault_sends_a_tcp_reset() {
    let mock = mock(Fault::reset()).await;
    let (answer, end) = exchange(&mock, "GET", PATH, "").await;
    assert!(answer.is_empty());
    assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn the_faults_of_http2_end_a_connection_of_http1() {
    for (fault, reset, created) in [
        (Fault::refused_stream(), true, 0),
        (Fault::refused_stream().after_acting(), true, 0),
        (Fault::reset_stream(), true, 0),
        (Fault::reset_stream().after_acting(), true, 1),
        (Fault::goaway(), false, 0),
        (Fault::goaway().after_acting(), false, 1),
    ] {
        let name = serde_json::to_string(&fault).unwrap();
        let mock = mock(fault).await;
        let before = mock.snapshot().len();
        let (answer, end) = exchange(&mock, "POST", "/v1/agents", r#"{"name":"a"}"#).await;
        assert!(answer.is_empty(), "{name}");
        let expected = reset.then_some(ErrorKind::ConnectionReset);
        assert_eq!(end.err().map(|error| error.kind()), expected, "{name}");
        assert_eq!(mock.snapshot().len(), before + created, "{name}");
    }
}

#[tokio::test]
async fn a_connection_can_fail_before_or_after_the_mock_acts() {
    let mock = mock(Fault::reset().on(Operation::Create).times(1)).await;
    mock.fault(Fault::reset().on(Operation::Create).after_acting());
    let count = || mock.snapshot().len();
    let _ = exchange(&mock, "POST", "/v1/agents", r#"{"name":"a"}"#).await;
    assert_eq!(count(), 1, "not created");
    let _ = exchange(&mock, "POST", "/v1/agents", r#"{"name":"a"}"#).await;
    assert_eq!(count(), 2, "created, and the answer lost");
}

#[tokio::test]
async fn a_cut_body_is_shorter_than_its_content_length() {
    let mock = mock(Fault::cut_body()).await;
    let (answer, _) = exchange(&mock, "GET", PATH, "").await;
    let (head, body) = split(&answer);
    let length = head
        .split("content-length: ")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap();
    let length: usize = length.parse().unwrap();
    assert!(
        !body.is_empty() && body.len() < length,
        "{} of {length}",
        body.len()
    );
}

#[tokio::test]
async fn bodies_that_are_not_json_have_their_full_length() {
    for fault in [Fault::truncated_json(), Fault::malformed_json()] {
        let (head, body) = get(fault).await;
        assert!(head.starts_with("http/1.1 200"), "{head}");
        assert!(
            head.contains(&format!("content-length: {}", body.len())),
            "{head}"
        );
        assert!(serde_json::from_slice::<Value>(&body).is_err());
    }
}

#[tokio::test]
async fn html_pages_wrong_content_types_and_empty_bodies_are_sent() {
    let (head, body) = get(Fault::html_page(502)).await;
    assert!(
        head.starts_with("http/1.1 502") && head.contains("text/html"),
        "{head}"
    );
    assert!(body.starts_with(b"<html>"));
    let (head, body) = get(Fault::wrong_content_type()).await;
    assert!(head.contains("content-type: text/plain"), "{head}");
    assert!(serde_json::from_slice::<Value>(&body).is_ok());
    let (head, body) = get(Fault::empty_body()).await;
    assert!(
        head.starts_with("http/1.1 200") && body.is_empty(),
        "{head}"
    );
}

#[tokio::test]
async fn a_latency_waits_on_the_mocks_clock() {
    let mock = MockServer::builder()
        .clock(Clock::frozen())
        .fault(Fault::latency(Duration::from_secs(60)))
        .start()
        .await
        .unwrap();
    let mut stream = connect(&mock).await;
    stream
        .write_all(raw(&mock, "GET", "/v1/agents", "").as_bytes())
        .await
        .unwrap();
    while mock.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(mock.requests()[0].status, None, "it waits");
    // The request may not wait yet, so the clock is moved until it has a response.
    let mut first = [0; 12];
    let read = stream.read_exact(&mut first);
    tokio::pin!(read);
    loop {
        mock.advance(Duration::from_secs(60));
        tokio::select! {
            result = &mut read => { result.unwrap(); break }
            () = tokio::task::yield_now() => {}
        }
    }
    assert_eq!(&first, b"HTTP/1.1 200");
}

#[tokio::test]
async fn a_stalled_stream_remains_open_and_sends_nothing() {
    let mock = mock(Fault::stream_stall(1)).await;
    let mut socket = connect(&mock).await;
    socket
        .write_all(raw(&mock, "POST", STREAM, HI).as_bytes())
        .await
        .unwrap();
    let mut seen = Vec::new();
    while count(&seen, "data:") < 1 {
        let mut buffer = [0; 1024];
        let length = socket.read(&mut buffer).await.unwrap();
        assert!(length > 0, "it must stay open");
        seen.extend_from_slice(&buffer[..length]);
    }
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let more = socket.try_read(&mut [0; 16]);
    assert_eq!(more.unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[tokio::test]
async fn a_stream_can_end_properly_without_done() {
    let (_, body, end) = stream(Fault::stream_end(2)).await;
    end.unwrap();
    assert_eq!((count(&body, "token"), count(&body, "done")), (2, 0));
    assert!(body.ends_with(b"0\r\n\r\n"), "the last chunk is there");
}

#[tokio::test]
async fn a_stream_can_end_with_an_error_event() {
    let (_, body, _) = stream(Fault::stream_error(2)).await;
    assert_eq!(
        (
            count(&body, "token"),
            count(&body, "MODEL_ERROR"),
            count(&body, "done")
        ),
        (2, 1, 0)
    );
}

#[tokio::test]
async fn a_stream_that_is_cut_off_has_no_last_chunk() {
    let (_, body, _) = stream(Fault::stream_cut(2)).await;
    assert_eq!(count(&body, "token"), 2);
    assert!(!body.ends_with(b"0\r\n\r\n"));

    let (_, body, _) = stream(Fault::stream_cut_inside_event(1)).await;
    assert!(!body.ends_with(b"0\r\n\r\n"));
    let text = String::from_utf8_lossy(&body).into_owned();
    let last = text.rsplit("data: ").next().unwrap();
    assert!(
        !last.contains("\n\n"),
        "the last event is not whole: {last}"
    );

    let (_, body, _) = stream(Fault::stream_cut_inside_character()).await;
    assert!(!body.ends_with(b"0\r\n\r\n"));
    // The payload of the chunk, which ends in half a character, is followed by a line break.
    let payload = body.strip_suffix(b"\r\n").unwrap_or(&body);
    let error = std::str::from_utf8(payload).unwrap_err();
    assert_eq!(error.error_len(), None, "cut in the middle of a character");
}

#[tokio::test]
async fn unusual_but_valid_streams_are_sent() {
    let (_, body, _) = stream(Fault::stream_crlf()).await;
    assert!(count(&body, "}\r\n\r\n") > 3 && count(&body, "}\n\n") == 0);

    let (_, body, _) = stream(Fault::stream_comments()).await;
    assert_eq!(count(&body, ": keep-alive"), count(&body, "data:"));

    let (head, body, _) = stream(Fault::stream_drip()).await;
    assert!(head.contains("transfer-encoding: chunked"), "{head}");
    assert!(count(&body, "1\r\n") > 100, "a chunk for each byte");
}

#[tokio::test]
async fn a_slowly_read_body_is_read_completely() {
    let mock = mock(Fault::slow_request_body(Duration::from_millis(1))).await;
    let (answer, _) = exchange(&mock, "POST", "/v1/agents", r#"{"name":"a"}"#).await;
    let (head, _) = split(&answer);
    assert!(
        head.starts_with("http/1.1 201") && head.contains("x-mock-fault: slow_request_body"),
        "{head}"
    );
}

#[tokio::test]
async fn a_rejected_key_uses_up_no_fault() {
    for fault in [
        Fault::slow_request_body(Duration::from_millis(1)).times(1),
        Fault::status(503).times(1),
        Fault::latency(Duration::from_millis(1)).times(1),
    ] {
        let mock = mock(fault.clone()).await;
        for key in ["Bearer wrong", ""] {
            let request = http::Request::post("/v1/agents")
                .header("authorization", key)
                .header("content-type", "application/json")
                .body(http_body_util::Full::from(r#"{"name":"a"}"#))
                .unwrap();
            let answer = crate::support::send_request(&mock, request).await.unwrap();
            assert_eq!((answer.status, answer.header("x-mock-fault")), (401, ""));
        }
        assert_eq!(mock.faults(), [(fault, 0)]);
    }
}

#[tokio::test]
async fn faults_of_streams_apply_to_everything_that_streams_and_to_nothing_else() {
    let mock = mock(Fault::stream_end(1)).await;
    for (path, body, applied) in [
        ("messages/stream", r#"{"text":"a"}"#, true),
        ("messages/stream", r#"{"text":"a","stream":false}"#, true),
        ("messages", r#"{"text":"a","stream":true}"#, true),
        ("messages", r#"{"text":"a","\u0073tream":true}"#, true),
        (
            "messages",
            r#"{"stream":false,"text":"a","stream":true}"#,
            true,
        ),
        (
            "messages",
            r#"{"stream":true,"text":"a","stream":false}"#,
            false,
        ),
        ("messages", r#"{"text":"\"stream\":true"}"#, false),
        (
            "messages",
            r#"{"text":"a","context":{"stream":true}}"#,
            false,
        ),
        ("messages", r#"{"text":"a","stream":null}"#, false),
    ] {
        let answer = send(&mock, "POST", &format!("{PATH}/{path}"), body).await;
        assert_eq!(answer.status, 200, "{body}");
        let is_stream = answer.header("content-type") == "text/event-stream";
        assert_eq!(is_stream, applied, "{body}");
        let name = if applied { "stream_end" } else { "" };
        assert_eq!(answer.header("x-mock-fault"), name, "{body}");
    }
}

#[tokio::test]
async fn a_fault_of_streams_is_left_for_a_request_that_streams() {
    let mock = mock(Fault::stream_end(1).times(1)).await;
    mock.fault(Fault::status(503).on(Operation::Get));
    for (path, body, status) in [
        ("/v1/agents/none/messages/stream", r#"{"text":"a"}"#, 404),
        (STREAM, r#"{"text":""}"#, 400),
        (STREAM, "nonsense", 400),
    ] {
        let answer = send(&mock, "POST", path, body).await;
        assert_eq!((answer.status, answer.header("x-mock-fault")), (status, ""));
        assert_eq!(mock.faults()[0].1, 0);
    }
    let answer = send(&mock, "POST", STREAM, HI).await;
    assert_eq!(answer.header("x-mock-fault"), "stream_end");
    assert_eq!(mock.faults()[0].1, 1);
    let answer = send(&mock, "POST", STREAM, HI).await;
    assert_eq!(answer.header("x-mock-fault"), "");
}

#[tokio::test]
async fn an_injected_429_has_the_headers_of_a_used_up_window() {
    for (fault, reset) in [
        (Fault::rate_limit(0.5), 1_767_225_601),
        (Fault::rate_limit(30.0), 1_767_225_630),
        (Fault::status(429), 1_767_225_660),
        (
            Fault::status(429).details(json!({"retryAfter": 7})),
            1_767_225_607,
        ),
    ] {
        let mock = MockServer::builder()
            .clock(Clock::frozen())
            .fault(fault)
            .in_process()
            .unwrap();
        let answer = send(&mock, "GET", "/v1/agents", "").await;
        assert_eq!(answer.status, 429);
        assert_eq!(answer.header("x-ratelimit-remaining"), "0");
        assert_eq!(answer.header("x-ratelimit-reset"), reset.to_string());
        mock.clear_faults();
        let next = send(&mock, "GET", "/v1/agents", "").await;
        assert_eq!(next.header("x-ratelimit-remaining"), "1000000");
    }
}

#[tokio::test]
async fn a_sequence_is_atomic_under_a_hundred_concurrent_requests() {
    let mock = mock(Fault::rate_limit(1.0).times(2)).await;
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let mock = mock.clone();
            tokio::spawn(async move { send(&mock, "GET", PATH, "").await.status })
        })
        .collect();
    let mut refused = 0;
    for task in tasks {
        refused += usize::from(task.await.unwrap() == 429);
    }
    assert_eq!(refused, 2);
}

#[tokio::test]
async fn in_process_a_failed_connection_is_an_error_of_the_call_or_the_body() {
    let request = || {
        http::Request::get(PATH)
            .header("authorization", "Bearer test-key")
            .body(http_body_util::Full::default())
            .unwrap()
    };
    for (fault, kind) in [
        (Fault::reset(), ErrorKind::ConnectionReset),
        (Fault::close(), ErrorKind::UnexpectedEof),
        (Fault::cut_body(), ErrorKind::Other),
    ] {
        let mock = MockServer::builder()
            .agents([json!({"id": AGENT, "name": "Pilot"})])
            .fault(fault)
            .in_process()
            .unwrap();
        let error = crate::support::send_request(&mock, request())
            .await
            .err()
            .unwrap();
        assert_eq!(error.kind(), kind);
    }
}

#[tokio::test]
async fn faults_can_be_listed_and_removed() {
    let mock = mock(Fault::status(500)).await;
    assert_eq!(send(&mock, "GET", PATH, "").await.status, 500);
    assert_eq!(mock.faults(), [(Fault::status(500), 1)]);
    mock.clear_faults();
    assert_eq!(send(&mock, "GET", PATH, "").await.status, 200);
}

/// The README's tables of faults: what `--fault` accepts is what the control API accepts.
#[test]
fn flags_and_control_calls_of_the_readme_give_the_same_faults() {
    let readme = include_str!("../../README.md");
    let mut rows = 0;
    for line in readme.lines().filter(|line| line.contains(r#"`{"kind":"#)) {
        let cells: Vec<&str> = line.split(" | ").collect();
        let word = |cell: &str| cell.trim_matches(['`', '|', ' ']).to_owned();
        let flag = word(cells[2]);
        let from_flag: Fault = flag
            .parse()
            .unwrap_or_else(|error| panic!("{flag}: {error}"));
        let from_json: Fault = serde_json::from_str(&word(cells[3])).unwrap();
        assert_eq!(from_flag, from_json, "{line}");
        rows += 1;
    }
    assert_eq!(rows, 25);
}
