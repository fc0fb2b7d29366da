//! The health check.

use http::StatusCode;
use serde_json::json;

use crate::api::endpoint::Handled;
use crate::api::exchange::Exchange;
use crate::protocol::envelope;
use crate::protocol::failure::Failure;
use crate::state::account::AccountState;

/// Answers `GET /health`, which has no envelope.
pub(crate) fn health(_: &mut Exchange, _: &mut AccountState) -> Result<Handled, Failure> {
    let body = json!({"status": "ok", "version": "1.0.0"});
    Ok(Handled::Response(envelope::json(StatusCode::OK, &body)))
}
