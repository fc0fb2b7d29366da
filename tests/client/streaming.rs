//! Streams that are split or cut off anywhere, end too early, are silent, invalid or dropped.

use std::time::Duration;

use crate::support::{AGENT, client, mock, over, streaming, virtual_builder, virtual_mock};
use bytes::Bytes;
use futures_util::StreamExt;
use orionos::{MessageEvent, MessageStream, OrionError, OrionOS, Outcome, TimeoutKind};
use orionos_mock_server::{Fault, Operation};

const SAMPLE: &str = include_str!("../fixtures/stream.events.txt");
const SAMPLE_TEXT: &str = "The tide turns — naïvely — at 14:10 🌊.";

async fn open(pieces: Vec<Bytes>) -> MessageStream {
    let orion = over(streaming(pieces)).build().unwrap();
    orion
        .agents()
        .stream_message(AGENT, "Hi")
        .send()
        .await
        .unwrap()
}

async fn text_of(wire: &str) -> Result<String, OrionError> {
    open(vec![Bytes::from(wire.to_owned())])
        .await
        .collect_text()
        .await
}

#[tokio::test]
async fn the_sample_yields_its_events() {
    let mut stream = open(vec![Bytes::from_static(SAMPLE.as_bytes())]).await;
    let mut events = Vec::new();
    while let Some(event) = stream.next().await {
        events.push(event.unwrap());
    }
    assert_eq!(events.len(), 5);
    assert_eq!(events[0], MessageEvent::Token("The tide ".into()));
    assert!(matches!(&events[3], MessageEvent::Other(event) if event["tokens"] == 7));
    let MessageEvent::Done(done) = &events[4] else {
        panic!("{events:?}")
    };
    assert_eq!(done.message_id.as_deref(), Some("msg_q7r2tb"));
    assert_eq!(done.metadata.as_ref().unwrap().tokens_used, Some(9));
    assert!(done.extra.is_empty());
}

#[tokio::test]
async fn the_sample_yields_its_text_when_cut_at_every_byte() {
    let bytes = Bytes::from_static(SAMPLE.as_bytes());
    for at in 0..=bytes.len() {
        let stream = open(vec![bytes.slice(..at), bytes.slice(at..)]).await;
        assert_eq!(
            stream.collect_text().await.unwrap(),
            SAMPLE_TEXT,
            "cut at {at}"
        );
    }
    let single = bytes
        .iter()
        .map(|byte| Bytes::copy_from_slice(&[*byte]))
        .collect();
    assert_eq!(
        open(single).await.collect_text().await.unwrap(),
        SAMPLE_TEXT
    );
}

#[tokio::test]
async fn every_line_end_and_a_byte_order_mark_are_read() {
    for end in ["\r\n", "\r"] {
        assert_eq!(
            text_of(&SAMPLE.replace('\n', end)).await.unwrap(),
            SAMPLE_TEXT
        );
    }
    assert_eq!(
        text_of(&format!("\u{feff}{SAMPLE}")).await.unwrap(),
        SAMPLE_TEXT
    );
}

#[tokio::test]
async fn the_samples_of_heartbeats_and_of_a_character_in_two_tokens_are_whole() {
    for (sample, text) in [
        (
            include_str!("../fixtures/stream.heartbeats.events.txt"),
            "The tide turns.",
        ),
        (
            include_str!("../fixtures/stream.split-surrogates.events.txt"),
            "High water 🌊 at 14:10",
        ),
    ] {
        assert_eq!(text_of(sample).await.unwrap(), text);
        let mut stream = open(vec![Bytes::from_static(sample.as_bytes())]).await;
        let mut events = Vec::new();
        while let Some(event) = stream.next().await {
            events.push(event.unwrap());
        }
        assert_eq!(events.len(), 3, "heartbeats are not events: {events:?}");
        assert!(matches!(events[2], MessageEvent::Done(_)));
    }
}

#[tokio::test]
async fn the_samples_of_errors_keep_code_words_and_the_text_so_far() {
    for sample in [
        include_str!("../fixtures/stream.error-flat.events.txt"),
        include_str!("../fixtures/stream.error-named.events.txt"),
    ] {
        let error = text_of(sample).await.unwrap_err();
        let OrionError::Api(api) = &error else {
            panic!("{error:?}")
        };
        assert_eq!(api.code().as_str(), "MODEL_ERROR");
        assert_eq!(api.message(), "the model stopped");
        assert_eq!(error.partial_text(), Some("The tide "));
        assert_eq!(error.outcome(), Outcome::Unknown);
        assert!(error.body_excerpt().unwrap().contains("the model stopped"));
    }
}

#[tokio::test]
async fn half_a_character_is_replaced_wherever_the_stream_ends() {
    let half = "data: {\"type\":\"token\",\"content\":\"High \\ud83c\"}\n\n";
    let done = format!("{half}data: {{\"type\":\"done\"}}\n\n");
    assert_eq!(text_of(&done).await.unwrap(), "High \u{fffd}");
    let lone = format!("data: {{\"type\":\"token\",\"content\":\"\\udf0a!\"}}\n\n{done}");
    assert_eq!(text_of(&lone).await.unwrap(), "\u{fffd}!High \u{fffd}");
    for end in ["", "data: {\n\n", "event: error\ndata: no\n\n"] {
        let error = text_of(&format!("{half}{end}")).await.unwrap_err();
        assert_eq!(error.partial_text(), Some("High \u{fffd}"), "{end}");
    }
}

#[tokio::test]
async fn an_end_before_done_is_an_error_with_the_text_so_far() {
    let wire = "data: {\"type\":\"token\",\"content\":\"half \"}\n\n";
    let mut stream = open(vec![Bytes::from_static(wire.as_bytes())]).await;
    stream.next().await.unwrap().unwrap();
    let error = stream.next().await.unwrap().unwrap_err();
    assert!(matches!(&error, OrionError::Stream(broken) if broken.partial_text() == "half "));
    assert_eq!(error.partial_text(), Some("half "));
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert!(error.to_string().contains("done"), "{error}");
    assert!(stream.next().await.is_none(), "it ends after an error");
}

#[tokio::test]
async fn an_invalid_event_is_an_error() {
    for data in [
        "[DONE]",
        "{",
        "7",
        r#"{"type":"token"}"#,
        r#"{"type":"token","content":1}"#,
    ] {
        let error = text_of(&format!("data: {data}\n\n")).await.unwrap_err();
        assert!(matches!(error, OrionError::Stream(_)), "{data}: {error:?}");
    }
}

#[tokio::test]
async fn an_error_event_is_the_servers_error() {
    let mock = mock();
    mock.fault(Fault::stream_error(2));
    let stream = client(&mock)
        .agents()
        .stream_message(AGENT, "one two three")
        .send()
        .await
        .unwrap();
    let error = stream.collect_text().await.unwrap_err();
    assert_eq!(error.code().unwrap().as_str(), "MODEL_ERROR");
    assert_eq!(error.partial_text(), Some("Pilot, turn "));
    assert_eq!(
        (error.outcome(), error.is_retryable()),
        (Outcome::Unknown, false)
    );
    assert!(error.request_id().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_cut_off_is_a_connection_error_with_the_text_so_far() {
    for fault in [Fault::stream_cut(2), Fault::stream_cut_inside_event(2)] {
        let mock = mock();
        mock.fault(fault);
        let stream = client(&mock)
            .agents()
            .stream_message(AGENT, "Hi")
            .send()
            .await
            .unwrap();
        let error = stream.collect_text().await.unwrap_err();
        assert!(matches!(error, OrionError::Connection(_)), "{error:?}");
        assert_eq!(error.partial_text(), Some("Pilot, turn "));
        mock.assert_requests(Operation::StreamMessage, 1);
    }
}

#[tokio::test]
async fn unusual_but_valid_streams_are_read_completely() {
    for fault in [
        Fault::stream_crlf(),
        Fault::stream_comments(),
        Fault::stream_drip(),
    ] {
        let mock = mock();
        mock.fault(fault);
        let stream = client(&mock)
            .agents()
            .stream_message(AGENT, "naïve 🌊")
            .send()
            .await
            .unwrap();
        let text = stream.collect_text().await.unwrap();
        assert_eq!(text, "Pilot, turn 1: you said 'naïve 🌊'.");
    }
}

fn is_timeout(error: &OrionError, kind: TimeoutKind) -> bool {
    matches!(error, OrionError::Timeout { what, .. } if *what == kind)
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_times_out() {
    let mock = virtual_mock();
    mock.fault(Fault::stream_stall(1));
    let orion = virtual_builder(&mock)
        .stream_idle_timeout(Duration::from_secs(20))
        .build()
        .unwrap();
    let started = tokio::time::Instant::now();
    let stream = orion
        .agents()
        .stream_message(AGENT, "Hi")
        .send()
        .await
        .unwrap();
    let error = stream.collect_text().await.unwrap_err();
    assert!(is_timeout(&error, TimeoutKind::StreamIdle), "{error:?}");
    assert_eq!(error.partial_text(), Some("Pilot, "));
    assert_eq!(started.elapsed(), Duration::from_secs(20));
}

type Comments = http_body_util::combinators::UnsyncBoxBody<Bytes, std::io::Error>;

/// Returns a stream with a comment every ten seconds and never an event.
fn commenting() -> crate::support::Answers<Comments> {
    let comments = || {
        futures_util::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_secs(10)).await;
            let comment = http_body::Frame::data(Bytes::from_static(b": keep-alive\n\n"));
            Some((Ok(comment), ()))
        })
    };
    crate::support::Answers::new(move |_| {
        let body = Comments::new(http_body_util::StreamBody::new(comments()));
        Ok(http::Response::builder()
            .header("content-type", "text/event-stream")
            .body(body)
            .unwrap())
    })
}

#[tokio::test(start_paused = true)]
async fn comments_do_not_count_as_events() {
    let orion = over(commenting())
        .stream_idle_timeout(Duration::from_secs(60))
        .build()
        .unwrap();
    let started = tokio::time::Instant::now();
    let mut stream = orion
        .agents()
        .stream_message(AGENT, "Hi")
        .send()
        .await
        .unwrap();
    let error = stream.next().await.unwrap().unwrap_err();
    assert!(is_timeout(&error, TimeoutKind::StreamIdle));
    assert_eq!(started.elapsed(), Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn comments_count_for_the_read_timeout() {
    let orion = over(commenting())
        .stream_read_timeout(Duration::from_secs(15))
        .stream_idle_timeout(Duration::from_secs(600))
        .build()
        .unwrap();
    let mut stream = orion
        .agents()
        .stream_message(AGENT, "Hi")
        .send()
        .await
        .unwrap();
    let error = stream.next().await.unwrap().unwrap_err();
    assert!(
        is_timeout(&error, TimeoutKind::StreamIdle),
        "bytes kept coming: {error:?}"
    );

    let mock = virtual_mock();
    mock.fault(Fault::stream_stall(0));
    let orion = virtual_builder(&mock)
        .stream_read_timeout(Duration::from_secs(15))
        .build()
        .unwrap();
    let mut stream = orion
        .agents()
        .stream_message(AGENT, "Hi")
        .send()
        .await
        .unwrap();
    let error = stream.next().await.unwrap().unwrap_err();
    assert!(is_timeout(&error, TimeoutKind::StreamRead), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_slow_stream_has_no_total_limit_without_a_deadline() {
    let mock = orionos_mock_server::MockServer::builder()
        .agents([serde_json::json!({"id": AGENT, "name": "Pilot"})])
        .token_pace(Duration::from_secs(50))
        .in_process()
        .unwrap();
    let agents = virtual_builder(&mock).build().unwrap().agents();
    let stream = agents
        .stream_message(AGENT, "a b c d e")
        .send()
        .await
        .unwrap();
    assert!(stream.collect_text().await.is_ok());

    let message = agents
        .stream_message(AGENT, "a b c d e")
        .deadline(Duration::from_secs(120));
    let error = message
        .send()
        .await
        .unwrap()
        .collect_text()
        .await
        .unwrap_err();
    assert!(is_timeout(&error, TimeoutKind::Deadline), "{error:?}");
}

#[tokio::test]
async fn an_event_that_exceeds_the_limit_is_an_error() {
    let endless = format!("data: {}", "x".repeat(5000));
    let orion = over(streaming(vec![endless.into()]))
        .max_response_bytes(1000)
        .build()
        .unwrap();
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
async fn a_message_stream_is_a_futures_stream() {
    let stream = open(vec![Bytes::from_static(SAMPLE.as_bytes())]).await;
    let events: Vec<_> = StreamExt::collect::<Vec<_>>(stream).await;
    assert_eq!(events.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn dropping_a_stream_frees_its_place() {
    let mock = mock();
    mock.set_tier(orionos_mock_server::Tier::Standard);
    let agents = client(&mock).agents();
    for _ in 0..30 {
        let mut stream = agents.stream_message(AGENT, "Hi").send().await.unwrap();
        stream.next().await.unwrap().unwrap();
        drop(stream);
    }
    assert!(
        mock.requests()
            .iter()
            .all(|request| request.status == Some(200))
    );
}

#[tokio::test]
async fn dropping_a_stream_closes_its_connection_immediately() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let orion = OrionOS::builder()
        .api_key("key")
        .base_url(format!("http://{}/v1", listener.local_addr().unwrap()))
        .build()
        .unwrap();
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut seen = [0; 4096];
        assert!(socket.read(&mut seen).await.unwrap() > 0);
        let event = "data: {\"type\":\"token\",\"content\":\"Ebb\"}\n\n";
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        let chunk = format!("{head}{:x}\r\n{event}\r\n", event.len());
        socket.write_all(chunk.as_bytes()).await.unwrap();
        // The connection ends, or is reset.
        matches!(socket.read(&mut seen).await, Ok(0) | Err(_))
    });
    let mut stream = orion
        .agents()
        .stream_message(AGENT, "Hi")
        .send()
        .await
        .unwrap();
    assert!(matches!(
        stream.next().await,
        Some(Ok(MessageEvent::Token(_)))
    ));
    assert!(!server.is_finished());
    drop(stream);
    assert!(server.await.unwrap());
}
