//! JSON responses, in and out of the API's envelope.

use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde::Serialize;

use crate::protocol::payload::Payload;

/// A response of the mock.
pub(crate) type Response = http::Response<Payload>;

/// The approximate size of a response in bytes, without its texts.
const USUAL_BYTES: usize = 384;

/// Returns `data` in the envelope of a success. `length` is about how long the texts in it are.
pub(crate) fn success(status: StatusCode, length: usize, data: &impl Serialize) -> Response {
    #[derive(Serialize)]
    struct Success<'a, T> {
        success: bool,
        data: &'a T,
    }
    let body = Success {
        success: true,
        data,
    };
    sized_json(status, USUAL_BYTES + length, &body)
}

/// Returns a JSON response without an envelope.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    sized_json(status, USUAL_BYTES, body)
}

fn sized_json(status: StatusCode, length: usize, body: &impl Serialize) -> Response {
    // The mock serializes only maps with string keys, so this cannot fail.
    let mut bytes = Vec::with_capacity(length);
    if serde_json::to_writer(&mut bytes, body).is_err() {
        bytes.clear();
    }
    let mut response = Response::new(Payload::Bytes(bytes.into()));
    *response.status_mut() = status;
    // Content type, three rate-limit headers, date and request id.
    response.headers_mut().reserve(6);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
