//! The errors of the control API.

use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use crate::protocol::envelope::{self, Response};
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

    pub(crate) fn into_response(self) -> Response {
        let body = ErrorBody {
            error: &self.message,
        };
        envelope::json(self.status, &body)
    }
}

impl From<Failure> for ControlError {
    fn from(failure: Failure) -> Self {
        Self::new(failure.status, failure.message.as_str())
    }
}
