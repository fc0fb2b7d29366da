//! What each kind of error carries.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

use super::causes::causes;
use super::context::Context;
use super::display::{self, one_line};
use super::timeout_kind::TimeoutKind;
use crate::human;
use crate::types::ErrorCode;

/// An error of another layer.
pub(crate) type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// The server's error: the envelope's `error` object.
#[derive(Debug)]
#[non_exhaustive]
pub struct ApiError {
    pub(super) code: ErrorCode,
    pub(super) message: String,
    pub(super) details: Option<Value>,
    pub(crate) context: Context,
}

impl ApiError {
    pub(super) fn from_response(
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

    /// Returns the HTTP status of the response. It can be a 2xx: the envelope decides.
    pub fn status(&self) -> StatusCode {
        self.context.status.unwrap_or(StatusCode::OK)
    }

    /// Returns `error.code`. A code that this version does not know is kept unchanged. Empty if the
    /// server gave none.
    pub fn code(&self) -> &ErrorCode {
        &self.code
    }

    /// Returns `error.message`, unchanged. Where the server has put its words elsewhere, it is those;
    /// empty if there are none.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns `error.details`, unchanged.
    pub fn details(&self) -> Option<&Value> {
        self.details.as_ref()
    }

    /// Returns `error.details.field`: the parameter that the server rejected.
    pub fn field(&self) -> Option<&str> {
        self.details.as_ref()?.get("field")?.as_str()
    }

    /// Returns `error.details.reason`: why the server rejected the parameter.
    pub fn reason(&self) -> Option<&str> {
        self.details.as_ref()?.get("reason")?.as_str()
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display::prefix(f, &self.context)?;
        match self.code.as_str().trim() {
            "" => {}
            code => write!(f, "{}: ", one_line(code))?,
        }
        f.write_str(&one_line(match self.message.trim() {
            "" => "the server gave no message",
            message => message,
        }))?;
        let given = |text: Option<&'_ str>| {
            text.map(str::trim)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let mut notes = display::Notes::default();
        match (given(self.field()), given(self.reason())) {
            (Some(field), Some(reason)) => notes.add(format!("field {field}: {reason}")),
            (Some(field), None) => notes.add(format!("field {field}")),
            (None, Some(reason)) => notes.add(reason),
            (None, None) => {}
        }
        notes.finish(f, &self.context)
    }
}

impl StdError for ApiError {}

/// A response that is not an envelope.
#[derive(Debug)]
#[non_exhaustive]
pub struct UnexpectedResponse {
    pub(super) what: String,
    pub(super) content_type: Option<String>,
    pub(crate) context: Context,
}

impl UnexpectedResponse {
    pub(super) fn new(
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

    /// Returns the HTTP status of the response.
    pub fn status(&self) -> StatusCode {
        self.context.status.unwrap_or(StatusCode::OK)
    }

    /// Returns the `Content-Type` of the response.
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// Returns the first 2 KiB of the body. Invalid UTF-8 is replaced.
    pub fn body(&self) -> &str {
        self.context.excerpt.as_deref().unwrap_or_default()
    }
}

impl fmt::Display for UnexpectedResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display::prefix(f, &self.context)?;
        f.write_str(&one_line(&self.what))?;
        let mut notes = display::Notes::default();
        if let Some(content_type) = self.content_type.as_deref().map(str::trim)
            && !content_type.is_empty()
        {
            notes.add(format!("content type {content_type}"));
        }
        notes.finish(f, &self.context)
    }
}

impl StdError for UnexpectedResponse {}

/// A successful response whose `data` cannot be decoded as the operation's result.
#[derive(Debug)]
#[non_exhaustive]
pub struct DecodeError {
    pub(super) path: String,
    pub(super) source: BoxError,
    pub(crate) context: Context,
}

impl DecodeError {
    pub(super) fn new(path: String, source: impl Into<BoxError>, context: Context) -> Self {
        Self {
            path,
            source: source.into(),
            context,
        }
    }

    /// Returns the JSON path of what cannot be decoded, such as `data.pagination.totalPages` or
    /// `data.agents[3].id`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the first 2 KiB of the body.
    pub fn body(&self) -> &str {
        self.context.excerpt.as_deref().unwrap_or_default()
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display::prefix(f, &self.context)?;
        write!(
            f,
            "cannot decode the response{}: {}",
            match &*self.path {
                "" | "." => String::new(),
                path => format!(" at {}", one_line(path)),
            },
            one_line(&causes(&*self.source))
        )?;
        display::Notes::default().finish(f, &self.context)
    }
}

impl StdError for DecodeError {}

/// A connection that failed.
#[derive(Debug)]
#[non_exhaustive]
pub struct ConnectionError {
    pub(super) source: BoxError,
    what: &'static str,
    pub(crate) context: Context,
}

impl ConnectionError {
    pub(super) fn new(source: BoxError, what: &'static str, context: Context) -> Self {
        Self {
            source,
            what,
            context,
        }
    }
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display::prefix(f, &self.context)?;
        f.write_str(self.what)?;
        display::proxy(f, &self.context)?;
        write!(f, ": {}", one_line(&causes(&*self.source)))?;
        display::Notes::default().finish(f, &self.context)
    }
}

impl StdError for ConnectionError {}

/// A time limit that was exceeded.
#[derive(Debug)]
#[non_exhaustive]
pub struct TimeoutError {
    what: TimeoutKind,
    limit: Duration,
    pub(crate) context: Context,
}

impl TimeoutError {
    pub(super) fn new(what: TimeoutKind, limit: Duration, context: Context) -> Self {
        Self {
            what,
            limit,
            context,
        }
    }

    /// Returns the length of the limit.
    pub fn limit(&self) -> Duration {
        self.limit
    }
}

impl fmt::Display for TimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display::prefix(f, &self.context)?;
        let limit = human::duration(self.limit);
        match self.what {
            // The limit of a user's own HTTP client is not known.
            TimeoutKind::Connect if self.limit.is_zero() => {
                f.write_str("no connection within the time limit")
            }
            TimeoutKind::Connect => {
                f.write_str("no connection")?;
                display::proxy(f, &self.context)?;
                write!(f, " within {limit} (connect_timeout)")
            }
            TimeoutKind::Attempt => write!(f, "no complete response within {limit} (timeout)"),
            TimeoutKind::Deadline => {
                write!(f, "the call cannot finish within its deadline of {limit}")
            }
            TimeoutKind::StreamIdle => {
                write!(f, "no event within {limit} (stream_idle_timeout)")
            }
            TimeoutKind::StreamRead => {
                write!(f, "no bytes within {limit} (stream_read_timeout)")
            }
        }?;
        display::Notes::default().finish(f, &self.context)
    }
}

/// A stream that failed.
#[derive(Debug)]
#[non_exhaustive]
pub struct StreamError {
    what: &'static str,
    pub(super) source: Option<BoxError>,
    pub(crate) context: Context,
}

impl StreamError {
    pub(super) fn new(what: &'static str, source: Option<BoxError>, context: Context) -> Self {
        Self {
            what,
            source,
            context,
        }
    }

    /// Returns the text that the stream received before it failed.
    pub fn partial_text(&self) -> &str {
        self.context.partial_text.as_deref().unwrap_or_default()
    }
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display::prefix(f, &self.context)?;
        f.write_str(self.what)?;
        if let Some(source) = &self.source {
            write!(f, ": {}", one_line(&causes(&**source)))?;
        }
        display::Notes::default().finish(f, &self.context)
    }
}

impl StdError for StreamError {}

/// An invalid setting, environment variable or file.
#[derive(Debug)]
#[non_exhaustive]
pub struct ConfigError {
    message: String,
    pub(super) source: Option<BoxError>,
}

impl ConfigError {
    pub(super) fn new(message: impl Into<String>, source: Option<BoxError>) -> Self {
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
            write!(f, ": {}", one_line(&causes(&**source)))?;
        }
        Ok(())
    }
}

impl StdError for ConfigError {}

/// A response body or stream event that exceeds the limit.
#[derive(Debug)]
#[non_exhaustive]
pub struct BodyTooLarge {
    limit: usize,
    pub(crate) context: Context,
}

impl BodyTooLarge {
    pub(super) fn new(limit: usize, context: Context) -> Self {
        Self { limit, context }
    }

    /// Returns the limit in bytes.
    pub fn limit(&self) -> usize {
        self.limit
    }
}

impl fmt::Display for BodyTooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display::prefix(f, &self.context)?;
        write!(
            f,
            "the response is larger than {} (max_response_bytes)",
            human::bytes(self.limit)
        )?;
        display::Notes::default().finish(f, &self.context)
    }
}

impl StdError for BodyTooLarge {}
