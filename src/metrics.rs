//! An observer that records metrics through the OpenTelemetry API.

use std::env;
use std::time::Duration;

use http::{Method, StatusCode};
use opentelemetry::metrics::{Counter, Gauge, Histogram, Meter};
use opentelemetry::{KeyValue, global};

use crate::observer::{CallEvent, CallInfo, CallOutcome, Observer, WaitReason};

/// The variable with which an operator asks for conventions that are not stable yet.
const OPT_IN_VARIABLE: &str = "OTEL_SEMCONV_STABILITY_OPT_IN";
const GEN_AI: &str = "gen_ai_latest_experimental";

/// The boundaries that OpenTelemetry's conventions define for HTTP requests, in seconds.
const HTTP_BOUNDARIES: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];
/// A wait for a rate limit can last a minute, or an hour.
const WAIT_BOUNDARIES: [f64; 14] = [
    0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 60.0, 300.0, 3600.0,
];
/// The boundaries that OpenTelemetry's conventions define for generative AI, in seconds.
const GEN_AI_BOUNDARIES: [f64; 14] = [
    0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];

/// Records metrics through the OpenTelemetry API (cargo feature `metrics`). Add it with
/// [`OrionBuilder::observer`](crate::OrionBuilder::observer). The application chooses the SDK and the
/// exporter.
///
/// The guide [`observability`](crate::guide::observability) has the table of instruments.
///
/// ```
/// # fn main() -> Result<(), orionos::OrionError> {
/// use orionos::{MetricsObserver, OrionOS};
///
/// let orion = OrionOS::builder()
///     .api_key("key")
///     .observer(MetricsObserver::new())
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct MetricsObserver {
    request_duration: Histogram<f64>,
    wait_duration: Histogram<f64>,
    retries: Counter<u64>,
    rate_limited: Counter<u64>,
    time_to_first_event: Histogram<f64>,
    remaining: Gauge<u64>,
    gen_ai: Option<GenAi>,
}

/// What is recorded of messages if the operator asks for it.
#[derive(Debug)]
struct GenAi {
    operation_duration: Histogram<f64>,
    time_to_first_chunk: Histogram<f64>,
}

impl MetricsObserver {
    /// Uses OpenTelemetry's global meter provider. Set it before.
    pub fn new() -> Self {
        Self::with_meter(&global::meter("orionos"))
    }

    /// Uses this meter.
    ///
    /// `Meter` is a type of the crate `opentelemetry`, version 0.33.
    pub fn with_meter(meter: &Meter) -> Self {
        let seconds = |name: &'static str, description: &'static str, boundaries: &[f64]| {
            meter
                .f64_histogram(name)
                .with_unit("s")
                .with_description(description)
                .with_boundaries(boundaries.to_vec())
                .build()
        };
        let counter = |name: &'static str, unit: &'static str, description: &'static str| {
            let counter = meter.u64_counter(name).with_unit(unit);
            counter.with_description(description).build()
        };
        Self {
            request_duration: seconds(
                "http.client.request.duration",
                "Duration of HTTP client requests.",
                &HTTP_BOUNDARIES,
            ),
            wait_duration: seconds(
                "orionos.client.wait.duration",
                "Duration of the waits of calls.",
                &WAIT_BOUNDARIES,
            ),
            retries: counter(
                "orionos.client.retries",
                "{attempt}",
                "Attempts after the first of a call.",
            ),
            rate_limited: counter(
                "orionos.client.rate_limited",
                "{rejection}",
                "Requests that the server rejected with 429, and calls that the client did not send.",
            ),
            time_to_first_event: seconds(
                "orionos.client.stream.time_to_first_event",
                "Time from the start of a call to the first event of its stream.",
                &GEN_AI_BOUNDARIES,
            ),
            remaining: meter
                .u64_gauge("orionos.client.rate_limit.remaining")
                .with_unit("{request}")
                .with_description("Requests left in the window that the last response told of.")
                .build(),
            gen_ai: asks_for_gen_ai().then(|| GenAi {
                operation_duration: seconds(
                    "gen_ai.client.operation.duration",
                    "GenAI operation duration.",
                    &GEN_AI_BOUNDARIES,
                ),
                time_to_first_chunk: seconds(
                    "gen_ai.client.operation.time_to_first_chunk",
                    "Time to receive the first chunk of a streamed reply.",
                    &GEN_AI_BOUNDARIES,
                ),
            }),
        }
    }

    fn attempt_ended(
        &self,
        call: CallInfo<'_>,
        status: Option<StatusCode>,
        elapsed: Duration,
        outcome: CallOutcome<'_>,
    ) {
        let mut attributes = vec![
            KeyValue::new("http.request.method", method(call.method)),
            KeyValue::new("url.scheme", call.scheme.to_owned()),
        ];
        attributes.extend(server(call));
        attributes.extend(
            status.map(|status| {
                KeyValue::new("http.response.status_code", i64::from(status.as_u16()))
            }),
        );
        attributes.extend(error_type(outcome));
        self.request_duration
            .record(elapsed.as_secs_f64(), &attributes);
        if status == Some(StatusCode::TOO_MANY_REQUESTS) {
            self.count_rate_limited(call, outcome);
        }
    }

    fn call_ended(
        &self,
        call: CallInfo<'_>,
        attempts: u32,
        elapsed: Duration,
        outcome: CallOutcome<'_>,
    ) {
        // A 429 was counted when its attempt ended.
        if let CallOutcome::Failed { error_type, .. } = outcome
            && error_type == "rate_limited"
        {
            self.count_rate_limited(call, outcome);
        }
        if let Some(gen_ai) = &self.gen_ai
            && attempts > 0
            && is_message(call)
        {
            let mut attributes = gen_ai_attributes(call);
            attributes.extend(error_type(outcome));
            let duration = &gen_ai.operation_duration;
            duration.record(elapsed.as_secs_f64(), &attributes);
        }
    }

    fn first_event(&self, call: CallInfo<'_>, elapsed: Duration, since_attempt: Duration) {
        self.time_to_first_event
            .record(elapsed.as_secs_f64(), &[operation(call)]);
        if let Some(gen_ai) = &self.gen_ai {
            let first_chunk = &gen_ai.time_to_first_chunk;
            first_chunk.record(since_attempt.as_secs_f64(), &gen_ai_attributes(call));
        }
    }

    fn waited(&self, call: CallInfo<'_>, reason: WaitReason, elapsed: Duration) {
        let reason = KeyValue::new("orionos.wait.reason", reason.as_str());
        self.wait_duration
            .record(elapsed.as_secs_f64(), &[operation(call), reason]);
    }

    fn count_rate_limited(&self, call: CallInfo<'_>, outcome: CallOutcome<'_>) {
        let attributes = [Some(operation(call)), error_type(outcome)];
        let attributes: Vec<_> = attributes.into_iter().flatten().collect();
        self.rate_limited.add(1, &attributes);
    }
}

impl Default for MetricsObserver {
    fn default() -> Self {
        Self::new()
    }
}

impl Observer for MetricsObserver {
    fn on_event(&self, event: &CallEvent<'_>) {
        match *event {
            CallEvent::Waited {
                call,
                reason,
                elapsed,
            } => self.waited(call, reason, elapsed),
            CallEvent::AttemptStarted { call, attempt } if attempt > 1 => {
                self.retries.add(1, &[operation(call)]);
            }
            CallEvent::AttemptEnded {
                call,
                status,
                rate_limit,
                elapsed,
                outcome,
                ..
            } => {
                self.attempt_ended(call, status, elapsed, outcome);
                if let Some(rate_limit) = rate_limit {
                    self.remaining
                        .record(rate_limit.remaining, &[operation(call)]);
                }
            }
            CallEvent::FirstEvent {
                call,
                elapsed,
                since_attempt,
            } => self.first_event(call, elapsed, since_attempt),
            CallEvent::CallEnded {
                call,
                attempts,
                elapsed,
                outcome,
                ..
            } => self.call_ended(call, attempts, elapsed, outcome),
            _ => {}
        }
    }
}

fn asks_for_gen_ai() -> bool {
    let values = env::var(OPT_IN_VARIABLE).unwrap_or_default();
    values.split(',').any(|value| value.trim() == GEN_AI)
}

fn operation(call: CallInfo<'_>) -> KeyValue {
    KeyValue::new("orionos.operation", call.operation)
}

fn server(call: CallInfo<'_>) -> [KeyValue; 2] {
    [
        KeyValue::new("server.address", call.server_address.to_owned()),
        KeyValue::new("server.port", i64::from(call.server_port)),
    ]
}

/// The conventions replace methods that are not well known.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::PUT => "PUT",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::TRACE => "TRACE",
        Method::CONNECT => "CONNECT",
        _ => "_OTHER",
    }
}

fn error_type(outcome: CallOutcome<'_>) -> Option<KeyValue> {
    let error_type = match outcome {
        CallOutcome::Succeeded => return None,
        CallOutcome::Failed { error_type, .. } => error_type.to_owned(),
        CallOutcome::Dropped => "dropped".to_owned(),
    };
    Some(KeyValue::new("error.type", error_type))
}

fn is_message(call: CallInfo<'_>) -> bool {
    matches!(
        call.operation,
        "agents.send_message" | "agents.stream_message"
    )
}

fn gen_ai_attributes(call: CallInfo<'_>) -> Vec<KeyValue> {
    let mut attributes = vec![
        KeyValue::new("gen_ai.operation.name", "invoke_agent"),
        KeyValue::new("gen_ai.provider.name", "orionos"),
    ];
    attributes.extend(server(call));
    attributes
}
