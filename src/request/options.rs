//! What a single call may set for itself.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::error::OrionError;
use crate::retry::RetryPolicy;

/// Overrides of the client's settings, for one call.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallOptions {
    pub(crate) timeout: Option<Duration>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) headers: HeaderMap,
    /// The first header that cannot be sent; reported when the call is made.
    bad_header: Option<String>,
}

impl CallOptions {
    pub(crate) fn header(&mut self, name: &str, value: &str) {
        match parse_header(name, value) {
            Ok((name, value)) => {
                self.headers.append(name, value);
            }
            Err(reason) => {
                self.bad_header.get_or_insert(reason);
            }
        }
    }

    pub(crate) fn check(&self) -> Result<(), OrionError> {
        match &self.bad_header {
            Some(reason) => Err(OrionError::invalid("header", reason.clone())),
            None => Ok(()),
        }
    }
}

/// A header of the user's. The value is never repeated in the error: it may be a secret.
pub(crate) fn parse_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let parsed = HeaderName::try_from(name)
        .map_err(|_| format!("{name:?} is not a header name (RFC 9110 §5.1)"))?;
    if parsed == http::header::AUTHORIZATION {
        return Err("\"authorization\" is set from the API key; use api_key()".to_owned());
    }
    let mut value = HeaderValue::try_from(value)
        .map_err(|_| format!("the value of {name:?} has a character that a header cannot carry"))?;
    value.set_sensitive(true);
    Ok((parsed, value))
}

/// The setters that every builder has; with `part_of_others`, also the crate's own one for a builder
/// that larger operations are made of.
macro_rules! call_options {
    ($builder:ty, part_of_others) => {
        $crate::request::call_options!($builder);

        impl $builder {
            /// With the options of the operation that it is a part of.
            pub(super) fn with_options(mut self, options: CallOptions) -> Self {
                self.options = options;
                self
            }
        }
    };
    ($builder:ty) => {
        impl $builder {
            /// The longest time of one attempt of this call, instead of the client's.
            #[must_use = "a builder does nothing until .send().await"]
            pub fn timeout(mut self, limit: std::time::Duration) -> Self {
                self.options.timeout = Some(limit);
                self
            }

            /// The longest time of this whole call: attempts, waits and pacing.
            #[must_use = "a builder does nothing until .send().await"]
            pub fn deadline(mut self, limit: std::time::Duration) -> Self {
                self.options.deadline = Some(limit);
                self
            }

            /// The retry policy of this call, instead of the client's.
            #[must_use = "a builder does nothing until .send().await"]
            pub fn retry(mut self, policy: $crate::RetryPolicy) -> Self {
                self.options.retry = Some(policy);
                self
            }

            /// A header of this call. One that cannot be sent is an error of the call.
            #[must_use = "a builder does nothing until .send().await"]
            pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
                self.options.header(name.as_ref(), value.as_ref());
                self
            }
        }
    };
}
pub(crate) use call_options;
