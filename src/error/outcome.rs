//! Whether the server acted on a call that failed.

/// Whether the server acted on a call that failed.
///
/// If it is `Unknown`, check what exists before you create or send again: the call may have
/// succeeded. After several attempts, this is the least certain of their outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// Nothing reached the server.
    NotSent,
    /// The server responded that it did not act.
    Rejected,
    /// The server may have acted: the response was lost, cut off, unreadable or a server error.
    Unknown,
}
