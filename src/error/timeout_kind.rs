//! Which time limit was exceeded.

/// Which time limit was exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimeoutKind {
    /// There was no connection within `connect_timeout`.
    Connect,
    /// One attempt took longer than `timeout`.
    Attempt,
    /// The entire call, including waits, took longer than `deadline`.
    Deadline,
    /// A stream had no event within `stream_idle_timeout`. Comments do not count.
    StreamIdle,
    /// A stream had no bytes within `stream_read_timeout`. Comments count.
    StreamRead,
}
