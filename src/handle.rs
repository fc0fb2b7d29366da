//! What all clones of a client share: its settings, its connections and what it has learned.

mod base_url;
mod key;

use std::fmt;
use std::time::Duration;

use http::HeaderMap;

pub(crate) use base_url::{BaseUrl, PRODUCTION};
pub(crate) use key::ApiKey;

#[cfg(feature = "blocking")]
use crate::background::Background;
#[cfg(feature = "blocking")]
use crate::error::OrionError;
use crate::observer::Observers;
use crate::pacing::Pacer;
use crate::retry::{BudgetState, RetryPolicy};
use crate::transport::Transport;

/// Everything that a call needs of the client. Builders, calls, lists and streams hold it as
/// `Arc<Handle>`; [`OrionOS`](crate::OrionOS) is its public face.
pub(crate) struct Handle {
    pub(crate) base_url: BaseUrl,
    pub(crate) key: ApiKey,
    /// Sent with every request without a body, the key included.
    pub(crate) headers: HeaderMap,
    /// Sent with every request that has a body.
    pub(crate) headers_with_body: HeaderMap,
    pub(crate) transport: Transport,
    pub(crate) timeout: Duration,
    pub(crate) deadline: Option<Duration>,
    pub(crate) max_wait: Option<Duration>,
    pub(crate) stream_idle_timeout: Duration,
    pub(crate) stream_read_timeout: Option<Duration>,
    pub(crate) retry: RetryPolicy,
    pub(crate) budget: BudgetState,
    pub(crate) pacer: Option<Pacer>,
    pub(crate) max_response_bytes: usize,
    pub(crate) observers: Observers,
    /// Last, so that its runtime ends after what uses it.
    #[cfg(feature = "blocking")]
    pub(crate) background: Background,
}

#[cfg(feature = "blocking")]
impl Handle {
    /// Runs a call on this thread, which blocks until the call has ended.
    pub(crate) fn block_on<T>(
        &self,
        call: impl Future<Output = Result<T, OrionError>>,
    ) -> Result<T, OrionError> {
        self.background.start()?.block_on(call)
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("base_url", &self.base_url.as_str())
            .field("api_key", &self.key)
            .field("timeout", &self.timeout)
            .field("deadline", &self.deadline)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}
