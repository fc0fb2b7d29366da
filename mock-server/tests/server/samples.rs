//! Responses and errors are those of the samples in `tests/fixtures`, and sample requests are accepted.

use serde_json::{Value, json};

use crate::support::{create, fixture, frozen as mock, send};

/// Replaces the values by their types.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), shape(value)))
            .collect(),
        Value::Array(items) => items.iter().map(shape).collect(),
        Value::String(_) => json!("string"),
        Value::Number(_) => json!("number"),
        other => other.clone(),
    }
}

#[tokio::test]
async fn responses_have_the_shapes_of_the_samples() {
    let mock = mock();
    let body = fixture("create-agent.request.json").to_string();
    let created = send(&mock, "POST", "/v1/agents", &body).await;
    assert_eq!(
        (created.status, shape(&created.json())),
        (201, shape(&fixture("create-agent.201.json")))
    );
    let id = created.json()["data"]["id"].as_str().unwrap().to_owned();
    let agent = format!("/v1/agents/{id}");

    let got = send(&mock, "GET", &agent, "").await;
    assert_eq!(
        (got.status, shape(&got.json())),
        (200, shape(&fixture("get-agent.200.json")))
    );

    let listed = send(&mock, "GET", "/v1/agents", "").await.json();
    let sample = fixture("list-agents.200.json");
    assert_eq!(
        shape(&listed["data"]["agents"][0]),
        shape(&sample["data"]["agents"][0])
    );
    assert_eq!(
        shape(&listed["data"]["pagination"]),
        shape(&sample["data"]["pagination"])
    );

    let body = fixture("send-message.request.json").to_string();
    let sent = send(&mock, "POST", &format!("{agent}/messages"), &body).await;
    assert_eq!(
        (sent.status, shape(&sent.json())),
        (200, shape(&fixture("send-message.200.json")))
    );
    let sent = send(
        &mock,
        "POST",
        &format!("{agent}/messages"),
        r#"{"text":"Hi"}"#,
    )
    .await
    .json();
    assert!(sent["data"].get("userId").is_none() && sent["data"].get("roomId").is_none());

    let body = fixture("update-agent.request.json").to_string();
    let updated = send(&mock, "PATCH", &agent, &body).await;
    assert_eq!(
        (updated.status, shape(&updated.json())),
        (200, shape(&fixture("update-agent.200.json")))
    );

    let deleted = send(&mock, "DELETE", &agent, "").await;
    assert_eq!(
        (deleted.status, shape(&deleted.json())),
        (200, shape(&fixture("delete-agent.200.json")))
    );
    assert_eq!(send(&mock, "DELETE", &agent, "").await.status, 404);
}

#[tokio::test]
async fn errors_equal_the_samples() {
    let mock = mock();
    let id = create(&mock, "Pilot").await;
    let agent = format!("/v1/agents/{id}");
    let cases = [
        (
            "GET",
            "/v1/agents/agent_000000000000".to_owned(),
            "",
            404,
            "agent-not-found.404.json",
        ),
        (
            "POST",
            "/v1/agents".to_owned(),
            "{}",
            400,
            "create-agent.400.json",
        ),
        (
            "POST",
            format!("{agent}/messages"),
            "{}",
            400,
            "send-message.400.json",
        ),
        (
            "POST",
            format!("{agent}/messages"),
            r#"{"text":" "}"#,
            400,
            "send-message.400.json",
        ),
        (
            "PATCH",
            agent.clone(),
            r#"{"modelProvider":"acme"}"#,
            400,
            "update-agent.400-provider.json",
        ),
    ];
    for (method, path, body, status, sample) in cases {
        let answer = send(&mock, method, &path, body).await;
        assert_eq!(
            (answer.status, answer.json()),
            (status, fixture(sample)),
            "{method} {path}"
        );
    }

    mock.protect(&id, Some("Agent has active subscriptions"));
    assert_eq!(
        send(&mock, "DELETE", &agent, "").await.json(),
        fixture("delete-agent.403.json")
    );
    mock.make_unavailable(&id, Some("Model provider rate limit exceeded"));
    let answer = send(
        &mock,
        "POST",
        &format!("{agent}/messages"),
        r#"{"text":"Hi"}"#,
    )
    .await;
    assert_eq!(
        (answer.status, answer.json()),
        (503, fixture("send-message.503.json"))
    );

    for number in 1..100 {
        create(&mock, &format!("Agent {number}")).await;
    }
    let answer = send(&mock, "POST", "/v1/agents", r#"{"name":"one too many"}"#).await;
    assert_eq!(
        (answer.status, answer.json()),
        (403, fixture("create-agent.403-quota.json"))
    );
}

#[tokio::test]
async fn every_sample_request_is_accepted() {
    let mock = mock();
    for name in [
        "create-agent.request.json",
        "create-agent.minimal.request.json",
        "character-file.json",
    ] {
        let sent = fixture(name);
        let created = send(&mock, "POST", "/v1/agents", &sent.to_string()).await;
        assert_eq!(created.status, 201, "{name}");
        let id = created.json()["data"]["id"].as_str().unwrap().to_owned();
        let kept = send(&mock, "GET", &format!("/v1/agents/{id}"), "")
            .await
            .json();
        for (field, value) in sent.as_object().unwrap() {
            assert_eq!(&kept["data"][field], value, "{name} {field}");
        }
    }
}
