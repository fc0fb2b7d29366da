//! What the tests share: a mock, a client of it, and services with fixed responses.
#![allow(dead_code, reason = "each program uses its own part")]

pub(crate) mod fixtures;
pub(crate) mod recorder;
pub(crate) mod ways;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response};
use http_body_util::{Full, StreamBody};
use orionos::{OrionBuilder, OrionError, OrionOS, RequestBody, RetryPolicy};
use orionos_mock_server::{MockServer, MockServerBuilder, Operation};
use serde_json::json;

/// The initial agent of every mock in these tests.
pub(crate) const AGENT: &str = "agent_test00000000";

/// Whether the mock is reached over a socket (`ORION_TEST_OVER=socket`) instead of in process.
pub(crate) fn over_a_socket() -> bool {
    std::env::var_os("ORION_TEST_OVER").is_some_and(|over| over == "socket")
}

/// Starts a mock with one agent.
pub(crate) fn mock() -> MockServer {
    started(MockServer::builder().agents([json!({"id": AGENT, "name": "Pilot"})]))
}

/// Starts a mock without a socket, for tests in virtual time.
pub(crate) fn virtual_mock() -> MockServer {
    let agent = json!({"id": AGENT, "name": "Pilot"});
    MockServer::builder().agents([agent]).in_process().unwrap()
}

/// Returns the settings of a client of it.
pub(crate) fn virtual_builder(mock: &MockServer) -> OrionBuilder {
    OrionOS::builder()
        .api_key(mock.api_key())
        .base_url(mock.base_url())
        .http_service(mock.service())
}

/// Starts a mock with these settings.
pub(crate) fn started(settings: MockServerBuilder) -> MockServer {
    if !over_a_socket() {
        return settings.in_process().unwrap();
    }
    // Sockets do not work in virtual time. Resuming a clock that is not paused panics.
    let _ = std::panic::catch_unwind(tokio::time::resume);
    // Binding to an address does not wait.
    settings.start().now_or_never().unwrap().unwrap()
}

/// Returns the settings of a client of the mock.
pub(crate) fn builder(mock: &MockServer) -> OrionBuilder {
    let builder = OrionOS::builder()
        .api_key(mock.api_key())
        .base_url(mock.base_url());
    if over_a_socket() {
        builder
    } else {
        builder.http_service(mock.service())
    }
}

/// Returns a client of the mock.
pub(crate) fn client(mock: &MockServer) -> OrionOS {
    builder(mock).build().unwrap()
}

/// Returns the settings of a client that uses any service.
pub(crate) fn over<B>(service: Answers<B>) -> OrionBuilder
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    OrionOS::builder()
        .api_key("key")
        .base_url("http://localhost/v1")
        .http_service(service)
}

/// Every operation, for tests of tables.
pub(crate) const OPERATIONS: [Operation; 7] = [
    Operation::Get,
    Operation::List,
    Operation::Update,
    Operation::Delete,
    Operation::Create,
    Operation::SendMessage,
    Operation::StreamMessage,
];

/// Returns whether an operation is idempotent.
pub(crate) fn is_idempotent(operation: Operation) -> bool {
    !matches!(
        operation,
        Operation::Create | Operation::SendMessage | Operation::StreamMessage
    )
}

/// Makes a call of this operation.
pub(crate) async fn call(orion: &OrionOS, operation: Operation) -> Result<(), OrionError> {
    let agents = orion.agents();
    match operation {
        Operation::Get => agents.get(AGENT).send().await.map(drop),
        Operation::List => agents.list().send().await.map(drop),
        Operation::Update => agents.update(AGENT).model("m").send().await.map(drop),
        Operation::Delete => agents.delete(AGENT).send().await.map(drop),
        Operation::Create => agents.create("New").send().await.map(drop),
        Operation::SendMessage => agents.send_message(AGENT, "Hi").send().await.map(drop),
        Operation::StreamMessage => agents.stream_message(AGENT, "Hi").send().await.map(drop),
        other => unreachable!("there is no call of {other} here"),
    }
}

type Answer<B> = dyn Fn(usize) -> io::Result<Response<B>> + Send + Sync;

/// A service that counts its calls and makes each response from its number, starting with 1.
pub(crate) struct Answers<B> {
    answer: Arc<Answer<B>>,
    calls: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<http::request::Parts>>>,
}

impl<B> Clone for Answers<B> {
    fn clone(&self) -> Self {
        Self {
            answer: self.answer.clone(),
            calls: self.calls.clone(),
            requests: self.requests.clone(),
        }
    }
}

impl<B> Answers<B> {
    pub(crate) fn new(
        answer: impl Fn(usize) -> io::Result<Response<B>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            answer: Arc::new(answer),
            calls: Arc::default(),
            requests: Arc::default(),
        }
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    pub(crate) fn heads(&self) -> Vec<http::request::Parts> {
        self.requests.lock().unwrap().clone()
    }
}

impl<B> tower_service::Service<Request<RequestBody>> for Answers<B> {
    type Response = Response<B>;
    type Error = io::Error;
    type Future = Ready<io::Result<Response<B>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        self.requests.lock().unwrap().push(request.into_parts().0);
        let number = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        ready((self.answer)(number))
    }
}

/// Returns a service that gives every call the same response.
pub(crate) fn answering(
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: impl Into<Bytes>,
) -> Answers<Full<Bytes>> {
    let body = body.into();
    Answers::new(move |_| {
        let mut answer = Response::builder().status(status);
        for (name, value) in headers {
            answer = answer.header(*name, *value);
        }
        Ok(answer.body(Full::new(body.clone())).unwrap())
    })
}

/// Returns an error envelope.
pub(crate) fn failure(code: &str) -> String {
    json!({"success": false, "error": {"code": code, "message": "no"}}).to_string()
}

type Pieces =
    futures_util::stream::Iter<std::vec::IntoIter<Result<http_body::Frame<Bytes>, Infallible>>>;

/// Returns a service that streams these pieces as `text/event-stream`.
pub(crate) fn streaming(pieces: Vec<Bytes>) -> Answers<StreamBody<Pieces>> {
    Answers::new(move |_| {
        let frames: Vec<_> = pieces
            .iter()
            .cloned()
            .map(|piece| Ok(http_body::Frame::data(piece)))
            .collect();
        Ok(Response::builder()
            .header("content-type", "text/event-stream")
            .body(StreamBody::new(futures_util::stream::iter(frames)))
            .unwrap())
    })
}

/// Returns a policy that also retries creates and messages.
pub(crate) fn unsafe_too() -> RetryPolicy {
    RetryPolicy::default().retry_unsafe(true)
}
