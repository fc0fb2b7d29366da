//! The public face of a client.

use std::fmt;
use std::sync::Arc;

use http::Method;

use crate::agents::Agents;
use crate::handle::Handle;
use crate::pacing::Pacer;
use crate::rate_limit::RateLimitWindow;
use crate::raw_request::RawRequest;

/// A client of the OrionOS API.
///
/// Clones are cheap and share connections, the retry budget and rate-limit state. Create one client
/// and reuse it.
///
/// # Runtimes
///
/// Calls run on tokio, with its I/O and time drivers enabled (`enable_all()`; `#[tokio::main]` and
/// `#[tokio::test]` do that). Outside of a runtime, a call returns
/// [`OrionError::Config`](crate::OrionError::Config). In a runtime without a time driver, **a call
/// panics** in tokio, because a program cannot ask a runtime for its drivers.
///
/// A client can be created anywhere, and it can be used in several runtimes. A connection belongs to
/// the runtime that opened it. When that runtime has shut down, the client opens another one. But while
/// that runtime exists and does not run, as between two `block_on` of a current-thread runtime, a call
/// from elsewhere that reuses its connection waits until its time limit. Use one client per runtime if
/// you have several of that kind.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orionos::OrionError> {
/// use orionos::OrionOS;
/// use orionos_mock_server::MockServer;
///
/// let mock = MockServer::start().await; // instead of the real service
/// let orion = OrionOS::builder().api_key(mock.api_key()).base_url(mock.base_url()).build()?;
///
/// let agent = orion.agents().create("Harbour Pilot").send().await?;
/// let message = orion.agents().send_message(&agent.id, "When does the tide turn?").send().await?;
/// println!("{}", message.response);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct OrionOS {
    handle: Arc<Handle>,
}

impl OrionOS {
    pub(super) fn with_handle(handle: Handle) -> Self {
        Self {
            handle: Arc::new(handle),
        }
    }

    /// Returns the agents of the account.
    pub fn agents(&self) -> Agents {
        Agents::new(self.handle.clone())
    }

    /// Builds a call to any endpoint, with the same retries, pacing and errors as the built-in ones.
    ///
    /// The path is given in segments after the base URL. Each segment is percent-encoded and stays
    /// one segment. The envelope's `data` is decoded into the type given to `send`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orionos::OrionError> {
    /// # let mock = orionos_mock_server::MockServer::start().await;
    /// # let orion = orionos::OrionOS::builder().api_key(mock.api_key()).base_url(mock.base_url()).build()?;
    /// use orionos::{Method, Value};
    ///
    /// let page: Value = orion
    ///     .request(Method::GET, ["agents"])
    ///     .query([("limit", 5)])
    ///     .send()
    ///     .await?;
    /// assert_eq!(page["pagination"]["itemsPerPage"], 5);
    /// # Ok(())
    /// # }
    /// ```
    pub fn request<S: AsRef<str>>(
        &self,
        method: Method,
        path: impl IntoIterator<Item = S>,
    ) -> RawRequest {
        RawRequest::new(self.handle.clone(), method, path)
    }

    /// Returns the rate-limit windows that this client knows, with the calls that wait for them: a
    /// snapshot for a dashboard or a health check. It is empty with [`Pacing::Off`] and before the
    /// first response.
    ///
    /// [`Pacing::Off`]: crate::Pacing::Off
    pub fn rate_limits(&self) -> Vec<RateLimitWindow> {
        let pacer = self.handle.pacer.as_ref();
        pacer.map(Pacer::windows).unwrap_or_default()
    }

    /// Returns the base URL, without a trailing slash.
    pub fn base_url(&self) -> &str {
        self.handle.base_url.as_str()
    }
}

impl fmt::Debug for OrionOS {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OrionOS").field(&self.handle).finish()
    }
}
