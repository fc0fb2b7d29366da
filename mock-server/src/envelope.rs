//! The answers' envelope (contract, "Envelope").

use axum::body::Body;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};

use crate::answers::ErrorObject;

/// An answer before it has its headers.
pub(crate) type Answer = Response<Body>;

pub(crate) fn success(status: StatusCode, data: &impl Serialize) -> Answer {
    #[derive(Serialize)]
    struct Success<'a, T> {
        success: bool,
        data: &'a T,
    }
    json_answer(
        status,
        &Success {
            success: true,
            data,
        },
    )
}

pub(crate) fn json_answer(status: StatusCode, body: &impl Serialize) -> Answer {
    // What the mock answers with is made of maps with string keys: it always serializes.
    let mut bytes = Vec::with_capacity(2048);
    if serde_json::to_writer(&mut bytes, body).is_err() {
        bytes.clear();
    }
    let mut answer = Response::new(Body::from(bytes));
    *answer.status_mut() = status;
    // Content type, the three of the rate limit, date, request id, and what a fault adds.
    answer.headers_mut().reserve(8);
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// A failure: status, code, message and details of the envelope.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) details: Option<Value>,
    /// `Retry-After`, in seconds.
    pub(crate) retry_after: Option<u64>,
}

impl Failure {
    pub(crate) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.into(),
            details: None,
            retry_after: None,
        }
    }

    pub(crate) fn with(mut self, details: Value) -> Self {
        self.details = Some(details);
        self
    }

    /// `INVALID_REQUEST` that names the field.
    pub(crate) fn invalid(
        field: impl Into<String>,
        message: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_REQUEST", message)
            .with(json!({"field": field.into(), "reason": reason.into()}))
    }

    pub(crate) fn agent_not_found(id: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "AGENT_NOT_FOUND",
            format!("Agent with ID '{id}' not found"),
        )
    }

    pub(crate) fn rate_limited(seconds: f64) -> Self {
        let shown = number(seconds);
        let mut failure = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "RATE_LIMIT_EXCEEDED",
            format!("Rate limit exceeded. Try again in {shown} seconds."),
        )
        .with(json!({ "retryAfter": shown }));
        failure.retry_after = Some(seconds.ceil().max(0.0) as u64);
        failure
    }

    /// The envelope's `error` object.
    pub(crate) fn error_object(&self) -> ErrorObject<'_> {
        ErrorObject {
            code: &self.code,
            message: &self.message,
            details: self.details.as_ref(),
        }
    }

    pub(crate) fn into_answer(self) -> Answer {
        #[derive(Serialize)]
        struct Failed<'a> {
            success: bool,
            error: ErrorObject<'a>,
        }
        let body = Failed {
            success: false,
            error: self.error_object(),
        };
        let mut answer = json_answer(self.status, &body);
        if let Some(seconds) = self.retry_after {
            answer
                .headers_mut()
                .insert(http::header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        answer
    }
}

/// A whole number of seconds is written as one.
fn number(seconds: f64) -> Value {
    if seconds.fract() == 0.0 && seconds.abs() < 1e15 {
        json!(seconds as i64)
    } else {
        json!(seconds)
    }
}
