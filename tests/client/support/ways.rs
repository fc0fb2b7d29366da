//! The ways that a call can go, each with the events that an observer is told of.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use orionos::{OrionBuilder, OrionOS, Pacing, RetryPolicy};
use orionos_mock_server::{Fault, MockServer, Operation, Tier};

use super::recorder::Recorder;
use super::{AGENT, Answers, call, over, streaming, virtual_builder, virtual_mock};

const SECOND: Duration = Duration::from_secs(1);

/// A call that can be polled.
pub(crate) type Call = Pin<Box<dyn Future<Output = ()>>>;
type Setup = Pin<Box<dyn Future<Output = Call>>>;

/// One way that a call can go.
pub(crate) struct Way {
    pub(crate) name: &'static str,
    /// Makes everything ready, marks the recorder, and returns the call.
    pub(crate) setup: fn(Recorder) -> Setup,
    /// The events of the call.
    pub(crate) events: &'static [&'static str],
}

macro_rules! way {
    ($name:literal, $setup:expr, $($event:literal)*) => {
        Way { name: $name, setup: |recorder| Box::pin($setup(recorder)), events: &[$($event),*] }
    };
}

/// Returns all ways.
pub(crate) fn ways() -> Vec<Way> {
    vec![
        way! { "success", |it| get(it, [], plain),
        "started agents.get" "attempt 1" "attempt 1 ended 200 succeeded" "ended 200 succeeded" },
        way! { "retry", |it| get(it, [Fault::status(500).times(1)], plain),
        "started agents.get" "attempt 1" "attempt 1 ended 500 INTERNAL_ERROR"
        "waiting backoff 2 s" "waited backoff 2 s"
        "attempt 2" "attempt 2 ended 200 succeeded" "ended 200 succeeded" },
        way! { "retries used up", |it| get(it, [Fault::close()], plain),
        "started agents.get" "attempt 1" "attempt 1 ended connection"
        "waiting backoff 2 s" "waited backoff 2 s" "attempt 2" "attempt 2 ended connection"
        "waiting backoff 2 s" "waited backoff 2 s" "attempt 3" "attempt 3 ended connection"
        "ended connection" },
        way! { "no retry", |it| get(it, [Fault::status(404)], plain),
        "started agents.get" "attempt 1" "attempt 1 ended 404 NOT_FOUND"
        "ended 404 NOT_FOUND" },
        way! { "retry-after delay", |it| get(it, [Fault::rate_limit(4.0).times(1)], without_pacing),
        "started agents.get" "attempt 1" "attempt 1 ended 429 RATE_LIMIT_EXCEEDED"
        "waiting retry_after 4 s" "waited retry_after 4 s"
        "attempt 2" "attempt 2 ended 200 succeeded" "ended 200 succeeded" },
        way! { "429 under pacing", |it| get(it, [Fault::rate_limit(20.0).times(1)], plain),
        "started agents.get" "attempt 1" "attempt 1 ended 429 RATE_LIMIT_EXCEEDED"
        "waiting rate_limit 20 s" "waited rate_limit 20 s"
        "attempt 2" "attempt 2 ended 200 succeeded" "ended 200 succeeded" },
        way! { "pacing", |it| used_up(it, None),
        "started agents.get" "waiting rate_limit 60 s" "waited rate_limit 60 s"
        "attempt 1" "attempt 1 ended 200 succeeded" "ended 200 succeeded" },
        way! { "refused by max_wait", |it| used_up(it, Some(SECOND)),
        "started agents.get" "ended rate_limited" },
        way! { "in flight", |it| eleventh_message(it, None),
        "started agents.send_message" "waiting in_flight" "waited in_flight 5 s"
        "attempt 1" "attempt 1 ended 200 succeeded" "ended 200 succeeded" },
        way! { "refused in flight", |it| eleventh_message(it, Some(2 * SECOND)),
        "started agents.send_message" "waiting in_flight" "waited in_flight 2 s"
        "ended rate_limited" },
        way! { "delete whose response is lost", lost_delete,
        "started agents.delete" "attempt 1" "attempt 1 ended connection"
        "waiting backoff 2 s" "waited backoff 2 s"
        "attempt 2" "attempt 2 ended 404 AGENT_NOT_FOUND" "ended 404 succeeded" },
        way! { "connection refused", not_reached,
        "started agents.get" "attempt 1" "attempt 1 ended connect"
        "waiting backoff 2 s" "waited backoff 2 s" "attempt 2" "attempt 2 ended connect"
        "ended connect" },
        way! { "attempt timeout", |it| get(it, [slow(31)], plain),
        "started agents.get" "attempt 1" "attempt 1 ended timeout"
        "waiting backoff 2 s" "waited backoff 2 s"
        "attempt 2" "attempt 2 ended 200 succeeded" "ended 200 succeeded" },
        way! { "deadline in an attempt", |it| get(it, [slow(31)], |it| it.deadline(9 * SECOND)),
        "started agents.get" "attempt 1" "attempt 1 ended deadline" "ended deadline" },
        way! { "deadline before a wait", |it| get(it, [Fault::status(500)], |it| it.deadline(SECOND)),
        "started agents.get" "attempt 1" "attempt 1 ended 500 INTERNAL_ERROR"
        "ended 500 INTERNAL_ERROR" },
        way! { "invalid request", invalid,
        "started agents.create" "ended invalid_request" },
        way! { "unreadable response", |it| get(it, [Fault::html_page(200)], plain),
        "started agents.get" "attempt 1" "attempt 1 ended 200 unexpected_response"
        "ended 200 unexpected_response" },
        way! { "body too large", |it| get(it, [], |it| it.max_response_bytes(9)),
        "started agents.get" "attempt 1" "attempt 1 ended 200 body_too_large"
        "ended 200 body_too_large" },
        way! { "stream", |it| stream(it, [], plain),
        "started agents.stream_message" "attempt 1" "attempt 1 ended 200 succeeded"
        "first event" "stream complete, 7 events, 0 heartbeats" "ended 200 succeeded" },
        way! { "stream after a retry", |it| stream(it, [Fault::rate_limit(7.0).times(1)], plain),
        "started agents.stream_message"
        "attempt 1" "attempt 1 ended 429 RATE_LIMIT_EXCEEDED"
        "waiting rate_limit 7 s" "waited rate_limit 7 s"
        "attempt 2" "attempt 2 ended 200 succeeded"
        "first event" "stream complete, 7 events, 0 heartbeats" "ended 200 succeeded" },
        way! { "stream that is refused", |it| stream(it, [Fault::status(400)], plain),
        "started agents.stream_message" "attempt 1" "attempt 1 ended 400 INVALID_REQUEST"
        "ended 400 INVALID_REQUEST" },
        way! { "heartbeats", with_heartbeats,
        "started agents.stream_message" "attempt 1" "attempt 1 ended 200 succeeded"
        "first event" "stream complete, 3 events, 3 heartbeats" "ended 200 succeeded" },
        way! { "server error in a stream", |it| stream(it, [Fault::stream_error(2)], plain),
        "started agents.stream_message" "attempt 1" "attempt 1 ended 200 succeeded"
        "first event" "stream server_error, 2 events, 0 heartbeats" "ended 200 MODEL_ERROR" },
        way! { "stream that breaks", |it| stream(it, [Fault::stream_cut(2)], plain),
        "started agents.stream_message" "attempt 1" "attempt 1 ended 200 succeeded"
        "first event" "stream broken, 2 events, 0 heartbeats" "ended 200 connection" },
        way! { "stream that ends early", |it| stream(it, [Fault::stream_end(0)], plain),
        "started agents.stream_message" "attempt 1" "attempt 1 ended 200 succeeded"
        "stream broken, 0 events, 0 heartbeats" "ended 200 stream" },
        way! { "stream that is silent", |it| stream(it, [Fault::stream_stall(1)], plain),
        "started agents.stream_message" "attempt 1" "attempt 1 ended 200 succeeded"
        "first event" "stream timeout, 1 events, 0 heartbeats" "ended 200 stream_idle_timeout" },
        way! { "stream without bytes",
        |it| stream(it, [Fault::stream_stall(1)], |it| it.stream_read_timeout(SECOND)),
        "started agents.stream_message" "attempt 1" "attempt 1 ended 200 succeeded"
        "first event" "stream timeout, 1 events, 0 heartbeats" "ended 200 stream_read_timeout" },
        way! { "stream beyond its deadline",
        |it| stream(it, [Fault::stream_stall(1)], |it| it.deadline(SECOND)),
        "started agents.stream_message" "attempt 1" "attempt 1 ended 200 succeeded"
        "first event" "stream timeout, 1 events, 0 heartbeats" "ended 200 deadline" },
        way! { "event too large", |it| stream(it, [], |it| it.max_response_bytes(9)),
        "started agents.stream_message" "attempt 1" "attempt 1 ended 200 succeeded"
        "stream broken, 0 events, 0 heartbeats" "ended 200 body_too_large" },
        way! { "stream that is dropped", |it| begun_stream(it, 2),
        "started agents.stream_message" "attempt 1" "attempt 1 ended 200 succeeded"
        "first event" "stream dropped, 2 events, 0 heartbeats" "ended 200 dropped" },
        way! { "stream that is not read", |it| begun_stream(it, 0),
        "started agents.stream_message" "attempt 1" "attempt 1 ended 200 succeeded"
        "stream dropped, 0 events, 0 heartbeats" "ended 200 dropped" },
    ]
}

fn plain(settings: OrionBuilder) -> OrionBuilder {
    settings
}

fn without_pacing(settings: OrionBuilder) -> OrionBuilder {
    settings.pacing(Pacing::Off)
}

fn slow(seconds: u64) -> Fault {
    Fault::latency(seconds as u32 * SECOND).times(1)
}

/// Waits two seconds before each retry.
fn patient() -> RetryPolicy {
    RetryPolicy::default().schedule(|| std::iter::repeat(2 * SECOND))
}

/// A mock whose clock starts with a whole second, as the resets of rate limits do.
fn mock() -> MockServer {
    let mock = virtual_mock();
    mock.set_time("2026-03-02T08:15:30Z".parse().unwrap());
    mock
}

fn client(
    mock: &MockServer,
    recorder: &Recorder,
    settings: impl FnOnce(OrionBuilder) -> OrionBuilder,
) -> OrionOS {
    let builder = virtual_builder(mock).retry(patient());
    settings(builder.observer(recorder.clone()))
        .build()
        .unwrap()
}

async fn get<const N: usize>(
    recorder: Recorder,
    faults: [Fault; N],
    settings: fn(OrionBuilder) -> OrionBuilder,
) -> Call {
    let mock = mock();
    for fault in faults {
        mock.fault(fault);
    }
    let orion = client(&mock, &recorder, settings);
    Box::pin(async move { drop(call(&orion, Operation::Get).await) })
}

async fn stream<const N: usize>(
    recorder: Recorder,
    faults: [Fault; N],
    settings: fn(OrionBuilder) -> OrionBuilder,
) -> Call {
    let mock = mock();
    for fault in faults {
        mock.fault(fault);
    }
    let orion = client(&mock, &recorder, settings);
    Box::pin(async move {
        let stream = orion.agents().stream_message(AGENT, "Hi").send().await;
        if let Ok(stream) = stream {
            drop(stream.collect_text().await);
        }
    })
}

/// A stream of which only the first events are read.
async fn begun_stream(recorder: Recorder, events: usize) -> Call {
    let mock = mock();
    let orion = client(&mock, &recorder, plain);
    Box::pin(async move {
        let stream = orion.agents().stream_message(AGENT, "Hi");
        let mut stream = stream.send().await.unwrap();
        for _ in 0..events {
            stream.next().await.unwrap().unwrap();
        }
    })
}

async fn with_heartbeats(recorder: Recorder) -> Call {
    let sample = include_str!("../../fixtures/stream.heartbeats.events.txt");
    let service = streaming(vec![Bytes::from_static(sample.as_bytes())]);
    let orion = over(service).observer(recorder).build().unwrap();
    Box::pin(async move {
        let stream = orion.agents().stream_message(AGENT, "Hi").send().await;
        stream.unwrap().collect_text().await.unwrap();
    })
}

/// A call whose window is used up.
async fn used_up(recorder: Recorder, max_wait: Option<Duration>) -> Call {
    let mock = mock();
    mock.set_tier(Tier::Standard);
    let orion = client(&mock, &recorder, plain);
    for _ in 0..60 {
        call(&orion, Operation::Get).await.unwrap();
    }
    recorder.mark();
    Box::pin(async move {
        let get = orion.agents().get(AGENT);
        let get = max_wait
            .into_iter()
            .fold(get, |get, wait| get.max_wait(wait));
        drop(get.send().await);
    })
}

/// A message while ten streams are open, which are dropped after five seconds.
async fn eleventh_message(recorder: Recorder, max_wait: Option<Duration>) -> Call {
    let mock = mock();
    let orion = client(&mock, &recorder, plain);
    let streams = (0..10).map(|_| orion.agents().stream_message(AGENT, "Hi").send());
    let streams = join_all(streams).await;
    recorder.mark();
    tokio::spawn(async move {
        tokio::time::sleep(5 * SECOND).await;
        drop(streams);
    });
    Box::pin(async move {
        let message = orion.agents().send_message(AGENT, "Hi");
        let message = max_wait
            .into_iter()
            .fold(message, |message, wait| message.max_wait(wait));
        drop(message.send().await);
    })
}

/// A delete that succeeds, although its last attempt finds nothing to delete.
async fn lost_delete(recorder: Recorder) -> Call {
    let mock = mock();
    let lost = Fault::close().after_acting().times(1);
    mock.fault(lost.on(Operation::Delete));
    let orion = client(&mock, &recorder, plain);
    Box::pin(async move { call(&orion, Operation::Delete).await.unwrap() })
}

async fn not_reached(recorder: Recorder) -> Call {
    let service: Answers<http_body_util::Full<Bytes>> =
        Answers::new(|_| Err(io::ErrorKind::ConnectionRefused.into()));
    let orion = over(service)
        .retry(patient().max_attempts(2))
        .observer(recorder)
        .build()
        .unwrap();
    Box::pin(async move { drop(call(&orion, Operation::Get).await) })
}

async fn invalid(recorder: Recorder) -> Call {
    let mock = mock();
    let orion = client(&mock, &recorder, plain);
    Box::pin(async move { drop(orion.agents().create("").send().await) })
}
