//! A moment by which something must have happened.

use std::time::Duration;

use tokio::time::Instant;

use crate::error::{OrionError, TimeoutKind};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeLimit {
    pub(crate) what: TimeoutKind,
    /// The length that the user set.
    pub(crate) length: Duration,
    pub(crate) at: Instant,
}

impl TimeLimit {
    /// Returns `None` if no clock reaches the end of the limit.
    pub(crate) fn new(what: TimeoutKind, length: Duration, start: Instant) -> Option<Self> {
        Some(Self {
            what,
            length,
            at: start.checked_add(length)?,
        })
    }

    /// Returns the limit that ends first. If both end at the same time, it is the first one.
    pub(crate) fn first(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(one), Some(other)) if other.at < one.at => Some(other),
            (Some(one), _) => Some(one),
            (None, other) => other,
        }
    }

    /// Returns how much of the limit is left.
    pub(crate) fn left(&self, now: Instant) -> Duration {
        self.at.saturating_duration_since(now)
    }

    /// Returns the error of a call that exceeded the limit. `sent`: whether the server may have
    /// received the request.
    pub(crate) fn exceeded(&self, sent: bool) -> OrionError {
        OrionError::timeout(self.what, self.length, sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_that_ends_first_counts_and_the_first_one_of_two_equal_ones() {
        let now = Instant::now();
        let limit = |what, seconds| TimeLimit::new(what, Duration::from_secs(seconds), now);
        let deadline = limit(TimeoutKind::Deadline, 5);
        for (seconds, first) in [
            (4, TimeoutKind::Attempt),
            (5, TimeoutKind::Deadline),
            (6, TimeoutKind::Deadline),
        ] {
            let attempt = limit(TimeoutKind::Attempt, seconds);
            assert_eq!(TimeLimit::first(deadline, attempt).unwrap().what, first);
        }
        assert_eq!(TimeLimit::first(None, deadline), deadline);
        assert_eq!(TimeLimit::first(deadline, None), deadline);
    }

    #[test]
    fn a_limit_that_no_clock_reaches_is_no_limit() {
        let limit = TimeLimit::new(TimeoutKind::Deadline, Duration::MAX, Instant::now());
        assert_eq!(limit, None);
    }
}
