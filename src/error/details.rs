//! What each kind of error carries.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

use super::{BoxError, Outcome, TimeoutKind, display};
use crate::types::ErrorCode;

/// Which calls the retry table sends again after a failure (design §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryClass {
    /// The server did not act: any call.
    Any,
    /// The server may have acted: only calls that may be repeated.
    Idempotent,
    /// Sending again cannot help.
    Never,
}

/// What every error about a call knows.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) operation: Option<&'static str>,
    pub(crate) attempts: u32,
    pub(crate) outcome: Outcome,
    pub(crate) class: RetryClass,
    pub(crate) retryable: bool,
    pub(crate) status: Option<StatusCode>,
    pub(crate) request_id: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) excerpt: Option<String>,
    pub(crate) partial_text: Option<String>,
    pub(crate) note: Option<String>,
}

impl Default for Context {
    fn default() -> Self {
        Self {
            operation: None,
            attempts: 0,
            outcome: Outcome::Unknown,
            class: RetryClass::Never,
            retryable: false,
            status: None,
            request_id: None,
            retry_after: None,
            excerpt: None,
            partial_text: None,
            note: None,
        }
    }
}

/// The server's own error: the envelope's `error` object.
#[derive(Debug)]
#[non_exhaustive]
pub struct ApiError {
    pub(super) code: ErrorCode,
    pub(super) message: String,
    pub(super) details: Option<Value>,
    pub(crate) context: Context,
}

impl ApiError {
    pub(crate) fn new(
        code: ErrorCode,
        message: String,
        details: Option<Value>,
        context: Context,
    ) -> Self {
        Self {
            code,
            message,
            details,
            context,
        }
    }

    /// The HTTP status of the answer. It can be a 2xx: the envelope decides.
    pub fn status(&self) -> StatusCode {
        self.context.status.unwrap_or(StatusCode::OK)
    }

    /// `error.code`; a code that this version does not know is kept as it came.
    pub fn code(&self) -> &ErrorCode {
        &self.code
    }

    /// `error.message`, as it came.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// `error.details`, as it came.
    pub fn details(&self) -> Option<&Value> {
        self.details.as_ref()
    }

    /// `error.details.field`: the parameter that the server refused.
    pub fn field(&self) -> Option<&str> {
        self.details.as_ref()?.get("field")?.as_str()
    }

    /// `error.details.reason`: why the server refused.
    pub fn reason(&self) -> Option<&str> {
        self.details.as_ref()?.get("reason")?.as_str()
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display::head(f, &self.context)?;
        write!(
            f,
            "{}: {}",
            one_line(self.code.as_str()),
            one_line(&self.message)
        )?;
        let mut notes = display::Notes::default();
        match (self.field(), self.reason()) {
            (Some(field), Some(reason)) => notes.add(format!("field {field}: {reason}")),
            (Some(field), None) => notes.add(format!("field {field}")),
            (None, Some(reason)) => notes.add(reason.to_owned()),
            (None, None) => {}
        }
        notes.finish(f, &self.context)
    }
}

impl std::error::Error for ApiError {}

/// An answer without an envelope.
#[derive(Debug)]
#[non_exhaustive]
pub struct UnexpectedResponse {
    what: String,
    pub(super) content_type: Option<String>,
    pub(crate) context: Context,
}

impl UnexpectedResponse {
    pub(crate) fn new(
        what: impl Into<String>,
        content_type: Option<String>,
        context: Context,
    ) -> Self {
        Self {
            what: what.into(),
            content_type,
            context,
        }
    }

    /// The HTTP status of the answer.
    pub fn status(&self) -> StatusCode {
        self.context.status.unwrap_or(StatusCode::OK)
    }

    /// The answer's `Content-Type`.
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// The first 2 KiB of the body; bytes that are no UTF-8 are replaced.
    pub fn body(&self) -> &str {
        self.context.excerpt.as_deref().unwrap_or_default()
    }
}

impl fmt::Display for UnexpectedResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display::head(f, &self.context)?;
        f.write_str(&one_line(&self.what))?;
        let mut notes = display::Notes::default();
        if let Some(content_type) = &self.content_type {
            notes.add(format!("content type {content_type}"));
        }
        notes.finish(f, &self.context)
    }
}

impl std::error::Error for UnexpectedResponse {}

/// A success whose `data` has another shape than the operation's result.
#[derive(Debug)]
#[non_exhaustive]
pub struct DecodeError {
    pub(super) path: String,
    pub(super) source: BoxError,
    pub(crate) context: Context,
}

impl DecodeError {
    pub(crate) fn new(path: String, source: impl Into<BoxError>, context: Context) -> Self {
        Self {
            path,
            source: source.into(),
            context,
        }
    }

    /// Where in the body the mismatch is: `data.pagination.totalPages`, `data.agents[3].id`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The first 2 KiB of the body.
    pub fn body(&self) -> &str {
        self.context.excerpt.as_deref().unwrap_or_default()
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display::head(f, &self.context)?;
        write!(
            f,
            "the answer does not have the expected shape at {}: {}",
            one_line(&self.path),
            one_line(&self.source.to_string())
        )?;
        display::Notes::default().finish(f, &self.context)
    }
}

impl std::error::Error for DecodeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}

/// An exchange that broke below HTTP.
#[derive(Debug)]
#[non_exhaustive]
pub struct ConnectionError {
    source: BoxError,
    sent: bool,
    pub(crate) context: Context,
}

impl ConnectionError {
    pub(crate) fn new(source: BoxError, sent: bool) -> Self {
        let (outcome, class) = if sent {
            (Outcome::Unknown, RetryClass::Idempotent)
        } else {
            (Outcome::NotSent, RetryClass::Any)
        };
        Self {
            source,
            sent,
            context: Context {
                outcome,
                class,
                ..Context::default()
            },
        }
    }
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display::head(f, &self.context)?;
        f.write_str(if self.sent {
            "the connection broke before the answer was complete"
        } else {
            "could not reach the server"
        })?;
        // The innermost cause is the one that a person can act on ("connection refused").
        let mut cause: &(dyn std::error::Error + 'static) = &*self.source;
        while let Some(next) = cause.source() {
            cause = next;
        }
        write!(f, ": {}", one_line(&cause.to_string()))?;
        display::Notes::default().finish(f, &self.context)
    }
}

impl std::error::Error for ConnectionError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}

/// A time limit that passed.
#[derive(Debug)]
#[non_exhaustive]
pub struct TimeoutError {
    what: TimeoutKind,
    limit: Duration,
    pub(crate) context: Context,
}

impl TimeoutError {
    pub(crate) fn new(what: TimeoutKind, limit: Duration, outcome: Outcome) -> Self {
        let class = match what {
            TimeoutKind::Connect => RetryClass::Any,
            TimeoutKind::Attempt => RetryClass::Idempotent,
            _ => RetryClass::Never,
        };
        Self {
            what,
            limit,
            context: Context {
                outcome,
                class,
                ..Context::default()
            },
        }
    }

    /// The limit that passed.
    pub fn limit(&self) -> Duration {
        self.limit
    }
}

impl fmt::Display for TimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display::head(f, &self.context)?;
        let limit = self.limit;
        match self.what {
            // A client of the user's own keeps its limit to itself.
            TimeoutKind::Connect if limit.is_zero() => f.write_str("no connection in time"),
            TimeoutKind::Connect => write!(f, "no connection within {limit:?} (connect_timeout)"),
            TimeoutKind::Attempt => write!(f, "no complete answer within {limit:?} (timeout)"),
            TimeoutKind::Deadline => write!(f, "the deadline of {limit:?} leaves no time"),
            TimeoutKind::StreamIdle => {
                write!(f, "no event for {limit:?} (stream_idle_timeout)")
            }
            TimeoutKind::StreamRead => {
                write!(f, "not a byte for {limit:?} (stream_read_timeout)")
            }
        }?;
        display::Notes::default().finish(f, &self.context)
    }
}

/// A stream that broke.
#[derive(Debug)]
#[non_exhaustive]
pub struct StreamError {
    what: Cow<'static, str>,
    pub(super) source: Option<BoxError>,
    pub(crate) context: Context,
}

impl StreamError {
    pub(crate) fn new(
        what: impl Into<Cow<'static, str>>,
        source: Option<BoxError>,
        context: Context,
    ) -> Self {
        Self {
            what: what.into(),
            source,
            context,
        }
    }

    /// The text that arrived before the stream broke.
    pub fn partial_text(&self) -> &str {
        self.context.partial_text.as_deref().unwrap_or_default()
    }
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display::head(f, &self.context)?;
        f.write_str(&self.what)?;
        if let Some(source) = &self.source {
            write!(f, ": {}", one_line(&source.to_string()))?;
        }
        display::Notes::default().finish(f, &self.context)
    }
}

impl std::error::Error for StreamError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// A setting, an environment variable or a file that the client cannot use.
#[derive(Debug)]
#[non_exhaustive]
pub struct ConfigError {
    message: String,
    source: Option<BoxError>,
}

impl ConfigError {
    pub(crate) fn new(message: impl Into<String>, source: Option<BoxError>) -> Self {
        Self {
            message: message.into(),
            source,
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&one_line(&self.message))?;
        if let Some(source) = &self.source {
            write!(f, ": {}", one_line(&source.to_string()))?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// A body or an event beyond the limit.
#[derive(Debug)]
#[non_exhaustive]
pub struct BodyTooLarge {
    limit: usize,
    pub(crate) context: Context,
}

impl BodyTooLarge {
    pub(crate) fn new(limit: usize, context: Context) -> Self {
        Self { limit, context }
    }

    /// The limit in bytes.
    pub fn limit(&self) -> usize {
        self.limit
    }
}

impl fmt::Display for BodyTooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display::head(f, &self.context)?;
        write!(
            f,
            "the answer is larger than {} bytes (max_response_bytes)",
            self.limit
        )?;
        display::Notes::default().finish(f, &self.context)
    }
}

impl std::error::Error for BodyTooLarge {}

/// The server's words, made safe for one log line: no control characters, at most 500 characters.
pub(super) fn one_line(text: &str) -> Cow<'_, str> {
    const LONGEST: usize = 500;
    if text.len() <= LONGEST && !text.chars().any(char::is_control) {
        return Cow::Borrowed(text);
    }
    let mut line: String = text
        .chars()
        .take(LONGEST)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().nth(LONGEST).is_some() {
        line.push('…');
    }
    Cow::Owned(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_no_control_characters_and_an_end() {
        assert_eq!(one_line("plain"), "plain");
        assert_eq!(one_line("two\nlines\u{1b}[31m"), "two lines [31m");
        let long = "x".repeat(501);
        assert_eq!(one_line(&long).chars().count(), 501);
        assert!(one_line(&long).ends_with('…'));
    }
}
