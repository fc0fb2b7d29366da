//! Invalid responses: nothing is lost, and the error says what arrived.

use crate::support::{AGENT, answering, client, mock, over};
use orionos::{ErrorCode, Method, OrionError, Outcome, RetryPolicy, Value};
use orionos_mock_server::Fault;

async fn get(
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: &str,
) -> OrionError {
    let service = answering(status, headers, body.to_owned());
    let orion = over(service).retry(RetryPolicy::none()).build().unwrap();
    orion.agents().get(AGENT).send().await.unwrap_err()
}

#[tokio::test]
async fn a_proxys_page_keeps_status_content_type_request_id_and_body() {
    let headers = &[("content-type", "text/html"), ("x-request-id", "req_7")];
    let error = get(502, headers, "<html>Bad gateway</html>").await;
    let OrionError::UnexpectedResponse(unexpected) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(unexpected.status(), 502);
    assert_eq!(unexpected.content_type(), Some("text/html"));
    assert_eq!(unexpected.body(), "<html>Bad gateway</html>");
    assert_eq!(error.request_id(), Some("req_7"));
    assert_eq!(error.operation(), Some("agents.get"));
    let line = error.to_string();
    assert!(line.contains("502") && line.contains("req_7"), "{line}");
    assert!(
        !line.contains("Bad gateway</html>"),
        "no body in Display: {line}"
    );
}

#[tokio::test]
async fn an_empty_or_truncated_body_is_unexpected_at_any_status() {
    for status in [200, 201, 400, 404, 429, 500, 503] {
        for body in [
            "",
            r#"{"success":true,"data":{"id":"ag"#,
            "null",
            "[]",
            "{}",
        ] {
            let error = get(status, &[], body).await;
            assert!(
                matches!(error, OrionError::UnexpectedResponse(_)),
                "{status} {body}"
            );
            assert_eq!(error.status().unwrap(), status);
            assert_eq!(error.body_excerpt(), Some(body));
        }
    }
}

#[tokio::test]
async fn a_required_value_of_the_wrong_type_names_its_json_path() {
    for (data, path) in [
        (r#"{"id":7}"#, "data.id"),
        (
            r#"{"id":"a","name":"n","status":["active"]}"#,
            "data.status",
        ),
        (r#"{"id":"a","status":"active"}"#, "data"),
        (r#"[]"#, "data"),
    ] {
        let error = get(200, &[], &format!(r#"{{"success":true,"data":{data}}}"#)).await;
        let OrionError::Decode(decode) = &error else {
            panic!("{error:?}")
        };
        assert_eq!(decode.path(), path);
        assert!(error.to_string().contains(path), "{error}");
        assert_eq!(error.outcome(), Outcome::Unknown);
    }
}

#[tokio::test]
async fn success_false_under_200_is_the_servers_error() {
    let body = r#"{"success":false,"error":{"code":"AGENT_NOT_FOUND","message":"gone"}}"#;
    let error = get(200, &[], body).await;
    assert_eq!(error.code(), Some(&ErrorCode::AgentNotFound));
    assert_eq!(error.status().unwrap(), 200);
    assert!(error.is_not_found());
}

#[tokio::test]
async fn an_unknown_code_is_kept() {
    let body = include_str!("../fixtures/unknown-code.500.json");
    let error = get(500, &[], body).await;
    assert_eq!(error.code().unwrap().as_str(), "EMBEDDING_STORE_OFFLINE");
    assert_eq!(error.details().unwrap()["shard"], 7);
    assert!(error.is_retryable());
}

#[tokio::test]
async fn every_error_sample_is_understood() {
    for (status, body, code) in [
        (
            400,
            include_str!("../fixtures/create-agent.400.json"),
            "INVALID_REQUEST",
        ),
        (
            403,
            include_str!("../fixtures/create-agent.403-quota.json"),
            "INSUFFICIENT_QUOTA",
        ),
        (
            403,
            include_str!("../fixtures/delete-agent.403.json"),
            "DELETE_PROTECTED",
        ),
        (
            404,
            include_str!("../fixtures/agent-not-found.404.json"),
            "AGENT_NOT_FOUND",
        ),
        (
            401,
            include_str!("../fixtures/unauthorized.401.json"),
            "UNAUTHORIZED",
        ),
        (
            429,
            include_str!("../fixtures/rate-limit.429.json"),
            "RATE_LIMIT_EXCEEDED",
        ),
        (
            400,
            include_str!("../fixtures/send-message.400.json"),
            "INVALID_MESSAGE",
        ),
        (
            503,
            include_str!("../fixtures/send-message.503.json"),
            "AGENT_UNAVAILABLE",
        ),
        (
            400,
            include_str!("../fixtures/update-agent.400-provider.json"),
            "INVALID_REQUEST",
        ),
    ] {
        let error = get(status, &[], body).await;
        let OrionError::Api(api) = &error else {
            panic!("{error:?}")
        };
        let wire: Value = serde_json::from_str(body).unwrap();
        assert_eq!(api.code().as_str(), code);
        assert_eq!(api.message(), wire["error"]["message"]);
        assert_eq!(error.details(), wire["error"].get("details"));
        assert!(error.to_string().contains(api.message()), "{error}");
    }
}

#[tokio::test]
async fn a_list_in_items_is_a_list() {
    let service = answering(
        200,
        &[],
        include_str!("../fixtures/list-agents.items-key.200.json"),
    );
    let orion = over(service).build().unwrap();
    let page = orion.agents().list().send().await.unwrap();
    assert_eq!(page.items.len(), 2);
    assert_eq!(page.pagination.total_items, 47);
}

#[tokio::test]
async fn a_failure_before_a_stream_is_the_servers_error() {
    let mock = mock();
    let agents = client(&mock).agents();
    let error = agents
        .stream_message("agent_000000000000", "Hi")
        .send()
        .await
        .unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(error.operation(), Some("agents.stream_message"));
}

#[tokio::test]
async fn json_in_place_of_a_stream_is_unexpected() {
    let mock = mock();
    mock.fault(Fault::wrong_content_type());
    let error = client(&mock)
        .agents()
        .stream_message(AGENT, "Hi")
        .send()
        .await
        .unwrap_err();
    assert!(error.status().unwrap().is_success());
    assert!(
        matches!(error, OrionError::UnexpectedResponse(_)),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_body_that_exceeds_the_limit_is_rejected_without_buffering_it() {
    for (headers, length) in [
        (&[][..], 2000),
        (&[("content-length", "99999999999")][..], 10),
    ] {
        let service = answering(200, headers, "x".repeat(length));
        let orion = over(service).max_response_bytes(1000).build().unwrap();
        let error = orion.agents().get(AGENT).send().await.unwrap_err();
        assert!(matches!(&error, OrionError::BodyTooLarge(large) if large.limit() == 1000));
        assert_eq!(error.attempts(), 1);
    }
}

#[tokio::test]
async fn a_raw_call_decodes_data_of_any_shape() {
    let service = answering(200, &[], r#"{"success":true,"data":[1,2,3]}"#);
    let orion = over(service).build().unwrap();
    let numbers: Vec<u8> = orion
        .request(Method::GET, ["numbers"])
        .send()
        .await
        .unwrap();
    assert_eq!(numbers, [1, 2, 3]);
}

#[tokio::test]
async fn a_success_that_cannot_be_read_may_have_acted() {
    for body in ["", "<html></html>", r#"{"success":tr"#, "7"] {
        let orion = over(answering(201, &[], body)).build().unwrap();
        let error = orion.agents().create("Pilot").send().await.unwrap_err();
        assert_eq!(
            error.outcome(),
            orionos::Outcome::Unknown,
            "{body:?}: {error}"
        );
    }
}
