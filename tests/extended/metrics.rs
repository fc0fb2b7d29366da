//! Each instrument of the feature `metrics`, read through the SDK's in-memory exporter, and compared with
//! the table in the guide.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, SdkMeterProvider};
use orionos::{MetricsObserver, OrionBuilder, OrionOS, Pacing, RetryPolicy};
use orionos_mock_server::{Fault, MockServer, Operation, Tier};

use crate::support::{AGENT, virtual_builder, virtual_mock};

const GUIDE: &str = include_str!("../../src/guide/observability.md");
const OPT_IN: &str = "OTEL_SEMCONV_STABILITY_OPT_IN";
const SECOND: Duration = Duration::from_secs(1);

/// What one instrument has recorded.
#[derive(Debug)]
struct Instrument {
    unit: String,
    kind: &'static str,
    points: Vec<Point>,
}

#[derive(Debug)]
struct Point {
    attributes: BTreeMap<String, String>,
    /// How many values a histogram has; 1 for others.
    count: u64,
    /// The sum of a histogram or counter, or the value of a gauge.
    value: f64,
}

impl Instrument {
    /// Returns the point that has these attributes, and no others.
    fn at(&self, attributes: &[(&str, &str)]) -> (u64, f64) {
        let wanted: BTreeMap<String, String> = attributes
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let mut points = self.points.iter();
        let point = points.find(|point| point.attributes == wanted);
        let point = point.unwrap_or_else(|| panic!("no point has {wanted:?}: {self:#?}"));
        (point.count, point.value)
    }
}

struct Metrics {
    exporter: InMemoryMetricExporter,
    provider: SdkMeterProvider,
}

impl Metrics {
    fn new() -> Self {
        let exporter = InMemoryMetricExporter::default();
        let provider = SdkMeterProvider::builder()
            .with_periodic_exporter(exporter.clone())
            .build();
        Self { exporter, provider }
    }

    fn observer(&self) -> MetricsObserver {
        MetricsObserver::with_meter(&self.provider.meter("test"))
    }

    /// Returns a client whose retries wait for two seconds.
    fn client(
        &self,
        mock: &MockServer,
        settings: impl Fn(OrionBuilder) -> OrionBuilder,
    ) -> OrionOS {
        let policy = RetryPolicy::default().schedule(|| std::iter::repeat(2 * SECOND));
        let builder = virtual_builder(mock).retry(policy);
        settings(builder.observer(self.observer())).build().unwrap()
    }

    fn read(&self) -> BTreeMap<String, Instrument> {
        self.provider.force_flush().unwrap();
        let exported = self.exporter.get_finished_metrics().unwrap();
        let mut instruments = BTreeMap::new();
        for metric in exported
            .last()
            .into_iter()
            .flat_map(|resource| resource.scope_metrics())
            .flat_map(|scope| scope.metrics())
        {
            let (kind, points) = match metric.data() {
                AggregatedMetrics::F64(data) => points(data),
                AggregatedMetrics::U64(data) => points(data),
                AggregatedMetrics::I64(data) => points(data),
            };
            let unit = metric.unit().to_owned();
            let instrument = Instrument { unit, kind, points };
            instruments.insert(metric.name().to_owned(), instrument);
        }
        instruments
    }
}

/// A number of a metric.
trait Number: Copy {
    fn float(self) -> f64;
}

impl Number for f64 {
    fn float(self) -> f64 {
        self
    }
}

impl Number for u64 {
    fn float(self) -> f64 {
        self as f64
    }
}

impl Number for i64 {
    fn float(self) -> f64 {
        self as f64
    }
}

fn points<T: Number>(data: &MetricData<T>) -> (&'static str, Vec<Point>) {
    match data {
        MetricData::Gauge(gauge) => {
            let points = gauge.data_points();
            let points = points.map(|at| point(at.attributes(), 1, at.value().float()));
            ("gauge", points.collect())
        }
        MetricData::Sum(sum) => {
            let points = sum.data_points();
            let points = points.map(|at| point(at.attributes(), 1, at.value().float()));
            ("counter", points.collect())
        }
        MetricData::Histogram(histogram) => {
            let points = histogram.data_points();
            let points = points.map(|at| point(at.attributes(), at.count(), at.sum().float()));
            ("histogram", points.collect())
        }
        MetricData::ExponentialHistogram(_) => panic!("no instrument is one"),
    }
}

fn point<'a>(attributes: impl Iterator<Item = &'a KeyValue>, count: u64, value: f64) -> Point {
    let attributes =
        attributes.map(|attribute| (attribute.key.to_string(), attribute.value.to_string()));
    Point {
        attributes: attributes.collect(),
        count,
        value,
    }
}

/// Checks that the value is this one, apart from rounding.
fn near(value: f64, expected: f64) {
    assert!((value - expected).abs() < 0.01, "{value} is not {expected}");
}

fn request<'a>(method: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let every = [
        ("http.request.method", method),
        ("url.scheme", "http"),
        ("server.address", "localhost"),
        ("server.port", "80"),
    ];
    [&every[..], more].concat()
}

#[tokio::test(start_paused = true)]
async fn each_request_has_a_duration_with_the_attributes_of_the_conventions() {
    let (mock, metrics) = (virtual_mock(), Metrics::new());
    let orion = metrics.client(&mock, |settings| settings);
    mock.fault(Fault::latency(3 * SECOND).on(Operation::Get).times(1));
    mock.fault(Fault::status(500).on(Operation::Get).times(1));
    mock.fault(Fault::close().on(Operation::Create));
    orion.agents().get(AGENT).send().await.unwrap();
    orion.agents().create("x").send().await.unwrap_err();
    mock.fault(Fault::latency(9 * SECOND).on(Operation::Update));
    let update = orion.agents().update(AGENT).model("m").send();
    tokio::time::timeout(4 * SECOND, update).await.unwrap_err();

    let durations = &metrics.read()["http.client.request.duration"];
    assert_eq!((&durations.unit[..], durations.kind), ("s", "histogram"));
    let status = ("http.response.status_code", "200");
    let (count, sum) = durations.at(&request("GET", &[status]));
    assert_eq!(count, 1);
    near(sum, 0.0);
    let failed = [
        ("http.response.status_code", "500"),
        ("error.type", "INTERNAL_ERROR"),
    ];
    let (count, sum) = durations.at(&request("GET", &failed));
    assert_eq!(count, 1);
    near(sum, 3.0);
    let (count, _) = durations.at(&request("POST", &[("error.type", "connection")]));
    assert_eq!(count, 1);
    let (count, sum) = durations.at(&request("PATCH", &[("error.type", "dropped")]));
    assert_eq!(count, 1);
    near(sum, 4.0);
}

#[tokio::test(start_paused = true)]
async fn waits_retries_and_rejections_are_recorded_by_operation_and_reason() {
    let (mock, metrics) = (virtual_mock(), Metrics::new());
    let orion = metrics.client(&mock, |settings| settings.pacing(Pacing::Off));
    mock.fault(Fault::status(500).on(Operation::Get).times(2));
    mock.fault(Fault::rate_limit(10.0).on(Operation::List).times(1));
    orion.agents().get(AGENT).send().await.unwrap();
    orion.agents().list().send().await.unwrap();

    let read = metrics.read();
    let waits = &read["orionos.client.wait.duration"];
    assert_eq!((&waits.unit[..], waits.kind), ("s", "histogram"));
    let (get, list) = (
        ("orionos.operation", "agents.get"),
        ("orionos.operation", "agents.list"),
    );
    let (count, sum) = waits.at(&[get, ("orionos.wait.reason", "backoff")]);
    assert_eq!(count, 2);
    near(sum, 4.0);
    let (count, sum) = waits.at(&[list, ("orionos.wait.reason", "retry_after")]);
    assert_eq!(count, 1);
    assert!((10.0..=11.01).contains(&sum), "{sum}");

    let retries = &read["orionos.client.retries"];
    assert_eq!((&retries.unit[..], retries.kind), ("{attempt}", "counter"));
    near(retries.at(&[get]).1, 2.0);
    near(retries.at(&[list]).1, 1.0);

    let rejections = &read["orionos.client.rate_limited"];
    assert_eq!(
        (&rejections.unit[..], rejections.kind),
        ("{rejection}", "counter")
    );
    near(
        rejections
            .at(&[list, ("error.type", "RATE_LIMIT_EXCEEDED")])
            .1,
        1.0,
    );
}

#[tokio::test(start_paused = true)]
async fn a_used_up_window_shows_in_remaining_in_waits_and_in_calls_that_are_not_sent() {
    let (mock, metrics) = (virtual_mock(), Metrics::new());
    mock.set_tier(Tier::Standard);
    let orion = metrics.client(&mock, |settings| settings);
    let get = ("orionos.operation", "agents.get");
    for sent in 1..=60 {
        orion.agents().get(AGENT).send().await.unwrap();
        if sent == 18 {
            let remaining = &metrics.read()["orionos.client.rate_limit.remaining"];
            assert_eq!(
                (&remaining.unit[..], remaining.kind),
                ("{request}", "gauge")
            );
            near(remaining.at(&[get]).1, 42.0);
        }
    }
    let impatient = orion.agents().get(AGENT).max_wait(SECOND);
    impatient.send().await.unwrap_err();
    let read = metrics.read();
    near(
        read["orionos.client.rate_limit.remaining"].at(&[get]).1,
        0.0,
    );
    let rejections = &read["orionos.client.rate_limited"];
    near(rejections.at(&[get, ("error.type", "rate_limited")]).1, 1.0);

    orion.agents().get(AGENT).send().await.unwrap();
    let waits = &metrics.read()["orionos.client.wait.duration"];
    let (count, sum) = waits.at(&[get, ("orionos.wait.reason", "rate_limit")]);
    assert_eq!(count, 1);
    assert!((59.0..=61.0).contains(&sum), "{sum}");
}

#[tokio::test(start_paused = true)]
async fn the_time_to_the_first_event_includes_the_waits() {
    let (mock, metrics) = (virtual_mock(), Metrics::new());
    let orion = metrics.client(&mock, |settings| settings.pacing(Pacing::Off));
    mock.fault(Fault::rate_limit(10.0).times(1));
    let stream = orion.agents().stream_message(AGENT, "Hi").send().await;
    stream.unwrap().collect_text().await.unwrap();
    let first = &metrics.read()["orionos.client.stream.time_to_first_event"];
    assert_eq!((&first.unit[..], first.kind), ("s", "histogram"));
    let (count, sum) = first.at(&[("orionos.operation", "agents.stream_message")]);
    assert_eq!(count, 1);
    assert!((10.0..=11.1).contains(&sum), "{sum}");
}

/// Runs itself again with the environment variable, because tests cannot set one.
#[tokio::test(start_paused = true)]
async fn generative_ai_metrics_are_recorded_only_if_the_operator_asks_for_them() {
    let (mock, metrics) = (virtual_mock(), Metrics::new());
    let orion = metrics.client(&mock, |settings| settings.pacing(Pacing::Off));
    mock.fault(Fault::rate_limit(10.0).times(1));
    let chat = orion.agents().conversation(AGENT);
    chat.stream("Hi")
        .send()
        .await
        .unwrap()
        .collect_text()
        .await
        .unwrap();
    chat.say("Hi").send().await.unwrap();
    orion.agents().get(AGENT).send().await.unwrap();
    let read = metrics.read();
    if std::env::var_os(OPT_IN).is_none() {
        assert!(
            !read.keys().any(|name| name.starts_with("gen_ai")),
            "{read:?}"
        );
        check_table(read.iter());
        for (values, recorded) in [("http, gen_ai_latest_experimental", true), ("http", false)] {
            let itself = Command::new(std::env::current_exe().unwrap())
                .arg("generative_ai_metrics_are_recorded_only_if_the_operator_asks_for_them")
                .env(OPT_IN, values)
                .env("EXPECT_GEN_AI", recorded.to_string())
                .output()
                .unwrap();
            assert!(itself.status.success(), "{itself:?}");
        }
        return;
    }
    let recorded = std::env::var("EXPECT_GEN_AI").is_ok_and(|expected| expected == "true");
    assert_eq!(
        read.contains_key("gen_ai.client.operation.duration"),
        recorded
    );
    if recorded {
        let attributes = [
            ("gen_ai.operation.name", "invoke_agent"),
            ("gen_ai.provider.name", "orionos"),
            ("server.address", "localhost"),
            ("server.port", "80"),
        ];
        let duration = &read["gen_ai.client.operation.duration"];
        assert_eq!((&duration.unit[..], duration.kind), ("s", "histogram"));
        assert_eq!(duration.at(&attributes).0, 2, "messages only");
        let first = &read["gen_ai.client.operation.time_to_first_chunk"];
        let (count, sum) = first.at(&attributes);
        assert_eq!(count, 1, "streams only");
        assert!(sum < 10.0, "counted from the request: {sum}");
        check_table(read.iter());
    }
}

/// Checks that the guide has a row with the name, kind, unit and attributes of each instrument.
fn check_table<'a>(instruments: impl Iterator<Item = (&'a String, &'a Instrument)>) {
    for (name, instrument) in instruments {
        let start = format!("| `{name}` | {} | `{}` |", instrument.kind, instrument.unit);
        let row = GUIDE.lines().find(|line| line.starts_with(&start));
        let row = row.unwrap_or_else(|| panic!("the guide has no row {start:?}"));
        for point in &instrument.points {
            for attribute in point.attributes.keys() {
                assert!(
                    row.contains(&format!("`{attribute}`")),
                    "{row} lacks {attribute}"
                );
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_method_that_is_not_well_known_does_not_make_another_series() {
    let (mock, metrics) = (virtual_mock(), Metrics::new());
    let orion = metrics.client(&mock, |settings| settings);
    for method in ["PURGE", "X-1"] {
        let method = orionos::Method::from_bytes(method.as_bytes()).unwrap();
        let call = orion.request(method, ["agents"]).send::<orionos::Value>();
        call.await.unwrap_err();
    }
    let durations = &metrics.read()["http.client.request.duration"];
    let methods: Vec<_> = durations
        .points
        .iter()
        .map(|point| &point.attributes["http.request.method"][..])
        .collect();
    assert_eq!(methods, ["_OTHER"]);
}
