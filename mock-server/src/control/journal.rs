//! The journal.

use std::time::Duration;

use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::control::endpoint::{Outcome, Waiting};
use crate::control::error::ControlError;
use crate::control::output::ok;
use crate::control::request::{ControlRequest, parse};
use crate::journal::pattern::RequestPattern;
use crate::journal::recorded_request::JournalEntry;
use crate::journal::verify::{self, ExpectedCount, Mismatch, Nearest};
use crate::protocol::envelope;

/// Requests of the journal.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Requests {
    /// The oldest first.
    #[schemars(with = "Vec<JournalEntry<'static>>")]
    requests: Vec<Value>,
    /// The number of older entries that were dropped.
    evicted: u64,
}

/// Returns the requests that match a filter, with `exact` in addition their exact bodies as text.
pub(crate) fn show(request: &ControlRequest) -> Outcome {
    let account = request.account()?;
    let query = request.query()?;
    let mut pattern =
        (query.value("operation")?).map_or_else(RequestPattern::any, RequestPattern::of);
    if let Some(agent) = query.text("agentId") {
        pattern = pattern.agent(agent);
    }
    if let Some(status) = query.value("status")? {
        pattern = pattern.status(status);
    }
    if let Some(fault) = query.text("fault") {
        pattern = pattern.fault(fault);
    }
    let after: u64 = query.value("after")?.unwrap_or(0);
    let is_exact = query.value("exact")?.unwrap_or(false);
    let (requests, evicted) = {
        let account = account.lock();
        (account.journal.requests(), account.journal.evicted())
    };
    let requests = requests
        .iter()
        .filter(|request| request.sequence > after && pattern.matches(request))
        .map(|request| match is_exact {
            true => request.to_exact_json(),
            false => request.to_json(),
        })
        .collect();
    ok(&Requests { requests, evicted })
}

/// The requests that contain the text.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Found {
    /// Their sequence numbers.
    sequences: Vec<u64>,
}

/// Finds the requests whose path, headers, fault or bodies contain a text, in any case.
pub(crate) fn search(request: &ControlRequest) -> Outcome {
    let account = request.account()?;
    let query = request.query()?;
    let text = query.text("text").unwrap_or_default();
    let after: u64 = query.value("after")?.unwrap_or(0);
    let requests = account.lock().journal.requests();
    let sequences = (requests.iter())
        .filter(|request| request.sequence > after && request.contains(text))
        .map(|request| request.sequence)
        .collect();
    ok(&Found { sequences })
}

/// Returns one request with its exact bodies.
pub(crate) fn show_one(request: &ControlRequest) -> Outcome {
    let account = request.account()?;
    let sequence = parse("sequence", &request.parameter)?;
    let state = account.lock();
    let entry = state.journal.entry(sequence);
    let request = entry.map(|entry| entry.to_request(sequence));
    drop(state);
    match request {
        Some(request) => ok(&request.to_exact_json()),
        None => Err(ControlError::new(
            StatusCode::NOT_FOUND,
            format!("the journal has no request {sequence}"),
        )),
    }
}

pub(crate) fn clear(request: &ControlRequest) -> Outcome {
    request.account()?.lock().journal.clear();
    ok(&Requests {
        requests: Vec::new(),
        evicted: 0,
    })
}

/// What must have arrived. Without a count, at least one request must match.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Expectation {
    /// The requests to count.
    #[serde(default)]
    request: RequestPattern,
    /// The exact number of requests.
    count: Option<u64>,
    /// The smallest allowed number.
    at_least: Option<u64>,
    /// The largest allowed number.
    at_most: Option<u64>,
}

/// The result of a successful check.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Verified {
    /// The number of matching requests.
    count: u64,
}

/// The result of a failed check.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Mismatched<'a> {
    /// What was expected, and what arrived.
    error: &'a str,
    /// What arrived, nearest match first.
    nearest: &'a [Nearest],
}

fn mismatched(status: StatusCode, mismatch: &Mismatch) -> Outcome {
    let body = Mismatched {
        error: &mismatch.message,
        nearest: &mismatch.nearest,
    };
    Ok(envelope::json(status, &body))
}

/// Returns 200 with the count, or 409 with what arrived instead.
pub(crate) fn verify(request: &ControlRequest) -> Outcome {
    let account = request.account()?;
    let expected: Expectation = request.json()?;
    let count = match (expected.count, expected.at_least, expected.at_most) {
        (Some(count), None, None) => ExpectedCount::exactly(count),
        (Some(_), _, _) => {
            return Err(ControlError::bad(
                "count cannot be combined with atLeast or atMost",
            ));
        }
        (None, least, most) => ExpectedCount {
            at_least: least.unwrap_or(if most.is_some() { 0 } else { 1 }),
            at_most: most.unwrap_or(u64::MAX),
        },
    };
    let (requests, evicted) = {
        let account = account.lock();
        (account.journal.requests(), account.journal.evicted())
    };
    match verify::check(&requests, evicted, &expected.request, count) {
        Ok(count) => ok(&Verified { count }),
        Err(mismatch) => mismatched(StatusCode::CONFLICT, &mismatch),
    }
}

/// The requests to wait for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Wait {
    /// The requests to count, including those in the journal.
    #[serde(default)]
    request: RequestPattern,
    /// How many requests must have arrived. Defaults to 1.
    #[serde(default = "one")]
    count: u64,
    /// How long to wait at most, in milliseconds of real time. Defaults to 5,000.
    #[serde(default = "five_seconds")]
    #[schemars(range(max = MAX_WAIT_MS))]
    timeout_ms: u64,
}

/// The longest wait in milliseconds. Proxies close connections that are idle for longer.
const MAX_WAIT_MS: u64 = 60_000;

fn one() -> u64 {
    1
}

fn five_seconds() -> u64 {
    5_000
}

/// Returns 200 with the count, or 408 with what arrived until then.
pub(crate) fn wait(request: ControlRequest) -> Waiting {
    Box::pin(wait_until_arrived(request))
}

async fn wait_until_arrived(request: ControlRequest) -> Outcome {
    let account = request.account()?;
    let wait: Wait = request.json()?;
    if wait.timeout_ms > MAX_WAIT_MS {
        return Err(ControlError::bad(format!(
            "timeoutMs must be at most {MAX_WAIT_MS}"
        )));
    }
    let arrived = account.wait_for(&wait.request, wait.count);
    let timeout = Duration::from_millis(wait.timeout_ms);
    if let Ok(count) = tokio::time::timeout(timeout, arrived).await {
        return ok(&Verified { count });
    }
    let (requests, evicted) = {
        let account = account.lock();
        (account.journal.requests(), account.journal.evicted())
    };
    let expected = ExpectedCount {
        at_least: wait.count,
        at_most: u64::MAX,
    };
    match verify::check(&requests, evicted, &wait.request, expected) {
        Ok(count) => ok(&Verified { count }),
        Err(mismatch) => mismatched(StatusCode::REQUEST_TIMEOUT, &mismatch),
    }
}
