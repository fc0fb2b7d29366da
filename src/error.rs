//! The one public error type, and what a failure means.
//!
//! A response is never lost: its status, request id, retry-after delay and the first part of its body
//! are available from accessors. `Display` prints one line with the operation, the status and the
//! server's message, so nothing else appears in logs by accident.
//!
//! That line also says what the errors of other layers say. So `source()` is always empty, and a
//! report that prints the chain (`{:#}` of anyhow) says nothing twice. The error of the other layer
//! is available as [`OrionError::underlying_error`].

mod causes;
mod classify;
mod constructors;
mod context;
mod details;
mod display;
mod error_type;
mod fakes;
mod of_service;
mod orion_error;
mod outcome;
mod rate_limited;
mod redact;
mod timeout_kind;
mod tls_words;

pub use details::{
    ApiError, BodyTooLarge, ConfigError, ConnectionError, DecodeError, StreamError, TimeoutError,
    UnexpectedResponse,
};
pub use orion_error::OrionError;
pub use outcome::Outcome;
pub use rate_limited::RateLimitedError;
pub use timeout_kind::TimeoutKind;

pub(crate) use classify::{Failure, RetryClass};
pub(crate) use context::Context;
pub(crate) use details::BoxError;
pub(crate) use redact::REDACTED;
