//! What the benchmarks of the mock share: requests, a mock with limits that are never reached, and the
//! baseline, which is a bare axum route.

use axum::Router;
use axum::routing::any;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use orionos_mock_server::{Limits, MockServer, MockServerBuilder, Tier};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tower_service::Service;

const KEY: &str = "bench-key-0123456789";
const AGENT: &str = "agent_000000000000";

/// The requests that are compared.
pub(crate) struct Requests {
    pub(crate) get: Vec<u8>,
    pub(crate) list: Vec<u8>,
    pub(crate) message: Vec<u8>,
    pub(crate) create: Vec<u8>,
}

impl Requests {
    pub(crate) fn new() -> Self {
        Self {
            get: request("GET", &format!("/v1/agents/{AGENT}"), ""),
            list: request("GET", "/v1/agents?limit=20", ""),
            message: request(
                "POST",
                &format!("/v1/agents/{AGENT}/messages"),
                r#"{"text":"Where does the Mira berth?","userId":"user_1","roomId":"room_1"}"#,
            ),
            create: request("POST", "/v1/agents", r#"{"name":"Harbour Pilot"}"#),
        }
    }
}

fn request(method: &str, path: &str, body: &str) -> Vec<u8> {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: mock\r\nauthorization: Bearer {KEY}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

/// Returns a mock with this number of agents. Every limit exists, but is never reached.
pub(crate) fn mock(agents: usize, reply: Option<&str>) -> MockServerBuilder {
    let mut limits: Limits = Tier::Standard.limits();
    for limit in [
        &mut limits.account,
        &mut limits.create,
        &mut limits.list,
        &mut limits.get,
        &mut limits.messages,
        &mut limits.messages_in_flight,
        &mut limits.agents,
    ] {
        *limit = Some(1_000_000_000);
    }
    let seeds = (0..agents).map(|number| {
        json!({
            "id": format!("agent_{number:012}"), "name": "Harbour Pilot",
            "bio": ["Brings ships to their berths"], "modelProvider": "anthropic",
            "model": "claude-3-opus", "clients": ["discord"],
        })
    });
    let mock = MockServer::builder()
        .api_key(KEY)
        .limits(limits)
        .agents(seeds);
    match reply {
        Some(reply) => mock.reply_template(reply),
        None => mock,
    }
}

/// Returns host and port of a mock.
pub(crate) fn address(mock: &MockServer) -> String {
    let (_, address) = mock.base_url().split_once("://").expect("a URL");
    address.trim_end_matches("/v1").to_owned()
}

/// A response without what the server adds.
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
}

/// Returns the mock's response to a request that was sent often.
pub(crate) async fn answer(mock: &str, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(mock).await.expect("it listens");
    let mut buffer = Vec::new();
    // An agent repeats the last 20 texts that it received. Until then, the responses grow.
    for _ in 0..25 {
        exchange(&mut stream, request, &mut buffer).await;
    }
    let (head, length) = exchange(&mut stream, request, &mut buffer).await;
    parse(&buffer[..head], &buffer[head..length])
}

/// Returns a route that reads the request and returns the same body with the same headers.
pub(crate) fn bare(answer: Answer) -> Router {
    let headers: http::HeaderMap = answer.headers.into_iter().collect();
    let body = bytes::Bytes::from(answer.body);
    let answer = move |_read: bytes::Bytes| {
        let mut response = axum::response::Response::new(axum::body::Body::from(body.clone()));
        *response.status_mut() = answer.status.try_into().expect("a status");
        response.headers_mut().extend(headers.clone());
        std::future::ready(response)
    };
    Router::new()
        .route("/v1/agents", any(answer.clone()))
        .route("/v1/agents/{id}", any(answer.clone()))
        .route("/v1/agents/{id}/messages", any(answer))
}

/// Uses hyper in the same way as the mock.
pub(crate) async fn serve(listener: TcpListener, app: Router) {
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        let _ = stream.set_nodelay(true);
        tokio::spawn(serve_one(stream, app.clone()));
    }
}

pub(crate) async fn serve_one(stream: impl AsyncRead + AsyncWrite + Unpin + 'static, app: Router) {
    let service = hyper::service::service_fn(move |request| app.clone().call(request));
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(hyper_util::rt::TokioIo::new(stream), service)
        .await;
}

/// Sends a request and reads one response. Returns the length of its headers, and its whole length.
pub(crate) async fn exchange(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    request: &[u8],
    buffer: &mut Vec<u8>,
) -> (usize, usize) {
    buffer.clear();
    stream.write_all(request).await.expect("it reads");
    loop {
        let length = stream.read_buf(buffer).await.expect("it answers");
        assert_ne!(length, 0, "it closed");
        let Some(head) = buffer.windows(4).position(|end| end == b"\r\n\r\n") else {
            continue;
        };
        let head = head + 4;
        let name = b"content-length: ";
        let announced = buffer[..head]
            .windows(name.len())
            .position(|window| window == name)
            .expect("a length");
        let length = buffer[announced + name.len()..head]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .fold(0, |length, digit| length * 10 + usize::from(digit - b'0'));
        if buffer.len() >= head + length {
            return (head, head + length);
        }
    }
}

/// Returns the status, the headers except those that the server adds, and the body.
fn parse(head: &[u8], body: &[u8]) -> Answer {
    let head = std::str::from_utf8(head).expect("text");
    let status = head[9..12].parse().expect("a status");
    let headers = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "))
        .filter(|(name, _)| !["content-length", "date"].contains(name))
        .map(|(name, value)| {
            (
                name.parse().expect("a name"),
                value.parse().expect("a value"),
            )
        })
        .collect::<Vec<(HeaderName, HeaderValue)>>();
    assert!(headers.iter().any(|(name, _)| name == CONTENT_TYPE));
    Answer {
        status,
        headers,
        body: body.to_vec(),
    }
}
