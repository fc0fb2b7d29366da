//! The errors of the control API.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use crate::control::output;
use crate::protocol::failure::Failure;

/// An error of the control API.
#[derive(Debug)]
pub(crate) struct ControlError {
    status: StatusCode,
    message: String,
}

/// The body of an error.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ErrorBody<'a> {
    /// What was wrong, where, and what to do.
    error: &'a str,
}

impl ControlError {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }

    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }
}

impl From<Failure> for ControlError {
    fn from(failure: Failure) -> Self {
        Self::new(failure.status, failure.message)
    }
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        output::json(
            self.status,
            &ErrorBody {
                error: &self.message,
            },
        )
    }
}
