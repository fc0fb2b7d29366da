//! Input that is rejected before anything is sent, each with its own clear error.

use crate::support::{client, mock, virtual_builder, virtual_mock};
use orionos::{AgentConfig, Method, OrionError, OrionOS, Outcome};

fn refused(result: Result<impl Sized, OrionError>, field: &str, word: &str) {
    let error = result.err().expect("it must be refused");
    let OrionError::InvalidRequest {
        field: named,
        reason,
        ..
    } = &error
    else {
        panic!("{error:?}")
    };
    assert_eq!(named, field);
    assert!(reason.contains(word), "{reason}");
    assert_eq!((error.outcome(), error.attempts()), (Outcome::NotSent, 0));
}

#[tokio::test]
async fn every_call_rejects_an_id_that_names_another_path() {
    let mock = mock();
    let agents = client(&mock).agents();
    for id in ["", ".", ".."] {
        refused(agents.get(id).send().await, "agentId", "must not be");
        refused(
            agents.update(id).model("m").send().await,
            "agentId",
            "must not be",
        );
        refused(agents.delete(id).send().await, "agentId", "must not be");
        refused(
            agents.send_message(id, "Hi").send().await,
            "agentId",
            "must not be",
        );
        refused(
            agents.stream_message(id, "Hi").send().await,
            "agentId",
            "must not be",
        );
    }
    assert!(mock.requests().is_empty());
}

#[tokio::test]
async fn an_unusual_id_stays_one_path_segment() {
    let mock = mock();
    let agents = client(&mock).agents();
    for (id, path) in [
        ("a/b", "/v1/agents/a%2Fb"),
        ("ü?#%", "/v1/agents/%C3%BC%3F%23%25"),
        ("a\r\nb", "/v1/agents/a%0D%0Ab"),
        ("%2e%2e", "/v1/agents/%252e%252e"),
    ] {
        let error = agents.get(id).send().await.unwrap_err();
        assert!(error.is_not_found());
        let request = mock.requests().pop().unwrap();
        assert_eq!(
            (request.path.as_str(), request.agent_id.as_deref()),
            (path, Some(id))
        );
    }
}

#[tokio::test]
async fn a_page_or_limit_out_of_range_is_rejected() {
    let mock = mock();
    let list = client(&mock).agents().list();
    refused(list.clone().page(0).send().await, "page", "at least 1");
    for limit in [0, 101, u32::MAX] {
        refused(
            list.clone().limit(limit).send().await,
            "limit",
            &limit.to_string(),
        );
        refused(list.clone().limit(limit).all().await, "limit", "1 to 100");
        let mut items = list.clone().limit(limit).items();
        refused(items.next().await.unwrap(), "limit", "1 to 100");
        assert!(items.next().await.is_none());
    }
    assert!(mock.requests().is_empty());
}

#[tokio::test]
async fn an_empty_name_or_text_is_rejected() {
    let mock = mock();
    let agents = client(&mock).agents();
    for empty in ["", "  ", "\n"] {
        refused(agents.create(empty).send().await, "name", "empty");
        refused(
            agents.create_from(AgentConfig::new(empty)).send().await,
            "name",
            "empty",
        );
        refused(agents.update("a").name(empty).send().await, "name", "empty");
        refused(
            agents.send_message("a", empty).send().await,
            "text",
            "empty",
        );
        refused(
            agents.stream_message("a", empty).send().await,
            "text",
            "empty",
        );
    }
    assert!(mock.requests().is_empty());
}

#[tokio::test]
async fn values_that_json_cannot_express_are_rejected() {
    let mock = mock();
    let agents = client(&mock).agents();
    // A map whose keys are not strings.
    let odd = std::collections::BTreeMap::from([((1, 2), 3)]);
    refused(
        agents.create("a").platform_settings("x", &odd).send().await,
        "settings",
        "JSON",
    );
    refused(
        agents.send_message("a", "Hi").context(&odd).send().await,
        "context",
        "JSON",
    );
    let raw = client(&mock).request(Method::POST, ["x"]).json(&odd);
    refused(raw.send::<()>().await, "body", "JSON");
    assert!(mock.requests().is_empty());
}

#[tokio::test]
async fn an_invalid_raw_path_or_query_is_rejected() {
    let mock = mock();
    let orion = client(&mock);
    for path in [["agents", ""], ["agents", ".."], [".", "x"]] {
        refused(
            orion.request(Method::GET, path).send::<()>().await,
            "path",
            "must not be",
        );
    }
    let query = orion.request(Method::GET, ["agents"]).query("page=1");
    refused(query.send::<()>().await, "query", "pairs");
    assert!(mock.requests().is_empty());
}

#[tokio::test]
async fn an_invalid_header_is_rejected_without_printing_its_value() {
    let mock = mock();
    let agents = client(&mock).agents();
    refused(
        agents.get("a").header("x y", "v").send().await,
        "header",
        "x y",
    );
    refused(
        agents.get("a").header("authorization", "v").send().await,
        "header",
        "api_key",
    );
    let error = agents
        .get("a")
        .header("x-token", "hidden\n")
        .send()
        .await
        .unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hidden"));
    let error = OrionOS::builder()
        .api_key("k")
        .header("x-token", "hidden\n")
        .build()
        .unwrap_err();
    assert!(matches!(error, OrionError::Config(_)), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("hidden"));
}

#[test]
fn a_client_with_invalid_settings_is_not_built() {
    let base = || OrionOS::builder().api_key("key");
    for (builder, word) in [
        (OrionOS::builder(), "ORION_API_KEY"),
        (OrionOS::builder().api_key(""), "empty"),
        (OrionOS::builder().api_key("a b"), "character"),
        (OrionOS::builder().api_key("a\u{7f}"), "character"),
        (OrionOS::builder().api_key("schlüssel"), "character"),
        (base().base_url("nonsense"), "base URL"),
        (base().base_url("ftp://h.example"), "expected http or https"),
        (base().base_url("http://h.example/v1"), "allow_http"),
        (base().user_agent("a\nb"), "user_agent"),
    ] {
        let error = builder.build().unwrap_err();
        assert!(matches!(error, OrionError::Config(_)));
        assert!(error.to_string().contains(word), "{error}");
    }
    assert!(
        base()
            .base_url("http://h.example/v1")
            .allow_http(true)
            .build()
            .is_ok()
    );
}

#[test]
fn a_call_outside_of_a_runtime_is_an_error() {
    let mock = virtual_mock();
    let call = virtual_builder(&mock)
        .build()
        .unwrap()
        .agents()
        .get("a")
        .send();
    let mut call = Box::pin(call);
    let waker = std::task::Waker::noop();
    let polled = call
        .as_mut()
        .poll(&mut std::task::Context::from_waker(waker));
    let std::task::Poll::Ready(Err(error)) = polled else {
        panic!("it must fail at once")
    };
    assert!(error.to_string().contains("tokio runtime"), "{error}");
}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
#[test]
fn an_https_base_url_needs_a_build_with_tls() {
    let https = || OrionOS::builder().api_key("key");
    let error = https().build().unwrap_err();
    assert!(matches!(error, OrionError::Config(_)), "{error:?}");
    assert!(
        error
            .to_string()
            .contains("Cargo feature rustls or native-tls"),
        "{error}"
    );
    assert!(https().http_service(mock().service()).build().is_ok());
    assert!(https().base_url("http://127.0.0.1:1/v1").build().is_ok());
}
