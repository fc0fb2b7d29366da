//! What OpenTelemetry gets: a span per call and per attempt, with the standard attribute names and
//! without bodies or keys.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::{AGENT, over, streaming, virtual_builder, virtual_mock};
use bytes::Bytes;
use opentelemetry::trace::{SpanKind, Status, TracerProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use orionos::{Pacing, RetryPolicy};
use orionos_mock_server::{Fault, Operation, Tier};
use tracing::Level;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;

/// Returns the spans that were exported during a call.
async fn exported(run: impl Future<Output = ()>) -> Vec<SpanData> {
    exported_by(Level::TRACE, async |_| run.await).await
}

/// Returns the spans of this level, which can also be read while the call runs.
async fn exported_by(level: Level, run: impl AsyncFnOnce(InMemorySpanExporter)) -> Vec<SpanData> {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    let layer = layer.with_filter(LevelFilter::from_level(level));
    let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    run(exporter.clone()).await;
    drop(guard);
    provider.force_flush().unwrap();
    exporter.get_finished_spans().unwrap()
}

fn attributes(span: &SpanData) -> BTreeMap<String, String> {
    span.attributes
        .iter()
        .filter(|attribute| {
            // Attributes that tracing adds itself.
            let name = attribute.key.as_str();
            !name.starts_with("code.")
                && !name.starts_with("thread.")
                && !["busy_ns", "idle_ns", "target", "level"].contains(&name)
        })
        .map(|attribute| (attribute.key.to_string(), attribute.value.to_string()))
        .collect()
}

fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_retried_call_is_one_span_with_a_span_for_each_attempt() {
    let mock = virtual_mock();
    mock.fault(Fault::rate_limit(1.0).on(Operation::SendMessage).times(1));
    let orion = virtual_builder(&mock).build().unwrap();
    let spans = exported(async {
        orion
            .agents()
            .send_message(AGENT, "a secret text")
            .send()
            .await
            .unwrap();
    })
    .await;
    let [first, second, call] = &spans[..] else {
        panic!("{} spans: {spans:#?}", spans.len())
    };
    assert_eq!(call.name, "agents.send_message");
    assert!(
        [first, second, call]
            .iter()
            .all(|span| span.span_kind == SpanKind::Client)
    );
    assert!(
        [first, second]
            .iter()
            .all(|span| span.parent_span_id == call.span_context.span_id())
    );
    let attempt = [
        ("http.request.method", "POST"),
        ("server.address", "localhost"),
        ("server.port", "80"),
    ];
    let failed = [
        ("http.response.status_code", "429"),
        ("error.type", "RATE_LIMIT_EXCEEDED"),
    ];
    assert_eq!(attributes(first), pairs(&[&attempt[..], &failed].concat()));
    let sent_again = [
        ("http.response.status_code", "200"),
        ("http.request.resend_count", "1"),
    ];
    assert_eq!(
        attributes(second),
        pairs(&[&attempt[..], &sent_again].concat())
    );
    let mut of_the_call = attributes(call);
    let waited: f64 = of_the_call
        .remove("orionos.waited_seconds")
        .unwrap()
        .parse()
        .unwrap();
    assert!((1.0..=2.0).contains(&waited), "{waited}");
    assert_eq!(
        of_the_call,
        pairs(&[
            ("orionos.operation", "agents.send_message"),
            ("http.response.status_code", "200"),
            ("http.request.resend_count", "1"),
        ])
    );
    let everything = format!("{spans:?}");
    assert!(!everything.contains("a secret text") && !everything.contains(mock.api_key()));
}

#[tokio::test(start_paused = true)]
async fn a_failure_has_its_error_type() {
    for (fault, error_type) in [
        (
            Fault::status(404).code("AGENT_NOT_FOUND"),
            "AGENT_NOT_FOUND",
        ),
        (Fault::html_page(404), "unexpected_response"),
        (Fault::latency(Duration::from_secs(60)), "timeout"),
    ] {
        let mock = virtual_mock();
        mock.fault(fault);
        let orion = virtual_builder(&mock).build().unwrap();
        let spans = exported(async {
            orion.agents().create("x").send().await.unwrap_err();
        })
        .await;
        for span in &spans {
            assert_eq!(attributes(span)["error.type"], error_type);
            assert!(is_error(span), "{error_type}");
        }
    }
}

/// Returns the span of the call.
fn of_the_call(spans: &[SpanData]) -> &SpanData {
    let mut calls = spans.iter().filter(|span| span.name.starts_with("agents."));
    let call = calls
        .next()
        .unwrap_or_else(|| panic!("no span of a call: {spans:#?}"));
    assert!(calls.next().is_none(), "one call was made");
    call
}

/// Returns the events of a span, each with these of its attributes.
fn events(span: &SpanData, names: &[&str]) -> Vec<String> {
    let events = span.events.iter().map(|event| {
        let attributes = event.attributes.iter();
        let attributes = attributes.filter(|attribute| names.contains(&attribute.key.as_str()));
        let text = |value: &opentelemetry::Value| match value {
            opentelemetry::Value::F64(number) => format!("{number:.0}"),
            other => other.to_string(),
        };
        let attributes: String = attributes
            .map(|attribute| format!(" {}={}", attribute.key, text(&attribute.value)))
            .collect();
        format!("{}{attributes}", event.name)
    });
    events.collect()
}

fn is_error(span: &SpanData) -> bool {
    matches!(span.status, Status::Error { .. })
}

#[tokio::test(start_paused = true)]
async fn a_wait_of_42_seconds_for_a_rate_limit_can_be_read_from_the_trace() {
    for level in [Level::DEBUG, Level::INFO] {
        let mock = virtual_mock();
        mock.set_tier(Tier::Standard);
        mock.set_time("2026-03-02T08:15:30Z".parse().unwrap());
        let orion = virtual_builder(&mock).build().unwrap();
        for _ in 0..60 {
            orion.agents().get(AGENT).send().await.unwrap();
        }
        tokio::time::sleep(Duration::from_secs(18)).await;
        let spans = exported_by(level, async |_| {
            orion.agents().get(AGENT).send().await.unwrap();
        })
        .await;
        let call = of_the_call(&spans);
        let waited = &attributes(call)["orionos.waited_seconds"];
        assert_eq!(waited.parse::<f64>().unwrap().round(), 42.0);
        assert!(!is_error(call));
        if level == Level::DEBUG {
            let names = ["reason", "wait_seconds", "waited_seconds"];
            assert_eq!(
                events(call, &names),
                [
                    "waiting reason=rate_limit wait_seconds=42",
                    "waited reason=rate_limit waited_seconds=42",
                ]
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn retries_and_their_reasons_can_be_read_from_the_trace_alone() {
    let mock = virtual_mock();
    mock.fault(Fault::status(503).on(Operation::Get).times(1));
    mock.fault(Fault::rate_limit(20.0).on(Operation::Get).times(1));
    let policy = RetryPolicy::default().schedule(|| std::iter::repeat(Duration::from_secs(2)));
    let builder = virtual_builder(&mock).retry(policy).pacing(Pacing::Off);
    let orion = builder.build().unwrap();
    let spans = exported(async {
        orion.agents().get(AGENT).send().await.unwrap();
    })
    .await;
    let call = of_the_call(&spans);
    let expected = [
        "attempt failed, retrying error.type=AGENT_UNAVAILABLE",
        "waiting reason=backoff",
        "waited reason=backoff",
        "attempt failed, retrying error.type=RATE_LIMIT_EXCEEDED",
        "waiting reason=retry_after",
        "waited reason=retry_after",
    ];
    assert_eq!(events(call, &["reason", "error.type"]), expected);
    let attempts: Vec<_> = spans
        .iter()
        .filter(|span| span.name == "orionos.attempt")
        .collect();
    assert_eq!(attempts.len(), 3);
    assert!(
        attempts
            .iter()
            .all(|span| span.parent_span_id == call.span_context.span_id())
    );
    let errors: Vec<_> = attempts.iter().map(|span| is_error(span)).collect();
    assert_eq!((errors, is_error(call)), (vec![true, true, false], false));
}

#[tokio::test(start_paused = true)]
async fn the_span_of_a_call_lasts_until_its_stream_ends_and_says_how() {
    for (fault, end, count, error_type) in [
        (None, "complete", "7", None),
        (
            Some(Fault::stream_cut(2)),
            "broken",
            "2",
            Some("connection"),
        ),
        (Some(Fault::stream_end(2)), "broken", "2", Some("stream")),
        (
            Some(Fault::stream_error(2)),
            "server_error",
            "2",
            Some("MODEL_ERROR"),
        ),
        (
            Some(Fault::stream_stall(2)),
            "timeout",
            "2",
            Some("stream_idle_timeout"),
        ),
    ] {
        let mock = virtual_mock();
        fault.map(|fault| mock.fault(fault));
        let orion = virtual_builder(&mock).build().unwrap();
        let spans = exported_by(Level::TRACE, async |exporter| {
            let stream = orion.agents().stream_message(AGENT, "Hi").send().await;
            let mut stream = stream.unwrap();
            stream.next().await.unwrap().unwrap();
            let early = exporter.get_finished_spans().unwrap();
            assert_eq!(early.len(), 1, "only the attempt has ended: {early:#?}");
            drop(stream.collect_text().await);
        })
        .await;
        let call = of_the_call(&spans);
        assert_eq!(events(call, &[]), ["first event of the stream"], "{end}");
        let attributes = attributes(call);
        assert_eq!(attributes["orionos.stream.end"], end);
        assert_eq!(attributes["orionos.stream.events"], count);
        assert_eq!(
            attributes.get("error.type").map(|kind| &kind[..]),
            error_type
        );
        assert_eq!(is_error(call), error_type.is_some(), "{end}");
    }
}

#[tokio::test(start_paused = true)]
async fn heartbeats_are_events_of_the_span() {
    let sample = include_str!("../fixtures/stream.heartbeats.events.txt");
    let service = streaming(vec![Bytes::from_static(sample.as_bytes())]);
    let orion = over(service).build().unwrap();
    let spans = exported(async {
        let stream = orion.agents().stream_message(AGENT, "Hi").send().await;
        stream.unwrap().collect_text().await.unwrap();
    })
    .await;
    let call = of_the_call(&spans);
    let heartbeats = call.events.iter().filter(|event| event.name == "heartbeat");
    assert_eq!(heartbeats.count(), 3);
    assert_eq!(attributes(call)["orionos.stream.heartbeats"], "3");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_or_stream_says_so_and_is_not_an_error() {
    let mock = virtual_mock();
    mock.fault(Fault::latency(Duration::from_secs(9)).on(Operation::Get));
    let orion = virtual_builder(&mock).build().unwrap();
    let spans = exported(async {
        let get = orion.agents().get(AGENT).send();
        let limited = tokio::time::timeout(Duration::from_secs(3), get).await;
        assert!(limited.is_err());
    })
    .await;
    assert_eq!(spans.len(), 2);
    for span in &spans {
        assert_eq!(attributes(span)["error.type"], "dropped");
        assert!(!is_error(span));
    }
    let spans = exported(async {
        let stream = orion.agents().stream_message(AGENT, "Hi").send().await;
        stream.unwrap().next().await.unwrap().unwrap();
    })
    .await;
    let call = of_the_call(&spans);
    let attributes = attributes(call);
    assert_eq!(attributes["orionos.stream.end"], "dropped");
    assert_eq!(attributes["error.type"], "dropped");
    assert!(!is_error(call));
}
