//! The page at `/__mock/`, what it reads from the mock, and who may read it.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use orionos_mock_server::{Clock, Fault, MockBody, MockServer, Tier};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tower_service::Service;

use crate::support::{Answer, create, send, send_request};

const FILES: [&str; 11] = [
    "style.css",
    "icon.svg",
    "main.js",
    "api.js",
    "dom.js",
    "requests.js",
    "details.js",
    "export.js",
    "verify.js",
    "talk.js",
    "steer.js",
];

async fn get(mock: &MockServer, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::default()).unwrap();
    send_request(mock, request).await.unwrap()
}

/// A viewer of the events.
struct Viewer(MockBody, String);

impl Viewer {
    async fn open(mock: &MockServer, headers: &[(&str, &str)]) -> Self {
        let mut request = Request::builder().uri("/__mock/events");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::<Bytes>::default()).unwrap();
        let response = mock.service().call(request).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self(response.into_body(), String::new())
    }

    /// Returns the next event, or `None` at the end.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some(end) = self.1.find("\n\n") {
                let event: String = self.1.drain(..end + 2).collect();
                let Some((name, data)) = event.trim_end().split_once("\ndata: ") else {
                    continue;
                };
                let name = name.strip_prefix("event: ").unwrap();
                return Some((name.to_owned(), serde_json::from_str(data).unwrap()));
            }
            let frame = self.0.frame().await?.unwrap();
            let bytes = frame.into_data().unwrap();
            self.1.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }

    async fn expect(&mut self, name: &str) -> Value {
        let (found, data) = self.next().await.unwrap();
        assert_eq!(found, name, "{data}");
        data
    }
}

fn mock() -> MockServer {
    MockServer::builder().in_process().unwrap()
}

#[tokio::test]
async fn every_file_of_the_page_forbids_other_sources_frames_and_guessed_types() {
    let mock = mock();
    let index = get(&mock, "/__mock/", &[]).await;
    let html = std::str::from_utf8(&index.body).unwrap();
    for link in ["page/style.css", "page/icon.svg", "page/main.js"] {
        assert!(html.contains(&format!("\"{link}\"")), "{link}");
    }
    let files = FILES.map(|file| format!("/__mock/page/{file}"));
    for path in files.iter().map(String::as_str).chain(["/__mock/"]) {
        let answer = get(&mock, path, &[]).await;
        assert_eq!(answer.status, 200, "{path}");
        let policy = answer.header("content-security-policy");
        for rule in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        ] {
            assert!(policy.contains(rule), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*'));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        let text = std::str::from_utf8(&answer.body).unwrap();
        let others = text.replace("http://www.w3.org/2000/svg", "");
        assert!(
            !others.contains("http://") && !others.contains("https://"),
            "{path}"
        );
    }
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/page")).unwrap();
    assert_eq!(folder.count(), FILES.len() + 1, "every file is served");
    let redirect = get(&mock, "/__mock", &[]).await;
    assert_eq!(
        (redirect.status, redirect.header("location")),
        (308, "__mock/")
    );
    assert_eq!(get(&mock, "/__mock/page/other.js", &[]).await.status, 404);
}

#[tokio::test]
async fn web_pages_from_elsewhere_and_rebound_names_get_neither_the_page_nor_its_events() {
    let mock = mock();
    for path in [
        "/__mock",
        "/__mock/",
        "/__mock/page/main.js",
        "/__mock/events",
        "/__mock/accounts",
        "/__mock/agents",
        "/__mock/windows",
        "/__mock/requests/1",
        "/__mock/requests/search?text=a",
    ] {
        for header in [
            ("host", "evil.example"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "http://evil.example"),
            ("origin", "null"),
        ] {
            let answer = get(&mock, path, &[header]).await;
            assert_eq!(answer.status, 403, "{path} {header:?}");
        }
    }
}

#[tokio::test]
async fn with_a_token_the_page_is_served_without_it_but_its_data_is_not() {
    let mock = MockServer::builder()
        .control_token("secret")
        .in_process()
        .unwrap();
    for path in ["/__mock/", "/__mock/page/api.js"] {
        assert_eq!(get(&mock, path, &[]).await.status, 200, "{path}");
    }
    for path in [
        "/__mock/events",
        "/__mock/accounts",
        "/__mock/agents",
        "/__mock/windows",
        "/__mock/requests/1",
        "/__mock/ready",
    ] {
        assert_eq!(get(&mock, path, &[]).await.status, 401, "{path}");
        let guess = [("x-mock-token", "guess")];
        assert_eq!(get(&mock, path, &guess).await.status, 401, "{path}");
    }
    Viewer::open(&mock, &[("x-mock-token", "secret")]).await;
}

#[tokio::test(start_paused = true)]
async fn a_viewer_sees_requests_start_and_end_and_what_else_changes() {
    let mock = MockServer::builder()
        .clock(Clock::frozen())
        .in_process()
        .unwrap();
    send(&mock, "GET", "/v1/agents?limit=5", "").await;
    let mut viewer = Viewer::open(&mock, &[]).await;
    let first = viewer.expect("requests").await;
    assert_eq!(first["first"], 1);
    let request = &first["requests"][0];
    assert_eq!(request["path"], "/v1/agents?limit=5");
    assert_eq!(
        (&request["operation"], &request["status"]),
        (&json!("list"), &json!(200))
    );

    mock.fault(Fault::latency(Duration::from_secs(1)).times(1));
    assert_eq!(viewer.expect("changed").await["changed"], json!(["faults"]));
    let slow = tokio::spawn({
        let mock = mock.clone();
        async move { create(&mock, "Pilot").await }
    });
    assert_eq!(viewer.expect("changed").await["changed"], json!(["faults"]));
    let started = viewer.expect("requests").await;
    assert_eq!(started["requests"][0]["sequence"], 2);
    assert_eq!(started["requests"][0]["durationMs"], Value::Null);

    mock.advance(Duration::from_secs(1));
    slow.await.unwrap();
    assert_eq!(
        viewer.expect("changed").await["changed"],
        json!(["clock", "agents"])
    );
    let ended = viewer.expect("requests").await;
    assert_eq!(ended["requests"].as_array().unwrap().len(), 1);
    let ended = &ended["requests"][0];
    assert_eq!(
        (&ended["sequence"], &ended["status"]),
        (&json!(2), &json!(201))
    );
    assert_eq!(
        (&ended["fault"], &ended["durationMs"]),
        (&json!("latency"), &json!(1000.0))
    );

    mock.clear_requests();
    assert_eq!(viewer.expect("requests").await["first"], 3);
    mock.reset();
    viewer.expect("changed").await;
    let restarted = viewer.expect("requests").await;
    assert_eq!(
        (&restarted["restarts"], &restarted["first"]),
        (&json!(1), &json!(1))
    );
}

#[tokio::test(start_paused = true)]
async fn a_viewer_that_is_late_learns_how_many_requests_it_missed() {
    let mock = mock();
    let mut viewer = Viewer::open(&mock, &[]).await;
    viewer.expect("requests").await;
    for _ in 0..10_600 {
        send(&mock, "GET", "/v1/health", "").await;
    }
    let news = viewer.expect("requests").await;
    assert_eq!(
        (&news["missed"], &news["first"]),
        (&json!(600), &json!(601))
    );
    let mut seen = news["requests"].as_array().unwrap().len();
    assert!(seen <= 1_000, "an event is small");
    while seen < 10_000 {
        seen += viewer.expect("requests").await["requests"]
            .as_array()
            .unwrap()
            .len();
    }
    assert_eq!(seen, 10_000);
}

#[tokio::test(start_paused = true)]
async fn a_viewer_that_does_not_read_is_dropped() {
    let mock = mock();
    let mut viewer = Viewer::open(&mock, &[]).await;
    viewer.expect("requests").await;
    tokio::time::advance(Duration::from_secs(11)).await;
    send(&mock, "GET", "/v1/health", "").await;
    assert_eq!(viewer.next().await, None);
}

/// Asks for the events over a socket with a small buffer, and fills everything between it and the mock.
async fn unread_viewer(mock: &MockServer) -> TcpStream {
    let address = mock.base_url().strip_prefix("http://").unwrap();
    let address = address.strip_suffix("/v1").unwrap().parse().unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut viewer = socket.connect(address).await.unwrap();
    let request = "GET /__mock/events HTTP/1.1\r\nhost: localhost\r\n\r\n";
    viewer.write_all(request.as_bytes()).await.unwrap();
    let long = format!("/v1/{}", "x".repeat(50_000));
    for _ in 0..300 {
        send(mock, "GET", &long, "").await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    viewer
}

#[tokio::test(start_paused = true)]
async fn a_connection_whose_viewer_never_reads_is_reset() {
    let mock = MockServer::start().await;
    let mut viewer = unread_viewer(&mock).await;
    tokio::time::sleep(Duration::from_secs(11)).await;
    let mut received = Vec::new();
    let end = viewer.read_to_end(&mut received);
    let end = tokio::time::timeout(Duration::from_secs(60), end).await;
    let error = end.expect("the connection has ended").unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_request_is_found_by_any_text_and_returned_with_its_exact_bodies() {
    let mock = mock();
    let body = r#"{ "name":"Ledger", "score": 1.50, "note":"\u001b[31mTide" }"#;
    send(&mock, "POST", "/v1/agents", body).await;
    send(&mock, "GET", "/v1/agents?page=2", "").await;
    for (text, expected) in [
        ("lEDGER", json!([1])),
        ("page=2", json!([2])),
        ("x-request-ID", json!([1, 2])),
        ("nowhere", json!([])),
    ] {
        let found = get(&mock, &format!("/__mock/requests/search?text={text}"), &[]).await;
        assert_eq!(found.json()["sequences"], expected, "{text}");
    }
    let one = get(&mock, "/__mock/requests/1", &[]).await.json();
    assert_eq!(one["bodyText"], body);
    assert_eq!(one["response"]["body"]["success"], true);
    let request = Request::post("/v1/agents")
        .body(Full::from(&b"\xff\x00"[..]))
        .unwrap();
    send_request(&mock, request).await.unwrap();
    assert_eq!(
        get(&mock, "/__mock/requests/3", &[]).await.json()["bodyHex"],
        "ff00"
    );
    assert_eq!(get(&mock, "/__mock/requests/4", &[]).await.status, 404);
}

#[tokio::test]
async fn a_failed_verification_has_the_differing_fields() {
    let mock = mock();
    create(&mock, "Ledgre").await;
    let expected = json!({"request": {"operation": "create", "body": {"name": "Ledger"}}});
    let answer = send(
        &mock,
        "POST",
        "/__mock/requests/verify",
        &expected.to_string(),
    )
    .await;
    assert_eq!(answer.status, 409);
    assert_eq!(
        answer.json()["nearest"],
        json!([{"sequence": 1, "differences": [
            {"field": "body.name", "expected": "\"Ledger\"", "found": "\"Ledgre\""},
        ]}])
    );
}

#[tokio::test]
async fn windows_show_what_was_used_until_they_reset() {
    let mock = MockServer::builder()
        .tier(Tier::Standard)
        .clock(Clock::frozen())
        .in_process()
        .unwrap();
    let id = create(&mock, "Pilot").await;
    send(
        &mock,
        "POST",
        &format!("/v1/agents/{id}/messages"),
        r#"{"text":"Hi"}"#,
    )
    .await;
    let windows = get(&mock, "/__mock/windows", &[]).await.json();
    assert_eq!(windows["resetsAt"], "2026-01-01T00:01:00Z");
    let window = |name, agent: Value, limit, used| {
        let window = json!({"name": name, "agentId": agent, "limit": limit, "used": used});
        assert!(
            windows["windows"].as_array().unwrap().contains(&window),
            "{windows}"
        );
    };
    window("account", Value::Null, 60, 2);
    window("create", Value::Null, 10, 1);
    window("messages", json!(id), 60, 1);
    mock.advance(Duration::from_secs(60));
    let windows = get(&mock, "/__mock/windows", &[]).await.json();
    assert_eq!(windows["windows"][0]["used"], 0);
}

#[tokio::test]
async fn isolated_accounts_are_listed_without_their_keys_and_chosen_by_number() {
    let mock = MockServer::builder()
        .isolate_keys(true)
        .in_process()
        .unwrap();
    for (key, name) in [("suite-a-1234567890", "One"), ("b", "Two")] {
        let request = Request::post("/v1/agents")
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json")
            .body(Full::from(json!({"name": name}).to_string()))
            .unwrap();
        assert_eq!(send_request(&mock, request).await.unwrap().status, 201);
    }
    let accounts = get(&mock, "/__mock/accounts", &[]).await.json();
    assert_eq!(
        accounts["accounts"],
        json!([
            {"account": 1, "key": "suite-a-…", "agents": 1, "requests": 1},
            {"account": 2, "key": "…", "agents": 1, "requests": 1},
        ])
    );
    let second = [("x-mock-account", "2")];
    let agents = get(&mock, "/__mock/agents", &second).await.json();
    assert_eq!(agents["agents"][0]["name"], "Two");
    let mut viewer = Viewer::open(&mock, &second).await;
    assert_eq!(
        viewer.expect("requests").await["requests"][0]["sequence"],
        1
    );
    for wrong in ["3", "0", "-1", "x"] {
        let wrong = [("x-mock-account", wrong)];
        assert_eq!(get(&mock, "/__mock/agents", &wrong).await.status, 400);
    }
    assert_eq!(get(&mock, "/__mock/events", &[]).await.status, 400);
}

#[tokio::test]
async fn an_agent_is_listed_with_its_state_and_shown_with_its_conversations() {
    let mock = mock();
    let id = create(&mock, "Harbour Pilot").await;
    create(&mock, "Ledger").await;
    let message = json!({"text": "Hi", "userId": "user_77", "roomId": "pier"});
    send(
        &mock,
        "POST",
        &format!("/v1/agents/{id}/messages"),
        &message.to_string(),
    )
    .await;
    mock.make_unavailable(&id, Some("asleep"));
    let list = get(&mock, "/__mock/agents?text=PILOT", &[]).await.json();
    assert_eq!(list["total"], 2);
    assert_eq!(list["agents"].as_array().unwrap().len(), 1);
    assert_eq!(list["agents"][0]["unavailable"], "asleep");
    let memory = get(&mock, &format!("/__mock/agents/{id}"), &[])
        .await
        .json();
    let conversation = &memory["conversations"][0];
    assert_eq!(conversation["userId"], "user_77");
    assert_eq!(conversation["earlier"], json!(["Hi"]));
    assert_eq!(
        get(&mock, "/__mock/agents/agent_gone", &[]).await.status,
        404
    );
}
