//! The three ways to a server: plain HTTP/1.1, and HTTP/1.1 or HTTP/2 over TLS.

use std::sync::Arc;

use axum::Router;
use bytes::Bytes;
use h2::client::SendRequest;
use h2::server::SendResponse;
use h2::{RecvStream, SendStream};
use http::header::{CONTENT_LENGTH, DATE, HeaderValue};
use http::{Request, Response};
use http_body_util::BodyExt;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tower_service::Service;

use crate::support::{exchange, serve_one};
use crate::trust::trusting;

const HOST: &str = "127.0.0.1";

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Wire {
    Plain,
    Tls,
    /// Over TLS, and chosen by ALPN.
    Http2,
}

impl Wire {
    fn protocols(self) -> &'static [&'static [u8]] {
        match self {
            Self::Plain => &[],
            Self::Tls => &[b"http/1.1"],
            Self::Http2 => &[b"h2"],
        }
    }
}

/// Returns the settings of a client for a server with this certificate authority in PEM.
pub(crate) fn client(wire: Wire, authority: &str) -> Option<Arc<ClientConfig>> {
    (wire != Wire::Plain).then(|| {
        let authority = CertificateDer::from_pem_slice(authority.as_bytes());
        trusting(authority.expect("a certificate"), wire.protocols())
    })
}

/// A connection, or with HTTP/2 a share of one.
pub(crate) enum Connection {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    Http2(SendRequest<Bytes>),
}

impl Connection {
    /// Opens this number of connections. With HTTP/2, it is one connection for all.
    pub(crate) async fn open(
        address: &str,
        client: Option<&Arc<ClientConfig>>,
        count: usize,
    ) -> Vec<Self> {
        let mut connections = Vec::new();
        while connections.len() < count {
            let stream = TcpStream::connect(address).await.expect("it listens");
            stream.set_nodelay(true).expect("an option");
            let Some(client) = client else {
                connections.push(Self::Plain(stream));
                continue;
            };
            let name = ServerName::try_from(HOST).expect("an address");
            let stream = TlsConnector::from(client.clone()).connect(name, stream);
            let stream = stream.await.expect("a handshake");
            if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
                connections.push(Self::Tls(Box::new(stream)));
                continue;
            }
            let (sender, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
            tokio::spawn(async move {
                let _ = connection.await;
            });
            connections.extend((0..count).map(|_| Self::Http2(sender.clone())));
        }
        connections
    }

    /// Sends a request and reads its response.
    pub(crate) async fn exchange(&mut self, request: &[u8], buffer: &mut Vec<u8>) {
        match self {
            Self::Plain(stream) => drop(exchange(stream, request, buffer).await),
            Self::Tls(stream) => drop(exchange(stream, request, buffer).await),
            Self::Http2(sender) => exchange_by_http2(sender, request, buffer).await,
        }
    }
}

async fn exchange_by_http2(sender: &mut SendRequest<Bytes>, request: &[u8], buffer: &mut Vec<u8>) {
    buffer.clear();
    let request = to_http2(request);
    let (head, body) = request.into_parts();
    let request = Request::from_parts(head, ());
    let mut sender = sender.clone().ready().await.expect("it is open");
    let (response, mut stream) = sender
        .send_request(request, body.is_empty())
        .expect("it is open");
    if !body.is_empty() {
        stream.send_data(body, true).expect("it is open");
    }
    let response = response.await.expect("a response");
    read(response.into_body(), buffer).await;
}

/// Reads a request that is written for HTTP/1.1.
fn to_http2(request: &[u8]) -> Request<Bytes> {
    let end = request.windows(4).position(|end| end == b"\r\n\r\n");
    let (head, body) = request.split_at(end.expect("headers") + 4);
    let mut lines = std::str::from_utf8(head).expect("text").lines();
    let mut first = lines.next().expect("a line").split(' ');
    let (method, path) = (
        first.next().expect("a method"),
        first.next().expect("a path"),
    );
    let mut request = Request::builder()
        .method(method)
        .uri(format!("https://{HOST}{path}"));
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        if name != "host" {
            request = request.header(name, value);
        }
    }
    request
        .body(Bytes::copy_from_slice(body))
        .expect("a request")
}

async fn read(mut body: RecvStream, buffer: &mut Vec<u8>) {
    while let Some(piece) = body.data().await {
        let piece = piece.expect("a whole body");
        let _ = body.flow_control().release_capacity(piece.len());
        buffer.extend_from_slice(&piece);
    }
}

/// The TLS of the baseline, with a certificate like the mock's.
pub(crate) struct Tls {
    pub(crate) authority: String,
    acceptor: TlsAcceptor,
}

impl Tls {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new([HOST.to_owned()]).expect("a name");
        let certificate = params.self_signed(&key).expect("a certificate");
        let private = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("its own versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)
            .expect("a certificate and its key");
        config.alpn_protocols = [&b"h2"[..], b"http/1.1"].map(<[u8]>::to_vec).to_vec();
        Self {
            authority: certificate.pem(),
            acceptor: TlsAcceptor::from(Arc::new(config)),
        }
    }

    /// Serves the route over TLS, with the protocol that the client chose.
    pub(crate) async fn serve(self, listener: TcpListener, app: Router) {
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            let _ = stream.set_nodelay(true);
            let (app, acceptor) = (app.clone(), self.acceptor.clone());
            tokio::spawn(async move {
                let stream = acceptor.accept(stream).await.expect("a handshake");
                match stream.get_ref().1.alpn_protocol() {
                    Some(b"h2") => serve_http2(stream, app).await,
                    _ => serve_one(stream, app).await,
                }
            });
        }
    }
}

/// Uses h2 in the same way as the mock.
async fn serve_http2(stream: tokio_rustls::server::TlsStream<TcpStream>, app: Router) {
    let mut connection = h2::server::handshake(stream).await.expect("HTTP/2");
    while let Some(Ok((request, respond))) = connection.accept().await {
        tokio::spawn(answer_by_http2(request, respond, app.clone()));
    }
}

async fn answer_by_http2(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    mut app: Router,
) {
    let (head, body) = request.into_parts();
    let mut bytes = Vec::new();
    read(body, &mut bytes).await;
    let request = Request::from_parts(head, axum::body::Body::from(bytes));
    let Ok(response) = app.call(request).await;
    let (mut head, body) = response.into_parts();
    let body = body.collect().await.expect("a body in memory").to_bytes();
    // What hyper adds, which has the date of the second at hand.
    let date = HeaderValue::from_static("Thu, 01 Jan 2026 00:00:00 GMT");
    head.headers.insert(DATE, date);
    head.headers.insert(CONTENT_LENGTH, body.len().into());
    let response = Response::from_parts(head, ());
    let stream: Result<SendStream<Bytes>, _> = respond.send_response(response, false);
    // The client may have gone.
    let _ = stream.and_then(|mut stream| stream.send_data(body, true));
}
