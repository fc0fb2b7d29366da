//! A proxy between the client and an https server: it opens a tunnel and sees nothing of what is inside.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use orionos::{OrionBuilder, OrionError, OrionOS, Outcome, RetryPolicy};
use orionos_mock_server::{Fault, MockServer, TlsFault};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::relay::address;
use crate::support::AGENT;

/// The name in the certificate. Only the proxy knows where it is.
const HOST: &str = "orion.example.test";
const KEY: &str = "key-canary-5d20";
const CREDENTIALS: &str = "user:password-canary-c41e";
/// `CREDENTIALS` in base64.
const ENCODED: &str = "dXNlcjpwYXNzd29yZC1jYW5hcnktYzQxZQ==";

/// A proxy whose tunnels all lead to one server.
struct Proxy {
    address: SocketAddr,
    /// Everything that clients have sent.
    read: Arc<Mutex<Vec<u8>>>,
}

impl Proxy {
    async fn to(mock: &MockServer) -> Self {
        let server = address(mock);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let read = Arc::new(Mutex::new(Vec::new()));
        let recorded = read.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(tunnel(client, server, recorded.clone()));
            }
        });
        Self { address, read }
    }

    fn url(&self) -> String {
        format!("http://{CREDENTIALS}@{}", self.address)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.read.lock().unwrap()).into_owned()
    }
}

async fn tunnel(mut client: TcpStream, server: SocketAddr, read: Arc<Mutex<Vec<u8>>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.unwrap());
    }
    read.lock().unwrap().extend_from_slice(&head);
    let mut server = TcpStream::connect(server).await.unwrap();
    let opened = client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n");
    opened.await.unwrap();
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let up = async {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = from_client.read(&mut buffer).await {
            read.lock().unwrap().extend_from_slice(&buffer[..length]);
            if to_server.write_all(&buffer[..length]).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = up => {}
        _ = tokio::io::copy(&mut from_server, &mut to_client) => {}
    }
}

async fn mock() -> MockServer {
    let agent = json!({"id": AGENT, "name": "Pilot"});
    let mock = MockServer::builder().https().allow_host(HOST).api_key(KEY);
    mock.agents([agent]).start().await.unwrap()
}

/// The settings of a client that has no way to the mock but a proxy.
fn to(mock: &MockServer) -> OrionBuilder {
    OrionOS::builder()
        .api_key(KEY)
        .base_url(format!("https://{HOST}/v1"))
        .ca_certificate_pem(mock.ca_pem())
        .retry(RetryPolicy::none())
}

fn has_no_credentials(text: &str) {
    assert!(
        !text.contains("canary") && !text.contains(ENCODED),
        "{text}"
    );
}

#[tokio::test]
async fn calls_and_streams_pass_a_proxy_that_reads_nothing_but_its_own_password() {
    let mock = mock().await;
    let proxy = Proxy::to(&mock).await;
    let builder = to(&mock).proxy(proxy.url());
    has_no_credentials(&format!("{builder:?}"));
    let orion = builder.build().unwrap();
    has_no_credentials(&format!("{orion:?}"));
    orion.agents().create("Harbour Pilot").send().await.unwrap();
    let stream = orion
        .agents()
        .stream_message(AGENT, "Ahoy")
        .send()
        .await
        .unwrap();
    assert!(stream.collect_text().await.unwrap().contains("Ahoy"));

    let read = proxy.text();
    let head = format!("CONNECT {HOST}:443 HTTP/1.1\r\n");
    assert!(read.starts_with(&head), "{read:?}");
    assert_eq!(read.matches("CONNECT ").count(), 1, "one tunnel is enough");
    assert!(read.contains(&format!("Basic {ENCODED}\r\n")), "{read:?}");
    for secret in [KEY, "Harbour Pilot", "/v1/agents", "Ahoy"] {
        assert!(!read.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn the_default_stack_with_layers_has_the_same_proxy() {
    let mock = mock().await;
    let proxy = Proxy::to(&mock).await;
    let service = to(&mock).proxy(proxy.url()).reqwest_service().unwrap();
    has_no_credentials(&format!("{service:?}"));
    let orion = OrionOS::builder()
        .api_key(KEY)
        .base_url(format!("https://{HOST}/v1"))
        .http_service(service);
    let orion = orion.build().unwrap();
    orion.agents().get(AGENT).send().await.unwrap();
    assert!(proxy.text().starts_with("CONNECT "));
}

#[tokio::test]
async fn no_proxy_makes_the_client_look_for_the_server_itself() {
    let mock = mock().await;
    let proxy = Proxy::to(&mock).await;
    let orion = to(&mock).proxy(proxy.url()).no_proxy().build().unwrap();
    let error = orion.agents().get(AGENT).send().await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
    assert_eq!(proxy.text(), "");
}

#[tokio::test]
async fn a_failure_inside_the_tunnel_means_the_same_as_without_a_proxy() {
    let mock = mock().await;
    let proxy = Proxy::to(&mock).await;
    let fails = async || {
        let orion = to(&mock).proxy(proxy.url()).build().unwrap();
        let error = orion.agents().create("New").send().await.unwrap_err();
        has_no_credentials(&format!("{error} {error:?}"));
        error
    };
    for (fault, words) in [
        (TlsFault::UnknownAuthority, "an unknown authority signed"),
        (TlsFault::WrongName, "is for another host"),
    ] {
        mock.set_tls_fault(Some(fault));
        let error = fails().await;
        assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
    mock.set_tls_fault(None);
    mock.fault(Fault::reset().after_acting().times(1));
    let error = fails().await;
    assert!(matches!(error, OrionError::Connection(_)), "{error:?}");
    assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
}
