//! How long a call may wait before it is sent.

use std::time::Duration;

use tokio::time::Instant;

use crate::rate_limit::RateLimitWindow;

/// What bounds a call's wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WaitLimits {
    pub(crate) max_wait: Option<Duration>,
    /// The length of the whole call, and the moment at which it ends.
    pub(crate) deadline: Option<(Duration, Instant)>,
    pub(crate) max_retry_after: Duration,
}

/// Which setting a wait would exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WaitBound {
    MaxWait(Duration),
    Deadline(Duration),
    MaxRetryAfter(Duration),
}

/// The call cannot be let through in time.
#[derive(Debug)]
pub(crate) struct TooLong {
    pub(crate) window: RateLimitWindow,
    /// How long until the window resets; `None` if the call waits for a place among the messages
    /// in flight.
    pub(crate) resets_in: Option<Duration>,
    pub(crate) max_in_flight: Option<u64>,
    pub(crate) bound: WaitBound,
}

impl WaitLimits {
    /// The moment at which a wait that begins now must have ended, and the setting that says so.
    pub(super) fn end(&self, now: Instant) -> Option<(Instant, WaitBound)> {
        let max_wait = self
            .max_wait
            .and_then(|length| Some((now.checked_add(length)?, WaitBound::MaxWait(length))));
        let deadline = self.deadline;
        let deadline = deadline.map(|(length, end)| (end, WaitBound::Deadline(length)));
        [max_wait, deadline]
            .into_iter()
            .flatten()
            .min_by_key(|(end, _)| *end)
    }

    /// The longest wait for a reset if nothing else bounds it. A caller who sets `max_wait` has
    /// said how long.
    pub(super) fn longest(&self) -> Duration {
        match self.max_wait {
            Some(_) => Duration::MAX,
            // `Date` and reset are whole seconds: a full window can look one longer.
            None => self.max_retry_after.saturating_add(Duration::from_secs(1)),
        }
    }
}
