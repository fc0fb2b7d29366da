//! Hostile servers: each call ends with a clear error or a correct result, in bounded memory and
//! time.

use std::time::Duration;

use crate::support::{AGENT, answering, over, streaming};
use bytes::Bytes;
use orionos::{Method, OrionError, OrionOS, RetryPolicy, Value};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

async fn get(body: impl Into<Bytes>) -> Result<orionos::Agent, OrionError> {
    let orion = over(answering(200, &[], body))
        .retry(RetryPolicy::none())
        .build()
        .unwrap();
    orion.agents().get(AGENT).send().await
}

/// Returns a client of a server that sends `head` and then `piece` without end.
async fn endless(head: &'static str, piece: &'static [u8]) -> OrionOS {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let mut sent = stream.write_all(head.as_bytes()).await;
                while sent.is_ok() {
                    sent = stream.write_all(piece).await;
                }
            });
        }
    });
    OrionOS::builder()
        .api_key("key")
        .base_url(format!("http://{address}/v1"))
        .max_response_bytes(1 << 20)
        .retry(RetryPolicy::none())
        .build()
        .unwrap()
}

#[tokio::test]
async fn an_endless_body_is_an_error() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
    let orion = endless(head, b"                                                ").await;
    let error = orion.agents().get(AGENT).send().await.unwrap_err();
    assert!(matches!(&error, OrionError::BodyTooLarge(large) if large.limit() == 1 << 20));
    assert_eq!(error.status().unwrap(), 200);
}

#[tokio::test]
async fn an_endless_error_body_is_an_error() {
    let orion = endless("HTTP/1.1 502 Bad Gateway\r\n\r\n", b"<p>bad gateway</p>").await;
    let error = orion.agents().get(AGENT).send().await.unwrap_err();
    assert!(matches!(error, OrionError::BodyTooLarge(_)));
    assert_eq!(error.status().unwrap(), 502);
}

#[tokio::test]
async fn endless_headers_are_an_error() {
    let orion = endless(
        "HTTP/1.1 200 OK\r\n",
        b"x-filler: abcdefghijklmnopqrstuvwxyz\r\n",
    )
    .await;
    let error = orion.agents().get(AGENT).send().await.unwrap_err();
    assert!(matches!(error, OrionError::Connection(_)), "{error:?}");
}

#[tokio::test]
async fn an_endless_event_is_an_error() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: ";
    let orion = endless(head, b"abcdefghijklmnopqrstuvwxyz").await;
    let mut stream = orion
        .agents()
        .stream_message(AGENT, "Hi")
        .send()
        .await
        .unwrap();
    let error = stream.next().await.unwrap().unwrap_err();
    assert!(matches!(error, OrionError::BodyTooLarge(_)), "{error:?}");
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn an_endless_text_is_an_error_of_collect_text_and_uses_bounded_memory() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
    let token = b"data: {\"type\":\"token\",\"content\":\"abcdefghijklmnopqrstuvwxyz\"}\n\n";
    let orion = endless(head, token).await;
    let stream = orion
        .agents()
        .stream_message(AGENT, "Hi")
        .send()
        .await
        .unwrap();
    let error = stream.collect_text().await.unwrap_err();
    assert!(matches!(error, OrionError::BodyTooLarge(_)), "{error:?}");
    assert!(error.partial_text().unwrap().len() < (1 << 20) + 100);
}

#[tokio::test]
async fn a_compressed_body_is_not_decompressed() {
    // The client does not decompress bodies, so a compression bomb stays small.
    let service = answering(
        200,
        &[("content-encoding", "gzip")],
        vec![0x1f, 0x8b, 8, 0, 0],
    );
    let orion = over(service.clone()).build().unwrap();
    let error = orion.agents().get(AGENT).send().await.unwrap_err();
    assert!(matches!(error, OrionError::UnexpectedResponse(_)));
    assert!(!service.heads()[0].headers.contains_key("accept-encoding"));
}

#[tokio::test]
async fn deep_json_is_an_error() {
    for deep in ["[".repeat(200_000), "{\"a\":".repeat(200_000)] {
        let body = format!(r#"{{"success":true,"data":{{"id":"a","x":{deep}"#);
        assert!(matches!(
            get(body).await.unwrap_err(),
            OrionError::UnexpectedResponse(_)
        ));
        let body = format!(r#"{{"success":false,"error":{{"code":"X","details":{deep}"#);
        assert!(matches!(
            get(body).await.unwrap_err(),
            OrionError::UnexpectedResponse(_)
        ));
    }
    let event = format!("data: {{\"type\":\"x\",\"y\":{}\n\n", "[".repeat(100_000));
    let orion = over(streaming(vec![event.into()])).build().unwrap();
    let mut stream = orion
        .agents()
        .stream_message(AGENT, "Hi")
        .send()
        .await
        .unwrap();
    assert!(matches!(
        stream.next().await.unwrap().unwrap_err(),
        OrionError::Stream(_)
    ));
}

#[tokio::test]
async fn a_hundred_thousand_unknown_fields_are_kept() {
    let mut data = json!({"id": "a", "name": "n", "status": "active",
        "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z"});
    for number in 0..100_000 {
        data[format!("unknown{number}")] = json!(number);
    }
    let agent = get(json!({"success": true, "data": data}).to_string())
        .await
        .unwrap();
    assert_eq!(agent.extra.len(), 100_000);
}

#[tokio::test]
async fn invalid_utf8_is_an_error_with_an_excerpt() {
    let mut body = br#"{"success":true,"data":{"id":"a","name":""#.to_vec();
    body.extend_from_slice(&[0xff, 0xfe, 0xc3]);
    body.extend_from_slice(br#""}}"#);
    let error = get(body).await.unwrap_err();
    assert!(error.body_excerpt().unwrap().contains('\u{fffd}'));

    let mut event = b"data: {\"type\":\"token\",\"content\":\"".to_vec();
    event.extend_from_slice(&[0xf0, 0x9f]);
    event.extend_from_slice(b"\"}\n\ndata: {\"type\":\"done\"}\n\n");
    let orion = over(streaming(vec![event.into()])).build().unwrap();
    let stream = orion
        .agents()
        .stream_message(AGENT, "Hi")
        .send()
        .await
        .unwrap();
    assert_eq!(stream.collect_text().await.unwrap(), "\u{fffd}");
}

#[tokio::test]
async fn numbers_and_times_out_of_range_do_not_fail_the_call() {
    for (number, works) in [
        ("18446744073709551615", true),
        ("18446744073709551616", true),
        ("-1", true),
        ("1.5", true),
        // This number does not fit into any type of the client.
        ("1e400", false),
    ] {
        let body = format!(
            r#"{{"success":true,"data":{{"agents":[],"pagination":{{"currentPage":1,"totalPages":0,"totalItems":{number},"itemsPerPage":20}}}}}}"#
        );
        let orion = over(answering(200, &[], body)).build().unwrap();
        match orion.agents().list().send().await {
            Ok(_) => assert!(works, "{number}"),
            Err(error) => assert!(!works, "{number}: {error}"),
        }
    }
    let times = [
        "0000-00-00T00:00:00Z",
        "99999-01-01T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "",
    ];
    for time in times {
        let body = json!({"success": true, "data":
            {"id": "a", "name": "n", "status": "active", "createdAt": time}});
        let agent = get(body.to_string()).await.unwrap();
        assert_eq!(
            (agent.created_at, &agent.extra["createdAt"]),
            (None, &json!(time))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn headers_out_of_range_neither_panic_nor_block() {
    let odd: &[&[(&str, &str)]] = &[
        &[
            ("x-ratelimit-limit", "0"),
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "0"),
        ],
        &[
            ("x-ratelimit-limit", "1"),
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "253402300799"),
            ("date", "Thu, 01 Jan 1970 00:01:00 GMT"),
        ],
        &[
            ("x-ratelimit-limit", "18446744073709551615"),
            ("x-ratelimit-remaining", "18446744073709551615"),
            ("x-ratelimit-reset", "9223372036854775807"),
        ],
        &[
            ("x-ratelimit-limit", "-1"),
            ("x-ratelimit-remaining", "x"),
            ("x-ratelimit-reset", ""),
        ],
    ];
    for &headers in odd {
        let orion = over(answering(200, headers, r#"{"success":true,"data":1}"#))
            .build()
            .unwrap();
        let started = tokio::time::Instant::now();
        for _ in 0..5 {
            let one: u8 = orion.request(Method::GET, ["x"]).send().await.unwrap();
            assert_eq!(one, 1);
        }
        assert!(
            started.elapsed() < Duration::from_secs(120),
            "{headers:?} {:?}",
            started.elapsed()
        );
    }
}

#[tokio::test]
async fn a_response_of_another_kind_is_an_error() {
    for body in [
        "0",
        "\"text\"",
        "true",
        "{\"success\":\"true\",\"data\":{}}",
        "{\"success\":1}",
        "\u{feff}{}",
    ] {
        assert!(
            matches!(
                get(body).await.unwrap_err(),
                OrionError::UnexpectedResponse(_)
            ),
            "{body}"
        );
    }
    let twice = r#"{"success":true,"success":true,"data":1}"#;
    let orion = over(answering(200, &[], twice)).build().unwrap();
    let _ = orion.request(Method::GET, ["x"]).send::<Value>().await;
}
