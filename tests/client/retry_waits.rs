//! How long a call waits before a retry: requested delays, schedules, deadlines and the budget.

use std::time::Duration;

use crate::support::{AGENT, Answers, answering, over, virtual_builder, virtual_mock};
use http::Response;
use http_body_util::Full;
use orionos::{OrionError, OrionOS, RetryBudget, RetryPolicy, TimeoutKind};
use orionos_mock_server::{Fault, Operation};
use serde_json::{Value, json};
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

/// Returns a 429 with this delay in its body.
fn delaying(hint: Value) -> String {
    json!({"success": false, "error": {
        "code": "RATE_LIMIT_EXCEEDED", "message": "slow", "details": {"retryAfter": hint}
    }})
    .to_string()
}

/// Returns how long a call with two attempts takes, and its error.
async fn waited(orion: &OrionOS) -> (Duration, OrionError) {
    let started = Instant::now();
    let policy = RetryPolicy::default().max_attempts(2);
    let error = orion
        .agents()
        .get(AGENT)
        .retry(policy)
        .send()
        .await
        .unwrap_err();
    (started.elapsed(), error)
}

fn is_delay(waited: Duration, hint: Duration) {
    // Tokio's timers have a resolution of one millisecond.
    let latest = hint + hint / 10 + Duration::from_millis(2);
    assert!(
        waited >= hint && waited <= latest,
        "{waited:?} for a hint of {hint:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_delay_in_details_can_be_an_integer_a_fraction_or_a_numeric_string() {
    for (hint, seconds) in [
        (json!(30), 30.0),
        (json!(2.5), 2.5),
        (json!("7"), 7.0),
        (json!("0.25"), 0.25),
    ] {
        for _ in 0..10 {
            let orion = over(answering(429, &[], delaying(hint.clone())))
                .build()
                .unwrap();
            let (waited, error) = waited(&orion).await;
            is_delay(waited, Duration::from_secs_f64(seconds));
            assert_eq!(
                (error.attempts(), error.retry_after()),
                (2, Some(Duration::from_secs_f64(seconds)))
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_delay_in_headers_can_be_seconds_a_date_or_a_reset() {
    let cases: [(&'static [(&str, &str)], u64); 4] = [
        (&[("retry-after", "12")], 12),
        (
            &[
                ("retry-after", "Thu, 01 Jan 1970 00:01:20 GMT"),
                ("date", "Thu, 01 Jan 1970 00:01:00 GMT"),
            ],
            20,
        ),
        (
            &[
                ("retry-after", "Thursday, 01-Jan-70 00:01:20 GMT"),
                ("date", "Thu, 01 Jan 1970 00:01:00 GMT"),
            ],
            20,
        ),
        (
            &[
                ("x-ratelimit-limit", "60"),
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", "95"),
                ("date", "Thu, 01 Jan 1970 00:01:00 GMT"),
            ],
            35,
        ),
    ];
    for (headers, seconds) in cases {
        let orion = over(answering(429, headers, "slow down")).build().unwrap();
        is_delay(waited(&orion).await.0, Duration::from_secs(seconds));
    }
}

#[tokio::test(start_paused = true)]
async fn an_invalid_delay_is_ignored() {
    for hint in [
        json!(-5),
        json!("NaN"),
        json!("soon"),
        json!(null),
        json!({}),
        json!(0),
    ] {
        let orion = over(answering(429, &[], delaying(hint))).build().unwrap();
        assert!(waited(&orion).await.0 <= Duration::from_millis(502));
    }
    let past: &[(&str, &str)] = &[
        ("retry-after", "Thu, 01 Jan 1970 00:00:01 GMT"),
        ("date", "Thu, 01 Jan 1970 00:01:00 GMT"),
    ];
    let orion = over(answering(429, past, "slow down")).build().unwrap();
    assert!(waited(&orion).await.0 <= Duration::from_millis(502));
}

#[tokio::test(start_paused = true)]
async fn a_delay_that_exceeds_the_policy_fails_immediately_and_says_so() {
    for hint in [json!(61), json!(3600), json!(1e300), json!("inf")] {
        let service = answering(429, &[], delaying(hint));
        let orion = over(service.clone()).build().unwrap();
        let (waited, error) = waited(&orion).await;
        assert_eq!((waited, service.calls()), (Duration::ZERO, 1));
        assert!(
            error.is_rate_limited() && error.to_string().contains("max_retry_after"),
            "{error}"
        );
        assert!(error.retry_after().unwrap() > Duration::from_secs(60));
    }
}

#[tokio::test(start_paused = true)]
async fn a_delay_past_the_deadline_fails_immediately_and_says_so() {
    let service = answering(429, &[], delaying(json!(30)));
    let orion = over(service.clone()).deadline(20 * SECOND).build().unwrap();
    let (waited, error) = waited(&orion).await;
    assert_eq!((waited, service.calls()), (Duration::ZERO, 1));
    assert!(
        error.is_rate_limited() && error.to_string().contains("deadline"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_attempt_ends_at_the_deadline() {
    let mock = virtual_mock();
    mock.fault(Fault::latency(100 * SECOND));
    let orion = virtual_builder(&mock)
        .timeout(30 * SECOND)
        .deadline(40 * SECOND)
        .build()
        .unwrap();
    let started = Instant::now();
    let error = orion.agents().get(AGENT).send().await.unwrap_err();
    let elapsed = started.elapsed();
    assert!(
        elapsed <= 40 * SECOND + Duration::from_millis(2),
        "{elapsed:?}"
    );
    assert!(elapsed > 39 * SECOND, "{elapsed:?}");
    assert!(
        matches!(
            error,
            OrionError::Timeout {
                what: TimeoutKind::Deadline,
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(error.attempts(), 2);
}

#[tokio::test(start_paused = true)]
async fn every_call_ends_within_its_deadline_under_every_fault() {
    for fault in [
        Fault::latency(7 * SECOND),
        Fault::status(503),
        Fault::rate_limit(3.0),
        Fault::reset(),
        Fault::stream_stall(1),
    ] {
        for operation in crate::support::OPERATIONS {
            let mock = virtual_mock();
            mock.fault(fault.clone());
            let policy = RetryPolicy::default().max_attempts(100).retry_unsafe(true);
            let orion = virtual_builder(&mock)
                .retry(policy)
                .deadline(10 * SECOND)
                .build()
                .unwrap();
            let started = Instant::now();
            let _ = crate::support::call(&orion, operation).await;
            let elapsed = started.elapsed();
            assert!(
                elapsed <= 10 * SECOND + Duration::from_millis(2),
                "{operation}: {elapsed:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_or_timeout_that_no_clock_reaches_is_no_limit() {
    let mock = virtual_mock();
    let orion = virtual_builder(&mock)
        .deadline(Duration::MAX)
        .timeout(Duration::MAX)
        .stream_idle_timeout(Duration::MAX)
        .build()
        .unwrap();
    orion.agents().get(AGENT).send().await.unwrap();
    let stream = orion
        .agents()
        .stream_message(AGENT, "Hi")
        .send()
        .await
        .unwrap();
    stream.collect_text().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_zero_is_a_timeout() {
    let mock = virtual_mock();
    let agents = virtual_builder(&mock).build().unwrap().agents();
    let error = agents
        .get(AGENT)
        .deadline(Duration::ZERO)
        .send()
        .await
        .unwrap_err();
    assert!(error.is_timeout() && error.outcome() == orionos::Outcome::NotSent);
    mock.assert_requests(Operation::Get, 0);
}

#[tokio::test(start_paused = true)]
async fn the_backoff_grows_and_has_full_jitter() {
    let mut waits = Vec::new();
    for _ in 0..50 {
        let orion = over(answering(502, &[], "")).build().unwrap();
        let started = Instant::now();
        orion.agents().get(AGENT).send().await.unwrap_err();
        waits.push(started.elapsed());
    }
    // The two waits are at most 0.5 s and 1 s.
    assert!(
        waits
            .iter()
            .all(|wait| *wait <= Duration::from_millis(1504))
    );
    let mean = waits.iter().sum::<Duration>() / 50;
    assert!((500..1000).contains(&mean.as_millis()), "{mean:?}");
}

#[tokio::test(start_paused = true)]
async fn a_custom_schedule_is_used() {
    let service = answering(502, &[], "");
    let orion = over(service.clone()).build().unwrap();
    let policy = RetryPolicy::default()
        .max_attempts(10)
        .schedule(|| [SECOND, 5 * SECOND].into_iter());
    let started = Instant::now();
    orion
        .agents()
        .get(AGENT)
        .retry(policy)
        .send()
        .await
        .unwrap_err();
    assert_eq!((service.calls(), started.elapsed().as_secs()), (3, 6));
}

#[cfg(feature = "backoff")]
#[tokio::test(start_paused = true)]
async fn a_policy_of_the_backoff_crate_is_used() {
    let service = answering(502, &[], "");
    let orion = over(service.clone()).build().unwrap();
    let policy = RetryPolicy::default()
        .max_attempts(4)
        .backoff(|| backoff::backoff::Constant::new(2 * SECOND));
    let started = Instant::now();
    orion
        .agents()
        .get(AGENT)
        .retry(policy)
        .send()
        .await
        .unwrap_err();
    assert_eq!((service.calls(), started.elapsed().as_secs()), (4, 6));
}

#[tokio::test(start_paused = true)]
async fn the_budget_ends_the_retries_of_a_server_that_is_down() {
    let service = answering(502, &[], "");
    let orion = over(service.clone())
        .retry_budget(RetryBudget::new(20))
        .build()
        .unwrap();
    let mut last = None;
    for _ in 0..50 {
        last = orion.agents().get(AGENT).send().await.err();
    }
    // 50 first attempts, and 20 tokens at 5 per retry.
    assert_eq!(service.calls(), 54);
    assert!(last.unwrap().to_string().contains("budget"));
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_a_requested_delay_costs_no_budget() {
    let service = answering(429, &[], delaying(json!(1)));
    let orion = over(service.clone())
        .retry_budget(RetryBudget::new(0))
        .build()
        .unwrap();
    orion.agents().get(AGENT).send().await.unwrap_err();
    assert_eq!(service.calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn successes_refill_the_budget() {
    let flaky: Answers<Full<bytes::Bytes>> = Answers::new(|number| {
        let good = json!({"success": true, "data": null}).to_string();
        let (status, body) = if number % 12 == 1 {
            (502, String::new())
        } else {
            (200, good)
        };
        Ok(Response::builder()
            .status(status)
            .body(Full::from(body))
            .unwrap())
    });
    let orion = over(flaky)
        .retry_budget(RetryBudget::new(10))
        .build()
        .unwrap();
    for _ in 0..200 {
        orion
            .request(orionos::Method::GET, ["x"])
            .send::<()>()
            .await
            .unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn the_settings_of_a_call_replace_the_clients() {
    let mock = virtual_mock();
    mock.fault(Fault::status(502));
    let orion = virtual_builder(&mock)
        .retry(RetryPolicy::none())
        .build()
        .unwrap();
    let call = orion
        .agents()
        .get(AGENT)
        .retry(RetryPolicy::default().max_attempts(5));
    assert_eq!(call.send().await.unwrap_err().attempts(), 5);

    mock.clear_faults();
    mock.fault(Fault::latency(10 * SECOND));
    let call = orion.agents().get(AGENT).timeout(5 * SECOND);
    assert!(call.send().await.unwrap_err().is_timeout());
    assert!(orion.agents().get(AGENT).send().await.is_ok());
}
