//! The body of a request: how much of it is read, and what it must be.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::request;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::protocol::failure::Failure;
use crate::protocol::headers::is_json;
use crate::protocol::json_object::JsonObject;
use crate::state::clock::RunningClock;

/// Larger bodies are rejected with 413.
const BODY_LIMIT: usize = 1 << 20;

/// Reads a complete body, with a pause in milliseconds before each part.
pub(crate) async fn read(
    body: Body,
    pause: Option<u64>,
    clock: &RunningClock,
) -> Result<Bytes, Failure> {
    let mut body = Limited::new(body, BODY_LIMIT);
    if pause.is_none()
        && let Some(frame) = body.frame().await
    {
        // Most bodies arrive in one part, which does not have to be copied.
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

/// Returns the JSON object of a body.
pub(crate) fn parse(head: &request::Parts, body: &[u8]) -> Result<JsonObject, Failure> {
    if !is_json(&head.headers) {
        return Err(Failure::invalid(
            "Content-Type",
            "The request's content type is not JSON",
            "Must be application/json",
        ));
    }
    JsonObject::parse(body)
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
        return Failure::body_too_large(BODY_LIMIT);
    }
    Failure::invalid("body", "The request body cannot be read", error.to_string())
}
