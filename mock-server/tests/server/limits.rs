//! Rate limits, messages in flight, quota and the clock.

use std::time::Duration;

use crate::support::{create, send};
use http_body_util::BodyExt;
use orionos_mock_server::{Clock, Limits, MockServer, Tier};
use tower_service::Service;

fn standard() -> MockServer {
    MockServer::builder()
        .tier(Tier::Standard)
        .clock(Clock::frozen())
        .in_process()
        .unwrap()
}

#[tokio::test]
async fn a_one_minute_limit_passes_instantly() {
    let mock = standard();
    for left in (0..60).rev() {
        let answer = send(&mock, "GET", "/v1/agents", "").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("x-ratelimit-limit"), "60");
        assert_eq!(answer.header("x-ratelimit-remaining"), left.to_string());
        assert_eq!(answer.header("x-ratelimit-reset"), "1767225660");
        assert_eq!(answer.header("date"), "Thu, 01 Jan 2026 00:00:00 GMT");
    }
    mock.advance(Duration::from_secs(45));
    let refused = send(&mock, "GET", "/v1/agents", "").await;
    assert_eq!(
        (refused.status, refused.code()),
        (429, "RATE_LIMIT_EXCEEDED".into())
    );
    assert_eq!(
        refused.json()["error"]["message"],
        "Rate limit exceeded. Try again in 15 seconds."
    );
    assert_eq!(refused.json()["error"]["details"]["retryAfter"], 15);
    assert_eq!(refused.header("retry-after"), "15");
    mock.advance(Duration::from_secs(15));
    assert_eq!(send(&mock, "GET", "/v1/agents", "").await.status, 200);
}

#[tokio::test]
async fn a_one_minute_limit_passes_instantly_over_a_socket() {
    let mock = MockServer::builder()
        .tier(Tier::Standard)
        .clock(Clock::frozen())
        .start()
        .await
        .unwrap();
    let status = async || {
        let (answer, _) = crate::support::exchange(&mock, "GET", "/v1/agents", "").await;
        String::from_utf8_lossy(&answer[9..12]).into_owned()
    };
    for _ in 0..60 {
        assert_eq!(status().await, "200");
    }
    assert_eq!(status().await, "429");
    mock.advance(Duration::from_secs(60));
    assert_eq!(status().await, "200");
}

#[tokio::test]
async fn each_operation_has_its_own_limit() {
    let mock = MockServer::builder()
        .limits(Tier::Standard.limits().account(None))
        .clock(Clock::frozen())
        .in_process()
        .unwrap();
    let id = create(&mock, "Pilot").await;
    let agent = format!("/v1/agents/{id}");
    let messages = format!("{agent}/messages");
    for (method, path, body, limit) in [
        ("PATCH", agent.as_str(), "{}", 30),
        ("GET", agent.as_str(), "", 60),
        ("POST", messages.as_str(), r#"{"text":"Hi"}"#, 60),
        ("DELETE", "/v1/agents/other", "", 10),
    ] {
        for _ in 0..limit {
            assert_ne!(
                send(&mock, method, path, body).await.status,
                429,
                "{method} {path}"
            );
        }
        assert_eq!(
            send(&mock, method, path, body).await.status,
            429,
            "{method} {path}"
        );
    }
    let other = create(&mock, "Other").await;
    let path = format!("/v1/agents/{other}/messages");
    assert_eq!(
        send(&mock, "POST", &path, r#"{"text":"Hi"}"#).await.status,
        200
    );
}

#[tokio::test]
async fn pro_is_five_times_as_much() {
    let mock = MockServer::builder()
        .tier(Tier::Pro)
        .clock(Clock::frozen())
        .in_process()
        .unwrap();
    for number in 0..50 {
        create(&mock, &number.to_string()).await;
    }
    assert_eq!(
        send(&mock, "POST", "/v1/agents", r#"{"name":"x"}"#)
            .await
            .status,
        429
    );
    for _ in 0..250 {
        assert_eq!(send(&mock, "GET", "/v1/agents", "").await.status, 200);
    }
    assert_eq!(send(&mock, "GET", "/v1/agents", "").await.status, 429);
}

#[tokio::test]
async fn the_eleventh_message_in_flight_is_rejected_until_a_stream_ends_or_is_dropped() {
    let mock = standard();
    let path = format!(
        "/v1/agents/{}/messages/stream",
        create(&mock, "Pilot").await
    );
    let open = async || {
        let request = http::Request::post(&path)
            .header("authorization", "Bearer test-key")
            .header("content-type", "application/json")
            .body(http_body_util::Full::from(r#"{"text":"Hi"}"#))
            .unwrap();
        mock.service().call(request).await.unwrap()
    };
    let mut streams = Vec::new();
    for _ in 0..10 {
        let stream = open().await;
        assert_eq!(stream.status(), 200);
        streams.push(stream);
    }
    let refused = open().await;
    assert_eq!(refused.status(), 429);
    let body = refused.into_body().collect().await.unwrap().to_bytes();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["error"]["details"]["retryAfter"], 1);
    streams.pop();
    let stream = open().await;
    assert_eq!(stream.status(), 200);
    stream.into_body().collect().await.unwrap();
    assert_eq!(open().await.status(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_creates_fill_the_quota_exactly() {
    let mock = MockServer::builder().in_process().unwrap();
    let tasks: Vec<_> = (0..400)
        .map(|_| {
            let mock = mock.clone();
            tokio::spawn(async move {
                send(&mock, "POST", "/v1/agents", r#"{"name":"a"}"#)
                    .await
                    .status
            })
        })
        .collect();
    let mut created = 0;
    for task in tasks {
        created += usize::from(task.await.unwrap() == 201);
    }
    assert_eq!((created, mock.snapshot().len()), (100, 100));
}

#[tokio::test]
async fn limits_can_be_changed_while_the_mock_runs() {
    let mock = standard();
    for number in 0..10 {
        create(&mock, &number.to_string()).await;
    }
    assert_eq!(
        send(&mock, "POST", "/v1/agents", r#"{"name":"a"}"#)
            .await
            .status,
        429
    );
    mock.set_tier(Tier::Enterprise);
    assert_eq!(
        send(&mock, "POST", "/v1/agents", r#"{"name":"a"}"#)
            .await
            .status,
        201
    );
}

#[tokio::test]
async fn an_agent_that_does_not_exist_has_no_window() {
    let mock = MockServer::builder()
        .limits(Limits::unlimited().messages(1))
        .in_process()
        .unwrap();
    for _ in 0..3 {
        let answer = send(&mock, "POST", "/v1/agents/x/messages", r#"{"text":"Hi"}"#).await;
        assert_eq!(answer.status, 404);
        assert_eq!(answer.header("x-ratelimit-limit"), "1000000");
    }
}
