//! Which TLS library the client uses: they describe the same failure in different words.

use orionos::{OrionOS, Outcome, RetryPolicy};
use orionos_mock_server::MockServer;

#[tokio::test]
async fn native_tls_is_used_if_its_feature_is_enabled_even_with_rustls_and_else_rustls() {
    let mock = MockServer::start().await;
    let orion = OrionOS::builder()
        .api_key(mock.api_key())
        .base_url(mock.base_url().replace("http:", "https:"))
        .retry(RetryPolicy::none())
        .build()
        .unwrap();
    let error = orion.agents().list().send().await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("the server does not speak TLS; check the scheme"),
        "{text}"
    );
    assert_eq!(error.outcome(), Outcome::NotSent);
    let says_openssl = text.contains("wrong version number");
    let says_rustls = text.contains("InvalidContentType");
    assert_eq!(
        (says_openssl, says_rustls),
        (
            cfg!(feature = "native-tls"),
            cfg!(not(feature = "native-tls"))
        ),
        "{text}"
    );
}
