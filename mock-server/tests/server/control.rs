//! The control API: everything a Rust test can do, over HTTP.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use orionos_mock_server::{Clock, Fault, MockServer, Operation, RequestPattern, Tier};
use serde_json::{Value, json};

use crate::support::{Answer, create, send, send_request};

async fn control(mock: &MockServer, method: &str, path: &str, body: Value) -> Answer {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    send(mock, method, &format!("/__mock/{path}"), &body).await
}

fn mock() -> MockServer {
    MockServer::builder().in_process().unwrap()
}

#[tokio::test]
async fn faults_can_be_added_together_listed_and_removed() {
    let mock = mock();
    let added = control(
        &mock,
        "POST",
        "faults",
        json!([
            {"kind": "rate_limit", "retryAfter": 0.5, "times": 2},
            {"kind": "status", "status": 502, "on": ["create"]},
        ]),
    )
    .await;
    assert_eq!(added.status, 200);
    for expected in [429, 429, 200] {
        assert_eq!(send(&mock, "GET", "/v1/agents", "").await.status, expected);
    }
    let list = control(&mock, "GET", "faults", Value::Null).await.json();
    assert_eq!(list["faults"][0]["applied"], 2);
    assert_eq!(list["faults"][1]["fault"]["status"], 502);
    let cleared = control(&mock, "DELETE", "faults", Value::Null).await;
    assert_eq!(cleared.json(), json!({"faults": []}));
    create(&mock, "Pilot").await;
}

#[tokio::test]
async fn an_invalid_fault_is_rejected_and_no_fault_is_added() {
    let mock = mock();
    for (fault, reason) in [
        (
            json!({"kind": "status", "status": 503, "tiems": 2}),
            "the fault status has no field \"tiems\"",
        ),
        (
            json!({"kind": "close", "status": 503}),
            "the fault close has no field \"status\"",
        ),
        (
            json!({"kind": "status", "status": 99}),
            "invalid status 99; expected a number from 200 to 599",
        ),
        (
            json!({"kind": "close", "probability": 2}),
            "invalid probability 2; expected a number from 0 to 1",
        ),
        (json!({"kind": "nonsense"}), "unknown variant `nonsense`"),
        (
            json!([{"kind": "close"}, {"kind": "status"}]),
            "missing field `status`",
        ),
        (json!(7), "invalid body"),
    ] {
        let refused = control(&mock, "POST", "faults", fault).await;
        let error = refused.json()["error"].as_str().unwrap().to_owned();
        assert!(refused.status == 400 && error.contains(reason), "{error}");
    }
    assert!(mock.faults().is_empty());
}

#[tokio::test]
async fn the_clock_can_be_moved_frozen_and_resumed() {
    let mock = mock();
    let frozen = control(&mock, "POST", "clock", json!({"frozen": true}))
        .await
        .json();
    assert_eq!(frozen["frozen"], true);
    let before = mock.now();
    control(&mock, "POST", "clock", json!({"advanceMs": 61_500})).await;
    assert_eq!(mock.now().duration_since(before).as_millis(), 61_500);
    let shown = control(&mock, "GET", "clock", Value::Null).await.json();
    assert_eq!(shown["now"], mock.now().to_string());
    control(&mock, "POST", "clock", json!({"frozen": false})).await;
    assert!(!mock.is_frozen());
}

#[tokio::test]
async fn the_journal_can_be_listed_filtered_verified_and_cleared() {
    let mock = mock();
    create(&mock, "Ledger").await;
    send(&mock, "GET", "/v1/agents?limit=5", "").await;
    let all = control(&mock, "GET", "requests", Value::Null).await.json();
    assert_eq!(all["requests"].as_array().unwrap().len(), 2);
    assert!(!all.to_string().contains(mock.api_key()));
    for (query, sequence) in [("operation=list", 2), ("status=201", 1), ("after=1", 2)] {
        let some = control(&mock, "GET", &format!("requests?{query}"), Value::Null)
            .await
            .json();
        assert_eq!(some["requests"].as_array().unwrap().len(), 1, "{query}");
        assert_eq!(some["requests"][0]["sequence"], sequence, "{query}");
    }
    let right = json!({"request": {"operation": "create", "body": {"name": "Ledger"}}, "count": 1});
    let verified = control(&mock, "POST", "requests/verify", right).await;
    assert_eq!(
        (verified.status, verified.json()),
        (200, json!({"count": 1}))
    );
    let wrong = json!({"request": {"operation": "list", "query": {"limit": "6"}}});
    let failed = control(&mock, "POST", "requests/verify", wrong).await;
    assert_eq!(failed.status, 409);
    assert_eq!(
        failed.json()["error"],
        "expected at least 1 of: list query.limit=6; found 0; nearest first, these arrived:\n  \
         #2 GET /v1/agents?limit=5 list -> 200\n      \
         query.limit: expected 6, found 5\n  \
         #1 POST /v1/agents create -> 201\n      \
         operation: expected list, found create\n      \
         query.limit: expected 6, found none"
    );
    let confused = control(
        &mock,
        "POST",
        "requests/verify",
        json!({"count": 1, "atMost": 2}),
    )
    .await;
    assert_eq!(confused.status, 400);
    control(&mock, "DELETE", "requests", Value::Null).await;
    mock.assert_requests(Operation::Create, 0);
}

#[tokio::test]
async fn a_query_that_is_wrong_says_what_and_is_not_ignored() {
    let mock = mock();
    for (path, reason) in [
        ("requests?after=-1", "invalid query parameter after: "),
        ("requests?status=70000", "invalid query parameter status: "),
        ("requests?exact=1", "invalid query parameter exact: "),
        (
            "requests?operation=gte",
            "invalid query parameter operation: unknown operation \"gte\"; expected one of create,",
        ),
        (
            "requests?agent=a",
            "unknown query parameter \"agent\"; expected one of operation, agentId,",
        ),
        (
            "requests?after=1&after=2",
            "the query parameter after is given twice",
        ),
        (
            "requests/search?after=1",
            "the query parameter text is missing",
        ),
        (
            "agents?name=a",
            "unknown query parameter \"name\"; expected one of text",
        ),
        ("requests/first", "invalid sequence: "),
    ] {
        let refused = control(&mock, "GET", path, Value::Null).await;
        let error = refused.json()["error"].as_str().unwrap().to_owned();
        assert!(
            refused.status == 400 && error.starts_with(reason),
            "{path}: {error}"
        );
    }
}

#[tokio::test]
async fn a_method_that_a_path_does_not_have_gets_the_list_of_those_it_has() {
    let mock = mock();
    for (method, path, allow) in [
        ("PUT", "faults", "GET,HEAD,POST,DELETE"),
        ("GET", "reset", "POST"),
        ("DELETE", "page/main.js", "GET,HEAD"),
    ] {
        let refused = control(&mock, method, path, Value::Null).await;
        assert_eq!(
            (refused.status, refused.header("allow")),
            (405, allow),
            "{path}"
        );
    }
    let nothing = control(&mock, "GET", "nothing", Value::Null).await;
    assert_eq!(nothing.status, 404);
}

#[tokio::test]
async fn snapshots_and_the_initial_state_can_be_restored() {
    let mock = MockServer::builder()
        .agents(["Pilot"])
        .in_process()
        .unwrap();
    let start = control(&mock, "GET", "state", Value::Null).await.json();
    create(&mock, "Ledger").await;
    let two = control(&mock, "GET", "state", Value::Null).await.json();
    assert_eq!(two["agents"].as_array().unwrap().len(), 2);
    control(&mock, "POST", "faults", json!({"kind": "close"})).await;
    let reset = control(&mock, "POST", "reset", Value::Null).await.json();
    assert_eq!(reset, start);
    assert!(mock.faults().is_empty() && mock.requests().is_empty());
    assert_eq!(
        control(&mock, "PUT", "state", two.clone()).await.json(),
        two
    );
    let refused = control(&mock, "PUT", "state", json!({"agents": [{"id": 1}]})).await;
    assert_eq!(refused.status, 400);
    assert_eq!(mock.snapshot().len(), 2);
}

#[tokio::test]
async fn protection_and_unavailability_can_be_set_and_removed() {
    let mock = mock();
    let id = create(&mock, "Pilot").await;
    let path = format!("agents/{id}");
    let change = json!({"protected": "in use", "unavailable": "asleep"});
    assert_eq!(control(&mock, "PATCH", &path, change).await.status, 200);
    let agent = format!("/v1/agents/{id}");
    assert_eq!(
        send(&mock, "DELETE", &agent, "").await.code(),
        "DELETE_PROTECTED"
    );
    let messages = format!("{agent}/messages");
    let said = send(&mock, "POST", &messages, r#"{"text":"Hi"}"#).await;
    assert_eq!(said.code(), "AGENT_UNAVAILABLE");
    control(&mock, "PATCH", &path, json!({"unavailable": null})).await;
    assert_eq!(
        send(&mock, "POST", &messages, r#"{"text":"Hi"}"#)
            .await
            .status,
        200
    );
    assert_eq!(
        send(&mock, "DELETE", &agent, "").await.code(),
        "DELETE_PROTECTED"
    );
    control(&mock, "PATCH", &path, json!({"protected": null})).await;
    assert_eq!(send(&mock, "DELETE", &agent, "").await.status, 200);
    assert_eq!(control(&mock, "PATCH", &path, json!({})).await.status, 404);
}

#[tokio::test]
async fn keys_limits_tiers_and_replies_can_be_changed() {
    let mock = mock();
    let id = create(&mock, "Pilot").await;
    let key = json!({"key": mock.api_key(), "state": "read_only"});
    assert_eq!(
        control(&mock, "PUT", "keys", key).await.json(),
        json!({"state": "read_only"})
    );
    assert_eq!(
        send(&mock, "DELETE", "/v1/agents/x", "").await.code(),
        "FORBIDDEN"
    );
    control(
        &mock,
        "PUT",
        "keys",
        json!({"key": mock.api_key(), "state": "full"}),
    )
    .await;

    let replies = json!({
        "script": ["first"],
        "patterns": [{"pattern": "(?i)tide", "template": "At 14:10."}],
        "template": "{agent} heard {text}",
    });
    assert_eq!(
        control(&mock, "PUT", "replies", replies.clone())
            .await
            .json(),
        replies
    );
    for (text, reply) in [
        ("a", "first"),
        ("Tide?", "At 14:10."),
        ("b", "Pilot heard b"),
    ] {
        let body = json!({"text": text}).to_string();
        let answer = send(&mock, "POST", &format!("/v1/agents/{id}/messages"), &body).await;
        assert_eq!(answer.json()["data"]["response"], reply);
    }
    let bad = json!({"patterns": [{"pattern": "(", "template": ""}]});
    assert_eq!(control(&mock, "PUT", "replies", bad).await.status, 400);

    let standard = control(&mock, "PUT", "tier", json!({"tier": "standard"}))
        .await
        .json();
    assert_eq!(standard["account"], 60);
    assert_eq!(
        control(&mock, "PUT", "limits", json!({"get": 1}))
            .await
            .status,
        200
    );
    let agent = format!("/v1/agents/{id}");
    assert_eq!(send(&mock, "GET", &agent, "").await.status, 200);
    assert_eq!(send(&mock, "GET", &agent, "").await.status, 429);
    let misspelt = control(&mock, "PUT", "limits", json!({"gets": 1})).await;
    assert!(
        misspelt.json()["error"]
            .as_str()
            .unwrap()
            .contains("unknown field `gets`")
    );
}

#[tokio::test]
async fn health_capabilities_and_descriptions_are_served() {
    let mock = mock();
    assert_eq!(
        control(&mock, "GET", "health", Value::Null).await.json()["status"],
        "ok"
    );
    let ready = control(&mock, "GET", "ready", Value::Null).await.json();
    assert_eq!(
        ready,
        json!({"ready": true, "baseUrl": mock.base_url(), "isolatedKeys": false})
    );
    let capabilities = control(&mock, "GET", "capabilities", Value::Null)
        .await
        .json();
    let behaviors = capabilities["behaviors"].as_array().unwrap();
    for source in ["vendor", "mock"] {
        assert!(
            behaviors
                .iter()
                .any(|behavior| behavior["source"] == source)
        );
    }
    for path in ["/openapi.json", "/__mock/openapi.json"] {
        let document = send(&mock, "GET", path, "").await.json();
        assert_eq!(document["openapi"], "3.1.0");
        assert_resolves(&document, &document);
    }
}

/// Asserts that every `$ref` can be resolved.
fn assert_resolves(document: &Value, part: &Value) {
    match part {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get("$ref") {
                let pointer = reference.strip_prefix('#').unwrap();
                assert!(document.pointer(pointer).is_some(), "{reference}");
            }
            fields
                .values()
                .for_each(|part| assert_resolves(document, part));
        }
        Value::Array(parts) => parts
            .iter()
            .for_each(|part| assert_resolves(document, part)),
        _ => {}
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_by_its_content_type_is_rejected() {
    let mock = mock();
    let form = Request::post("/__mock/faults")
        .header("content-type", "text/plain")
        .body(Full::new(Bytes::from_static(br#"{"kind":"close"}"#)))
        .unwrap();
    assert_eq!(send_request(&mock, form).await.unwrap().status, 415);
    assert!(mock.faults().is_empty());
}

#[tokio::test]
async fn a_control_token_is_required_if_there_is_one() {
    let mock = MockServer::builder()
        .control_token("s3cret-token")
        .in_process()
        .unwrap();
    for token in [None, Some("wrong")] {
        let mut request = Request::get("/__mock/state");
        if let Some(token) = token {
            request = request.header("x-mock-token", token);
        }
        let answer = send_request(&mock, request.body(Full::default()).unwrap())
            .await
            .unwrap();
        assert_eq!(answer.status, 401);
    }
    let request = Request::get("/__mock/state").header("x-mock-token", "s3cret-token");
    let answer = send_request(&mock, request.body(Full::default()).unwrap())
        .await
        .unwrap();
    assert_eq!(answer.status, 200);
    assert!(!format!("{mock:?}").contains("s3cret"));
}

#[tokio::test]
async fn a_disabled_control_api_is_not_found() {
    let mock = MockServer::builder().control(false).in_process().unwrap();
    assert_eq!(
        send(&mock, "GET", "/__mock/health", "").await.code(),
        "NOT_FOUND"
    );
}

#[tokio::test]
async fn with_isolated_keys_the_key_selects_the_account() {
    let mock = MockServer::builder()
        .isolate_keys(true)
        .in_process()
        .unwrap();
    create(&mock, "Pilot").await;
    let with_key = |key: &str, method: &str, path: &str| {
        Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {key}"))
            .body(Full::<Bytes>::default())
            .unwrap()
    };
    let other = send_request(&mock, with_key("other", "POST", "/__mock/reset"))
        .await
        .unwrap();
    assert_eq!(other.json(), json!({"agents": []}));
    assert_eq!(mock.snapshot().len(), 1);
    let own = with_key(mock.api_key(), "POST", "/__mock/reset");
    assert_eq!(
        send_request(&mock, own).await.unwrap().json(),
        json!({"agents": []})
    );
    assert!(mock.snapshot().is_empty());
    let nobody = Request::get("/__mock/state").body(Full::default()).unwrap();
    let refused = send_request(&mock, nobody).await.unwrap();
    assert_eq!(refused.status, 400);
    assert!(
        refused.json()["error"]
            .as_str()
            .unwrap()
            .contains("Authorization: Bearer")
    );
}

#[tokio::test]
async fn control_requests_are_not_in_the_journal_and_have_no_faults() {
    let mock = mock();
    control(&mock, "POST", "faults", json!({"kind": "close"})).await;
    assert_eq!(
        control(&mock, "GET", "state", Value::Null).await.status,
        200
    );
    assert!(mock.requests().is_empty());
}

#[tokio::test]
async fn one_fault_can_be_removed() {
    let mock = mock();
    let added = control(
        &mock,
        "POST",
        "faults",
        json!([{"kind": "close"}, {"kind": "status", "status": 502}]),
    )
    .await
    .json();
    let id = added["faults"][0]["id"].as_u64().unwrap();
    let left = control(&mock, "DELETE", &format!("faults/{id}"), Value::Null).await;
    assert_eq!(left.json()["faults"].as_array().unwrap().len(), 1);
    assert_eq!(send(&mock, "GET", "/v1/agents", "").await.status, 502);
    for gone in [id.to_string(), "99".to_owned(), "x".to_owned()] {
        let answer = control(&mock, "DELETE", &format!("faults/{gone}"), Value::Null).await;
        assert_eq!(answer.status, 404, "{gone}");
    }
    mock.clear_faults();
    let id = mock.fault(Fault::close());
    assert!(mock.remove_fault(id) && !mock.remove_fault(id));
    assert_eq!(send(&mock, "GET", "/v1/agents", "").await.status, 200);
}

#[tokio::test]
async fn replies_can_be_added_and_listed() {
    let mock = MockServer::builder().script(["one"]).in_process().unwrap();
    let path = format!("/v1/agents/{}/messages", create(&mock, "Pilot").await);
    let added = control(
        &mock,
        "POST",
        "replies",
        json!({"script": ["two"], "patterns": [{"pattern": "x", "template": "three"}]}),
    )
    .await;
    assert_eq!(added.json()["script"], json!(["one", "two"]));
    for reply in ["one", "two", "three"] {
        let answer = send(&mock, "POST", &path, r#"{"text":"x"}"#).await;
        assert_eq!(answer.json()["data"]["response"], reply);
    }
    let listed = control(&mock, "GET", "replies", Value::Null).await.json();
    assert_eq!(
        listed,
        json!({"script": [], "patterns": [{"pattern": "x", "template": "three"}], "template": null})
    );
}

#[tokio::test]
async fn the_pace_of_streams_can_be_changed() {
    let mock = MockServer::builder()
        .clock(Clock::frozen())
        .agents([json!({"id": "a", "name": "Pilot"})])
        .in_process()
        .unwrap();
    let pace = control(&mock, "PUT", "pace", json!({"tokenPaceMs": 1000})).await;
    assert_eq!(pace.json(), json!({"tokenPaceMs": 1000}));
    let stream = tokio::spawn({
        let mock = mock.clone();
        async move {
            send(
                &mock,
                "POST",
                "/v1/agents/a/messages/stream",
                r#"{"text":"Hi"}"#,
            )
            .await
        }
    });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!stream.is_finished(), "it waits for the clock");
    while !stream.is_finished() {
        mock.advance(Duration::from_secs(1));
        tokio::task::yield_now().await;
    }
    mock.set_token_pace(Duration::ZERO);
    let pace = control(&mock, "GET", "pace", Value::Null).await;
    assert_eq!(pace.json(), json!({"tokenPaceMs": 0}));
}

#[tokio::test]
async fn the_clock_can_be_set_to_a_date() {
    let mock = MockServer::builder()
        .clock(Clock::frozen())
        .tier(Tier::Standard)
        .in_process()
        .unwrap();
    send(&mock, "GET", "/v1/agents", "").await;
    for date in ["2030-05-06T07:08:09Z", "2020-01-01T00:00:00Z"] {
        let set = control(&mock, "POST", "clock", json!({ "now": date })).await;
        assert_eq!(set.json()["now"], date);
        let answer = send(&mock, "GET", "/v1/agents", "").await;
        assert_eq!(answer.header("x-ratelimit-remaining"), "59", "a new window");
    }
    let both = json!({"now": "2030-01-01T00:00:00Z", "advanceMs": 1500});
    let moved = control(&mock, "POST", "clock", both).await;
    assert_eq!(moved.json()["now"], "2030-01-01T00:00:01.5Z");
}

#[tokio::test]
async fn a_test_can_wait_until_a_request_has_arrived() {
    let mock = MockServer::start().await;
    let list = json!({"request": {"operation": "list"}, "count": 2, "timeoutMs": 30_000});
    let waiting = tokio::spawn({
        let mock = mock.clone();
        async move { control(&mock, "POST", "requests/wait", list).await }
    });
    let in_rust = tokio::spawn({
        let mock = mock.clone();
        async move {
            let pattern = RequestPattern::of(Operation::List).status(200);
            mock.wait_for(&pattern, 2).await;
        }
    });
    send(&mock, "GET", "/v1/agents", "").await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!waiting.is_finished() && !in_rust.is_finished());
    send(&mock, "GET", "/v1/agents", "").await;
    in_rust.await.unwrap();
    let answer = waiting.await.unwrap();
    assert_eq!((answer.status, answer.json()), (200, json!({"count": 2})));

    let late = json!({"request": {"operation": "create"}, "timeoutMs": 1});
    let answer = control(&mock, "POST", "requests/wait", late).await;
    assert_eq!(answer.status, 408);
    let said = answer.json()["error"].as_str().unwrap().to_owned();
    assert!(said.starts_with("expected at least 1 of: create; found 0"));
    let long = json!({"timeoutMs": 60_001});
    assert_eq!(
        control(&mock, "POST", "requests/wait", long).await.status,
        400
    );
}
