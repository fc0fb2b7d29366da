//! The responses of the control API.

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;

use crate::protocol::envelope;

/// Returns JSON with this status.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    envelope::json(status, body).map(Body::from)
}

/// Returns JSON with status 200.
pub(crate) fn ok(body: &impl Serialize) -> Response {
    json(StatusCode::OK, body)
}
