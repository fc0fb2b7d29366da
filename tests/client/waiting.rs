//! Waits for a rate limit: how long a call may be held back, and what it says if that is too long.

use std::time::Duration;

use http::Response;
use orionos::{OrionError, OrionOS, Outcome, Pacing, RateLimit, RetryPolicy};
use orionos_mock_server::{Fault, MockServer, Operation, Tier};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::support::{AGENT, Answers, answering, call, over, virtual_builder, virtual_mock};

const SECOND: Duration = Duration::from_secs(1);

fn standard() -> MockServer {
    let mock = virtual_mock();
    mock.set_tier(Tier::Standard);
    mock
}

fn client(mock: &MockServer) -> OrionOS {
    let policy = RetryPolicy::default().max_retry_after(120 * SECOND);
    virtual_builder(mock).retry(policy).build().unwrap()
}

/// A client whose window of 60 gets is used up.
async fn used_up(mock: &MockServer) -> OrionOS {
    let orion = client(mock);
    for _ in 0..60 {
        call(&orion, Operation::Get).await.unwrap();
    }
    orion
}

#[tokio::test(start_paused = true)]
async fn a_reset_after_max_wait_or_deadline_fails_at_once_and_unsent() {
    let mock = standard();
    let orion = used_up(&mock).await;
    let get = || orion.agents().get(AGENT);
    for (call, setting) in [
        (get().max_wait(10 * SECOND), "max_wait"),
        (get().deadline(10 * SECOND), "deadline"),
    ] {
        let started = Instant::now();
        let error = call.send().await.unwrap_err();
        assert_eq!(started.elapsed(), Duration::ZERO);
        assert!(matches!(error, OrionError::RateLimited(_)));
        assert!(error.is_rate_limited() && error.is_retryable() && !error.is_timeout());
        assert_eq!((error.outcome(), error.attempts()), (Outcome::NotSent, 0));
        let wait = error.retry_after().unwrap();
        assert!((59..=60).contains(&wait.as_secs()), "{wait:?}");
        let limit = error.rate_limit().unwrap();
        assert_eq!((limit.limit, limit.remaining), (60, 0));
        let text = error.to_string();
        let reset = limit.reset.to_string();
        for part in [
            "agents.get not sent",
            "60 requests",
            &reset,
            "10 s",
            setting,
        ] {
            assert!(text.contains(part), "{text:?} has no {part:?}");
        }
    }
    mock.assert_requests(Operation::Get, 60);
}

#[tokio::test(start_paused = true)]
async fn max_wait_of_the_client_holds_for_every_call_and_a_call_may_have_its_own() {
    let mock = standard();
    let orion = virtual_builder(&mock).max_wait(SECOND).build().unwrap();
    for _ in 0..60 {
        call(&orion, Operation::Get).await.unwrap();
    }
    let error = call(&orion, Operation::Get).await.unwrap_err();
    assert!(error.is_rate_limited(), "{error}");
    let patient = orion.agents().get(AGENT).max_wait(120 * SECOND);
    patient.send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_behind_others_fails_at_once_too() {
    let mock = standard();
    let orion = used_up(&mock).await;
    let agents = orion.agents();
    let first = tokio::spawn(async move { agents.get(AGENT).send().await.map(drop) });
    tokio::task::yield_now().await;
    let started = Instant::now();
    let call = orion.agents().get(AGENT).max_wait(10 * SECOND);
    assert!(call.send().await.unwrap_err().is_rate_limited());
    assert_eq!(started.elapsed(), Duration::ZERO);
    first.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_a_place_among_the_messages_in_flight_is_bounded() {
    let mock = virtual_mock();
    mock.fault(Fault::latency(60 * SECOND).on(Operation::SendMessage));
    let orion = virtual_builder(&mock).timeout(90 * SECOND).build().unwrap();
    let calls: Vec<_> = (0..10)
        .map(|_| {
            let agents = orion.agents();
            tokio::spawn(async move { agents.send_message(AGENT, "Hi").send().await.map(drop) })
        })
        .collect();
    tokio::task::yield_now().await;
    let started = Instant::now();
    let eleventh = orion
        .agents()
        .send_message(AGENT, "Hi")
        .max_wait(5 * SECOND);
    let error = eleventh.send().await.unwrap_err();
    assert_eq!(started.elapsed().as_secs(), 5);
    assert!(error.is_rate_limited(), "{error}");
    assert_eq!(
        (error.outcome(), error.retry_after()),
        (Outcome::NotSent, None)
    );
    for call in calls {
        call.await.unwrap().unwrap();
    }
    mock.assert_requests(Operation::SendMessage, 10);
}

#[tokio::test(start_paused = true)]
async fn a_reset_further_away_than_max_retry_after_is_not_waited_for_unless_max_wait_says_so() {
    let mock = standard();
    let policy = RetryPolicy::default().max_retry_after(10 * SECOND);
    let orion = virtual_builder(&mock).retry(policy).build().unwrap();
    for _ in 0..60 {
        call(&orion, Operation::Get).await.unwrap();
    }
    // One call asks, since the server's own error says more than the client can.
    let error = call(&orion, Operation::Get).await.unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 429);
    let started = Instant::now();
    let patient = orion.agents().get(AGENT).max_wait(120 * SECOND);
    patient.send().await.unwrap();
    assert!((59..=61).contains(&started.elapsed().as_secs()));
}

#[tokio::test(start_paused = true)]
async fn what_a_call_waited_is_told() {
    let mock = standard();
    let orion = used_up(&mock).await;
    let response = orion.agents().get(AGENT).send_with_meta().await.unwrap();
    let waited = response.meta.waited();
    assert!((59..=61).contains(&waited.as_secs()), "{waited:?}");
    assert_eq!(waited, response.meta.elapsed);

    mock.fault(Fault::status(503).times(1));
    let response = orion.agents().get(AGENT).send_with_meta().await.unwrap();
    assert_eq!(response.meta.attempts, 2);
    assert_eq!(response.meta.waited(), response.meta.elapsed);

    mock.fault(Fault::latency(3 * SECOND).times(1));
    let response = orion.agents().get(AGENT).send_with_meta().await.unwrap();
    assert_eq!(response.meta.waited(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn every_error_with_a_response_tells_the_rate_limit() {
    let mock = standard();
    let orion = client(&mock);
    let error = orion.agents().get("agent_unknown00000").send().await;
    let limit = error.unwrap_err().rate_limit().unwrap();
    assert_eq!((limit.limit, limit.remaining), (60, 59));

    mock.fault(Fault::stream_cut(1).on(Operation::StreamMessage));
    let stream = orion.agents().stream_message(AGENT, "Hi").send().await;
    let error = stream.unwrap().collect_text().await.unwrap_err();
    assert_eq!(error.rate_limit().unwrap().limit, 60);
}

#[tokio::test(start_paused = true)]
async fn the_known_windows_are_listed_with_the_calls_that_wait() {
    let mock = standard();
    let orion = client(&mock);
    assert!(orion.rate_limits().is_empty());
    for _ in 0..10 {
        call(&orion, Operation::Create).await.unwrap();
    }
    let agents = orion.agents();
    let waiting = tokio::spawn(async move { agents.create("Eleventh").send().await.map(drop) });
    tokio::task::yield_now().await;
    let windows = orion.rate_limits();
    let create = windows
        .iter()
        .find(|window| window.operation == "agents.create");
    let create = create.unwrap();
    assert_eq!((create.limit, create.remaining, create.waiting), (10, 0, 1));
    assert!(create.resets_at.is_some() && create.scope.is_none());
    waiting.await.unwrap().unwrap();

    call(&orion, Operation::Get).await.unwrap();
    call(&orion, Operation::SendMessage).await.unwrap();
    let windows = orion.rate_limits();
    assert!(windows.iter().any(|window| window.operation == "account"));

    let off = virtual_builder(&mock).pacing(Pacing::Off).build().unwrap();
    call(&off, Operation::Get).await.unwrap();
    assert!(off.rate_limits().is_empty());
}

#[test]
fn a_rate_limit_survives_json() {
    let limit = json!({"limit": 60, "remaining": 7, "reset": "2026-01-01T00:01:00Z"});
    let parsed: RateLimit = serde_json::from_value(limit.clone()).unwrap();
    assert_eq!((parsed.limit, parsed.remaining), (60, 7));
    assert_eq!(serde_json::to_value(parsed).unwrap(), limit);
}

#[tokio::test(start_paused = true)]
async fn a_refused_call_leaves_at_the_reset_before_the_others_and_without_jitter() {
    let mock = standard();
    let (mine, others) = (client(&mock), client(&mock));
    // The window is used up by somebody else, so the first call of this client is refused.
    for _ in 0..60 {
        call(&others, Operation::Get).await.unwrap();
    }
    let began = Instant::now();
    let get = |orion: &OrionOS, number: usize| {
        let get = orion
            .agents()
            .get(AGENT)
            .header("x-number", number.to_string());
        tokio::spawn(async move { get.send().await.map(drop) })
    };
    let refused = get(&mine, 0);
    sleep(SECOND).await;
    let later: Vec<_> = (1..4).map(|number| get(&mine, number)).collect();
    refused.await.unwrap().unwrap();
    let waited = began.elapsed();
    assert!(
        waited <= 60 * SECOND + Duration::from_millis(2),
        "{waited:?}"
    );
    for call in later {
        call.await.unwrap().unwrap();
    }
    let order: Vec<_> = mock.requests()[60..]
        .iter()
        .filter(|request| request.status == Some(200))
        .map(|request| request.headers["x-number"].to_str().unwrap().to_owned())
        .collect();
    assert_eq!(order, ["0", "1", "2", "3"]);
}

#[tokio::test(start_paused = true)]
async fn without_pacing_a_refused_call_waits_as_long_as_the_server_says_and_up_to_a_tenth_more() {
    let mock = standard();
    let policy = RetryPolicy::default().max_retry_after(120 * SECOND);
    let orion = virtual_builder(&mock)
        .pacing(Pacing::Off)
        .retry(policy)
        .build()
        .unwrap();
    for _ in 0..60 {
        call(&orion, Operation::Get).await.unwrap();
    }
    let mut waits = Vec::new();
    for _ in 0..5 {
        let calls: Vec<_> = (0..4)
            .map(|_| {
                let agents = orion.agents();
                tokio::spawn(async move {
                    let response = agents.get(AGENT).send_with_meta().await.unwrap();
                    response.meta.waited()
                })
            })
            .collect();
        for call in calls {
            waits.push(call.await.unwrap());
        }
    }
    waits.sort();
    assert!(waits[waits.len() - 1] > 60 * SECOND, "no jitter: {waits:?}");
}

#[tokio::test(start_paused = true)]
async fn before_the_first_response_ten_calls_of_a_client_are_in_flight_whatever_they_are() {
    let agents = (0..30).map(|number| json!({"id": format!("agent_{number:012}"), "name": "A"}));
    let mock = MockServer::builder().agents(agents).in_process().unwrap();
    mock.fault(Fault::latency(5 * SECOND));
    let orion = virtual_builder(&mock).build().unwrap();
    let calls: Vec<_> = (0..30)
        .map(|number| {
            let agents = orion.agents();
            tokio::spawn(async move {
                let id = format!("agent_{number:012}");
                match number % 3 {
                    0 => agents.get(&id).send().await.map(drop),
                    1 => agents.list().send().await.map(drop),
                    _ => agents.send_message(&id, "Hi").send().await.map(drop),
                }
            })
        })
        .collect();
    sleep(SECOND).await;
    assert_eq!(mock.requests().len(), 10);
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_window_of_an_hour_holds_beside_a_minutes() {
    // 5 in a minute and 8 in an hour, as a server that counts both would tell.
    let started = Instant::now();
    let counts = std::sync::Mutex::new((0_u64, 0_u64, 0_u64));
    let orion = over(Answers::new(move |_| {
        let second = started.elapsed().as_secs();
        let mut counts = counts.lock().unwrap();
        if second / 60 != counts.0 {
            (counts.0, counts.1) = (second / 60, 0);
        }
        let hour = second / 3600;
        let (minute_left, hour_left) = (5 - counts.1, 8 - counts.2.saturating_sub(8 * hour));
        let refused = minute_left == 0 || hour_left == 0;
        if !refused {
            counts.1 += 1;
            counts.2 += 1;
        }
        let taken = u64::from(!refused);
        let (limit, left, reset) = match minute_left <= hour_left {
            true => (5, minute_left - taken, (second / 60 + 1) * 60),
            false => (8, hour_left - taken, (hour + 1) * 3600),
        };
        let date = httpdate_of(second);
        let body = match refused {
            true => {
                json!({"success": false, "error": {"code": "RATE_LIMIT_EXCEEDED", "message": ""}})
            }
            false => {
                json!({"success": true, "data": {"id": AGENT, "name": "A", "status": "active"}})
            }
        };
        Ok(Response::builder()
            .status(if refused { 429 } else { 200 })
            .header("date", date)
            .header("x-ratelimit-limit", limit)
            .header("x-ratelimit-remaining", left)
            .header("x-ratelimit-reset", reset)
            .body(http_body_util::Full::new(bytes::Bytes::from(
                body.to_string(),
            )))
            .unwrap())
    }))
    .max_wait(2 * 3600 * SECOND)
    .retry(RetryPolicy::none())
    .build()
    .unwrap();
    for number in 1..=18_u64 {
        let get = orion.agents().get(AGENT).send_with_meta().await;
        get.unwrap_or_else(|error| panic!("call {number}: {error}"));
        let minutes = started.elapsed().as_secs() / 60;
        let expected = match number {
            1..=5 => 0,
            6..=8 => 1,
            9..=13 => 60,
            14..=16 => 61,
            _ => 120,
        };
        assert_eq!(minutes, expected, "call {number}");
    }
}

/// A `Date` header of a clock that began at 1970.
fn httpdate_of(second: u64) -> String {
    let (hours, minutes, seconds) = (second / 3600, second / 60 % 60, second % 60);
    format!("Thu, 01 Jan 1970 {hours:02}:{minutes:02}:{seconds:02} GMT")
}

#[tokio::test(start_paused = true)]
async fn a_servers_clock_that_is_off_does_not_matter() {
    // The server believes that it is 1970; its window ends in 30 seconds.
    let headers: &[(&str, &str)] = &[
        ("date", "Thu, 01 Jan 1970 00:01:00 GMT"),
        ("x-ratelimit-limit", "60"),
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", "90"),
    ];
    let body = json!({"success": true, "data": {"id": AGENT, "name": "A", "status": "active"}});
    let orion = over(answering(200, headers, body.to_string()))
        .build()
        .unwrap();
    orion.agents().get(AGENT).send().await.unwrap();
    let error = orion.agents().get(AGENT).max_wait(SECOND).send().await;
    let wait = error.unwrap_err().retry_after().unwrap();
    assert!((29..=31).contains(&wait.as_secs()), "{wait:?}");
}
