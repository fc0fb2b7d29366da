//! Time limits that fire before anything was sent: nothing reached the server, so any call may be
//! retried.

use std::convert::Infallible;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use orionos::{OrionBuilder, OrionError, OrionOS, Outcome, RequestBody, RetryPolicy, TimeoutKind};
use orionos_mock_server::Operation;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{OPERATIONS, call};

const SHORT: Duration = Duration::from_millis(150);

/// Both limits that can fire while a call connects.
const LIMITS: [TimeoutKind; 2] = [TimeoutKind::Attempt, TimeoutKind::Deadline];

fn limited(builder: OrionBuilder, limit: TimeoutKind) -> OrionOS {
    let builder = builder.api_key("key").retry(RetryPolicy::none());
    let builder = match limit {
        TimeoutKind::Attempt => builder.timeout(SHORT),
        _ => builder.deadline(SHORT),
    };
    builder.build().unwrap()
}

fn assert_outcome(error: &OrionError, limit: TimeoutKind, outcome: Outcome, what: &str) {
    assert!(
        matches!(error, OrionError::Timeout { what, .. } if *what == limit),
        "{what}: {error:?}"
    );
    assert_eq!(error.outcome(), outcome, "{what}: {error:?}");
}

/// A server that accepts connections and answers the first `answers` requests of each.
async fn silent_server(answers: usize) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut number = 0;
                let mut bytes = [0; 4096];
                while let Ok(1..) = socket.read(&mut bytes).await {
                    number += 1;
                    if number <= answers {
                        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 26\r\n\r\n{\"success\":true,\"data\":{}}";
                        let _ = socket.write_all(answer.as_bytes()).await;
                    }
                }
            });
        }
    });
    address
}

/// The server reads the first message of TLS and says nothing, so no connection comes about.
#[cfg(feature = "rustls")]
#[tokio::test]
async fn a_limit_that_fires_while_connecting_has_sent_nothing() {
    let address = silent_server(0).await;
    for limit in LIMITS {
        for operation in OPERATIONS {
            let builder = OrionOS::builder().base_url(format!("https://{address}/v1"));
            let error = call(&limited(builder, limit), operation).await.unwrap_err();
            assert_outcome(&error, limit, Outcome::NotSent, &format!("{operation}"));
        }
    }
}

#[tokio::test]
async fn a_limit_that_fires_after_the_request_was_sent_leaves_the_outcome_unknown() {
    let address = silent_server(0).await;
    for limit in LIMITS {
        for operation in OPERATIONS {
            let builder = OrionOS::builder().base_url(format!("http://{address}/v1"));
            let error = call(&limited(builder, limit), operation).await.unwrap_err();
            assert_outcome(&error, limit, Outcome::Unknown, &format!("{operation}"));
        }
    }
}

#[tokio::test]
async fn a_request_over_a_connection_that_is_already_there_counts_as_sent() {
    let address = silent_server(1).await;
    for operation in [Operation::Get, Operation::Create, Operation::Delete] {
        let builder = OrionOS::builder().base_url(format!("http://{address}/v1"));
        let orion = limited(builder, TimeoutKind::Attempt);
        let first = orion.request(orionos::Method::GET, ["x"]);
        let _: orionos::Value = first.send().await.unwrap();
        let error = call(&orion, operation).await.unwrap_err();
        assert_outcome(
            &error,
            TimeoutKind::Attempt,
            Outcome::Unknown,
            &format!("{operation}"),
        );
    }
}

#[cfg(feature = "rustls")]
#[tokio::test]
async fn an_attempt_that_was_not_sent_is_retried_for_every_call() {
    let address = silent_server(0).await;
    for operation in [Operation::Get, Operation::Create, Operation::SendMessage] {
        let orion = OrionOS::builder()
            .api_key("key")
            .base_url(format!("https://{address}/v1"))
            .timeout(SHORT)
            .retry(RetryPolicy::default().schedule(|| std::iter::repeat(Duration::ZERO)))
            .build()
            .unwrap();
        let error = call(&orion, operation).await.unwrap_err();
        assert_eq!((error.attempts(), error.outcome()), (3, Outcome::NotSent));
    }
}

/// A service that never answers, and may never even be ready.
#[derive(Clone)]
struct Stuck {
    ready: bool,
}

impl tower_service::Service<Request<RequestBody>> for Stuck {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = std::future::Pending<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        match self.ready {
            true => Poll::Ready(Ok(())),
            false => Poll::Pending,
        }
    }

    fn call(&mut self, _: Request<RequestBody>) -> Self::Future {
        std::future::pending()
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_has_been_sent_the_request_once_it_is_called() {
    for limit in LIMITS {
        for operation in OPERATIONS {
            for (ready, outcome) in [(false, Outcome::NotSent), (true, Outcome::Unknown)] {
                let builder = OrionOS::builder()
                    .base_url("http://localhost/v1")
                    .http_service(Stuck { ready });
                let error = call(&limited(builder, limit), operation).await.unwrap_err();
                assert_outcome(&error, limit, outcome, &format!("{operation} {ready}"));
            }
        }
    }
}
