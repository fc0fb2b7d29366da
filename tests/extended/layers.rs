//! `ReqwestService`: layers around the default stack change nothing about what an error means.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use orionos::{
    Method, OrionBuilder, OrionError, OrionOS, Outcome, RequestBody, ReqwestService, ResponseBody,
    RetryPolicy, Value,
};
use orionos_mock_server::{Fault, MockServer, TlsFault};
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tower::ServiceBuilder;
use tower_service::Service;

use crate::relay::{FOREVER, Relay};
use crate::support::AGENT;

type BoxError = Box<dyn StdError + Send + Sync>;
type Wrap = fn(OrionError) -> BoxError;
type ServiceFuture<E> = Pin<Box<dyn Future<Output = Result<Response<ResponseBody>, E>> + Send>>;

const SHORT: Duration = Duration::from_millis(200);

/// A layer that does nothing but put errors into this.
#[derive(Debug, Clone)]
struct Layer {
    inner: ReqwestService,
    wrap: Wrap,
}

impl Service<Request<RequestBody>> for Layer {
    type Response = Response<ResponseBody>;
    type Error = BoxError;
    type Future = ServiceFuture<BoxError>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(self.wrap)
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        let (response, wrap) = (self.inner.call(request), self.wrap);
        Box::pin(async move { response.await.map_err(wrap) })
    }
}

#[derive(Debug)]
struct OfLayer<E>(E);

impl<E> fmt::Display for OfLayer<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the layer failed")
    }
}

impl<E: StdError + 'static> StdError for OfLayer<E> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}

/// What layers do with an error, and whether its text stays.
const LAYERS: [(Wrap, bool); 3] = [
    (|error| error.into(), true),
    (|error| OfLayer(error).into(), false),
    (|error| OfLayer(OfLayer(error)).into(), false),
];

async fn mock() -> MockServer {
    let agent = json!({"id": AGENT, "name": "Pilot"});
    let mock = MockServer::builder().https().agents([agent]);
    mock.start().await.unwrap()
}

/// The settings of the connections to a mock.
fn to(mock: &MockServer) -> OrionBuilder {
    OrionOS::builder()
        .base_url(mock.base_url())
        .ca_certificate_pem(mock.ca_pem())
}

/// A way to fail.
struct Case {
    name: &'static str,
    tls_fault: Option<TlsFault>,
    fault: Option<Fault>,
    /// Changes the settings of the connections.
    connections: fn(OrionBuilder) -> OrionBuilder,
    /// Changes the settings of the client.
    limits: fn(OrionBuilder) -> OrionBuilder,
    /// Whether there is a connection before.
    is_warm: bool,
    expected: (Outcome, &'static str),
}

impl Case {
    fn new(name: &'static str, outcome: Outcome, words: &'static str) -> Self {
        Self {
            name,
            tls_fault: None,
            fault: None,
            connections: |builder| builder,
            limits: |builder| builder,
            is_warm: false,
            expected: (outcome, words),
        }
    }

    fn tls_fault(self, fault: TlsFault) -> Self {
        let tls_fault = Some(fault);
        Self { tls_fault, ..self }
    }

    fn fault(self, fault: Fault) -> Self {
        let fault = Some(fault);
        Self { fault, ..self }
    }

    fn connections(self, connections: fn(OrionBuilder) -> OrionBuilder) -> Self {
        Self {
            connections,
            ..self
        }
    }

    fn limits(self, limits: fn(OrionBuilder) -> OrionBuilder) -> Self {
        Self { limits, ..self }
    }

    fn warm(self) -> Self {
        let is_warm = true;
        Self { is_warm, ..self }
    }

    /// Fails with the default stack, or with a layer around it.
    async fn fails(&self, mock: &MockServer, wrap: Option<Wrap>) -> OrionError {
        mock.reset();
        let connections = (self.connections)(to(mock));
        let builder = match wrap {
            None => connections,
            Some(wrap) => {
                let inner = connections.reqwest_service().unwrap();
                let other = OrionOS::builder().base_url(mock.base_url());
                other.http_service(Layer { inner, wrap })
            }
        };
        let builder = builder.api_key(mock.api_key()).retry(RetryPolicy::none());
        let orion = (self.limits)(builder).build().unwrap();
        if self.is_warm {
            let get = orion.agents().get(AGENT);
            get.timeout(FOREVER).deadline(FOREVER).send().await.unwrap();
        }
        mock.set_tls_fault(self.tls_fault);
        if let Some(fault) = &self.fault {
            mock.fault(fault.clone());
        }
        let error = orion.agents().create("New").send().await.unwrap_err();
        mock.set_tls_fault(None);
        error
    }
}

/// What a program can see of an error.
fn seen(error: &OrionError) -> impl PartialEq + fmt::Debug + use<> {
    (
        std::mem::discriminant(error),
        error.outcome(),
        error.is_timeout(),
        error.is_retryable(),
        error.attempts(),
        error.operation(),
    )
}

#[tokio::test]
async fn an_error_means_the_same_with_any_layer_around_the_default_stack() {
    use Outcome::{NotSent, Rejected, Unknown};
    let mock = mock().await;
    for case in [
        Case::new("unknown authority", NotSent, "an unknown authority signed")
            .tls_fault(TlsFault::UnknownAuthority),
        Case::new("wrong name", NotSent, "is for another host").tls_fault(TlsFault::WrongName),
        Case::new("broken handshake", NotSent, "during the TLS handshake")
            .tls_fault(TlsFault::HandshakeBreak),
        Case::new("connect timeout", NotSent, "no connection within 200 ms")
            .tls_fault(TlsFault::HandshakeHang)
            .connections(|builder| builder.connect_timeout(SHORT)),
        Case::new(
            "timeout while connecting",
            NotSent,
            "within 200 ms (timeout)",
        )
        .tls_fault(TlsFault::HandshakeHang)
        .limits(|builder| builder.timeout(SHORT)),
        Case::new(
            "deadline while connecting",
            NotSent,
            "its deadline of 200 ms",
        )
        .tls_fault(TlsFault::HandshakeHang)
        .limits(|builder| builder.deadline(SHORT)),
        Case::new("timeout after sending", Unknown, "within 200 ms (timeout)")
            .fault(Fault::latency(FOREVER))
            .limits(|builder| builder.timeout(SHORT))
            .warm(),
        Case::new("deadline after sending", Unknown, "its deadline of 200 ms")
            .fault(Fault::latency(FOREVER))
            .limits(|builder| builder.deadline(SHORT))
            .warm(),
        Case::new("reset after sending", Unknown, "the connection failed")
            .fault(Fault::reset().after_acting()),
        Case::new(
            "stream reset after sending",
            Unknown,
            "the connection failed",
        )
        .fault(Fault::reset_stream().after_acting()),
        Case::new("stream refused", Rejected, "did not process the request")
            .fault(Fault::refused_stream()),
        Case::new("goaway", Rejected, "did not process the request").fault(Fault::goaway()),
        Case::new("body cut off", Unknown, "the connection failed").fault(Fault::cut_body()),
        Case::new("404", Rejected, "404 Not Found").fault(Fault::status(404)),
        Case::new("429", Rejected, "429 Too Many Requests").fault(Fault::rate_limit(600.0)),
    ] {
        let bare = case.fails(&mock, None).await;
        let (outcome, words) = case.expected;
        let name = case.name;
        assert_eq!(bare.outcome(), outcome, "{name}: {bare}");
        assert!(bare.to_string().contains(words), "{name}: {bare}");
        for (wrap, keeps_text) in LAYERS {
            let layered = case.fails(&mock, Some(wrap)).await;
            assert_eq!(seen(&layered), seen(&bare), "{name}: {layered}");
            let text = layered.to_string();
            assert!(text.contains(words), "{name}: {text}");
            if keeps_text {
                assert_eq!(
                    without_ports(&text),
                    without_ports(&bare.to_string()),
                    "{name}"
                );
            }
        }
    }
}

/// Ports differ from connection to connection.
fn without_ports(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_digit()).collect()
}

#[tokio::test]
async fn a_host_that_refuses_and_one_that_does_not_exist_have_received_nothing() {
    let refusing = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = refusing.local_addr().unwrap();
    drop(refusing);
    for base_url in [
        format!("http://{address}/v1"),
        "https://api.invalid/v1".into(),
    ] {
        for (wrap, _) in LAYERS {
            let inner = OrionOS::builder().base_url(&base_url).no_proxy();
            let inner = inner.reqwest_service().unwrap();
            let orion = OrionOS::builder().api_key("key").base_url(&base_url);
            let orion = orion
                .http_service(Layer { inner, wrap })
                .retry(RetryPolicy::none());
            let error = orion.build().unwrap().agents().create("New").send().await;
            let error = error.unwrap_err();
            assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
            assert!(matches!(error, OrionError::Connection(_)), "{error:?}");
        }
    }
}

#[tokio::test]
async fn calls_streams_and_lists_pass_through_a_layer_over_one_connection() {
    let mock = mock().await;
    let relay = Relay::to(&mock).await;
    let inner = to(&mock).base_url(relay.base_url()).reqwest_service();
    let wrap = LAYERS[1].0;
    let orion = OrionOS::builder()
        .api_key(mock.api_key())
        .base_url(relay.base_url())
        .http_service(Layer {
            inner: inner.unwrap(),
            wrap,
        });
    let agents = orion.build().unwrap().agents();
    let created = agents.create("New").send_with_meta().await.unwrap();
    assert_eq!(created.meta.status, 201);
    assert!(created.meta.rate_limit().is_some());
    let stream = agents.stream_message(AGENT, "Ahoy").send().await.unwrap();
    assert!(stream.collect_text().await.unwrap().contains("Ahoy"));
    assert_eq!(agents.list().limit(1).all().await.unwrap().len(), 2);

    mock.fault(Fault::stream_cut(2));
    let stream = agents.stream_message(AGENT, "Ahoy").send().await.unwrap();
    let error = stream.collect_text().await.unwrap_err();
    assert!(
        matches!(error, OrionError::Connection(_) | OrionError::Stream(_)),
        "{error:?}"
    );
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert!(!error.partial_text().unwrap().is_empty());
    assert_eq!(relay.connections(), 1);
}

#[test]
fn blocking_calls_pass_through_a_layer() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mock = runtime.block_on(mock());
    let inner = to(&mock).reqwest_service().unwrap();
    let orion = OrionOS::builder()
        .api_key(mock.api_key())
        .base_url(mock.base_url())
        .http_service(Layer {
            inner,
            wrap: LAYERS[1].0,
        });
    let agents = orion.build().unwrap().agents();
    agents.get(AGENT).send_blocking().unwrap();
    runtime.block_on(agents.get(AGENT).send()).unwrap();
    let stream = agents.stream_message(AGENT, "Ahoy").send_blocking();
    assert!(stream.unwrap().collect_text().unwrap().contains("Ahoy"));
}

#[tokio::test]
async fn layers_of_tower_work() {
    let mock = mock().await;
    let service = ServiceBuilder::new()
        .buffer(16)
        .concurrency_limit(1)
        .timeout(Duration::from_secs(2))
        .service(to(&mock).reqwest_service().unwrap());
    let orion = OrionOS::builder()
        .api_key(mock.api_key())
        .base_url(mock.base_url())
        .retry(RetryPolicy::none())
        .http_service(service);
    let agents = orion.build().unwrap().agents();
    let calls = (0..10).map(|_| agents.get(AGENT).send());
    for result in futures_util::future::join_all(calls).await {
        result.unwrap();
    }
    // Their time limit is not ours, but whether the request was sent is known.
    mock.fault(Fault::latency(FOREVER));
    let error = agents.create("New").send().await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
    assert!(error.to_string().contains("timed out"), "{error}");
}

#[tokio::test]
async fn a_layers_own_time_limit_says_whether_the_request_was_sent() {
    let mock = mock().await;
    mock.set_tls_fault(Some(TlsFault::HandshakeHang));
    let service = ServiceBuilder::new()
        .timeout(SHORT)
        .service(to(&mock).reqwest_service().unwrap());
    let orion = OrionOS::builder()
        .api_key(mock.api_key())
        .base_url(mock.base_url())
        .retry(RetryPolicy::none())
        .http_service(service);
    let agents = orion.build().unwrap().agents();
    let error = agents.create("New").send().await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
}

/// Sends each request a second time if the first one failed.
fn twice(
    inner: ReqwestService,
) -> impl Service<
    Request<RequestBody>,
    Response = Response<ResponseBody>,
    Error = OrionError,
    Future: Send,
> + Clone
+ Send
+ 'static {
    tower::service_fn(move |request: Request<RequestBody>| {
        let mut inner = inner.clone();
        async move {
            match inner.call(request.clone()).await {
                Err(_) => inner.call(request).await,
                response => response,
            }
        }
    })
}

#[tokio::test]
async fn a_layer_that_sends_again_cannot_hide_that_the_first_request_was_sent() {
    // It reads one request, and is gone.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        drop(listener);
        socket.read_u8().await.unwrap();
    });
    let inner = OrionOS::builder().base_url(&base_url).reqwest_service();
    let orion = OrionOS::builder()
        .api_key("key")
        .base_url(&base_url)
        .retry(RetryPolicy::none())
        .http_service(twice(inner.unwrap()));
    let orion = orion.build().unwrap();
    let error = orion.agents().create("New").send().await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
    // Now the first one is refused too.
    let error = orion.agents().create("New").send().await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
}

#[tokio::test]
async fn a_custom_reqwest_client_can_have_layers_too() {
    let mock = mock().await;
    let certificate = reqwest::Certificate::from_pem(mock.ca_pem().as_bytes()).unwrap();
    let http = || {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        let client = client
            .tls_certs_merge([certificate.clone()])
            .build()
            .unwrap();
        let service = Layer {
            inner: ReqwestService::from(client),
            wrap: LAYERS[1].0,
        };
        let orion = OrionOS::builder()
            .api_key(mock.api_key())
            .base_url(mock.base_url());
        orion
            .retry(RetryPolicy::none())
            .http_service(service)
            .build()
            .unwrap()
            .agents()
    };
    http().get(AGENT).send().await.unwrap();
    mock.set_tls_fault(Some(TlsFault::UnknownAuthority));
    let error = http().create("New").send().await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
    mock.set_tls_fault(None);
    mock.fault(Fault::reset());
    let error = http().create("New").send().await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
}

fn request(uri: &str) -> Request<RequestBody> {
    Request::builder()
        .uri(uri)
        .body(RequestBody::default())
        .unwrap()
}

fn config_error(error: &OrionError, words: &str) {
    assert!(matches!(error, OrionError::Config(_)), "{error:?}");
    assert!(error.to_string().contains(words), "{error}");
}

#[tokio::test]
async fn the_service_alone_says_what_is_wrong_with_a_request() {
    let mut service = OrionOS::builder().reqwest_service().unwrap();
    let error = service.call(request("/v1/agents")).await.unwrap_err();
    config_error(&error, "absolute URL");
    let error = service
        .call(request("ftp://example.invalid/"))
        .await
        .unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
}

#[test]
fn the_service_needs_a_runtime() {
    let mut service = OrionOS::builder().reqwest_service().unwrap();
    let call = service.call(request("http://127.0.0.1:1/v1"));
    let error = futures_util::FutureExt::now_or_never(call)
        .unwrap()
        .unwrap_err();
    config_error(&error, "tokio runtime");
}

#[tokio::test]
async fn a_service_with_a_proxy_sends_no_plain_http() {
    let mut service = OrionOS::builder()
        .proxy("http://user:password-canary@proxy.invalid")
        .reqwest_service()
        .unwrap();
    let error = service
        .call(request("http://example.invalid/v1"))
        .await
        .unwrap_err();
    config_error(&error, "a proxy, which could read the API key");
    assert!(!format!("{service:?} {error:?}").contains("canary"));
}

#[test]
fn settings_that_cannot_be_in_the_service_are_errors() {
    let service = OrionOS::builder().reqwest_service().unwrap();
    let layered = || {
        OrionOS::builder()
            .api_key("key")
            .http_service(twice(service.clone()))
    };
    config_error(
        &layered().reqwest_service().unwrap_err(),
        "http_service() has replaced",
    );
    config_error(
        &layered().no_proxy().build().unwrap_err(),
        "no_proxy() cannot change",
    );
    for (builder, words) in [
        (OrionOS::builder().base_url("nonsense"), "invalid base URL"),
        (OrionOS::builder().proxy("nonsense"), "invalid proxy URL"),
        (
            OrionOS::builder().ca_certificate_pem("nonsense"),
            "has no certificate",
        ),
    ] {
        config_error(&builder.reqwest_service().unwrap_err(), words);
    }
    // The client that has the key decides.
    let plain = || OrionOS::builder().base_url("http://api.invalid/v1");
    let service = twice(plain().reqwest_service().unwrap());
    let error = plain()
        .api_key("key")
        .http_service(service)
        .build()
        .unwrap_err();
    config_error(&error, "would send the API key unencrypted");
}

#[tokio::test]
async fn a_layer_can_replace_a_body() {
    let rename = |request: Request<RequestBody>| {
        request.map(|body| {
            let text = String::from_utf8_lossy(body.bytes()).replace("Old", "New name");
            RequestBody::from(bytes::Bytes::from(text))
        })
    };
    let mock = mock().await;
    let service = ServiceBuilder::new()
        .map_request(rename)
        .service(to(&mock).reqwest_service().unwrap());
    let orion = OrionOS::builder()
        .api_key(mock.api_key())
        .base_url(mock.base_url());
    let orion = orion.http_service(service).build().unwrap();
    let created = orion.agents().create("Old").send().await.unwrap();
    let agent: Value = orion
        .request(Method::GET, ["agents", created.id.as_str()])
        .send()
        .await
        .unwrap();
    assert_eq!(agent["name"], "New name");
}
