//! https and HTTP/2: which version is chosen, what each fault is on the wire, and the limits of a
//! connection.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use http::{Request, Response};
use orionos_mock_server::{
    Clock, Fault, MockServer, MockServerBuilder, Operation, StartError, TlsFault,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::{connect, raw, send};

const AGENT: &str = "agent_test00000000";
const GET: (&str, &str, &str) = ("GET", "/v1/agents/agent_test00000000", "");
const CREATE: (&str, &str, &str) = ("POST", "/v1/agents", r#"{"name":"Pilot"}"#);
const STREAM: (&str, &str, &str) = (
    "POST",
    "/v1/agents/agent_test00000000/messages/stream",
    r#"{"text":"naïve 🌊"}"#,
);

fn builder() -> MockServerBuilder {
    MockServer::builder().agents([json!({"id": AGENT, "name": "Pilot"})])
}

fn address(mock: &MockServer) -> &str {
    let address = mock.base_url().split("://").nth(1).unwrap();
    address.strip_suffix("/v1").unwrap()
}

/// Connects with TLS as a client that trusts the mock's authority and offers these protocols.
async fn tls(mock: &MockServer, protocols: &[&str]) -> std::io::Result<TlsStream<TcpStream>> {
    tls_to(mock, "127.0.0.1", protocols).await
}

async fn tls_to(
    mock: &MockServer,
    name: &'static str,
    protocols: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(mock.ca_pem().as_bytes()) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    let stream = TcpStream::connect(address(mock)).await?;
    let name = ServerName::try_from(name).unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

/// A connection of HTTP/2. The task gives how it ended.
struct Http2 {
    send: SendRequest<Bytes>,
    end: tokio::task::JoinHandle<Result<(), h2::Error>>,
    key: String,
    origin: String,
}

impl Http2 {
    async fn over<T>(stream: T, mock: &MockServer) -> Self
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (send, connection) = h2::client::handshake(stream).await.unwrap();
        Self {
            send: send.ready().await.unwrap(),
            end: tokio::spawn(connection),
            key: mock.api_key().to_owned(),
            origin: mock.base_url().trim_end_matches("/v1").to_owned(),
        }
    }

    /// By prior knowledge.
    async fn plain(mock: &MockServer) -> Self {
        Self::over(TcpStream::connect(address(mock)).await.unwrap(), mock).await
    }

    fn request(&self, (method, path, _): (&str, &str, &str)) -> http::request::Builder {
        Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.origin))
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", "application/json")
    }

    async fn start(&mut self, call: (&str, &str, &str)) -> h2::client::ResponseFuture {
        let request = self.request(call).body(()).unwrap();
        self.send(request, call.2).await
    }

    async fn send(&mut self, request: Request<()>, body: &str) -> h2::client::ResponseFuture {
        poll_fn(|cx| self.send.poll_ready(cx)).await.unwrap();
        let is_empty = body.is_empty();
        let (response, mut stream) = self.send.send_request(request, is_empty).unwrap();
        if !is_empty {
            stream
                .send_data(Bytes::from(body.to_owned()), true)
                .unwrap();
        }
        response
    }

    async fn call(&mut self, call: (&str, &str, &str)) -> Result<(u16, Vec<u8>), Ended> {
        read(self.start(call).await).await
    }
}

/// How a response failed, and what was received of its body.
#[derive(Debug)]
struct Ended {
    error: h2::Error,
    status: Option<u16>,
    received: Vec<u8>,
}

async fn read(response: h2::client::ResponseFuture) -> Result<(u16, Vec<u8>), Ended> {
    let response: Response<h2::RecvStream> = response.await.map_err(|error| Ended {
        error,
        status: None,
        received: Vec::new(),
    })?;
    let status = response.status().as_u16();
    let mut body = response.into_body();
    let mut received = Vec::new();
    while let Some(data) = body.data().await {
        match data {
            Ok(data) => {
                let _ = body.flow_control().release_capacity(data.len());
                received.extend_from_slice(&data);
            }
            Err(error) => {
                return Err(Ended {
                    error,
                    status: Some(status),
                    received,
                });
            }
        }
    }
    Ok((status, received))
}

/// Says how a request ended, as a test's table has it.
fn summary(result: &Result<(u16, Vec<u8>), Ended>) -> String {
    match result {
        Ok((status, _)) => status.to_string(),
        Err(ended) => {
            let status = ended
                .status
                .map_or(String::new(), |status| format!("{status}, "));
            let error = &ended.error;
            match error.reason() {
                Some(reason) if error.is_reset() && error.is_remote() => {
                    format!("{status}reset {reason:?}")
                }
                Some(reason) if error.is_go_away() && error.is_remote() => {
                    format!("{status}goaway {reason:?}")
                }
                _ => format!("{status}broken"),
            }
        }
    }
}

#[tokio::test]
async fn the_client_chooses_the_version_of_http() {
    let mock = builder().https().start().await.unwrap();
    assert!(mock.base_url().starts_with("https://127.0.0.1:"));
    for (offered, chosen) in [
        (&["h2", "http/1.1"][..], Some("h2")),
        (&["http/1.1"], Some("http/1.1")),
        (&[], None),
    ] {
        let mut stream = tls(&mock, offered).await.unwrap();
        let protocol = stream.get_ref().1.alpn_protocol();
        assert_eq!(protocol, chosen.map(str::as_bytes), "{offered:?}");
        if chosen == Some("h2") {
            let mut http2 = Http2::over(stream, &mock).await;
            assert_eq!(http2.call(GET).await.unwrap().0, 200);
        } else {
            let request = raw(&mock, GET.0, GET.1, "")
                .replace("host: mock", "host: mock\r\nconnection: close");
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.unwrap();
            assert!(answer.starts_with(b"HTTP/1.1 200"));
        }
    }
    assert_eq!(mock.requests().len(), 3);

    let plain = builder().start().await.unwrap();
    assert_eq!(Http2::plain(&plain).await.call(GET).await.unwrap().0, 200);
}

#[tokio::test]
async fn a_request_is_the_same_in_the_journal_with_both_versions() {
    let mock = builder().start().await.unwrap();
    Http2::plain(&mock).await.call(CREATE).await.unwrap();
    let mut stream = connect(&mock).await;
    let request = raw(&mock, CREATE.0, CREATE.1, CREATE.2);
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.read_u8().await.unwrap();
    let requests = mock.requests();
    assert_eq!(requests[0].path, requests[1].path);
    assert_eq!(requests[0].body, requests[1].body);
    assert_eq!(requests[0].status, Some(201));
}

#[tokio::test]
async fn the_first_bytes_of_http2_may_arrive_one_by_one() {
    let mock = builder().start().await.unwrap();
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let mut tcp = connect(&mock).await;
    tokio::spawn(async move {
        let (mut near, mut far) = (theirs, &mut tcp);
        let mut preface = [0; 24];
        near.read_exact(&mut preface).await.unwrap();
        for byte in preface {
            far.write_all(&[byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
    });
    assert_eq!(
        Http2::over(ours, &mock).await.call(GET).await.unwrap().0,
        200
    );

    // The same beginning, but HTTP/1.1.
    let mut stream = connect(&mock).await;
    stream
        .write_all(b"PRI * HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
}

/// `broken`: the connection ended without a word.
#[tokio::test]
async fn each_fault_has_its_form_on_http2() {
    // It has a test of its own.
    let mut kinds = BTreeSet::from(["stream_stall".to_owned()]);
    for (fault, call, expected) in [
        (Fault::status(503), GET, "503"),
        (Fault::rate_limit(0.5), GET, "429"),
        (Fault::latency(Duration::from_millis(1)), GET, "200"),
        (Fault::close(), GET, "broken"),
        (Fault::close().after_acting(), CREATE, "broken"),
        (Fault::reset(), GET, "broken"),
        (Fault::reset().after_acting(), CREATE, "broken"),
        (Fault::refused_stream(), CREATE, "reset REFUSED_STREAM"),
        (
            Fault::refused_stream().after_acting(),
            CREATE,
            "reset REFUSED_STREAM",
        ),
        (Fault::reset_stream(), CREATE, "reset INTERNAL_ERROR"),
        (
            Fault::reset_stream().after_acting(),
            CREATE,
            "reset INTERNAL_ERROR",
        ),
        (Fault::goaway(), CREATE, "goaway NO_ERROR"),
        (Fault::goaway().after_acting(), CREATE, "broken"),
        (Fault::cut_body(), GET, "200, reset INTERNAL_ERROR"),
        (Fault::truncated_json(), GET, "200"),
        (Fault::malformed_json(), GET, "200"),
        (Fault::html_page(502), GET, "502"),
        (Fault::wrong_content_type(), GET, "200"),
        (Fault::empty_body(), GET, "200"),
        (
            Fault::slow_request_body(Duration::from_millis(1)),
            CREATE,
            "201",
        ),
        (Fault::stream_end(1), STREAM, "200"),
        (Fault::stream_error(1), STREAM, "200"),
        (Fault::stream_cut(1), STREAM, "200, reset INTERNAL_ERROR"),
        (
            Fault::stream_cut_inside_event(1),
            STREAM,
            "200, reset INTERNAL_ERROR",
        ),
        (
            Fault::stream_cut_inside_character(),
            STREAM,
            "200, reset INTERNAL_ERROR",
        ),
        (Fault::stream_crlf(), STREAM, "200"),
        (Fault::stream_comments(), STREAM, "200"),
        (Fault::stream_drip(), STREAM, "200"),
    ] {
        let name = serde_json::to_string(&fault).unwrap();
        kinds.insert(kind_in(&name));
        let acts = name.contains(r#""acts":true"#) && !name.contains("refused");
        let mock = builder().fault(fault.times(1)).start().await.unwrap();
        let mut http2 = Http2::plain(&mock).await;
        let result = http2.call(call).await;
        assert_eq!(summary(&result), expected, "{name}: {result:?}");
        if let Err(Ended {
            status: Some(_),
            received,
            ..
        }) = &result
        {
            assert!(!received.is_empty(), "{name}");
        }
        if call == CREATE && result.is_err() {
            assert_eq!(mock.snapshot().len(), 1 + usize::from(acts), "{name}");
        }
        // A fault of the stream leaves the connection as it was.
        if expected.contains("reset") {
            assert_eq!(summary(&http2.call(GET).await), "200", "{name}");
        }
    }
    let rows = include_str!("../../README.md").lines();
    let rows = rows.filter(|row| row.contains(r#"`{"kind":"#));
    assert_eq!(kinds, rows.map(kind_in).collect());
}

fn kind_in(text: &str) -> String {
    let (_, kind) = text.split_once(r#""kind":""#).unwrap();
    kind.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_stalled_stream_of_http2_stays_open_until_the_client_withdraws_it() {
    let mock = builder()
        .fault(Fault::stream_stall(1).times(1))
        .start()
        .await
        .unwrap();
    let mut http2 = Http2::plain(&mock).await;
    let response = http2.start(STREAM).await.await.unwrap();
    let mut body = response.into_body();
    assert!(body.data().await.unwrap().is_ok());
    assert_eq!(summary(&http2.call(GET).await), "200");
    drop(body);
    assert_eq!(summary(&http2.call(STREAM).await), "200");
}

#[tokio::test(start_paused = true)]
async fn a_viewer_of_http2_that_makes_no_room_loses_its_stream_and_keeps_its_connection() {
    let mock = builder().start().await.unwrap();
    let mut http2 = Http2::plain(&mock).await;
    let viewer = http2.start(("GET", "/__mock/events", "")).await;
    let mut events = viewer.await.unwrap().into_body();
    let long = format!("/v1/{}", "x".repeat(50_000));
    for _ in 0..3 {
        send(&mock, "GET", &long, "").await;
    }
    // The window of the stream is full, because nothing releases its capacity.
    tokio::time::sleep(Duration::from_secs(11)).await;
    let end = async {
        loop {
            match events.data().await {
                Some(Ok(_)) => {}
                other => break other,
            }
        }
    };
    let end = tokio::time::timeout(Duration::from_secs(60), end).await;
    let error = end
        .expect("the stream has ended")
        .expect("not a normal end")
        .unwrap_err();
    assert_eq!(error.reason(), Some(h2::Reason::CANCEL));
    drop(events);
    assert_eq!(summary(&http2.call(GET).await), "200");
}

#[tokio::test]
async fn a_reset_of_the_connection_is_a_tcp_reset_with_tls_and_http2() {
    let mock = builder()
        .https()
        .fault(Fault::reset())
        .start()
        .await
        .unwrap();
    let mut stream = tls(&mock, &["http/1.1"]).await.unwrap();
    stream
        .write_all(raw(&mock, GET.0, GET.1, "").as_bytes())
        .await
        .unwrap();
    let error = stream.read_u8().await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);

    let mut http2 = Http2::over(tls(&mock, &["h2"]).await.unwrap(), &mock).await;
    assert_eq!(summary(&http2.call(GET).await), "broken");
    let error = http2.end.await.unwrap().unwrap_err();
    let error = error.get_io().expect("the connection failed");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn goaway_completes_earlier_requests_and_accepts_no_later_ones() {
    let mock = builder()
        .clock(Clock::frozen())
        .fault(
            Fault::latency(Duration::from_secs(1))
                .on(Operation::Get)
                .times(1),
        )
        .start()
        .await
        .unwrap();
    let mut http2 = Http2::plain(&mock).await;
    let earlier = http2.start(GET).await;
    mock.wait_for(&orionos_mock_server::RequestPattern::of(Operation::Get), 1)
        .await;
    mock.fault(Fault::goaway());
    let result = http2.call(CREATE).await;
    assert_eq!(summary(&result), "goaway NO_ERROR");
    mock.advance(Duration::from_secs(1));
    let earlier = tokio::time::timeout(Duration::from_secs(5), read(earlier)).await;
    assert_eq!(summary(&earlier.expect("it is completed")), "200");
    let end = tokio::time::timeout(Duration::from_secs(5), http2.end).await;
    assert!(end.expect("the connection ends").unwrap().is_ok());
    assert_eq!(mock.snapshot().len(), 1);
}

#[tokio::test]
async fn too_many_headers_get_an_envelope_and_the_connection_goes_on() {
    let mock = builder().start().await.unwrap();
    let mut http2 = Http2::plain(&mock).await;
    let mut request = http2.request(GET);
    for number in 0..120 {
        request = request.header(format!("x-{number}"), "y");
    }
    let response = http2.send(request.body(()).unwrap(), "").await;
    let (status, body) = read(response).await.unwrap();
    assert_eq!(status, 431);
    let envelope: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(envelope["error"]["code"], "INVALID_REQUEST");

    let request = http2.request(GET).header("x", "y".repeat(300 << 10));
    let response = http2.send(request.body(()).unwrap(), "").await;
    assert_eq!(read(response).await.unwrap().0, 200);
    let request = http2.request(GET).header("x", "y".repeat(500 << 10));
    let response = http2.send(request.body(()).unwrap(), "").await;
    assert_eq!(read(response).await.unwrap().0, 431);
    assert_eq!(summary(&http2.call(GET).await), "200");
}

#[tokio::test]
async fn a_large_body_is_rejected_on_http2() {
    let mock = builder().start().await.unwrap();
    let mut http2 = Http2::plain(&mock).await;
    let request = http2.request(CREATE).body(()).unwrap();
    let response = http2.send(request, &"x".repeat(2 << 20)).await;
    let (status, body) = read(response).await.unwrap();
    assert_eq!(status, 413, "{}", String::from_utf8_lossy(&body));
    assert_eq!(summary(&http2.call(GET).await), "200");
}

#[tokio::test]
async fn the_end_of_a_mock_completes_requests_of_http2() {
    let mock = builder()
        .clock(Clock::frozen())
        .fault(Fault::latency(Duration::from_secs(1)).times(1))
        .start()
        .await
        .unwrap();
    let mut http2 = Http2::plain(&mock).await;
    let running = http2.start(GET).await;
    mock.wait_for(&orionos_mock_server::RequestPattern::of(Operation::Get), 1)
        .await;
    let ending = tokio::spawn({
        let mock = mock.clone();
        async move { mock.shut_down(Duration::from_secs(30)).await }
    });
    while TcpStream::connect(address(&mock)).await.is_ok() {
        tokio::task::yield_now().await;
    }
    mock.advance(Duration::from_secs(1));
    assert_eq!(summary(&read(running).await), "200");
    assert!(http2.end.await.unwrap().is_ok());
    ending.await.unwrap();
}

#[tokio::test]
async fn the_certificate_is_for_every_name_of_the_mock_and_no_other() {
    let mock = builder()
        .https()
        .allow_host("mock.test")
        .public_url("https://public.test:8443")
        .start()
        .await
        .unwrap();
    let other = builder().https().start().await.unwrap();
    assert_ne!(mock.ca_pem(), other.ca_pem());
    let local: TcpStream = TcpStream::connect(address(&other)).await.unwrap();
    drop(local);
    assert_eq!(mock.base_url(), "https://public.test:8443/v1");
    for (name, is_covered) in [
        ("localhost", true),
        ("127.0.0.1", true),
        ("::1", true),
        ("elsewhere.test", false),
    ] {
        let connected = tls_to(&other, name, &[]).await;
        assert_eq!(connected.is_ok(), is_covered, "{name}: {connected:?}");
    }
}

#[tokio::test]
async fn each_tls_fault_breaks_new_connections_in_its_own_way() {
    let mock = builder().https().start().await.unwrap();
    for (fault, words) in [
        (TlsFault::ExpiredCertificate, "certificate expired"),
        (TlsFault::WrongName, "not valid for"),
        (TlsFault::UnknownAuthority, "UnknownIssuer"),
        (TlsFault::HandshakeBreak, "eof"),
    ] {
        mock.set_tls_fault(Some(fault));
        let error = tls(&mock, &["h2"]).await.unwrap_err();
        assert!(error.to_string().contains(words), "{fault}: {error}");
        assert_eq!(fault.as_str().parse(), Ok(fault));
    }
    mock.set_tls_fault(Some(TlsFault::HandshakeHang));
    let hanging = tls(&mock, &["h2"]);
    let result = tokio::time::timeout(Duration::from_millis(200), hanging).await;
    assert!(result.is_err(), "{result:?}");
    mock.set_tls_fault(None);
    assert!(tls(&mock, &["h2"]).await.is_ok());
    assert!(mock.requests().is_empty());
    assert!("nonsense".parse::<TlsFault>().is_err());
}

#[tokio::test]
async fn settings_of_tls_that_have_no_effect_are_rejected() {
    let invalid = [
        builder().https().in_process(),
        builder().tls_fault(TlsFault::WrongName).in_process(),
        builder().tls_fault(TlsFault::WrongName).start().await,
    ];
    for result in invalid {
        assert!(
            matches!(result, Err(StartError::Setting { .. })),
            "{result:?}"
        );
    }
    assert_eq!(builder().start().await.unwrap().ca_pem(), "");
}
