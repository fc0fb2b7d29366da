//! The phases of a listener and its connections.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Running,
    /// Requests in progress are completed, but no new ones are accepted.
    Draining,
    Closed,
}
