//! What every error about a call knows.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use super::classify::{Failure, RetryClass, classify};
use super::outcome::Outcome;
use crate::rate_limit::RateLimit;

/// How much of a body an error keeps.
const EXCERPT_BYTES: usize = 2048;

#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) operation: Option<&'static str>,
    pub(crate) attempts: u32,
    /// What pacing and backoff cost the call.
    pub(crate) waited: Duration,
    pub(crate) outcome: Outcome,
    pub(crate) retry: RetryClass,
    /// Whether the call's policy permits a retry after this failure.
    pub(crate) retryable: bool,
    pub(crate) status: Option<StatusCode>,
    pub(crate) request_id: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) rate_limit: Option<RateLimit>,
    /// The first part of the body.
    pub(crate) excerpt: Option<String>,
    /// What a stream had received before it failed.
    pub(crate) partial_text: Option<String>,
    /// Host and port of the proxy, if the client could not connect through it.
    pub(crate) proxy: Option<Arc<str>>,
    /// Why the client gave up.
    pub(crate) note: Option<String>,
}

impl Context {
    /// Returns what is known from the failure alone.
    pub(crate) fn of(failure: Failure<'_>) -> Self {
        let (outcome, retry) = classify(failure);
        Self {
            operation: None,
            attempts: 0,
            waited: Duration::ZERO,
            outcome,
            retry,
            retryable: false,
            status: None,
            request_id: None,
            retry_after: None,
            rate_limit: None,
            excerpt: None,
            partial_text: None,
            proxy: None,
            note: None,
        }
    }

    /// Keeps the first part of the body, or of the event, that says what failed.
    pub(crate) fn excerpt_of(mut self, body: &[u8]) -> Self {
        let excerpt = &body[..body.len().min(EXCERPT_BYTES)];
        self.excerpt = Some(String::from_utf8_lossy(excerpt).into_owned());
        self
    }

    /// For a failure that means something else where it happened.
    pub(crate) fn reclassify(&mut self, failure: Failure<'_>) {
        (self.outcome, self.retry) = classify(failure);
    }
}
