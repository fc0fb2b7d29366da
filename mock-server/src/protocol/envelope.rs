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
    success_with(status, length, |bytes| serde_json::to_writer(bytes, data))
}

/// Returns a success whose `data` is what `write` writes.
pub(crate) fn success_with(
    status: StatusCode,
    length: usize,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), serde_json::Error>,
) -> Response {
    json_with(status, length, |bytes| {
        bytes.extend_from_slice(b"{\"success\":true,\"data\":");
        write(bytes)?;
        bytes.push(b'}');
        Ok(())
    })
}

/// Returns a JSON response without an envelope.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    json_with(status, 0, |bytes| serde_json::to_writer(bytes, body))
}

fn json_with(
    status: StatusCode,
    length: usize,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), serde_json::Error>,
) -> Response {
    // The mock serializes only what is plain, or maps with string keys, so this cannot fail.
    let mut bytes = Vec::with_capacity(USUAL_BYTES + length);
    if write(&mut bytes).is_err() {
        bytes.clear();
    }
    respond(status, bytes)
}

/// Apart from what is compiled again for each type of a body.
fn respond(status: StatusCode, mut bytes: Vec<u8>) -> Response {
    // The journal may keep the buffer for long.
    if bytes.capacity() > bytes.len() + USUAL_BYTES {
        bytes.shrink_to_fit();
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
