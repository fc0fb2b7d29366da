//! JSON responses, in and out of the API's envelope.

use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde::Serialize;

use crate::protocol::payload::Payload;

/// A response of the mock.
pub(crate) type Response = http::Response<Payload>;

/// Returns `data` in the envelope of a success.
pub(crate) fn success(status: StatusCode, data: &impl Serialize) -> Response {
    #[derive(Serialize)]
    struct Success<'a, T> {
        success: bool,
        data: &'a T,
    }
    json(
        status,
        &Success {
            success: true,
            data,
        },
    )
}

/// Returns a JSON response without an envelope.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    // The mock serializes only maps with string keys, so this cannot fail.
    let mut bytes = Vec::with_capacity(2048);
    if serde_json::to_writer(&mut bytes, body).is_err() {
        bytes.clear();
    }
    let mut response = Response::new(Payload::Bytes(bytes.into()));
    *response.status_mut() = status;
    // Content type, three rate-limit headers, date, request id, and what a fault adds.
    response.headers_mut().reserve(8);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
