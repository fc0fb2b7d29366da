//! The responses of the control API.

use http::StatusCode;
use serde::Serialize;

use crate::control::endpoint::Outcome;
use crate::protocol::envelope;

/// Returns JSON with status 200.
pub(crate) fn ok(body: &impl Serialize) -> Outcome {
    Ok(envelope::json(StatusCode::OK, body))
}
