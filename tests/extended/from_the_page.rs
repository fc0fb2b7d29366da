//! Requests that the page of the mock exported as tests. `UPDATE=1 .ci/checks/browser page` writes them.

use orionos::{AgentConfig, OrionOS, RetryPolicy};
use orionos_mock_server::{MockServer, Operation, RequestPattern};

#[tokio::test]
async fn request_1_create() -> Result<(), Box<dyn std::error::Error>> {
    let mock = MockServer::builder().https().start().await?;
    let orion = OrionOS::builder()
        .api_key(mock.api_key())
        .base_url(mock.base_url())
        .ca_certificate_pem(mock.ca_pem())
        .retry(RetryPolicy::none())
        .build()?;

    let config: AgentConfig = serde_json::from_str(r#"{"name":"Pilot"}"#)?;
    let result = orion.agents().create_from(config).send().await;
    result?;
    let expected =
        RequestPattern::of(Operation::Create).body(serde_json::from_str(r#"{"name":"Pilot"}"#)?);
    mock.assert_received(&expected, 1);
    Ok(())
}
