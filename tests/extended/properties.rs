//! Properties that hold for any bytes. They are the same as those of the fuzz targets.

use crate::holds::holds;
use crate::support::fixtures::directory;
use crate::support::{AGENT, Answers, OPERATIONS, answering, call, over, streaming};
use bytes::Bytes;
use http_body_util::Full;
use orionos::{AgentConfig, MessageEvent, RetryPolicy};
use proptest::prelude::*;
use serde_json::Value;

/// The sample bodies with a few bytes changed, or any bytes.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let samples: Vec<Vec<u8>> = std::fs::read_dir(directory())
        .unwrap()
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .filter(|sample| !sample.is_empty())
        .collect();
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    let cut = any::<prop::sample::Index>();
    prop_oneof![
        3 => (prop::sample::select(samples), changes, cut, any::<bool>()).prop_map(|(mut sample, changes, cut, whole)| {
            for (at, byte) in changes {
                let at = at.index(sample.len());
                sample[at] = byte;
            }
            if !whole {
                sample.truncate(cut.index(sample.len() + 1));
            }
            sample
        }),
        1 => prop::collection::vec(any::<u8>(), 0..256),
    ]
}

#[test]
fn any_response_is_a_result_or_an_error_with_its_status() {
    let statuses = prop::sample::select(vec![200_u16, 201, 204, 301, 400, 403, 404, 429, 500, 503]);
    let operation = prop::sample::select(OPERATIONS.to_vec());
    holds(
        (statuses, operation, bodies()),
        |runtime, (status, operation, body)| {
            let service = answering(status, &[("content-type", "application/json")], body);
            let orion = over(service).retry(RetryPolicy::none()).build().unwrap();
            if let Err(error) = runtime.block_on(call(&orion, operation)) {
                assert_eq!(
                    error.status().map(|status| status.as_u16()),
                    Some(status),
                    "{error}"
                );
                assert!(!error.to_string().contains('\n'));
            }
        },
    );
}

#[test]
fn a_stream_has_the_same_events_however_it_is_split() {
    let cuts = prop::collection::vec(1_usize..24, 1..64);
    holds((bodies(), cuts), |runtime, (body, cuts)| {
        let mut pieces = Vec::new();
        let mut rest = Bytes::from(body.clone());
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            pieces.push(rest.split_to((*cut).min(rest.len())));
        }
        let events = |pieces: Vec<Bytes>| {
            runtime.block_on(async {
                let orion = over(streaming(pieces)).build().unwrap();
                let mut stream = orion
                    .agents()
                    .stream_message(AGENT, "Hi")
                    .send()
                    .await
                    .unwrap();
                let (mut events, mut text) = (Vec::new(), String::new());
                while let Some(event) = stream.next().await {
                    match event {
                        Ok(MessageEvent::Token(token)) => {
                            text.push_str(&token);
                            events.push(token);
                        }
                        Ok(event) => events.push(format!("{event:?}")),
                        Err(error) => {
                            assert_eq!(error.partial_text(), Some(text.as_str()));
                            events.push(error.to_string());
                        }
                    }
                }
                events
            })
        };
        assert_eq!(events(vec![Bytes::from(body)]), events(pieces));
    });
}

#[test]
fn no_header_or_delay_causes_a_panic_or_exceeds_the_deadline() {
    let number = prop_oneof![
        "[0-9]{0,22}",
        "-?[0-9]{1,3}(\\.[0-9]{1,3})?",
        Just("NaN".to_owned()),
        Just("inf".to_owned()),
        Just("1e300".to_owned()),
        Just("Thu, 01 Jan 1970 00:01:10 GMT".to_owned()),
        Just("Fri, 31 Dec 9999 23:59:59 GMT".to_owned()),
        "[ -~]{0,16}",
    ];
    let headers = prop::collection::vec(number.clone(), 5);
    let details = prop_oneof![
        number.prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(Value::Null),
    ];
    holds((headers, details), |runtime, (headers, hint)| {
        let body = serde_json::json!({
            "success": false,
            "error": {"code": "RATE_LIMIT_EXCEEDED", "message": "no", "details": {"retryAfter": hint}},
        });
        let names = [
            "retry-after",
            "x-ratelimit-limit",
            "x-ratelimit-remaining",
            "x-ratelimit-reset",
            "date",
        ];
        let service = Answers::new(move |_| {
            let mut answer = http::Response::builder().status(429);
            for (name, value) in names.iter().zip(&headers) {
                answer = answer.header(*name, value);
            }
            Ok(answer
                .body(Full::new(Bytes::from(body.to_string())))
                .unwrap())
        });
        let deadline = std::time::Duration::from_secs(100);
        let orion = over(service).deadline(deadline).build().unwrap();
        runtime.block_on(async {
            let started = tokio::time::Instant::now();
            for _ in 0..2 {
                orion.agents().get(AGENT).send().await.unwrap_err();
            }
            assert!(started.elapsed() <= 2 * deadline + std::time::Duration::from_millis(5));
        });
    });
}

#[test]
fn a_character_file_is_unchanged_by_reading_and_writing() {
    holds(bodies(), |_, body| {
        let Ok(text) = String::from_utf8(body) else {
            return;
        };
        if let Ok(config) = AgentConfig::from_json_str(&text) {
            let written = serde_json::to_string(&config).unwrap();
            let again = AgentConfig::from_json_str(&written).unwrap();
            assert_eq!(
                serde_json::to_value(&config).unwrap(),
                serde_json::to_value(&again).unwrap()
            );
        }
    });
}
