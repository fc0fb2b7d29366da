//! A call that pacing could not let through in time.

use std::fmt;
use std::time::Duration;

use super::context::Context;
use super::display;
use crate::human;
use crate::rate_limit::RateLimitWindow;

/// A rate limit, or the limit of messages in flight, held the call back for longer than it may wait.
/// Nothing was sent.
#[derive(Debug)]
#[non_exhaustive]
pub struct RateLimitedError {
    window: RateLimitWindow,
    /// If all places are taken: how many there are.
    max_in_flight: Option<u64>,
    /// The setting that bounds the wait, and its value.
    setting: &'static str,
    length: Duration,
    pub(crate) context: Context,
}

impl RateLimitedError {
    pub(super) fn new(
        window: RateLimitWindow,
        max_in_flight: Option<u64>,
        (setting, length): (&'static str, Duration),
        context: Context,
    ) -> Self {
        Self {
            window,
            max_in_flight,
            setting,
            length,
            context,
        }
    }

    /// Returns the window that the call would have waited for.
    pub fn window(&self) -> &RateLimitWindow {
        &self.window
    }

    /// Returns how many messages to one agent may be in flight, if the call waited for one of them
    /// to end.
    pub fn max_in_flight(&self) -> Option<u64> {
        self.max_in_flight
    }

    /// Returns the longest wait that the call's `max_wait`, `deadline` or `max_retry_after` permits.
    pub fn limit(&self) -> Duration {
        self.length
    }
}

impl fmt::Display for RateLimitedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = self.context.operation.unwrap_or("the call");
        let failed = match self.context.attempts {
            0 => "not sent",
            _ => "failed",
        };
        write!(f, "{operation} {failed}: ")?;
        let RateLimitWindow {
            operation,
            scope,
            limit,
            resets_at,
            waiting,
            ..
        } = &self.window;
        let (setting, length) = (self.setting, human::duration(self.length));
        let of = match scope {
            Some(scope) => format!("{operation} ({})", display::one_line(scope)),
            None => (*operation).to_owned(),
        };
        match (self.max_in_flight, self.context.retry_after) {
            (Some(most), _) => write!(
                f,
                "{most} calls of {of} are in flight, which is the limit, and none ended within \
                 {length} ({setting})"
            )?,
            (None, Some(wait)) => {
                let wait = human::duration(wait);
                write!(
                    f,
                    "the rate limit of {limit} requests for {of} permits it in {wait}"
                )?;
                // A call may be sent before the reset, as other clients leave room.
                if let Some(at) = resets_at {
                    write!(f, " (the window resets at {at})")?;
                }
                write!(f, "; the call may wait for {length} ({setting})")?;
            }
            (None, None) => write!(
                f,
                "the rate limit for {of} did not permit it within {length} ({setting}); {waiting} \
                 calls wait"
            )?,
        }
        display::Notes::default().finish(f, &self.context)
    }
}

impl std::error::Error for RateLimitedError {}
