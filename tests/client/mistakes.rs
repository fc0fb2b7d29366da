//! Mistakes of newcomers, and what the client says about each.
//! `tests/extended/compiler_messages.rs` tests what the compiler says.

use orionos::{AgentId, OrionError, OrionOS, RetryPolicy};
use orionos_mock_server::MockServer;

#[tokio::test]
async fn strings_references_and_ids_are_accepted_as_ids() {
    let mock = crate::support::virtual_mock();
    let orion = crate::support::virtual_builder(&mock).build().unwrap();
    let (text, owned) = (crate::support::AGENT, crate::support::AGENT.to_owned());
    let id = AgentId::from(text);
    orion.agents().get(text).send().await.unwrap();
    orion.agents().get(&owned).send().await.unwrap();
    orion.agents().get(&id).send().await.unwrap();
    orion.agents().get(owned).send().await.unwrap();
    orion.agents().get(id).send().await.unwrap();
}

async fn says(orion: &OrionOS) -> String {
    orion
        .agents()
        .create("Pilot")
        .send()
        .await
        .unwrap_err()
        .to_string()
}

#[tokio::test]
async fn the_error_for_an_unknown_provider_lists_the_known_ones() {
    let mock = MockServer::start().await;
    let orion = client(mock.api_key(), mock.base_url());
    let error = orion
        .agents()
        .create("Pilot")
        .model_provider("acme")
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        without_request_id(&error.to_string()),
        "agents.create failed: 400 Bad Request, INVALID_REQUEST: Invalid model provider specified \
         (field modelProvider: Must be one of: openai, anthropic, google-genai, ollama"
    );
}

#[tokio::test]
async fn the_error_for_a_missing_key_names_the_variable() {
    // The variable is not set in CI. If it is set, this test has nothing to check.
    if std::env::var_os("ORION_API_KEY").is_none() {
        let error = OrionOS::from_env().unwrap_err();
        assert_eq!(
            error.to_string(),
            "the environment variable ORION_API_KEY is missing or blank; set it to your API key"
        );
    }
}

#[tokio::test]
async fn the_error_for_a_wrong_key_says_so() {
    let mock = MockServer::start().await;
    let error = says(&client("not-the-right-key", mock.base_url())).await;
    assert_eq!(
        without_request_id(&error),
        "agents.create failed: 401 Unauthorized, UNAUTHORIZED: Invalid or missing API key"
    );
}

#[tokio::test]
async fn a_base_url_without_the_version_is_not_found() {
    let mock = MockServer::start().await;
    let root = mock.base_url().strip_suffix("/v1").unwrap();
    let error = says(&client(mock.api_key(), root)).await;
    assert_eq!(
        without_request_id(&error),
        "agents.create failed: 404 Not Found, NOT_FOUND: No route for POST /agents"
    );
    let error = OrionOS::builder()
        .api_key("key")
        .base_url("localhost:3000")
        .build()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid base URL: expected http or https, got \"localhost\""
    );
    let error = OrionOS::builder()
        .api_key("key")
        .base_url("http://api.example.com")
        .build()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "plain http to api.example.com would send the API key unencrypted; use https, or allow it \
         with allow_http(true)"
    );
}

#[tokio::test]
async fn a_server_that_is_down_has_the_outcome_not_sent() {
    // A port that was free a moment ago, so nothing listens on it.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let orion = client("key", &format!("http://127.0.0.1:{port}/v1"));
    let error: OrionError = orion.agents().create("Pilot").send().await.unwrap_err();
    let text = error.to_string();
    let start = "agents.create failed: could not reach the server: Connection refused";
    assert!(text.starts_with(start), "{text}");
    assert_eq!(error.outcome(), orionos::Outcome::NotSent);
}

fn client(key: &str, url: &str) -> OrionOS {
    OrionOS::builder()
        .api_key(key)
        .base_url(url)
        .retry(RetryPolicy::none())
        .build()
        .unwrap()
}

/// The end of the line has the number of attempts and a request id that differs.
fn without_request_id(text: &str) -> &str {
    let end = text
        .find(" (1 attempt")
        .or_else(|| text.find("; 1 attempt"));
    &text[..end.unwrap_or(text.len())]
}
