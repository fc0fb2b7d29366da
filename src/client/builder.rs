//! The client's settings, checked together in `build()`.

use std::env;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Buf;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderValue, USER_AGENT};
use http::{Request, Response};
use secrecy::SecretString;
use tower_service::Service;

use super::base_url::PRODUCTION;
use super::{ApiKey, BaseUrl, Inner, OrionOS};
use crate::error::{BoxError, OrionError};
use crate::pacing::{Pacer, Pacing};
use crate::request::{RequestBody, UserHeaders};
use crate::retry::{BudgetState, RetryBudget, RetryPolicy};
use crate::transport::{SharedService, Transport};

const KEY_VARIABLE: &str = "ORION_API_KEY";
const URL_VARIABLE: &str = "ORION_BASE_URL";
const OWN_USER_AGENT: &str = concat!("orionos-rust/", env!("CARGO_PKG_VERSION"));

/// The settings of a client.
///
/// ```
/// use std::time::Duration;
/// use orionos::{OrionOS, Pacing, RetryPolicy};
///
/// # fn main() -> Result<(), orionos::OrionError> {
/// let orion = OrionOS::builder()
///     .api_key("key")
///     .base_url("http://127.0.0.1:3000/v1")
///     .timeout(Duration::from_secs(30))
///     .connect_timeout(Duration::from_secs(10))
///     .deadline(Duration::from_secs(120))
///     .stream_idle_timeout(Duration::from_secs(60))
///     .retry(RetryPolicy::default())
///     .pacing(Pacing::Adaptive)
///     .max_response_bytes(16 << 20)
///     .user_agent("my-app/1.2")
///     .header("x-team", "quay")
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[must_use = "settings do nothing until .build()"]
pub struct OrionBuilder {
    api_key: Option<SecretString>,
    base_url: String,
    timeout: Duration,
    connect_timeout: Duration,
    deadline: Option<Duration>,
    stream_idle_timeout: Duration,
    stream_read_timeout: Option<Duration>,
    retry: RetryPolicy,
    retry_budget: RetryBudget,
    pacing: Pacing,
    max_response_bytes: usize,
    user_agent: Option<String>,
    headers: UserHeaders,
    allow_http: bool,
    transport: Option<Transport>,
}

impl OrionBuilder {
    pub(super) fn new() -> Self {
        Self {
            api_key: None,
            base_url: PRODUCTION.to_owned(),
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            deadline: None,
            stream_idle_timeout: Duration::from_secs(60),
            stream_read_timeout: None,
            retry: RetryPolicy::default(),
            retry_budget: RetryBudget::default(),
            pacing: Pacing::default(),
            max_response_bytes: 16 << 20,
            user_agent: None,
            headers: UserHeaders::default(),
            allow_http: false,
            transport: None,
        }
    }

    /// Starts with the key from `ORION_API_KEY` and, if it is set, the base URL from
    /// `ORION_BASE_URL`.
    ///
    /// # Errors
    ///
    /// [`OrionError::Config`] if `ORION_API_KEY` is missing, blank or no Unicode.
    pub fn from_env() -> Result<Self, OrionError> {
        let key = variable(KEY_VARIABLE)?.ok_or_else(|| {
            OrionError::config(format!(
                "the environment variable {KEY_VARIABLE} is missing or blank; set it to your API key"
            ))
        })?;
        let builder = Self::new().api_key(key);
        Ok(match variable(URL_VARIABLE)? {
            Some(url) => builder.base_url(url),
            None => builder,
        })
    }

    /// The key that is sent as `Authorization: Bearer …`. Required.
    pub fn api_key(mut self, key: impl Into<SecretString>) -> Self {
        self.api_key = Some(key.into());
        self
    }

    /// Where the API is, version included, with or without a trailing slash. Default
    /// `https://api.orionos.dev/v1`.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// The longest time of one attempt, from its start to the end of the answer's body (of a
    /// stream: to its headers). Default 30 s.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// The longest time until a connection stands. Default 10 s. It does not apply to a client or
    /// service of your own.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// The longest time of a whole call: attempts, waits, pacing; of a stream, to its last event.
    /// Default none.
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = Some(limit);
        self
    }

    /// The longest time between two events of a stream; comments do not count. Default 60 s.
    pub fn stream_idle_timeout(mut self, limit: Duration) -> Self {
        self.stream_idle_timeout = limit;
        self
    }

    /// The longest time between two pieces of a stream, comments included: notices a dead
    /// connection sooner where the server sends keep-alive comments. Default none.
    pub fn stream_read_timeout(mut self, limit: Duration) -> Self {
        self.stream_read_timeout = Some(limit);
        self
    }

    /// When and how often failed calls are sent again. Default [`RetryPolicy::default`].
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// How many retries all calls together may spend. Default [`RetryBudget::default`].
    pub fn retry_budget(mut self, budget: RetryBudget) -> Self {
        self.retry_budget = budget;
        self
    }

    /// Whether calls wait for the rate limit's reset instead of earning a 429. Default
    /// [`Pacing::Adaptive`].
    pub fn pacing(mut self, pacing: Pacing) -> Self {
        self.pacing = pacing;
        self
    }

    /// A body or a stream's event beyond this is an error, not memory. Default 16 MiB.
    pub fn max_response_bytes(mut self, limit: usize) -> Self {
        self.max_response_bytes = limit;
        self
    }

    /// Your application's name and version, in front of the client's own in `User-Agent`.
    pub fn user_agent(mut self, product: impl Into<String>) -> Self {
        self.user_agent = Some(product.into());
        self
    }

    /// A header that is sent with every request. One that cannot be sent is an error of `build()`.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        self.headers.add(name.as_ref(), value.as_ref());
        self
    }

    /// Allows plain http to a host that is not loopback: the key then travels unencrypted.
    pub fn allow_http(mut self, allow: bool) -> Self {
        self.allow_http = allow;
        self
    }

    /// Sends through a reqwest client of your own: proxies, certificates, DNS. Build it with
    /// `redirect::Policy::none()` and without a timeout of its own; a followed redirect is an error.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    /// let orion = orionos::OrionOS::builder().api_key("key").http_client(http).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.transport = Some(Transport::Reqwest {
            client,
            connect_timeout: None,
        });
        self
    }

    /// Sends through any tower service: an in-process mock, a proxy, a middleware stack. Each call
    /// works on a clone of it.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use orionos_mock_server::MockServer;
    ///
    /// let mock = MockServer::builder().in_process()?;
    /// let orion = orionos::OrionOS::builder()
    ///     .api_key(mock.api_key())
    ///     .base_url(mock.base_url())
    ///     .http_service(mock.service())
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn http_service<S, B>(mut self, service: S) -> Self
    where
        S: Service<Request<RequestBody>, Response = Response<B>> + Clone + Send + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        B: http_body::Body + Send + 'static,
        B::Data: Buf + Send,
        B::Error: Into<BoxError>,
    {
        self.transport = Some(Transport::Service(SharedService::new(service)));
        self
    }

    /// Checks the settings and makes the client. Nothing is sent.
    ///
    /// # Errors
    ///
    /// [`OrionError::Config`] that names the setting: no key, a key or header that HTTP cannot
    /// carry, a base URL that is none, plain http to another host, no TLS library.
    pub fn build(self) -> Result<OrionOS, OrionError> {
        let key = ApiKey::new(self.api_key.ok_or_else(|| {
            OrionError::config(format!(
                "no API key: call api_key(), or set {KEY_VARIABLE} and use from_env()"
            ))
        })?)?;
        let base_url = BaseUrl::new(&self.base_url, self.allow_http)?;
        let own_headers = self.headers.checked().map_err(|error| match error {
            OrionError::InvalidRequest { reason, .. } => {
                OrionError::config(format!("a header cannot be sent: {reason}"))
            }
            other => other,
        })?;

        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, key.header()?);
        headers.insert(USER_AGENT, user_agent(self.user_agent.as_deref())?);
        let transport = match self.transport {
            Some(transport) => transport,
            None => own_transport(self.connect_timeout)?,
        };
        if matches!(transport, Transport::Reqwest { .. }) {
            // Else hyper writes it anew for every request. A service of the user's may go elsewhere.
            headers.insert(HOST, base_url.host_header().clone());
        }
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.extend(own_headers.clone());
        let mut headers_with_body = headers.clone();
        headers_with_body.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(OrionOS {
            inner: Arc::new(Inner {
                base_url,
                key,
                headers,
                headers_with_body,
                transport,
                timeout: self.timeout,
                deadline: self.deadline,
                stream_idle_timeout: self.stream_idle_timeout,
                stream_read_timeout: self.stream_read_timeout,
                retry: self.retry,
                budget: BudgetState::new(self.retry_budget),
                pacer: match self.pacing {
                    Pacing::Adaptive => Some(Arc::new(Pacer::new())),
                    Pacing::Off => None,
                },
                max_response_bytes: self.max_response_bytes,
            }),
        })
    }
}

/// Never redirects, and leaves every retry to us: `never()` alone would still keep a copy of each
/// request in case of one.
fn own_transport(connect_timeout: Duration) -> Result<Transport, OrionError> {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never().max_retries_per_request(0))
        .connect_timeout(connect_timeout)
        .tcp_nodelay(true)
        .build()
        .map_err(|error| OrionError::config_with("the HTTP client cannot be made", error))?;
    Ok(Transport::Reqwest {
        client,
        connect_timeout: Some(connect_timeout),
    })
}

fn user_agent(product: Option<&str>) -> Result<HeaderValue, OrionError> {
    match product {
        None => Ok(HeaderValue::from_static(OWN_USER_AGENT)),
        Some(product) => {
            HeaderValue::try_from(format!("{product} {OWN_USER_AGENT}")).map_err(|_| {
                OrionError::config("user_agent() has a character that a header cannot carry")
            })
        }
    }
}

/// A variable's value without the white space around it; `None` if that leaves nothing.
fn variable(name: &str) -> Result<Option<String>, OrionError> {
    match env::var(name) {
        Ok(value) => Ok(Some(value.trim().to_owned()).filter(|value| !value.is_empty())),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(OrionError::config(format!(
            "the environment variable {name} is not Unicode"
        ))),
    }
}

impl fmt::Debug for OrionBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrionBuilder")
            .field("timeout", &self.timeout)
            .field("deadline", &self.deadline)
            .field("retry", &self.retry)
            .field("pacing", &self.pacing)
            .finish_non_exhaustive()
    }
}
