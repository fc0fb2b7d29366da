//! How long a call may wait before it is sent.

use std::time::Duration;

use tokio::time::Instant;

/// What bounds a call's wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WaitLimits {
    pub(crate) deadline: Option<Instant>,
    /// A reset farther away than this is not waited for: the server's 429 says more than we can.
    pub(crate) longest: Duration,
}

/// The wait would pass the call's deadline.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PastDeadline;
