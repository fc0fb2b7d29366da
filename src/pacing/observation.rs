//! A response, as far as rate-limit windows are concerned.

use tokio::time::Instant;

use crate::rate_limit::RateLimit;

/// What a response told of a window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Observation {
    pub(super) told: RateLimit,
    /// The reset on the client's clock.
    pub(super) resets_at: Instant,
    /// Whether the server counted the call: it does not count what it answers with 429.
    pub(super) counted: bool,
    pub(super) sent_at: Instant,
    pub(super) now: Instant,
}

impl Observation {
    /// Requests that the window had counted, this one included.
    pub(super) fn used(&self) -> u64 {
        self.told.limit.saturating_sub(self.told.remaining)
    }

    pub(super) fn reset_at_unix(&self) -> i64 {
        self.told.reset.as_second()
    }
}
