//! What a single call may set for itself.

use std::time::Duration;

use super::UserHeaders;
use crate::retry::RetryPolicy;

/// Overrides of the client's settings, for one call. Most calls have none, and then it is one word:
/// a call is moved often before it is sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallOptions(Option<Box<Overrides>>);

#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides {
    pub(crate) timeout: Option<Duration>,
    pub(crate) deadline: Option<Duration>,
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

    pub(crate) fn retry(&self) -> Option<&RetryPolicy> {
        self.0.as_ref()?.retry.as_ref()
    }

    pub(crate) fn headers(&self) -> Option<&UserHeaders> {
        self.0.as_ref().map(|overrides| &overrides.headers)
    }
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
                self.options.overrides().timeout = Some(limit);
                self
            }

            /// The longest time of this whole call: attempts, waits and pacing.
            #[must_use = "a builder does nothing until .send().await"]
            pub fn deadline(mut self, limit: std::time::Duration) -> Self {
                self.options.overrides().deadline = Some(limit);
                self
            }

            /// The retry policy of this call, instead of the client's.
            #[must_use = "a builder does nothing until .send().await"]
            pub fn retry(mut self, policy: $crate::RetryPolicy) -> Self {
                self.options.overrides().retry = Some(policy);
                self
            }

            /// A header of this call. One that cannot be sent is an error of the call.
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
