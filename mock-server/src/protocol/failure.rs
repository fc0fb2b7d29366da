//! The API's errors.

use std::ops::{Deref, DerefMut};

use http::header::{ALLOW, HeaderValue, RETRY_AFTER};
use http::{Method, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};

use crate::protocol::data::ErrorObject;
use crate::protocol::envelope::{self, Response};

/// An error of the API. It is on the heap, so that a success does not carry the room for it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure(Box<Content>);

/// The status of an error, and the code, message and details of the envelope.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Content {
    pub(crate) status: StatusCode,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) details: Option<Value>,
    /// The header `Retry-After`, in seconds.
    retry_after: Option<u64>,
    /// The header `Allow`.
    allow: Option<Box<str>>,
}

impl Deref for Failure {
    type Target = Content;

    fn deref(&self) -> &Content {
        &self.0
    }
}

impl DerefMut for Failure {
    fn deref_mut(&mut self) -> &mut Content {
        &mut self.0
    }
}

impl Failure {
    pub(crate) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self(Box::new(Content {
            status,
            code: code.to_owned(),
            message: message.into(),
            details: None,
            retry_after: None,
            allow: None,
        }))
    }

    pub(crate) fn with(mut self, details: Value) -> Self {
        self.details = Some(details);
        self
    }

    /// Returns `INVALID_REQUEST` with the name of the field.
    pub(crate) fn invalid(
        field: impl Into<String>,
        message: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_REQUEST", message)
            .with(json!({"field": field.into(), "reason": reason.into()}))
    }

    pub(crate) fn body_too_large(limit: usize) -> Self {
        let mut failure = Self::invalid(
            "body",
            "The request body is too large",
            format!("Must be at most {limit} bytes"),
        );
        failure.status = StatusCode::PAYLOAD_TOO_LARGE;
        failure
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", message)
    }

    pub(crate) fn model_error() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "MODEL_ERROR",
            "The model provider failed",
        )
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "UNAUTHORIZED",
            "Invalid or missing API key",
        )
    }

    pub(crate) fn read_only_key() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "FORBIDDEN",
            "The API key is read-only",
        )
    }

    pub(crate) fn no_route(method: &Method, path: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
            format!("No route for {method} {path}"),
        )
    }

    pub(crate) fn method_not_allowed(method: &Method, allow: String) -> Self {
        let mut failure = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "INVALID_REQUEST",
            format!("{method} is not allowed here; allowed: {allow}"),
        );
        failure.allow = Some(allow.into());
        failure
    }

    /// There is nothing with this id. `resource` is its kind, such as `Agent`.
    pub(crate) fn no_such(resource: &str, id: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            &format!("{}_NOT_FOUND", resource.to_ascii_uppercase()),
            format!("{resource} with ID '{id}' not found"),
        )
    }

    pub(crate) fn agent_unavailable(status: &str, reason: &str) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "AGENT_UNAVAILABLE",
            "Agent is currently unavailable",
        )
        .with(json!({"status": status, "reason": reason}))
    }

    pub(crate) fn delete_protected(reason: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "DELETE_PROTECTED",
            "Agent is protected from deletion. Disable protection first.",
        )
        .with(json!({"protection": "enabled", "reason": reason}))
    }

    pub(crate) fn insufficient_quota(quota: u64, used: u64) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "INSUFFICIENT_QUOTA",
            "Account quota exceeded",
        )
        .with(json!({"quota": quota, "used": used}))
    }

    pub(crate) fn rate_limited(seconds: f64) -> Self {
        let delay = number(seconds);
        let mut failure = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "RATE_LIMIT_EXCEEDED",
            format!("Rate limit exceeded. Try again in {delay} seconds."),
        )
        .with(json!({ "retryAfter": delay }));
        failure.retry_after = Some(seconds.ceil().max(0.0) as u64);
        failure
    }

    /// Returns the envelope's `error` object.
    pub(crate) fn error_object(&self) -> ErrorObject<'_> {
        ErrorObject {
            code: &self.code,
            message: &self.message,
            details: self.details.as_ref(),
        }
    }

    pub(crate) fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Failed<'a> {
            success: bool,
            error: ErrorObject<'a>,
        }
        let body = Failed {
            success: false,
            error: self.error_object(),
        };
        let mut response = envelope::json(self.status, &body);
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(allow) = &self.allow
            && let Ok(allow) = HeaderValue::from_str(allow)
        {
            headers.insert(ALLOW, allow);
        }
        response
    }
}

/// A whole number of seconds is written without a fraction.
fn number(seconds: f64) -> Value {
    if seconds.fract() == 0.0 && seconds.abs() < 1e15 {
        json!(seconds as i64)
    } else {
        json!(seconds)
    }
}
