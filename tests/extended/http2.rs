//! HTTP/2: many calls and streams on one connection, and what happens when it, or one of them, ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use http::Response;
use orionos::{
    MessageEvent, MessageStream, Method, OrionBuilder, OrionError, OrionOS, Outcome, Pacing,
    RetryPolicy, Value,
};
use orionos_mock_server::{Fault, MockServer, MockServerBuilder, Operation, RequestPattern};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::relay::{FOREVER, Relay};
use crate::support::AGENT;

const SHORT: Duration = Duration::from_millis(200);

/// A mock, and a relay to it.
async fn relayed(change: fn(MockServerBuilder) -> MockServerBuilder) -> (MockServer, Relay) {
    let agent = json!({"id": AGENT, "name": "Pilot"});
    let mock = change(MockServer::builder().https().agents([agent]));
    let mock = mock.start().await.unwrap();
    let relay = Relay::to(&mock).await;
    (mock, relay)
}

/// The settings of a client that reaches the mock through the relay.
fn through(relay: &Relay, mock: &MockServer) -> OrionBuilder {
    OrionOS::builder()
        .api_key(mock.api_key())
        .base_url(relay.base_url())
        .ca_certificate_pem(mock.ca_pem())
        .pacing(Pacing::Off)
        .retry(at_once())
}

fn at_once() -> RetryPolicy {
    RetryPolicy::default().schedule(|| std::iter::repeat(Duration::ZERO))
}

/// Opens a stream and reads its first token.
async fn begun(orion: &OrionOS) -> MessageStream {
    let mut stream = orion
        .agents()
        .stream_message(AGENT, "Ahoy there")
        .send()
        .await
        .unwrap();
    let first = stream.next().await.unwrap().unwrap();
    assert!(matches!(first, MessageEvent::Token(_)), "{first:?}");
    stream
}

#[tokio::test]
async fn a_stream_and_a_hundred_calls_share_one_connection() {
    let (mock, relay) = relayed(|mock| mock.token_pace(Duration::from_millis(20))).await;
    let orion = through(&relay, &mock).build().unwrap();
    let stream = begun(&orion).await;
    let calls = (0..100).map(|number| {
        let agents = orion.agents();
        async move {
            match number % 3 {
                0 => agents.get(AGENT).send().await.map(drop),
                1 => agents
                    .create(format!("Agent {number}"))
                    .send()
                    .await
                    .map(drop),
                _ => agents.list().send().await.map(drop),
            }
        }
    });
    let (results, text) = tokio::join!(join_all(calls), stream.collect_text());
    for result in results {
        result.unwrap();
    }
    assert!(text.unwrap().contains("Ahoy there"));
    assert_eq!(relay.connections(), 1);
}

#[tokio::test]
async fn after_goaway_a_stream_goes_on_and_what_came_later_is_created_once() {
    let (mock, relay) = relayed(|mock| mock.token_pace(Duration::from_millis(20))).await;
    mock.fault(Fault::goaway().on(Operation::Create).times(1));
    let orion = through(&relay, &mock).build().unwrap();
    let stream = begun(&orion).await;
    let created = orion.agents().create("New").send_with_meta().await.unwrap();
    assert_eq!(created.meta.attempts, 2);
    let text = stream.collect_text().await.unwrap();
    assert!(text.contains("Ahoy there"), "{text}");
    assert_eq!((mock.snapshot().len(), relay.connections()), (2, 2));
}

#[tokio::test]
async fn a_reset_ends_one_request_and_not_its_neighbors() {
    for (fault, outcome) in [
        (Fault::reset_stream(), Outcome::Unknown),
        (Fault::refused_stream(), Outcome::Rejected),
    ] {
        let (mock, relay) = relayed(|mock| mock.token_pace(Duration::from_millis(20))).await;
        mock.fault(fault.on(Operation::Create));
        let orion = through(&relay, &mock)
            .retry(RetryPolicy::none())
            .build()
            .unwrap();
        let stream = begun(&orion).await;
        let create = orion.agents().create("New").send();
        let get = orion.agents().get(AGENT).send();
        let (created, got, text) = tokio::join!(create, get, stream.collect_text());
        assert_eq!(created.unwrap_err().outcome(), outcome);
        got.unwrap();
        assert!(text.unwrap().contains("Ahoy there"));
        assert_eq!(relay.connections(), 1);
    }
}

#[tokio::test]
async fn a_stream_that_is_dropped_is_reset_and_its_connection_stays() {
    let (mock, relay) = relayed(|mock| mock.token_pace(FOREVER)).await;
    let orion = through(&relay, &mock).build().unwrap();
    drop(begun(&orion).await);
    let has_left = || {
        let mut requests = mock.requests().into_iter();
        requests.any(|it| it.operation == Operation::StreamMessage && it.client_left)
    };
    // Each call gives the mock time to see it.
    for _ in 0..10_000 {
        orion.agents().get(AGENT).send().await.unwrap();
        if has_left() {
            break;
        }
    }
    assert!(has_left());
    assert_eq!(relay.connections(), 1);
}

#[tokio::test]
async fn pings_find_a_dead_connection_in_the_middle_of_a_stream() {
    let (mock, relay) = relayed(|mock| mock.token_pace(FOREVER)).await;
    let orion = through(&relay, &mock)
        .http2_keep_alive(Duration::from_millis(50))
        .stream_idle_timeout(FOREVER * 10)
        .build()
        .unwrap();
    let mut stream = begun(&orion).await;
    relay.silence();
    let error = timeout(FOREVER, stream.next()).await.unwrap();
    let error = error.unwrap().unwrap_err();
    assert!(!error.is_timeout(), "{error}");
    assert!(!error.partial_text().unwrap().is_empty());
    // The next call has another connection.
    orion.agents().get(AGENT).send().await.unwrap();
    assert_eq!(relay.connections(), 2);
}

#[tokio::test]
async fn pings_find_a_dead_connection_that_is_idle_or_waits_for_a_response() {
    let (mock, mut relay) = relayed(|mock| mock).await;
    let orion = through(&relay, &mock)
        .http2_keep_alive(Duration::from_millis(50))
        .timeout(FOREVER * 10)
        .build()
        .unwrap();
    orion.agents().get(AGENT).send().await.unwrap();
    relay.silence();
    relay.ended(1).await;
    orion.agents().get(AGENT).send().await.unwrap();
    assert_eq!(relay.connections(), 2);

    mock.fault(Fault::latency(FOREVER).on(Operation::Create));
    let create = tokio::spawn(orion.agents().create("New").send());
    mock.wait_for(&RequestPattern::of(Operation::Create), 1)
        .await;
    relay.silence();
    let error = timeout(FOREVER, create)
        .await
        .unwrap()
        .unwrap()
        .unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
    assert!(matches!(error, OrionError::Connection(_)), "{error:?}");
}

/// A server that permits one stream at a time on a connection. It answers a GET at once, and a POST with
/// a stream of events that ends when it is told to.
struct OneAtATime {
    base_url: String,
    certificate: String,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
    end_stream: Arc<Notify>,
}

impl OneAtATime {
    async fn start() -> Self {
        let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::Pkcs8(own.signing_key.serialize_der().into());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![own.cert.der().clone()], key)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let tls = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            base_url: format!("https://{}/v1", listener.local_addr().unwrap()),
            certificate: own.cert.pem(),
            connections: Arc::default(),
            requests: Arc::default(),
            end_stream: Arc::default(),
        };
        let (connections, requests) = (server.connections.clone(), server.requests.clone());
        let end_stream = server.end_stream.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let serve = Self::serve(tls.clone(), socket, requests.clone(), end_stream.clone());
                tokio::spawn(serve);
            }
        });
        server
    }

    async fn serve(
        tls: TlsAcceptor,
        socket: TcpStream,
        requests: Arc<AtomicUsize>,
        end_stream: Arc<Notify>,
    ) {
        let socket = tls.accept(socket).await.unwrap();
        let mut connection = h2::server::Builder::new()
            .max_concurrent_streams(1)
            .handshake::<_, Bytes>(socket)
            .await
            .unwrap();
        while let Some(Ok((request, mut respond))) = connection.accept().await {
            requests.fetch_add(1, Ordering::SeqCst);
            let end_stream = end_stream.clone();
            tokio::spawn(async move {
                let is_stream = request.method() == Method::POST;
                let (kind, body) = match is_stream {
                    true => (
                        "text/event-stream",
                        "data: {\"type\":\"token\",\"content\":\"Ahoy\"}\n\n",
                    ),
                    false => ("application/json", r#"{"success":true,"data":{}}"#),
                };
                let head = Response::builder()
                    .header("content-type", kind)
                    .body(())
                    .unwrap();
                // The client may have given up.
                let Ok(mut stream) = respond.send_response(head, false) else {
                    return;
                };
                let _ = stream.send_data(body.into(), !is_stream);
                if is_stream {
                    end_stream.notified().await;
                    let done = "data: {\"type\":\"done\",\"messageId\":\"msg_1\"}\n\n";
                    let _ = stream.send_data(done.into(), true);
                }
            });
        }
    }

    fn client(&self) -> OrionOS {
        let orion = OrionOS::builder()
            .api_key("key")
            .base_url(&self.base_url)
            .ca_certificate_pem(&self.certificate)
            .pacing(Pacing::Off)
            .retry(RetryPolicy::none());
        orion.build().unwrap()
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

fn get(orion: &OrionOS) -> orionos::RawRequest {
    orion.request(Method::GET, ["x"])
}

#[tokio::test]
async fn with_a_server_of_one_stream_at_a_time_a_hundred_calls_take_turns() {
    let server = OneAtATime::start().await;
    let orion = server.client();
    get(&orion).send::<Value>().await.unwrap();
    for result in join_all((0..100).map(|_| get(&orion).send::<Value>())).await {
        result.unwrap();
    }
    assert_eq!(server.requests(), 101);
    assert_eq!(server.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn calls_wait_while_a_stream_holds_the_only_place_as_long_as_their_limits_permit() {
    let server = OneAtATime::start().await;
    let orion = server.client();
    let stream = begun(&orion).await;
    for (call, words) in [
        (get(&orion).timeout(SHORT), "within 200 ms (timeout)"),
        (get(&orion).deadline(SHORT), "within its deadline of 200 ms"),
    ] {
        let error = call.send::<Value>().await.unwrap_err();
        assert!(
            error.is_timeout() && error.to_string().contains(words),
            "{error}"
        );
    }
    assert_eq!(server.requests(), 1, "the server has not received them");
    let waiting = tokio::spawn(get(&orion).send::<Value>());
    server.end_stream.notify_one();
    assert_eq!(stream.collect_text().await.unwrap(), "Ahoy");
    waiting.await.unwrap().unwrap();
    get(&orion).send::<Value>().await.unwrap();
    assert_eq!(server.connections.load(Ordering::SeqCst), 1);
}
