//! How errors read: one line without a hole, in which no word of the server is lost and nothing is
//! said twice.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use orionos::{AgentConfig, OrionError, OrionOS, RetryPolicy};

use crate::support::{AGENT, Answers, answering, over, streaming};

type Headers = &'static [(&'static str, &'static str)];

async fn get(status: u16, headers: Headers, body: &str) -> OrionError {
    let orion = over(answering(status, headers, body.to_owned()))
        .retry(RetryPolicy::none())
        .build()
        .unwrap();
    orion.agents().get(AGENT).send().await.unwrap_err()
}

async fn stream(wire: &str) -> OrionError {
    let orion = over(streaming(vec![Bytes::from(wire.to_owned())]))
        .build()
        .unwrap();
    let stream = orion.agents().stream_message(AGENT, "Hi").send().await;
    stream.unwrap().collect_text().await.unwrap_err()
}

/// An error with a cause, such as a middleware's.
#[derive(Debug)]
struct Broken(io::Error);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no healthy upstream")
    }
}

impl Error for Broken {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

async fn failing(kind: io::ErrorKind) -> OrionError {
    let service: Answers<Full<Bytes>> = Answers::new(move |_| {
        let cause = io::Error::new(kind, "tide gate closed");
        Err(io::Error::new(kind, Broken(cause)))
    });
    let orion = over(service).retry(RetryPolicy::none()).build().unwrap();
    orion.agents().get(AGENT).send().await.unwrap_err()
}

async fn timed_out(
    settings: impl FnOnce(orionos::OrionBuilder) -> orionos::OrionBuilder,
) -> OrionError {
    let builder = OrionOS::builder()
        .api_key("key")
        .base_url("http://localhost/v1")
        .retry(RetryPolicy::none())
        .http_service(Silent);
    let orion = settings(builder).build().unwrap();
    orion.agents().get(AGENT).send().await.unwrap_err()
}

/// A service that never answers.
#[derive(Clone)]
struct Silent;

impl tower_service::Service<http::Request<orionos::RequestBody>> for Silent {
    type Response = Response<Full<Bytes>>;
    type Error = io::Error;
    type Future = std::future::Pending<io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Request<orionos::RequestBody>) -> Self::Future {
        std::future::pending()
    }
}

/// An error of every kind, and the line that it prints.
async fn every_kind() -> Vec<(OrionError, &'static str)> {
    let small = over(answering(200, &[], "x".repeat(2000))).max_response_bytes(1000);
    let small = small.build().unwrap().agents().get(AGENT).send().await;
    let invalid = over(answering(200, &[], "")).build().unwrap();
    let invalid = invalid.agents().get("").send().await.unwrap_err();
    vec![
        (
            get(400, &[], include_str!("../fixtures/error.flat.400.json")).await,
            "agents.get failed: 400 Bad Request, INVALID_REQUEST: Name is required (1 attempt)",
        ),
        (
            get(500, &[], include_str!("../fixtures/error.words.500.json")).await,
            "agents.get failed: 500 Internal Server Error, the model is on fire (1 attempt)",
        ),
        (
            get(400, &[], r#"{"success":false,"error":null,"message":"No name"}"#).await,
            "agents.get failed: 400 Bad Request, No name (1 attempt)",
        ),
        (
            get(400, &[], r#"{"success":false}"#).await,
            "agents.get failed: 400 Bad Request, the server gave no message (1 attempt)",
        ),
        (
            get(
                400,
                &[("x-request-id", "")],
                r#"{"success":false,"error":{"code":" ","message":"","details":{"field":" ","reason":""}}}"#,
            )
            .await,
            "agents.get failed: 400 Bad Request, the server gave no message (1 attempt)",
        ),
        (
            get(200, &[], r#"{"success":false,"error":{"code":"C","message":"no"}}"#).await,
            "agents.get failed: C: no (status 200 OK; 1 attempt)",
        ),
        (
            get(502, &[("content-type", "text/html")], "<p>").await,
            "agents.get failed: 502 Bad Gateway, the body is not JSON: expected value at line 1 \
             column 1 (content type text/html; 1 attempt)",
        ),
        (
            get(599, &[("content-type", " ")], "").await,
            "agents.get failed: 599, the body is empty (1 attempt)",
        ),
        (
            get(200, &[("content-encoding", "br")], "\u{b}").await,
            "agents.get failed: the body is encoded as br, which the client did not ask for and \
             cannot read; turn compression off in the server or proxy (status 200 OK; 1 attempt)",
        ),
        (
            get(301, &[("location", "https://api.example.com/v1/?a=b")], "").await,
            "agents.get failed: 301 Moved Permanently, the server redirects to \
             https://api.example.com/v1/, which the client does not follow; is the base URL right? \
             (1 attempt)",
        ),
        (
            get(200, &[], r#"{"success":true,"data":{"id":7}}"#).await,
            "agents.get failed: cannot decode the response at data.id: invalid type: integer `7`, \
             expected an agent's id (a string) at line 1 column 30 (status 200 OK; 1 attempt)",
        ),
        (
            failing(io::ErrorKind::ConnectionRefused).await,
            "agents.get failed: could not reach the server: no healthy upstream: tide gate closed \
             (1 attempt)",
        ),
        (
            failing(io::ErrorKind::ConnectionReset).await,
            "agents.get failed: the connection failed before the response was complete: no healthy \
             upstream: tide gate closed (1 attempt)",
        ),
        (
            timed_out(|builder| builder.timeout(Duration::from_millis(64_994))).await,
            "agents.get failed: no complete response within 1 min 5 s (timeout) (1 attempt)",
        ),
        (
            timed_out(|builder| builder.deadline(Duration::from_millis(2_500))).await,
            "agents.get failed: the call cannot finish within its deadline of 2.5 s (1 attempt)",
        ),
        (
            stream("data: {\"type\":\"token\",\"content\":\"Ebb\"}\n\n").await,
            "agents.stream_message failed: the stream ended before \"done\" (1 attempt)",
        ),
        (
            stream("data: [DONE]\n\n").await,
            "agents.stream_message failed: an event is invalid: expected value at line 1 column 2 \
             (1 attempt)",
        ),
        (
            stream("event: error\ndata: the model stopped\n\n").await,
            "agents.stream_message failed: the model stopped (1 attempt)",
        ),
        (
            small.unwrap_err(),
            "agents.get failed: the response is larger than 1,000 bytes (max_response_bytes) \
             (status 200 OK; 1 attempt)",
        ),
        (
            invalid,
            "agents.get not sent: invalid agentId: must not be empty",
        ),
        (
            AgentConfig::from_json_str("{\"name\": \"Pilot\",}").unwrap_err(),
            "the character file is not valid JSON, correct its syntax: trailing comma at line 1 \
             column 18",
        ),
    ]
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_error_is_a_line_without_a_hole() {
    for (error, line) in every_kind().await {
        let text = error.to_string();
        assert_eq!(text, line);
        for hole in [
            ", :", ": :", "::", ": (", "()", "  ", "(;", "; )", ": ;", "\n",
        ] {
            assert!(!text.contains(hole), "{hole:?} in {text}");
        }
        assert!(!text.ends_with([':', ' ', ',']), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_chain_of_an_error_says_nothing_twice() {
    for (error, line) in every_kind().await {
        // What a report prints, such as anyhow's `{:#}`.
        let mut report = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            report = format!("{report}: {error}");
            cause = error.source();
        }
        assert_eq!(report, line);
    }
}

#[tokio::test]
async fn the_error_of_another_layer_can_be_downcast() {
    let error = failing(io::ErrorKind::ConnectionRefused).await;
    let underlying = error.underlying_error().unwrap();
    let underlying = underlying.downcast_ref::<io::Error>().unwrap();
    assert_eq!(underlying.kind(), io::ErrorKind::ConnectionRefused);

    let error = get(200, &[], r#"{"success":true,"data":7}"#).await;
    assert!(error.underlying_error().unwrap().is::<serde_json::Error>());
    assert!(get(500, &[], "").await.underlying_error().is_none());
}

#[tokio::test]
async fn words_under_any_name_are_in_the_excerpt() {
    for body in [
        r#"{"detail":"Not allowed"}"#,
        r#"{"errors":[{"title":"Not allowed"}]}"#,
        r#"{"success":false,"errors":[{"title":"Not allowed"}]}"#,
        r#"{"success":false,"problem":"Not allowed"}"#,
    ] {
        let error = get(403, &[], body).await;
        assert_eq!(error.body_excerpt(), Some(body));
        assert_eq!(error.status().unwrap(), 403);
    }
}

#[tokio::test(start_paused = true)]
async fn waits_are_written_as_people_write_them() {
    for (delay, said) in [
        ("64.994568128", "1 min 5 s"),
        ("18446744073709551615", "more than 100 years"),
        ("7200", "2 h"),
    ] {
        let body = format!(
            r#"{{"success":false,"error":{{"code":"RATE_LIMIT_EXCEEDED","message":"slow","details":{{"retryAfter":{delay}}}}}}}"#
        );
        let orion = over(answering(429, &[], body)).build().unwrap();
        let error = orion.agents().get(AGENT).send().await.unwrap_err();
        let note = format!(
            "not retried: the server requested a delay of {said}, which exceeds max_retry_after \
             (1 min)"
        );
        assert!(error.to_string().contains(&note), "{error}");
    }
    let body = r#"{"success":false,"error":{"code":"RATE_LIMIT_EXCEEDED","message":"slow","details":{"retryAfter":30}}}"#;
    let orion = over(answering(429, &[], body))
        .retry(RetryPolicy::default())
        .deadline(Duration::from_secs(20))
        .build()
        .unwrap();
    let error = orion.agents().get(AGENT).send().await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("would exceed the deadline of 20 s"), "{text}");
}

#[tokio::test]
async fn a_redirect_says_where_to_without_a_secret() {
    for (location, said) in [
        (
            "https://other.example.com/v1/agents",
            "https://other.example.com/v1/agents",
        ),
        ("/v2/agents?session=canary-secret", "/v2/agents"),
        (
            "https://user:canary-secret@example.com#canary-secret",
            "https://example.com",
        ),
        ("//example.com/canary-secret", "//example.com/[redacted]"),
    ] {
        let moved = Answers::new(move |_| {
            let moved = Response::builder().status(302).header("location", location);
            Ok(moved.body(Full::new(Bytes::new())).unwrap())
        });
        let orion = over(moved).api_key("canary-secret").build().unwrap();
        let error = orion.agents().get(AGENT).send().await.unwrap_err();
        let expected = format!("the server redirects to {said}, which");
        assert!(error.to_string().contains(&expected), "{error}");
        assert!(!format!("{error:?}").contains("canary-secret"), "{error:?}");
    }
}

#[tokio::test]
async fn a_service_that_shows_the_key_in_its_error_is_not_quoted() {
    let service: Answers<Full<Bytes>> =
        Answers::new(|_| Err(io::Error::other("sent Bearer canary-secret to the proxy")));
    let orion = over(service)
        .api_key("canary-secret")
        .retry(RetryPolicy::none())
        .build()
        .unwrap();
    let error = orion.agents().get(AGENT).send().await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("sent Bearer [redacted] to the proxy"),
        "{error}"
    );
    assert!(!format!("{error:?}").contains("canary-secret"), "{error:?}");
}
