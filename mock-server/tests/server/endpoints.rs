//! The endpoints: statuses, envelopes, state and validation.

use crate::support::{create, fixture, frozen as mock, send, send_request};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use orionos_mock_server::{Clock, KeyState, ListKey, MockServer, SettingsUpdate, Tier};
use serde_json::{Value, json};

#[tokio::test]
async fn an_update_replaces_sent_fields_clears_null_fields_and_leaves_the_rest() {
    let mock = mock();
    let body = fixture("create-agent.request.json").to_string();
    let created = send(&mock, "POST", "/v1/agents", &body).await.json();
    let agent = format!("/v1/agents/{}", created["data"]["id"].as_str().unwrap());
    let patch = r#"{"personality":{"style":"new"},"bio":null,"custom":{"kept":true}}"#;
    let updated = send(&mock, "PATCH", &agent, patch).await.json();
    assert_eq!(
        updated["data"]["changes"],
        json!(["personality", "bio", "custom"])
    );
    let data = &send(&mock, "GET", &agent, "").await.json()["data"];
    assert_eq!(data["personality"], json!({"style": "new"}));
    assert_eq!(data["custom"], json!({"kept": true}));
    assert_eq!(data["goals"], json!(["Shorten the wait for a berth"]));
    assert!(data.get("bio").is_none());
    for body in [r#"{"name":null}"#, r#"{"status":"error"}"#, r#"{"id":"x"}"#] {
        assert_eq!(
            send(&mock, "PATCH", &agent, body).await.code(),
            "INVALID_REQUEST",
            "{body}"
        );
    }
}

#[tokio::test]
async fn settings_are_merged_by_platform_or_replaced() {
    for (update, discord_is_kept) in [
        (SettingsUpdate::Merge, true),
        (SettingsUpdate::Replace, false),
    ] {
        let mock = MockServer::builder().settings(update).in_process().unwrap();
        let mut body = fixture("create-agent.request.json");
        body["settings"] = json!({"discord": {"channels": ["a"]}, "slack": null});
        let created = send(&mock, "POST", "/v1/agents", &body.to_string()).await;
        let id = created.json()["data"]["id"].as_str().unwrap().to_owned();
        let agent = format!("/v1/agents/{id}");
        let patch = fixture("update-agent.settings-one-platform.request.json");
        let updated = send(&mock, "PATCH", &agent, &patch.to_string()).await;
        assert_eq!(updated.status, 200);
        let settings = async || {
            let got = send(&mock, "GET", &agent, "").await;
            got.json()["data"]["settings"].clone()
        };
        let mut expected = json!({"telegram": patch["settings"]["telegram"]});
        if discord_is_kept {
            expected["discord"] = json!({"channels": ["a"]});
        }
        assert_eq!(settings().await, expected);

        // A platform that is sent is replaced, not merged.
        let patch = r#"{"settings":{"discord":{"commandPrefix":"!"},"telegram":null}}"#;
        send(&mock, "PATCH", &agent, patch).await;
        assert_eq!(settings().await, json!({"discord": {"commandPrefix": "!"}}));
        send(&mock, "PATCH", &agent, r#"{"settings":null}"#).await;
        assert_eq!(settings().await, Value::Null);
    }
}

#[tokio::test]
async fn changes_have_the_order_in_which_fields_were_sent() {
    let mock = mock();
    let agent = format!("/v1/agents/{}", create(&mock, "Pilot").await);
    let patch = r#"{"z":1,"goals":[],"status":"inactive","bio":null,"a":2}"#;
    let updated = send(&mock, "PATCH", &agent, patch).await.json();
    assert_eq!(
        updated["data"]["changes"],
        json!(["z", "goals", "status", "bio", "a"])
    );
}

#[tokio::test]
async fn a_listed_agent_always_has_its_clients() {
    let mock = mock();
    create(&mock, "Pilot").await;
    let listed = send(&mock, "GET", "/v1/agents", "").await.json();
    assert_eq!(listed["data"]["agents"][0]["clients"], json!([]));
}

#[tokio::test]
async fn more_model_providers_can_be_allowed() {
    let body = r#"{"name":"a","modelProvider":"acme"}"#;
    assert_eq!(
        send(&mock(), "POST", "/v1/agents", body).await.code(),
        "INVALID_REQUEST"
    );
    let mock = MockServer::builder().provider("acme").in_process().unwrap();
    assert_eq!(send(&mock, "POST", "/v1/agents", body).await.status, 201);
    let document = send(&mock, "GET", "/openapi.json", "").await.json();
    let known = document["components"]["schemas"]["ModelProvider"]["enum"].to_string();
    assert!(
        known.contains("acme") && known.contains("openai"),
        "{known}"
    );
}

#[tokio::test]
async fn the_openapi_document_can_only_be_read() {
    let mock = mock();
    assert_eq!(send(&mock, "HEAD", "/openapi.json", "").await.status, 200);
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let response = send(&mock, method, "/openapi.json", "").await;
        assert_eq!(
            (response.status, &*response.code()),
            (405, "INVALID_REQUEST")
        );
        assert_eq!(response.headers["allow"], "GET, HEAD");
    }
}

#[tokio::test]
async fn floats_are_returned_unchanged() {
    let mock = mock();
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..1_000 {
        let number = f64::from_bits(random.u64(..));
        if !number.is_finite() {
            continue;
        }
        let number = json!(number).to_string();
        let body = format!(r#"{{"name":"a","custom":{number}}}"#);
        let created = send(&mock, "POST", "/v1/agents", &body).await.json();
        let id = created["data"]["id"].as_str().unwrap().to_owned();
        let got = send(&mock, "GET", &format!("/v1/agents/{id}"), "").await;
        let got = String::from_utf8(got.body.to_vec()).unwrap();
        assert!(
            got.contains(&format!(r#""custom":{number},"#)),
            "{number}: {got}"
        );
        send(&mock, "DELETE", &format!("/v1/agents/{id}"), "").await;
    }
}

#[tokio::test]
async fn a_body_that_is_not_a_json_object_is_rejected_with_a_reason() {
    let mock = mock();
    for (body, reason) in [
        ("{\n  \"name\": \"a\",,\n}", "line 2 column"),
        ("", "line 1 column 0"),
        ("[]", "got a list"),
        ("null", "got null"),
        ("{\"name\": \"\u{1}\"}", "control character"),
    ] {
        let answer = send(&mock, "POST", "/v1/agents", body).await;
        assert_eq!(answer.status, 400);
        let error = &answer.json()["error"];
        assert_eq!(error["details"]["field"], "body");
        let said = error["details"]["reason"].as_str().unwrap().to_owned();
        assert!(said.contains(reason), "{said}");
    }
    let deep = "[".repeat(100_000);
    assert_eq!(send(&mock, "POST", "/v1/agents", &deep).await.status, 400);
    let large = format!(r#"{{"name":"{}"}}"#, "x".repeat(1 << 20));
    let answer = send(&mock, "POST", "/v1/agents", &large).await;
    assert_eq!(
        (answer.status, answer.code()),
        (413, "INVALID_REQUEST".into())
    );
}

#[tokio::test]
async fn a_content_type_that_is_not_json_is_rejected() {
    let mock = mock();
    for content_type in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
    ] {
        let mut request = Request::post("/v1/agents").header("authorization", "Bearer test-key");
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let request = request
            .body(Full::new(Bytes::from_static(b"{\"name\":\"a\"}")))
            .unwrap();
        let answer = send_request(&mock, request).await.unwrap();
        assert_eq!(
            (
                answer.status,
                answer.json()["error"]["details"]["field"].clone()
            ),
            (400, json!("Content-Type"))
        );
    }
}

#[tokio::test]
async fn lists_are_sorted_filtered_and_paged() {
    let mock = MockServer::builder()
        .agents([
            json!({"name": "b"}),
            json!({"name": "a", "status": "inactive"}),
            json!({"name": "c", "status": "error"}),
        ])
        .in_process()
        .unwrap();
    let names = async |query: &str| -> Vec<String> {
        let answer = send(&mock, "GET", &format!("/v1/agents?{query}"), "")
            .await
            .json();
        let agents = answer["data"]["agents"].as_array().unwrap().clone();
        agents
            .iter()
            .map(|agent| agent["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names("").await, ["c", "a", "b"], "the newest first");
    assert_eq!(names("order=asc").await, ["b", "a", "c"]);
    assert_eq!(names("sortBy=name&order=asc").await, ["a", "b", "c"]);
    assert_eq!(names("sortBy=name").await, ["c", "b", "a"]);
    assert_eq!(names("sortBy=status&order=asc").await, ["b", "c", "a"]);
    assert_eq!(names("status=inactive").await, ["a"]);
    assert_eq!(names("limit=2&page=2&order=asc").await, ["c"]);
    assert!(names("page=9").await.is_empty());
    let past = send(&mock, "GET", "/v1/agents?page=9&limit=2", "")
        .await
        .json();
    assert_eq!(
        past["data"]["pagination"],
        json!({"currentPage": 9, "totalPages": 2, "totalItems": 3, "itemsPerPage": 2})
    );
    for query in [
        "page=0",
        "limit=101",
        "limit=x",
        "status=odd",
        "sortBy=id",
        "order=up",
    ] {
        assert_eq!(
            send(&mock, "GET", &format!("/v1/agents?{query}"), "")
                .await
                .code(),
            "INVALID_REQUEST"
        );
    }
    let mock = MockServer::builder()
        .list_key(ListKey::Items)
        .in_process()
        .unwrap();
    assert_eq!(
        send(&mock, "GET", "/v1/agents", "").await.json()["data"]["items"],
        json!([])
    );
}

#[tokio::test]
async fn the_key_is_checked_first() {
    let mock = MockServer::builder()
        .api_key("full")
        .read_only_key("viewer")
        .in_process()
        .unwrap();
    let with = async |authorization: Option<&str>, method: &str, path: &str| {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json");
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        let body = Full::new(Bytes::from_static(b"{\"name\":\"a\"}"));
        send_request(&mock, request.body(body).unwrap())
            .await
            .unwrap()
    };
    for wrong in [
        None,
        Some("Bearer"),
        Some("Bearer "),
        Some("Bearer wrong"),
        Some("Basic full"),
        Some("full"),
    ] {
        for path in ["/v1/agents", "/v1/nowhere", "/v1/agents/x"] {
            let answer = with(wrong, "GET", path).await;
            assert_eq!(
                (answer.status, answer.json()),
                (401, fixture("unauthorized.401.json")),
                "{wrong:?}"
            );
        }
    }
    assert_eq!(
        with(Some("bearer full"), "GET", "/v1/agents").await.status,
        200
    );
    assert_eq!(
        with(Some("Bearer viewer"), "GET", "/v1/agents")
            .await
            .status,
        200
    );
    let refused = with(Some("Bearer viewer"), "POST", "/v1/agents").await;
    assert_eq!((refused.status, refused.code()), (403, "FORBIDDEN".into()));
    mock.set_key("full", KeyState::OverQuota);
    assert_eq!(
        with(Some("Bearer full"), "POST", "/v1/agents").await.code(),
        "INSUFFICIENT_QUOTA"
    );
    mock.set_key("full", KeyState::Revoked);
    assert_eq!(
        with(Some("Bearer full"), "GET", "/v1/agents").await.status,
        401
    );
}

#[tokio::test]
async fn unknown_routes_return_an_envelope() {
    let mock = mock();
    for path in [
        "/",
        "/v1",
        "/v1/agents/",
        "/v1/characters",
        "/v1/agents/a/messages/x",
        "/agents",
    ] {
        let answer = send(&mock, "GET", path, "").await;
        assert_eq!(
            (answer.status, answer.code()),
            (404, "NOT_FOUND".into()),
            "{path}"
        );
    }
    for (method, path, allow) in [
        ("PUT", "/v1/agents", "GET, POST"),
        ("POST", "/v1/agents/a", "GET, PATCH, DELETE"),
        ("GET", "/v1/agents/a/messages", "POST"),
        ("GET", "/v1/agents/a/messages/stream", "POST"),
        ("POST", "/health", "GET"),
    ] {
        let answer = send(&mock, method, path, "").await;
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, allow),
            "{method} {path}"
        );
        assert_eq!(answer.json()["success"], false);
    }
    let health = send(&mock, "GET", "/health", "").await;
    assert_eq!(
        (health.status, health.json()),
        (200, json!({"status": "ok", "version": "1.0.0"}))
    );
    assert_eq!(send(&mock, "HEAD", "/v1/agents", "").await.status, 200);
}

#[tokio::test]
async fn conversations_are_remembered_separately() {
    let mock = mock();
    let agent = format!("/v1/agents/{}", create(&mock, "Pilot").await);
    let say = async |text: &str, user: &str, room: &str| -> String {
        let body = json!({"text": text, "userId": user, "roomId": room}).to_string();
        let answer = send(&mock, "POST", &format!("{agent}/messages"), &body)
            .await
            .json();
        answer["data"]["response"].as_str().unwrap().to_owned()
    };
    assert_eq!(say("A", "u", "r").await, "Pilot, turn 1: you said 'A'.");
    assert_eq!(
        say("B", "u", "r").await,
        "Pilot, turn 2: you said 'B'. Before that you said 'A'."
    );
    assert_eq!(say("C", "u", "other").await, "Pilot, turn 1: you said 'C'.");
    assert_eq!(say("D", "v", "r").await, "Pilot, turn 1: you said 'D'.");
    let metrics = &send(&mock, "GET", &agent, "").await.json()["data"]["metrics"];
    assert_eq!(
        *metrics,
        json!({"totalMessages": 4, "totalConversations": 3, "uptime": "100.0%"})
    );
}

#[tokio::test]
async fn a_stream_has_the_reply_in_tokens() {
    let mock = mock();
    let agent = format!("/v1/agents/{}", create(&mock, "Pilot").await);
    for (path, body) in [
        ("messages/stream", r#"{"text":"Hi"}"#),
        ("messages", r#"{"text":"Hi","stream":true,"userId":"u"}"#),
    ] {
        let answer = send(&mock, "POST", &format!("{agent}/{path}"), body).await;
        assert_eq!(answer.header("content-type"), "text/event-stream");
        assert_eq!(answer.header("content-length"), "");
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        let events: Vec<Value> = text
            .split("\n\n")
            .filter_map(|event| event.strip_prefix("data: "))
            .map(|data| serde_json::from_str(data).unwrap())
            .collect();
        let (done, tokens) = events.split_last().unwrap();
        let reply: String = tokens
            .iter()
            .map(|token| token["content"].as_str().unwrap())
            .collect();
        assert_eq!(reply, "Pilot, turn 1: you said 'Hi'.");
        assert!(tokens.iter().all(|token| token["type"] == "token"));
        assert_eq!(done["type"], "done");
        assert!(done["messageId"].as_str().unwrap().starts_with("msg_"));
        assert!(done["metadata"]["tokensUsed"].is_u64());
    }
}

#[tokio::test]
async fn the_same_seed_clock_and_requests_give_the_same_bytes() {
    let run = async || {
        let mock = MockServer::builder()
            .seed(7)
            .tier(Tier::Standard)
            .clock(Clock::frozen())
            .in_process()
            .unwrap();
        let mut all = Vec::new();
        for round in 0..12 {
            let created = send(
                &mock,
                "POST",
                "/v1/agents",
                &json!({"name": round.to_string()}).to_string(),
            )
            .await;
            if created.status == 201 {
                let id = created.json()["data"]["id"].as_str().unwrap().to_owned();
                let path = format!("/v1/agents/{id}/messages/stream");
                let streamed = send(&mock, "POST", &path, r#"{"text":"Hi"}"#).await;
                all.push((
                    streamed.status,
                    format!("{:?}", streamed.headers),
                    streamed.body,
                ));
            }
            all.push((
                created.status,
                format!("{:?}", created.headers),
                created.body,
            ));
            mock.advance(std::time::Duration::from_millis(1234));
        }
        all
    };
    assert_eq!(run().await, run().await);
}
