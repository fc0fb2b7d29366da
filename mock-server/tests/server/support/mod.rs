//! Requests over a socket and in process, for all tests.
#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod program;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use orionos_mock_server::{Clock, MockServer};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tower_service::Service;

/// A response of the in-process service.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

/// Sends a request in process, with the mock's key and a JSON content type.
pub(crate) async fn send(mock: &MockServer, method: &str, path: &str, body: &str) -> Answer {
    send_request(mock, request_of(mock, method, path, body))
        .await
        .unwrap()
}

pub(crate) fn request_of(
    mock: &MockServer,
    method: &str,
    path: &str,
    body: &str,
) -> Request<Full<Bytes>> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {}", mock.api_key()))
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body.to_owned())))
        .unwrap()
}

pub(crate) async fn send_request(
    mock: &MockServer,
    request: Request<Full<Bytes>>,
) -> std::io::Result<Answer> {
    let response: Response<_> = mock.service().call(request).await?;
    let (head, body) = response.into_parts();
    let body = body
        .collect()
        .await
        .map_err(std::io::Error::other)?
        .to_bytes();
    Ok(Answer {
        status: StatusCode::as_u16(&head.status),
        headers: head.headers,
        body,
    })
}

/// A mock whose clock stands still.
pub(crate) fn frozen() -> MockServer {
    MockServer::builder()
        .clock(Clock::frozen())
        .in_process()
        .unwrap()
}

/// Reads a sample.
pub(crate) fn fixture(name: &str) -> Value {
    let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Creates an agent, and returns its id.
pub(crate) async fn create(mock: &MockServer, name: &str) -> String {
    let body = serde_json::json!({ "name": name }).to_string();
    let answer = send(mock, "POST", "/v1/agents", &body).await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    answer.json()["data"]["id"].as_str().unwrap().to_owned()
}

/// Opens a connection to the mock.
pub(crate) async fn connect(mock: &MockServer) -> TcpStream {
    let address = mock.base_url().strip_prefix("http://").unwrap();
    TcpStream::connect(address.strip_suffix("/v1").unwrap())
        .await
        .unwrap()
}

/// Returns the bytes of a request.
pub(crate) fn raw(mock: &MockServer, method: &str, path: &str, body: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: mock\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        mock.api_key(),
        body.len()
    )
}

/// Sends a request and returns everything that was received, and how the connection ended.
pub(crate) async fn exchange(
    mock: &MockServer,
    method: &str,
    path: &str,
    body: &str,
) -> (Vec<u8>, std::io::Result<()>) {
    let mut stream = connect(mock).await;
    let request =
        raw(mock, method, path, body).replace("host: mock", "host: mock\r\nconnection: close");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let end = stream.read_to_end(&mut answer).await.map(drop);
    (answer, end)
}

/// Splits a response into its head and its body.
pub(crate) fn split(answer: &[u8]) -> (String, Vec<u8>) {
    let at = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap();
    let head = String::from_utf8(answer[..at].to_vec())
        .unwrap()
        .to_ascii_lowercase();
    (head, answer[at + 4..].to_vec())
}
