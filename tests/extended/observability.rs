//! What OpenTelemetry gets: a span per call and per attempt, with the standard attribute names and
//! without bodies or keys.

use std::collections::BTreeMap;

use crate::support::{AGENT, virtual_builder, virtual_mock};
use opentelemetry::trace::{SpanKind, TracerProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use orionos_mock_server::{Fault, Operation};
use tracing_subscriber::layer::SubscriberExt;

/// Returns the spans that were exported during a call.
async fn exported(run: impl Future<Output = ()>) -> Vec<SpanData> {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    run.await;
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
        (
            Fault::latency(std::time::Duration::from_secs(60)),
            "timeout",
        ),
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
        }
    }
}
