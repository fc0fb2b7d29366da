//! The endpoints: one file a group.

mod agents;
mod messages;

pub(crate) use agents::new_agent;
pub(crate) use agents::{create, delete, get, list, update};
pub(crate) use messages::{InFlight, message};

use http::StatusCode;
use serde_json::json;

use crate::envelope::{Answer, json_answer};

/// `GET /health`: without an envelope (contract, "Basics").
pub(crate) fn health() -> Answer {
    json_answer(StatusCode::OK, &json!({"status": "ok", "version": "1.0.0"}))
}
