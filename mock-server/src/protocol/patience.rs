//! How long a response waits for a client that does not read it.

use std::time::Duration;

/// The longest time for which a connection may take nothing of the response. It is in the extensions of a
/// response that could otherwise go on forever.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience(pub(crate) Duration);

impl Patience {
    pub(crate) fn of<B>(response: &http::Response<B>) -> Option<Duration> {
        response.extensions().get().map(|Self(limit)| *limit)
    }
}
