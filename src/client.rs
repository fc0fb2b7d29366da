//! The handle that everything starts from.

mod base_url;
mod builder;
mod key;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method};
use secrecy::SecretString;

pub(crate) use base_url::BaseUrl;
pub use builder::OrionBuilder;
pub(crate) use key::{ApiKey, REDACTED};

use crate::agents::Agents;
use crate::error::OrionError;
use crate::pacing::Pacer;
use crate::raw_request::RawRequest;
use crate::retry::{BudgetState, RetryPolicy};
use crate::transport::Transport;

/// A client of the OrionOS API.
///
/// A cheap handle: clones share connections, the retry budget and what has been learned about rate
/// limits. Make one and keep it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orionos::OrionError> {
/// use orionos::OrionOS;
/// use orionos_mock_server::MockServer;
///
/// let mock = MockServer::start().await; // stands in for the real service
/// let orion = OrionOS::builder().api_key(mock.api_key()).base_url(mock.base_url()).build()?;
///
/// let agent = orion.agents().create("Harbour Pilot").send().await?;
/// let answer = orion.agents().send_message(&agent.id, "When does the tide turn?").send().await?;
/// println!("{}", answer.response);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct OrionOS {
    pub(crate) inner: Arc<Inner>,
}

/// What all clones share.
pub(crate) struct Inner {
    pub(crate) base_url: BaseUrl,
    pub(crate) key: ApiKey,
    /// Sent with every request without a body, the key included.
    pub(crate) headers: HeaderMap,
    /// Sent with every request that has one.
    pub(crate) headers_with_body: HeaderMap,
    pub(crate) transport: Transport,
    pub(crate) timeout: Duration,
    pub(crate) deadline: Option<Duration>,
    pub(crate) stream_idle_timeout: Duration,
    pub(crate) stream_read_timeout: Option<Duration>,
    pub(crate) retry: RetryPolicy,
    pub(crate) budget: BudgetState,
    pub(crate) pacer: Option<Arc<Pacer>>,
    pub(crate) max_response_bytes: usize,
}

impl OrionOS {
    /// A client of the production service with default settings.
    ///
    /// # Errors
    ///
    /// [`OrionError::Config`] if the key is empty or has a character that a header cannot carry.
    pub fn new(api_key: impl Into<SecretString>) -> Result<Self, OrionError> {
        Self::builder().api_key(api_key).build()
    }

    /// A client with the key from `ORION_API_KEY` and, if it is set, the base URL from
    /// `ORION_BASE_URL`. White space around either is not part of it.
    ///
    /// # Errors
    ///
    /// [`OrionError::Config`] if `ORION_API_KEY` is missing or blank, or one of them is unusable.
    pub fn from_env() -> Result<Self, OrionError> {
        OrionBuilder::from_env()?.build()
    }

    /// Starts with the defaults; see [`OrionBuilder`] for the settings.
    pub fn builder() -> OrionBuilder {
        OrionBuilder::new()
    }

    /// The agents of the account.
    pub fn agents(&self) -> Agents {
        Agents::new(self.clone())
    }

    /// A call to any endpoint, with the same retries, pacing and errors as the modelled ones.
    ///
    /// The path is given in segments behind the base URL; each stays one segment, whatever it
    /// holds. The envelope's `data` is decoded into the type given to `send`.
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
        RawRequest::new(self.clone(), method, path)
    }

    /// The base URL, without a trailing slash.
    pub fn base_url(&self) -> &str {
        self.inner.base_url.as_str()
    }
}

impl fmt::Debug for OrionOS {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrionOS")
            .field("base_url", &self.base_url())
            .field("api_key", &self.inner.key)
            .field("timeout", &self.inner.timeout)
            .field("deadline", &self.inner.deadline)
            .field("retry", &self.inner.retry)
            .finish_non_exhaustive()
    }
}
