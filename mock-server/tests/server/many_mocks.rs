//! Many mocks in one process, snapshots, isolated keys and garbage on the socket.

use std::io::ErrorKind;

use crate::support::{connect, create, exchange, raw, send, send_request, split};
use http::Request;
use http_body_util::Full;
use orionos_mock_server::{Clock, Fault, KeyState, MockServer, Operation, Snapshot, Tier};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn ports_are_closed_when_the_drop_of_a_mock_returns() {
    // On an address that no other test uses, no other mock can take a port that became free.
    let address = match cfg!(target_os = "linux") {
        true => [127, 0, 0, 77],
        false => [127, 0, 0, 1],
    };
    let mut mocks = Vec::new();
    for _ in 0..200 {
        mocks.push(
            MockServer::builder()
                .address((address, 0).into())
                .start()
                .await
                .unwrap(),
        );
    }
    let addresses: Vec<String> = mocks
        .iter()
        .map(|mock| {
            mock.base_url()["http://".len()..]
                .trim_end_matches("/v1")
                .to_owned()
        })
        .collect();
    let mut open = connect(&mocks[0]).await;
    drop(mocks);
    for address in addresses {
        let refused = std::net::TcpStream::connect(&address).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused, "{address}");
    }
    assert_eq!(
        open.read(&mut [0; 1]).await.unwrap_or(0),
        0,
        "connections end, too"
    );
}

#[tokio::test]
async fn clones_are_one_mock() {
    let mock = MockServer::start().await;
    let clone = mock.clone();
    drop(mock);
    assert_eq!(send(&clone, "GET", "/v1/agents", "").await.status, 200);
    assert!(
        exchange(&clone, "GET", "/v1/agents", "")
            .await
            .0
            .starts_with(b"HTTP/1.1 200")
    );
}

#[tokio::test]
async fn a_snapshot_survives_a_file_and_a_restart() {
    let mock = MockServer::builder().agents(["Seed"]).in_process().unwrap();
    let id = create(&mock, "Pilot").await;
    let path = format!("/v1/agents/{id}/messages");
    send(&mock, "POST", &path, r#"{"text":"A","userId":"u"}"#).await;
    let snapshot = mock.snapshot();
    assert_eq!(snapshot.len(), 2);

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.json");
    snapshot.save(&file).unwrap();
    let restarted = MockServer::builder()
        .state(Snapshot::load(&file).unwrap())
        .in_process()
        .unwrap();
    let answer = send(&restarted, "POST", &path, r#"{"text":"B","userId":"u"}"#)
        .await
        .json();
    assert!(
        answer["data"]["response"]
            .as_str()
            .unwrap()
            .contains("turn 2")
    );

    mock.reset();
    assert_eq!(mock.snapshot().len(), 1);
    assert!(mock.requests().is_empty());
    mock.restore(snapshot.clone());
    assert_eq!(mock.snapshot(), snapshot);
    std::fs::write(&file, "{").unwrap();
    assert_eq!(
        Snapshot::load(&file).unwrap_err().kind(),
        ErrorKind::InvalidData
    );
}

#[tokio::test]
async fn an_invalid_initial_agent_is_a_start_error() {
    for (seed, word) in [
        (json!({"name": ""}), "Field cannot be empty"),
        (json!({"name": "a", "bio": 1}), "list of strings"),
        (json!(7), "Must be a string"),
        (json!({"name": "a", "status": "odd"}), "unknown status"),
        (json!({"name": "a", "id": ""}), "not a valid id"),
        (json!({"name": "a", "id": ".."}), "not a valid id"),
        (json!({"name": "a", "id": "a\nb"}), "not a valid id"),
        (json!({"name": "a", "id": "first"}), "used twice"),
    ] {
        let error = MockServer::builder()
            .agents([json!({"name": "ok", "id": "first"}), seed])
            .in_process()
            .unwrap_err();
        let text = error.to_string();
        assert!(text.contains("agent 2") && text.contains(word), "{text}");
    }
    let error = MockServer::builder()
        .reply_to("(", "x")
        .in_process()
        .unwrap_err();
    assert!(error.to_string().contains("pattern"), "{error}");
}

#[tokio::test]
async fn isolated_keys_share_nothing() {
    let mock = MockServer::builder()
        .isolate_keys(true)
        .clock(Clock::frozen())
        .in_process()
        .unwrap();
    let with = async |key: &str, method: &str, body: &'static str| {
        let request = Request::builder()
            .method(method)
            .uri("/v1/agents")
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json")
            .body(Full::from(body))
            .unwrap();
        send_request(&mock, request).await.unwrap().json()
    };
    let one = with("one", "POST", r#"{"name":"a"}"#).await;
    assert_eq!(
        with("two", "GET", "").await["data"]["pagination"]["totalItems"],
        0
    );
    assert_eq!(
        with("one", "GET", "").await["data"]["pagination"]["totalItems"],
        1
    );
    // The ids of an account do not depend on other accounts.
    let again = MockServer::builder()
        .isolate_keys(true)
        .clock(Clock::frozen())
        .in_process()
        .unwrap();
    let request = Request::post("/v1/agents")
        .header("authorization", "Bearer one")
        .header("content-type", "application/json")
        .body(Full::from(r#"{"name":"a"}"#))
        .unwrap();
    let same = send_request(&again, request).await.unwrap().json();
    assert_eq!(one["data"]["id"], same["data"]["id"]);
}

#[tokio::test]
#[should_panic(
    expected = "expected 1 of: create; found 0; nearest first, these arrived:\n  #1 GET /v1/agents?limit=5 list -> 200\n      operation: expected create, found list"
)]
async fn a_failed_assertion_shows_what_arrived() {
    let mock = MockServer::builder().in_process().unwrap();
    send(&mock, "GET", "/v1/agents?limit=5", "").await;
    mock.assert_requests(Operation::Create, 1);
}

#[tokio::test]
async fn the_first_event_arrives_before_the_last_is_made() {
    let mock = MockServer::builder()
        .agents([json!({"id": "agent_a", "name": "Pilot"})])
        .clock(Clock::frozen())
        .token_pace(std::time::Duration::from_secs(3600))
        .start()
        .await
        .unwrap();
    let mut socket = connect(&mock).await;
    let request = raw(
        &mock,
        "POST",
        "/v1/agents/agent_a/messages/stream",
        r#"{"text":"Hi"}"#,
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains("data: ") {
        let mut buffer = [0; 1024];
        let length = socket.read(&mut buffer).await.unwrap();
        seen.extend_from_slice(&buffer[..length]);
    }
    let (head, body) = split(&seen);
    assert!(!head.contains("content-length"), "{head}");
    assert_eq!(String::from_utf8_lossy(&body).matches("token").count(), 1);
}

#[tokio::test]
async fn garbage_on_the_socket_does_no_harm() {
    let mock = MockServer::start().await;
    let mut random = fastrand::Rng::with_seed(1);
    for round in 0..200 {
        let mut socket = connect(&mock).await;
        let garbage: Vec<u8> = match round % 4 {
            0 => (0..random.usize(..2000)).map(|_| random.u8(..)).collect(),
            1 => b"GET /v1/agents HTTP/1.1\r\nhost: x\r\n".to_vec(),
            2 => {
                let mut flood = b"GET / HTTP/1.1\r\n".to_vec();
                for number in 0..2000 {
                    flood.extend_from_slice(format!("x-{number}: y\r\n").as_bytes());
                }
                flood
            }
            _ => b"POST /v1/agents HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n{"
                .to_vec(),
        };
        let _ = socket.write_all(&garbage).await;
        let _ = TcpStream::shutdown(&mut socket).await;
        let _ = socket.read_to_end(&mut Vec::new()).await;
    }
    assert_eq!(send(&mock, "GET", "/v1/agents", "").await.status, 200);
    assert!(
        exchange(&mock, "GET", "/v1/agents", "")
            .await
            .0
            .starts_with(b"HTTP/1.1 200")
    );
}

#[tokio::test]
async fn an_idle_connection_stays_open_for_the_next_request() {
    let mock = MockServer::start().await;
    let mut socket = connect(&mock).await;
    let request = raw(&mock, "GET", "/v1/agents", "");
    for _ in 0..2 {
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut seen = Vec::new();
        while !seen.ends_with(b"}}") {
            let length = socket.read_buf(&mut seen).await.unwrap();
            assert_ne!(length, 0, "closed");
        }
        assert!(seen.starts_with(b"HTTP/1.1 200"));
        tokio::time::pause();
        tokio::time::advance(std::time::Duration::from_secs(600)).await;
        tokio::time::resume();
    }
}

#[tokio::test]
async fn reset_restores_all_of_the_initial_state() {
    let start = || {
        MockServer::builder()
            .tier(Tier::Standard)
            .clock(Clock::frozen())
            .read_only_key("viewer")
            .script(["first", "second"])
            .agents(["Seed"])
            .fault(Fault::status(503).on(Operation::Delete).times(1))
            .fault(Fault::latency(std::time::Duration::ZERO))
            .in_process()
            .unwrap()
    };
    // What a test can see of a mock, which changes much of it.
    let observe = async |mock: &MockServer| -> Vec<String> {
        let mut seen = vec![format!(
            "{} {} {:?} {:?}",
            mock.now(),
            mock.is_frozen(),
            mock.faults(),
            mock.snapshot()
        )];
        let id = create(mock, "New").await;
        let agent = format!("/v1/agents/{id}");
        for (method, path, body) in [
            ("POST", format!("{agent}/messages"), r#"{"text":"a"}"#),
            ("POST", format!("{agent}/messages"), r#"{"text":"b"}"#),
            ("DELETE", agent.clone(), ""),
            ("DELETE", agent.clone(), ""),
            ("GET", "/__mock/limits".to_owned(), ""),
            ("GET", "/v1/agents".to_owned(), ""),
        ] {
            let answer = send(mock, method, &path, body).await;
            let mut headers: Vec<String> = (answer.headers.iter())
                .map(|header| format!("{header:?}"))
                .collect();
            headers.sort_unstable();
            seen.push(format!("{} {headers:?} {:?}", answer.status, answer.body));
        }
        seen.push(format!("{:?}", mock.requests()));
        seen
    };
    for over_http in [false, true] {
        let mock = start();
        let before = observe(&mock).await;
        mock.set_tier(Tier::Pro);
        mock.set_key("viewer", KeyState::Full);
        mock.set_key("another", KeyState::Full);
        mock.set_key("test-key", KeyState::OverQuota);
        mock.clear_faults();
        mock.fault(Fault::close().on(Operation::List));
        mock.script("third");
        mock.advance(std::time::Duration::from_secs(1234));
        mock.resume();
        let replies = json!({"template": "x"}).to_string();
        send(&mock, "PUT", "/__mock/replies", &replies).await;
        match over_http {
            true => drop(send(&mock, "POST", "/__mock/reset", "").await),
            false => mock.reset(),
        }
        assert_eq!(observe(&mock).await, before);
        let key = |key: &str, method: &str| {
            Request::builder()
                .method(method)
                .uri("/v1/agents")
                .header("authorization", format!("Bearer {key}"))
                .body(Full::default())
                .unwrap()
        };
        for (key, status) in [(key("another", "GET"), 401), (key("viewer", "POST"), 403)] {
            assert_eq!(send_request(&mock, key).await.unwrap().status, status);
        }
    }
}

#[tokio::test]
async fn with_isolated_keys_each_key_has_its_own_clock_and_windows() {
    let mock = MockServer::builder()
        .isolate_keys(true)
        .tier(Tier::Standard)
        .clock(Clock::frozen())
        .in_process()
        .unwrap();
    let with = async |key: &str, method: &str, path: &str, body: &'static str| {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json")
            .body(Full::from(body))
            .unwrap();
        send_request(&mock, request).await.unwrap()
    };
    for key in ["one", "two"] {
        for _ in 0..60 {
            assert_eq!(with(key, "GET", "/v1/agents", "").await.status, 200);
        }
    }
    let advance = r#"{"advanceMs":60000}"#;
    with("one", "POST", "/__mock/clock", advance).await;
    assert_eq!(with("one", "GET", "/v1/agents", "").await.status, 200);
    assert_eq!(with("two", "GET", "/v1/agents", "").await.status, 429);
    let now = async |key: &str| with(key, "GET", "/__mock/clock", "").await.json()["now"].clone();
    assert_eq!(now("one").await, "2026-01-01T00:01:00Z");
    assert_eq!(now("two").await, "2026-01-01T00:00:00Z");
    with("one", "POST", "/__mock/reset", "").await;
    assert_eq!(now("one").await, "2026-01-01T00:00:00Z");
}
