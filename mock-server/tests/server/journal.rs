//! The journal: responses, durations and clients that leave.

use std::time::Duration;

use orionos_mock_server::{Clock, Fault, MockServer, Operation, RecordedRequest, RequestPattern};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{connect, raw, send};

const STREAM: &str = "/v1/agents/a/messages/stream";
const HI: &str = r#"{"text":"Hi"}"#;

fn builder() -> orionos_mock_server::MockServerBuilder {
    MockServer::builder()
        .clock(Clock::frozen())
        .agents([json!({"id": "a", "name": "Pilot"})])
}

/// Returns the last request when it is complete.
async fn completed(mock: &MockServer) -> RecordedRequest {
    loop {
        let last = mock.requests().pop();
        if let Some(request) = last.filter(|request| request.duration.is_some()) {
            return request;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn it_has_the_response_with_headers_and_body() {
    let mock = builder().in_process().unwrap();
    for (method, path, body) in [
        ("POST", "/v1/agents", r#"{"name":"b"}"#),
        ("GET", "/v1/agents/a", ""),
        ("GET", "/v1/agents/none", ""),
        ("PUT", "/v1/agents", ""),
    ] {
        let mut answer = send(&mock, method, path, body).await;
        // The HTTP stack adds it below the mock.
        answer.headers.remove("content-length");
        let recorded = mock.requests().pop().unwrap();
        let response = recorded.response.clone().unwrap();
        assert_eq!(response.status, answer.status);
        assert_eq!(response.headers, answer.headers);
        assert_eq!(response.body, answer.body);
        assert_eq!(response.body_length, answer.body.len() as u64);
        assert_eq!(recorded.status, Some(answer.status));
        assert_eq!(recorded.duration, Some(Duration::ZERO));
        assert!(!recorded.client_left);
        let listed = send(&mock, "GET", "/__mock/requests", "").await.json();
        let listed = listed["requests"]
            .as_array()
            .unwrap()
            .last()
            .unwrap()
            .clone();
        assert_eq!(listed["response"]["body"], answer.json());
        assert_eq!(listed["durationMs"], 0.0);
        assert_eq!(listed["clientLeft"], false);
    }
}

#[tokio::test]
async fn a_streamed_body_is_kept_as_it_was_sent() {
    let mock = builder().in_process().unwrap();
    let answer = send(&mock, "POST", STREAM, HI).await;
    let recorded = mock.requests().pop().unwrap();
    let response = recorded.response.unwrap();
    assert_eq!(response.body, answer.body);
    assert_eq!(response.body_length, answer.body.len() as u64);
    assert!(!recorded.client_left);
}

#[tokio::test]
async fn a_large_body_is_kept_up_to_64_kib() {
    let mock = builder()
        .reply(|_| "word ".repeat(100_000))
        .in_process()
        .unwrap();
    for path in [STREAM, "/v1/agents/a/messages"] {
        let answer = send(&mock, "POST", path, HI).await;
        let response = mock.requests().pop().unwrap().response.unwrap();
        assert_eq!(response.body.len(), 64 << 10);
        assert_eq!(response.body, answer.body[..64 << 10]);
        assert_eq!(response.body_length, answer.body.len() as u64);
        assert_eq!(response.json(), None);
    }
}

#[tokio::test]
async fn the_duration_is_that_of_the_mocks_clock() {
    let mock = builder()
        .fault(Fault::latency(Duration::from_secs(3)))
        .in_process()
        .unwrap();
    let request = tokio::spawn({
        let mock = mock.clone();
        async move { send(&mock, "GET", "/v1/agents", "").await }
    });
    mock.wait_for(&RequestPattern::any(), 1).await;
    assert_eq!(mock.requests()[0].duration, None, "it is not complete");
    while !request.is_finished() {
        mock.advance(Duration::from_secs(1));
        tokio::task::yield_now().await;
    }
    let duration = mock.requests()[0].duration.unwrap();
    assert!(duration >= Duration::from_secs(3), "{duration:?}");
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_a_stream_is_recorded() {
    let mock = builder()
        .token_pace(Duration::from_secs(1))
        .start()
        .await
        .unwrap();
    let mut socket = connect(&mock).await;
    let request = raw(&mock, "POST", STREAM, HI);
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains("token") {
        assert_ne!(socket.read_buf(&mut seen).await.unwrap(), 0);
    }
    assert!(!mock.requests()[0].client_left);
    drop(socket);
    let recorded = completed(&mock).await;
    assert!(recorded.client_left);
    let response = recorded.response.unwrap();
    assert_eq!(response.status, 200);
    let body = String::from_utf8(response.body.to_vec()).unwrap();
    assert_eq!(body.matches("token").count(), 1, "{body}");
}

#[tokio::test]
async fn a_client_that_leaves_before_the_response_is_recorded() {
    let mock = builder()
        .fault(Fault::latency(Duration::from_secs(60)))
        .start()
        .await
        .unwrap();
    let mut socket = connect(&mock).await;
    let request = raw(&mock, "GET", "/v1/agents", "");
    socket.write_all(request.as_bytes()).await.unwrap();
    mock.wait_for(&RequestPattern::of(Operation::List), 1).await;
    drop(socket);
    let recorded = completed(&mock).await;
    assert!(recorded.client_left && recorded.response.is_none());
}

#[tokio::test]
async fn a_connection_that_the_mock_breaks_is_not_one_that_the_client_left() {
    for (fault, has_response) in [
        (Fault::close(), false),
        (Fault::reset(), false),
        (Fault::stream_cut(1), true),
        (Fault::stream_end(1), true),
    ] {
        let mock = builder().fault(fault).start().await.unwrap();
        let _ = crate::support::exchange(&mock, "POST", STREAM, HI).await;
        let recorded = completed(&mock).await;
        assert!(!recorded.client_left);
        assert_eq!(recorded.response.is_some(), has_response);
    }
}
