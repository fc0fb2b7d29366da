//! The client over real TLS and HTTP/2, against the mock.

use std::time::Duration;

use orionos::{OrionBuilder, OrionError, OrionOS, Outcome, RetryPolicy};
use orionos_mock_server::{Fault, MockServer, Operation, TlsFault};

use crate::relay::Relay;

async fn mock() -> MockServer {
    MockServer::builder().https().start().await.unwrap()
}

fn to(mock: &MockServer) -> OrionBuilder {
    OrionOS::builder()
        .api_key(mock.api_key())
        .base_url(mock.base_url())
        .ca_certificate_pem(mock.ca_pem())
        .connect_timeout(Duration::from_millis(500))
}

fn config_error(builder: OrionBuilder) -> String {
    let error = builder.build().unwrap_err();
    assert!(matches!(error, OrionError::Config(_)), "{error:?}");
    error.to_string()
}

#[tokio::test]
async fn each_tls_fault_is_named_in_words_that_say_what_to_do() {
    let mock = mock().await;
    for (fault, words) in [
        (TlsFault::ExpiredCertificate, "certificate has expired"),
        (TlsFault::WrongName, "is for another host"),
        (TlsFault::UnknownAuthority, "an unknown authority signed"),
        (TlsFault::HandshakeBreak, "during the TLS handshake"),
        (TlsFault::HandshakeHang, "no connection within 500 ms"),
    ] {
        mock.set_tls_fault(Some(fault));
        let orion = to(&mock).retry(RetryPolicy::none()).build().unwrap();
        let error = orion.agents().list().send().await.unwrap_err();
        assert!(error.to_string().contains(words), "{fault}: {error}");
        assert_eq!(error.outcome(), Outcome::NotSent, "{fault}");
    }
    mock.set_tls_fault(None);
    let orion = to(&mock).build().unwrap();
    orion.agents().create("Pilot").send().await.unwrap();
}

#[tokio::test]
async fn what_the_server_did_not_process_is_retried_and_created_once() {
    for (fault, attempts) in [(Fault::refused_stream(), 2), (Fault::goaway(), 2)] {
        let mock = mock().await;
        mock.fault(fault.times(1));
        let schedule = RetryPolicy::default().schedule(|| std::iter::repeat(Duration::ZERO));
        let orion = to(&mock).retry(schedule).build().unwrap();
        let created = orion
            .agents()
            .create("Pilot")
            .send_with_meta()
            .await
            .unwrap();
        assert_eq!(created.meta.attempts, attempts);
        assert_eq!(mock.snapshot().len(), 1);
        mock.assert_requests(Operation::Create, 2);
    }
}

#[tokio::test]
async fn a_stream_that_was_reset_or_was_the_last_leaves_the_outcome_unknown() {
    for fault in [
        Fault::reset_stream().after_acting(),
        Fault::goaway().after_acting(),
        Fault::reset().after_acting(),
    ] {
        let mock = mock().await;
        mock.fault(fault.times(1));
        let orion = to(&mock).build().unwrap();
        let error = orion.agents().create("Pilot").send().await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
        mock.assert_requests(Operation::Create, 1);
    }
}

#[tokio::test]
async fn authorities_that_cannot_be_read_are_errors_of_the_settings() {
    let mock = mock().await;
    let bare = || OrionOS::builder().api_key("key").base_url(mock.base_url());
    for (text, words) in [
        (&b""[..], "has no certificate"),
        (b"nonsense", "has no certificate"),
        (&[0x30, 0x82, 1, 2], "this is DER"),
        (
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "certificate",
        ),
    ] {
        let error = config_error(bare().ca_certificate_pem(text));
        assert!(error.contains(words), "{error}");
    }
    let other = MockServer::builder().https().start().await.unwrap();
    let both = format!("{}{}", other.ca_pem(), mock.ca_pem());
    let orion = bare().api_key(mock.api_key()).ca_certificate_pem(both);
    orion.build().unwrap().agents().list().send().await.unwrap();
}

/// Makes three calls one after the other, and returns how many connections they had.
async fn connections(mock: &MockServer, change: fn(OrionBuilder) -> OrionBuilder) -> usize {
    let relay = Relay::to(mock).await;
    let orion = change(to(mock).base_url(relay.base_url())).build().unwrap();
    for _ in 0..3 {
        orion.agents().list().send().await.unwrap();
    }
    relay.connections()
}

#[tokio::test]
async fn connections_are_kept_for_the_next_call_unless_the_pool_may_keep_none() {
    let mock = mock().await;
    assert_eq!(connections(&mock, |builder| builder).await, 1);
    let none = connections(&mock, |builder| builder.pool_max_idle_per_host(0));
    assert_eq!(none.await, 3);
    let one = connections(&mock, |builder| builder.pool_max_idle_per_host(1));
    assert_eq!(one.await, 1);
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_the_time_that_was_set() {
    let mock = mock().await;
    let mut relay = Relay::to(&mock).await;
    let orion = to(&mock)
        .base_url(relay.base_url())
        .pool_idle_timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    orion.agents().list().send().await.unwrap();
    relay.ended(1).await;
    orion.agents().list().send().await.unwrap();
    assert_eq!(relay.connections(), 2);
}
