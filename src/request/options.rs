//! What a call may set for itself, instead of the client's settings.
//!
//! A new option is a field of [`Overrides`], a getter of [`CallOptions`] and a setter in
//! [`call_options!`].

use std::time::Duration;

use http::HeaderMap;

use super::headers::UserHeaders;
use crate::error::OrionError;
use crate::retry::RetryPolicy;

/// The options of one call. Most calls have none. Then this is a null pointer, which makes a builder
/// cheap to move.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallOptions(Option<Box<Overrides>>);

#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides {
    pub(crate) timeout: Option<Duration>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) max_wait: Option<Duration>,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) headers: UserHeaders,
}

impl CallOptions {
    pub(crate) fn overrides(&mut self) -> &mut Overrides {
        self.0.get_or_insert_default()
    }

    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.0.as_ref()?.timeout
    }

    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.0.as_ref()?.deadline
    }

    pub(crate) fn max_wait(&self) -> Option<Duration> {
        self.0.as_ref()?.max_wait
    }

    pub(crate) fn retry(&self) -> Option<&RetryPolicy> {
        self.0.as_ref()?.retry.as_ref()
    }

    /// Returns the call's own headers, unless one of them is invalid.
    pub(crate) fn headers(&self) -> Result<Option<&HeaderMap>, OrionError> {
        self.0
            .as_ref()
            .map(|overrides| overrides.headers.checked())
            .transpose()
    }
}

/// The setters that every builder has. `part_of_others` adds a crate-private one to a builder that
/// larger operations use.
macro_rules! call_options {
    ($builder:ty, part_of_others) => {
        $crate::request::call_options!($builder);

        impl $builder {
            /// Uses the options of the operation that this call is a part of.
            pub(super) fn with_options(mut self, options: CallOptions) -> Self {
                self.options = options;
                self
            }
        }
    };
    ($builder:ty) => {
        impl $builder {
            /// Sets the time limit of one attempt of this call. Defaults to the client's.
            #[must_use = "a builder does nothing until .send().await"]
            pub fn timeout(mut self, limit: std::time::Duration) -> Self {
                self.options.overrides().timeout = Some(limit);
                self
            }

            /// Sets the time limit of this entire call, including attempts, waits and pacing. Defaults
            /// to the client's.
            #[must_use = "a builder does nothing until .send().await"]
            pub fn deadline(mut self, limit: std::time::Duration) -> Self {
                self.options.overrides().deadline = Some(limit);
                self
            }

            /// Sets the longest wait for a rate limit, or for a place among the messages in flight,
            /// before an attempt of this call. If it is not enough, the call fails immediately with
            /// [`OrionError::RateLimited`](crate::OrionError::RateLimited). Defaults to the client's.
            #[must_use = "a builder does nothing until .send().await"]
            pub fn max_wait(mut self, limit: std::time::Duration) -> Self {
                self.options.overrides().max_wait = Some(limit);
                self
            }

            /// Sets the retry policy of this call. Defaults to the client's.
            #[must_use = "a builder does nothing until .send().await"]
            pub fn retry(mut self, policy: $crate::RetryPolicy) -> Self {
                self.options.overrides().retry = Some(policy);
                self
            }

            /// Adds a header to this call, replacing the client's header of that name. The call fails
            /// if the header is invalid.
            #[must_use = "a builder does nothing until .send().await"]
            pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
                self.options
                    .overrides()
                    .headers
                    .add(name.as_ref(), value.as_ref());
                self
            }
        }
    };
}
pub(crate) use call_options;
