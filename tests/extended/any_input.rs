//! Any input gets an envelope of the mock, without a 5xx status or a panic.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use orionos_mock_server::MockServer;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value};
use tower_service::Service;

struct Answer {
    status: u16,
    is_stream: bool,
    body: Bytes,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

async fn send(mock: &MockServer, method: &str, path: &str, body: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {}", mock.api_key()))
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body.to_owned())))
        .unwrap();
    let response = mock.service().call(request).await.unwrap();
    Answer {
        status: response.status().as_u16(),
        is_stream: response.headers()["content-type"] == "text/event-stream",
        body: response.into_body().collect().await.unwrap().to_bytes(),
    }
}

/// Any JSON, often with field names that the mock knows.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    let name = prop_oneof![
        prop::sample::select(vec![
            "name",
            "bio",
            "personality",
            "traits",
            "settings",
            "discord",
            "channels",
            "plugins",
            "enabled",
            "config",
            "modelProvider",
            "status",
            "text",
            "userId",
            "context",
            "stream",
            "kind",
            "times",
            "on",
            "probability",
            "retryAfter",
            "advanceMs",
            "frozen",
            "request",
            "body",
            "count",
            "agents",
            "script",
            "patterns",
            "pattern",
            "template",
            "key",
            "state",
            "tier",
            "account",
            "id",
            "afterEvents",
            "minMs",
            "maxMs",
        ])
        .prop_map(str::to_owned),
        ".{0,8}",
    ];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..8)
                .prop_map(|fields| Value::Object(Map::from_iter(fields))),
        ]
    })
}

fn body() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => json().prop_map(|json| json.to_string()),
        1 => (json(), any::<prop::sample::Index>()).prop_map(|(json, at)| {
            let text: Vec<char> = json.to_string().chars().collect();
            text[..at.index(text.len())].iter().collect()
        }),
        1 => ".{0,64}",
    ]
}

fn check<S: Strategy>(strategy: S, test: impl Fn(&tokio::runtime::Runtime, &MockServer, S::Value)) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let mock = runtime.block_on(async {
        MockServer::builder()
            .agents([serde_json::json!({"id": "agent_a", "name": "Pilot"})])
            .in_process()
            .unwrap()
    });
    let config = Config {
        cases: 400,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(&strategy, |input| {
            test(&runtime, &mock, input);
            Ok(())
        })
        .unwrap();
}

#[test]
fn any_body_gets_an_envelope() {
    let operation = prop::sample::select(vec![
        ("POST", "/v1/agents"),
        ("PATCH", "/v1/agents/agent_a"),
        ("POST", "/v1/agents/agent_a/messages"),
    ]);
    check(
        (operation, body()),
        |runtime, mock, ((method, path), body)| {
            let answer = runtime.block_on(send(mock, method, path, &body));
            if answer.is_stream {
                return;
            }
            let envelope = answer.json();
            assert_eq!(envelope["success"], answer.status < 400, "{body}");
            // The agent may have been made inactive.
            assert!(
                answer.status < 500 || envelope["error"]["code"] == "AGENT_UNAVAILABLE",
                "{body}"
            );
        },
    );
}

#[test]
fn any_query_gets_an_envelope() {
    let names = prop::sample::select(vec!["page", "limit", "status", "sortBy", "order", "x", "%"]);
    let value = prop_oneof![
        "[0-9]{0,24}",
        "[!-~&&[^#<>\"`{}|\\\\^]]{0,12}",
        "[a-zA-Z]{1,9}"
    ];
    let pairs = prop::collection::vec((names, value), 0..6);
    check(pairs, |runtime, mock, pairs| {
        let query: Vec<String> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let path = format!("/v1/agents?{}", query.join("&"));
        let answer = runtime.block_on(send(mock, "GET", &path, ""));
        assert!(matches!(answer.status, 200 | 400), "{path}");
        assert_eq!(answer.json()["success"], answer.status == 200);
    });
}

#[test]
fn any_control_request_gets_json_and_leaves_the_mock_healthy() {
    let operation = prop::sample::select(vec![
        ("POST", "faults"),
        ("POST", "clock"),
        ("POST", "requests/verify"),
        ("PUT", "state"),
        ("PUT", "keys"),
        ("PUT", "limits"),
        ("PUT", "tier"),
        ("PUT", "replies"),
        ("PATCH", "agents/agent_a"),
        ("DELETE", "nothing"),
    ]);
    check(
        (operation, body()),
        |runtime, mock, ((method, path), body)| {
            runtime.block_on(async {
                let answer = send(mock, method, &format!("/__mock/{path}"), &body).await;
                assert!(answer.status < 500, "{body}");
                if answer.status >= 400 {
                    assert!(
                        !answer.json()["error"].as_str().unwrap().is_empty(),
                        "{body}"
                    );
                }
                let health = send(mock, "GET", "/__mock/health", "").await;
                assert_eq!(health.status, 200);
            });
        },
    );
}
