//! The table of what is retried, row by row: how often a call reached the server.

use std::io;
use std::time::Duration;

use crate::support::{
    Answers, OPERATIONS, answering, builder, call, failure, is_idempotent, mock, over, unsafe_too,
};
use orionos::{Outcome, RetryPolicy};
use orionos_mock_server::{Fault, Operation};

/// Returns three attempts if the table says so, or one.
fn attempts(retried: bool) -> usize {
    if retried { 3 } else { 1 }
}

/// Returns how often an operation reaches a mock with this fault.
async fn reached(fault: &Fault, operation: Operation, policy: RetryPolicy) -> usize {
    let mock = mock();
    mock.fault(fault.clone());
    let orion = builder(&mock)
        .retry(policy)
        .timeout(Duration::from_secs(5))
        .build()
        .unwrap();
    let error = call(&orion, operation).await.unwrap_err();
    let reached = mock.requests().len();
    assert_eq!(error.attempts() as usize, reached, "{error}");
    reached
}

async fn always_retried(fault: Fault) {
    for operation in OPERATIONS {
        let reached = reached(&fault, operation, RetryPolicy::default()).await;
        assert_eq!(reached, 3, "{operation}");
    }
}

async fn retried_if_idempotent(fault: Fault, operations: &[Operation]) {
    for &operation in operations {
        let reached_by_default = reached(&fault, operation, RetryPolicy::default()).await;
        assert_eq!(
            reached_by_default,
            attempts(is_idempotent(operation)),
            "{operation}"
        );
        assert_eq!(
            reached(&fault, operation, unsafe_too()).await,
            3,
            "{operation}"
        );
    }
}

async fn never_retried(fault: Fault) {
    for operation in OPERATIONS {
        assert_eq!(
            reached(&fault, operation, unsafe_too()).await,
            1,
            "{operation}"
        );
    }
}

/// The same for a response for which the mock has no fault.
async fn reached_service(
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: &str,
    operation: Operation,
    policy: RetryPolicy,
) -> usize {
    let service = answering(status, headers, body.to_owned());
    let orion = over(service.clone()).retry(policy).build().unwrap();
    call(&orion, operation).await.unwrap_err();
    service.calls()
}

#[tokio::test(start_paused = true)]
async fn an_unsent_request_is_retried_for_every_call() {
    for operation in OPERATIONS {
        let service: Answers<http_body_util::Full<bytes::Bytes>> =
            Answers::new(|_| Err(io::Error::from(io::ErrorKind::ConnectionRefused)));
        let orion = over(service.clone()).build().unwrap();
        let error = call(&orion, operation).await.unwrap_err();
        assert_eq!(
            (service.calls(), error.outcome()),
            (3, Outcome::NotSent),
            "{operation}"
        );
    }
}

#[tokio::test]
async fn a_refused_connection_has_the_outcome_not_sent() {
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let orion = orionos::OrionOS::builder()
        .api_key("key")
        .base_url(format!("http://{free}/v1"))
        .retry(RetryPolicy::default().initial_backoff(Duration::ZERO))
        .build()
        .unwrap();
    let error = call(&orion, Operation::Create).await.unwrap_err();
    assert_eq!((error.attempts(), error.outcome()), (3, Outcome::NotSent));
    assert!(error.to_string().contains("refused"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_is_retried_for_every_call() {
    always_retried(Fault::rate_limit(1.0)).await;
}

#[tokio::test(start_paused = true)]
async fn an_unavailable_agent_is_retried_for_every_call() {
    always_retried(Fault::status(503).code("AGENT_UNAVAILABLE")).await;
}

#[tokio::test(start_paused = true)]
async fn a_503_with_a_delay_is_retried_for_every_call() {
    for operation in OPERATIONS {
        for body in [failure("OTHER"), "<html>busy</html>".to_owned()] {
            let headers = &[("retry-after", "1")];
            let policy = RetryPolicy::default();
            let reached = reached_service(503, headers, &body, operation, policy).await;
            assert_eq!(reached, 3, "{operation} {body}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_429_without_an_envelope_is_retried_for_every_call() {
    for operation in OPERATIONS {
        let policy = RetryPolicy::default();
        assert_eq!(
            reached_service(429, &[], "slow down", operation, policy).await,
            3
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_error_is_retried_if_the_call_is_idempotent() {
    for status in [408, 500, 502, 503, 504] {
        let fault = Fault::status(status).code("OTHER");
        retried_if_idempotent(fault, &OPERATIONS).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_proxys_page_is_retried_if_the_call_is_idempotent() {
    for status in [500, 502, 503, 504] {
        retried_if_idempotent(Fault::html_page(status), &OPERATIONS).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_error_is_retried_if_the_call_is_idempotent() {
    retried_if_idempotent(Fault::status(500).code("MODEL_ERROR"), &OPERATIONS).await;
}

#[tokio::test(start_paused = true)]
async fn a_reset_is_retried_if_the_call_is_idempotent() {
    retried_if_idempotent(Fault::reset(), &OPERATIONS).await;
    retried_if_idempotent(Fault::close(), &OPERATIONS).await;
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_cut_off_is_retried_if_the_call_is_idempotent() {
    // A stream that is cut off has already been opened, so this is an error of the stream.
    // The first attempt of a delete deletes: `lost_deletes.rs` has the tests.
    let elsewhere = [Operation::StreamMessage, Operation::Delete];
    let fault = Fault::cut_body();
    for operation in OPERATIONS {
        if elsewhere.contains(&operation) {
            continue;
        }
        let reached_by_default = reached(&fault, operation, RetryPolicy::default()).await;
        assert_eq!(
            reached_by_default,
            attempts(is_idempotent(operation)),
            "{operation}"
        );
        assert_eq!(
            reached(&fault, operation, unsafe_too()).await,
            3,
            "{operation}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_times_out_is_retried_if_the_call_is_idempotent() {
    let slow = Fault::latency(Duration::from_secs(60));
    if crate::support::over_a_socket() {
        // Each attempt would take half a minute in real time. The test in virtual time covers this.
        return;
    }
    for operation in OPERATIONS {
        let reached_by_default = reached(&slow, operation, RetryPolicy::default()).await;
        assert_eq!(
            reached_by_default,
            attempts(is_idempotent(operation)),
            "{operation}"
        );
        assert_eq!(
            reached(&slow, operation, unsafe_too()).await,
            3,
            "{operation}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_exhausted_quota_is_never_retried_at_any_status() {
    for status in [403, 429, 500, 503] {
        never_retried(Fault::status(status).code("INSUFFICIENT_QUOTA")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn other_client_errors_are_never_retried() {
    for status in [400, 401, 403, 404, 405, 409, 413, 422] {
        never_retried(Fault::status(status)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_undecodable_success_is_never_retried() {
    for operation in OPERATIONS {
        for body in [
            r#"{"success":true,"data":{"id":7}}"#,
            "",
            "<html></html>",
            r#"{"succ"#,
        ] {
            let reached = reached_service(200, &[], body, operation, unsafe_too()).await;
            assert_eq!(reached, 1, "{operation} {body}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_redirect_is_never_retried_and_never_followed() {
    for operation in OPERATIONS {
        let headers = &[("location", "http://localhost/elsewhere")];
        let reached = reached_service(307, headers, "", operation, unsafe_too()).await;
        assert_eq!(reached, 1, "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_recovers_has_the_number_of_attempts() {
    let mock = mock();
    mock.fault(Fault::status(502).times(2));
    let response = crate::support::client(&mock)
        .agents()
        .get(crate::support::AGENT)
        .send_with_meta()
        .await
        .unwrap();
    assert_eq!(response.meta.attempts, 3);
}

#[tokio::test(start_paused = true)]
async fn the_policy_none_makes_one_attempt() {
    for operation in OPERATIONS {
        assert_eq!(
            reached(&Fault::rate_limit(1.0), operation, RetryPolicy::none()).await,
            1
        );
    }
}
