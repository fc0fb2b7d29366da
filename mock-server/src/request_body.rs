//! A request's body: how much of it is read, and what it must be.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode, request};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};

use crate::clock::RunningClock;
use crate::envelope::Failure;
use crate::shape;

/// Larger bodies are refused (413).
const BODY_LIMIT: usize = 1 << 20;

/// Reads it whole; with a pause, so many milliseconds before each piece.
pub(crate) async fn read(
    body: Body,
    pause: Option<u64>,
    clock: &RunningClock,
) -> Result<Bytes, Failure> {
    let mut body = Limited::new(body, BODY_LIMIT);
    if pause.is_none()
        && let Some(frame) = body.frame().await
    {
        // Most bodies are one piece: no copy then.
        let first = frame
            .map_err(|error| body_failure(&*error))?
            .into_data()
            .unwrap_or_default();
        match body.frame().await {
            None => return Ok(first),
            Some(frame) => {
                let mut whole = BytesMut::from(first);
                whole.extend_from_slice(&data(frame)?);
                return collect(body, whole).await;
            }
        }
    }
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        whole.extend_from_slice(&data(frame)?);
        clock.sleep(Duration::from_millis(pause.unwrap_or(0))).await;
    }
    Ok(whole.freeze())
}

/// Whether the content type says JSON, whatever its parameters.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| value.trim().eq_ignore_ascii_case("application/json"))
}

/// A body's JSON object, or what is wrong with it.
pub(crate) fn object(
    parts: &request::Parts,
    body: Result<Bytes, Failure>,
) -> Result<Map<String, Value>, Failure> {
    let body = body?;
    if !is_json(&parts.headers) {
        return Err(Failure::invalid(
            "Content-Type",
            "The request's content type is not JSON",
            "Must be application/json",
        ));
    }
    match serde_json::from_slice(&body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => Err(Failure::invalid(
            "body",
            "The request body is not a JSON object",
            format!("Must be an object, got {}", shape::kind(&other)),
        )),
        Err(error) => Err(Failure::invalid(
            "body",
            "The request body is not valid JSON",
            error.to_string(),
        )),
    }
}

pub(crate) fn asks_for_stream(body: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Probe {
        #[serde(default)]
        stream: bool,
    }
    // The word must be there at all before the body is worth reading twice.
    memchr::memmem::find(body, b"\"stream\"").is_some()
        && serde_json::from_slice::<Probe>(body).is_ok_and(|probe| probe.stream)
}

type BodyError = Box<dyn std::error::Error + Send + Sync>;

fn data(frame: Result<http_body::Frame<Bytes>, BodyError>) -> Result<Bytes, Failure> {
    frame
        .map(|frame| frame.into_data().unwrap_or_default())
        .map_err(|error| body_failure(&*error))
}

async fn collect(mut body: Limited<Body>, mut whole: BytesMut) -> Result<Bytes, Failure> {
    while let Some(frame) = body.frame().await {
        whole.extend_from_slice(&data(frame)?);
    }
    Ok(whole.freeze())
}

fn body_failure(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Failure {
    if error.is::<LengthLimitError>() {
        return Failure {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            ..Failure::invalid(
                "body",
                "The request body is too large",
                format!("Must be at most {BODY_LIMIT} bytes"),
            )
        };
    }
    Failure::invalid("body", "The request body cannot be read", error.to_string())
}
