//! A canary key goes to the server and nowhere else.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::support::{AGENT, OPERATIONS, answering, call};
use orionos::{Method, OrionError, OrionOS, RetryPolicy, Value};
use orionos_mock_server::{Fault, MockServer};

const CANARY: &str = "canary-4f1c9be27d";

fn has_no_canary(printed: &str) {
    assert!(!printed.contains(CANARY), "{printed}");
}

fn look_at(error: &OrionError) {
    has_no_canary(&format!("{error} {error:?} {error:#?}"));
    has_no_canary(&format!(
        "{:?} {:?} {:?}",
        error.details(),
        error.body_excerpt(),
        error.request_id()
    ));
    has_no_canary(&format!("{:?} {:?}", error.code(), error.partial_text()));
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(error) = cause {
        has_no_canary(&format!("{error} {error:?}"));
        cause = error.source();
    }
}

#[tokio::test]
async fn no_handle_or_builder_shows_the_key() {
    let mock = MockServer::builder().api_key(CANARY).in_process().unwrap();
    let builder = OrionOS::builder()
        .api_key(CANARY)
        .http_service(mock.service());
    has_no_canary(&format!("{builder:?}"));
    let orion = builder.build().unwrap();
    let agents = orion.agents();
    has_no_canary(&format!(
        "{orion:?} {agents:?} {:#?}",
        agents.create("a").header("x", CANARY)
    ));
    has_no_canary(&format!(
        "{:?} {:?}",
        agents.list(),
        agents.conversation("a").say("b")
    ));
    has_no_canary(&format!("{:?}", orion.request(Method::GET, ["x"])));
}

#[test]
fn no_config_error_shows_the_key() {
    for key in [
        format!("{CANARY}\n"),
        format!("{CANARY} x"),
        format!("\u{0}{CANARY}"),
    ] {
        look_at(&OrionOS::new(key).unwrap_err());
    }
    let url = format!("https://user:{CANARY}@h.example/v1");
    let builder = OrionOS::builder().api_key("key").base_url(url);
    has_no_canary(&format!("{builder:?}"));
    look_at(&builder.build().unwrap_err());
}

#[tokio::test(start_paused = true)]
async fn no_error_shows_the_key() {
    let faults = [
        Fault::status(400),
        Fault::status(500),
        Fault::rate_limit(1.0),
        Fault::html_page(502),
        Fault::reset(),
        Fault::close(),
        Fault::cut_body(),
        Fault::truncated_json(),
        Fault::malformed_json(),
        Fault::empty_body(),
        Fault::latency(Duration::from_secs(100)),
    ];
    for fault in faults {
        for operation in OPERATIONS {
            let mock = MockServer::builder()
                .api_key(CANARY)
                .agents([AGENT])
                .in_process()
                .unwrap();
            mock.fault(fault.clone());
            let orion = OrionOS::builder()
                .api_key(CANARY)
                .base_url(mock.base_url())
                .http_service(mock.service())
                .build()
                .unwrap();
            if let Err(error) = call(&orion, operation).await {
                look_at(&error);
            }
            // The mock does not show the key either.
            for request in mock.requests() {
                has_no_canary(&format!("{request:?} {}", request.to_json()));
            }
        }
    }
}

#[tokio::test]
async fn a_key_that_the_server_repeats_is_redacted() {
    for (status, body) in [
        (
            401,
            format!(
                r#"{{"success":false,"error":{{"code":"{CANARY}","message":"bad {CANARY}","details":{{"{CANARY}":"{CANARY}"}}}}}}"#
            ),
        ),
        (502, format!("<p>Authorization: Bearer {CANARY}</p>")),
        (
            200,
            format!(r#"{{"success":true,"data":{{"id":"{CANARY}","createdAt":"{CANARY}"}}}}"#),
        ),
        (200, format!(r#"{{"success":true,"data":"{CANARY}"}}"#)),
    ] {
        let orion = OrionOS::builder()
            .api_key(CANARY)
            .retry(RetryPolicy::none())
            .http_service(answering(
                status,
                &[("x-request-id", CANARY), ("content-type", CANARY)],
                body,
            ))
            .build()
            .unwrap();
        look_at(&orion.agents().get("a").send().await.unwrap_err());
        look_at(
            &orion
                .request(Method::GET, ["a"])
                .send::<u8>()
                .await
                .unwrap_err(),
        );
    }
}

/// A server that records what it receives and responds with a redirect to another such server.
fn noting(answer: String) -> (std::net::SocketAddr, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let noted: Arc<Mutex<String>> = Arc::default();
    let notes = noted.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut buffer = [0; 4096];
            let length = stream.read(&mut buffer).unwrap_or(0);
            notes
                .lock()
                .unwrap()
                .push_str(&String::from_utf8_lossy(&buffer[..length]));
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (address, noted)
}

#[tokio::test]
async fn no_redirect_sends_the_key_to_another_host() {
    for status in [
        "301 Moved Permanently",
        "302 Found",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let (other, noted_by_other) = noting("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".into());
        let redirect = format!(
            "HTTP/1.1 {status}\r\nlocation: http://{other}/v1/agents/a\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        let (first, noted_by_first) = noting(redirect);
        let orion = OrionOS::builder()
            .api_key(CANARY)
            .base_url(format!("http://{first}/v1"))
            .build()
            .unwrap();
        let error = orion.agents().get("a").send().await.unwrap_err();
        assert!(error.status().unwrap().is_redirection());
        look_at(&error);
        assert!(
            noted_by_first.lock().unwrap().contains(CANARY),
            "it reaches its own server"
        );
        assert_eq!(*noted_by_other.lock().unwrap(), "");
    }
}

#[tokio::test]
async fn a_custom_http_client_that_follows_redirects_is_an_error() {
    let (other, _) = noting("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".into());
    let redirect = format!(
        "HTTP/1.1 302 Found\r\nlocation: http://{other}/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    let (first, _) = noting(redirect);
    let orion = OrionOS::builder()
        .api_key(CANARY)
        .base_url(format!("http://{first}/v1"))
        .http_client(reqwest::Client::new())
        .build()
        .unwrap();
    let error = orion
        .request(Method::GET, ["a"])
        .send::<Value>()
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("redirect::Policy::none()"),
        "{error}"
    );
}
