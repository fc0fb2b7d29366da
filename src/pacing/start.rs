//! When a call may be sent.

use tokio::time::Instant;

/// The earliest moment at which one more call may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    Now,
    /// Not before a call in flight has its response, or has given its place back.
    AfterResponse,
    /// Not before this moment, unless a response tells of more room.
    At(Instant),
}

impl Start {
    /// The moment, if it is known.
    pub(super) fn time(self) -> Option<Instant> {
        match self {
            Self::At(at) => Some(at),
            Self::Now | Self::AfterResponse => None,
        }
    }

    /// The later of two.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::At(a), Self::At(b)) => Self::At(a.max(b)),
            (at @ Self::At(_), _) | (_, at @ Self::At(_)) => at,
            (Self::AfterResponse, _) | (_, Self::AfterResponse) => Self::AfterResponse,
            (Self::Now, Self::Now) => Self::Now,
        }
    }
}
