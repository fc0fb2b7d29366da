//! Errors as the server sends them, for tests of code that handles them.

use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::classify::{Failure, RetryClass};
use super::context::Context;
use super::details::ApiError;
use super::orion_error::OrionError;
use crate::retry_after::retry_after;
use crate::types::ErrorCode;

impl ApiError {
    /// Returns an error as if the server had sent it, for tests and fakes. `outcome()` and
    /// `retry_after()` follow from it as in a call. `is_retryable()` is true if any call may be retried
    /// after such an error.
    ///
    /// ```
    /// use orionos::{ApiError, OrionError, StatusCode};
    /// use serde_json::json;
    ///
    /// let error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMIT_EXCEEDED", "slow down")
    ///     .with_details(json!({"retryAfter": 2}));
    /// let error = OrionError::from(error);
    /// assert!(error.is_rate_limited() && error.is_retryable());
    /// assert_eq!(error.retry_after().map(|delay| delay.as_secs()), Some(2));
    /// ```
    pub fn new(status: StatusCode, code: impl Into<ErrorCode>, message: impl Into<String>) -> Self {
        let mut context = Context::of(Failure::Stream);
        context.status = Some(status);
        context.attempts = 1;
        Self::from_response(code.into(), message.into(), None, context).classified()
    }

    /// Sets `error.details`.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.context.retry_after = retry_after(Some(&details), &HeaderMap::new());
        self.details = Some(details);
        self.classified()
    }

    /// Sets the request id that the response had.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.context.request_id = Some(id.into());
        self
    }

    fn classified(mut self) -> Self {
        let failure = Failure::Response {
            status: self.status(),
            code: Some(&self.code),
            asks_for_delay: self.context.retry_after.is_some(),
        };
        self.context.reclassify(failure);
        self.context.retryable = self.context.retry == RetryClass::Always;
        self
    }
}

impl From<ApiError> for OrionError {
    fn from(error: ApiError) -> Self {
        Self::Api(Box::new(error))
    }
}
