//! The client's settings. `build()` checks them together.

use std::env;
use std::fmt;
use std::time::Duration;

use bytes::Buf;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderValue, USER_AGENT};
use http::{Request, Response};
use secrecy::SecretString;
use tower_service::Service;

use super::OrionOS;
use super::connections::ConnectionSettings;
use super::proxy::ProxySetting;
use crate::error::{BoxError, OrionError};
use crate::handle::{ApiKey, BaseUrl, Handle, PRODUCTION};
use crate::observer::{Observer, Observers};
use crate::pacing::{Pacer, Pacing};
use crate::request::UserHeaders;
use crate::retry::{BudgetState, RetryBudget, RetryPolicy};
use crate::transport::{RequestBody, ReqwestService, SharedService, Transport};

const KEY_VARIABLE: &str = "ORION_API_KEY";
const URL_VARIABLE: &str = "ORION_BASE_URL";
const ALLOW_HTTP_VARIABLE: &str = "ORION_ALLOW_HTTP";
const OWN_USER_AGENT: &str = concat!("orionos-rust/", env!("CARGO_PKG_VERSION"));

/// The settings of a client, from [`OrionOS::builder`] or [`OrionBuilder::from_env`]. Only the API key is
/// required. [`build`](Self::build) checks all settings.
///
/// The proxies of the environment (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`) are used for https to other
/// hosts only. Plain http and loopback addresses never go through a proxy, which could read the key.
///
/// The guide [`configuration`](crate::guide::configuration) explains the time limits, the proxies and
/// how the key is protected.
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
///     .max_wait(Duration::from_secs(30))
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
    max_wait: Option<Duration>,
    stream_idle_timeout: Duration,
    stream_read_timeout: Option<Duration>,
    retry: RetryPolicy,
    retry_budget: RetryBudget,
    pacing: Pacing,
    max_response_bytes: usize,
    user_agent: Option<String>,
    headers: UserHeaders,
    allow_http: bool,
    connections: ConnectionSettings,
    http_client: Option<reqwest::Client>,
    http_service: Option<SharedService>,
    observers: Vec<Box<dyn Observer>>,
}

impl OrionOS {
    /// Creates a client of the production service with default settings.
    ///
    /// # Errors
    ///
    /// Returns [`OrionError::Config`] if the key is empty or has a character that is invalid in a
    /// header.
    pub fn new(api_key: impl Into<SecretString>) -> Result<Self, OrionError> {
        Self::builder().api_key(api_key).build()
    }

    /// Creates a client with the settings of [`OrionBuilder::from_env`].
    ///
    /// # Errors
    ///
    /// Returns [`OrionError::Config`] if `ORION_API_KEY` is missing or blank, or if a variable is
    /// invalid.
    pub fn from_env() -> Result<Self, OrionError> {
        OrionBuilder::from_env()?.build()
    }

    /// Returns a builder with the default settings.
    pub fn builder() -> OrionBuilder {
        OrionBuilder::new()
    }
}

impl OrionBuilder {
    fn new() -> Self {
        Self {
            api_key: None,
            base_url: PRODUCTION.to_owned(),
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            deadline: None,
            max_wait: None,
            stream_idle_timeout: Duration::from_secs(60),
            stream_read_timeout: None,
            retry: RetryPolicy::default(),
            retry_budget: RetryBudget::default(),
            pacing: Pacing::default(),
            max_response_bytes: 16 << 20,
            user_agent: None,
            headers: UserHeaders::default(),
            allow_http: false,
            connections: ConnectionSettings::default(),
            http_client: None,
            http_service: None,
            observers: Vec::new(),
        }
    }

    /// Returns a builder with the key from `ORION_API_KEY` and, if it is set, the base URL from
    /// `ORION_BASE_URL`. `ORION_ALLOW_HTTP` set to `1` or `true` is
    /// [`allow_http(true)`](Self::allow_http). Surrounding whitespace is ignored.
    ///
    /// # Errors
    ///
    /// Returns [`OrionError::Config`] if `ORION_API_KEY` is missing or blank, if a variable is not
    /// Unicode, or if `ORION_ALLOW_HTTP` is not `1`, `true`, `0` or `false`.
    pub fn from_env() -> Result<Self, OrionError> {
        let key = variable(KEY_VARIABLE)?.ok_or_else(|| {
            OrionError::config(format!(
                "the environment variable {KEY_VARIABLE} is missing or blank; set it to your API key"
            ))
        })?;
        let builder = Self::new().api_key(key);
        let builder = match variable(URL_VARIABLE)? {
            Some(url) => builder.base_url(url),
            None => builder,
        };
        let allow = match variable(ALLOW_HTTP_VARIABLE)?.as_deref() {
            Some("1" | "true") => true,
            None | Some("0" | "false") => false,
            Some(_) => {
                return Err(OrionError::config(format!(
                    "the environment variable {ALLOW_HTTP_VARIABLE} must be 1, true, 0 or false"
                )));
            }
        };
        Ok(builder.allow_http(allow))
    }

    /// Sets the API key, which is sent as `Authorization: Bearer …`. Required.
    pub fn api_key(mut self, key: impl Into<SecretString>) -> Self {
        self.api_key = Some(key.into());
        self
    }

    /// Sets the address of the API, including the version, with or without a trailing slash. Defaults
    /// to `https://api.orionos.dev/v1`.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// Sets the time limit of one attempt, up to the end of the response body (for a stream, its
    /// headers). Defaults to 30 seconds.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Sets the time limit for connecting. Defaults to 10 seconds. Ignored with
    /// [`http_client`](Self::http_client) and [`http_service`](Self::http_service).
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Sets the time limit of an entire call, including waits, pacing and every event of a stream. No
    /// limit by default.
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = Some(limit);
        self
    }

    /// Sets the longest wait for a rate limit, or for a place among the messages in flight, before an
    /// attempt. A call that cannot be sent by then fails immediately with
    /// [`OrionError::RateLimited`], which says when the window resets. It does not limit a stream
    /// that has begun. No limit by default, but a reset that is further away than the policy's
    /// `max_retry_after` is waited for only if you set this.
    pub fn max_wait(mut self, limit: Duration) -> Self {
        self.max_wait = Some(limit);
        self
    }

    /// Sets how long a stream may go without an event. Comments do not count. Defaults to 60 seconds.
    pub fn stream_idle_timeout(mut self, limit: Duration) -> Self {
        self.stream_idle_timeout = limit;
        self
    }

    /// Sets how long a stream may go without any bytes. Comments count. This detects a dead
    /// connection sooner if the server sends keep-alive comments. No limit by default.
    pub fn stream_read_timeout(mut self, limit: Duration) -> Self {
        self.stream_read_timeout = Some(limit);
        self
    }

    /// Sets which failed calls are retried, and when. Defaults to [`RetryPolicy::default`].
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Sets how many retries all calls together may make. Defaults to [`RetryBudget::default`].
    pub fn retry_budget(mut self, budget: RetryBudget) -> Self {
        self.retry_budget = budget;
        self
    }

    /// Sets whether calls wait for a rate limit to reset instead of running into a 429. Defaults to
    /// [`Pacing::Adaptive`].
    pub fn pacing(mut self, pacing: Pacing) -> Self {
        self.pacing = pacing;
        self
    }

    /// Sets the largest response body and stream event, in bytes. The client rejects a larger one
    /// instead of buffering it. Defaults to 16 MiB.
    pub fn max_response_bytes(mut self, limit: usize) -> Self {
        self.max_response_bytes = limit;
        self
    }

    /// Sets the name and version of your application. They come before the client's own in
    /// `User-Agent`.
    pub fn user_agent(mut self, product: impl Into<String>) -> Self {
        self.user_agent = Some(product.into());
        self
    }

    /// Adds a header to every request. `build()` fails if the header is invalid.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        self.headers.add(name.as_ref(), value.as_ref());
        self
    }

    /// Sets whether plain http to a host other than loopback is allowed. The API key is then sent
    /// unencrypted. Defaults to `false`.
    pub fn allow_http(mut self, allow: bool) -> Self {
        self.allow_http = allow;
        self
    }

    /// Sets the proxy, for example `http://user:password@proxy.example:3128`. It replaces the
    /// proxies of the environment, including `NO_PROXY`. The connection to the server is encrypted
    /// from end to end, so the proxy cannot read the key.
    ///
    /// `build()` fails if the URL is invalid, if the base URL is plain http or a loopback address,
    /// or together with [`http_client`](Self::http_client) or [`http_service`](Self::http_service).
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.connections.proxy = Some(ProxySetting::Url(url.into()));
        self
    }

    /// Ignores the proxies of the environment, and one that was set with [`proxy`](Self::proxy)
    /// before.
    pub fn no_proxy(mut self) -> Self {
        self.connections.proxy = Some(ProxySetting::Off);
        self
    }

    /// Trusts the certificate authorities in this PEM text, in addition to those of the operating
    /// system, for example your company's or that of a mock with https. It may have several
    /// certificates, and a second call adds more.
    ///
    /// `build()` fails if the text has no certificate or an invalid one, in a build without TLS, or
    /// together with [`http_client`](Self::http_client) or [`http_service`](Self::http_service).
    pub fn ca_certificate_pem(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.connections.ca_certificates.push(pem.as_ref().to_vec());
        self
    }

    /// Sends a ping on connections of HTTP/2 at this interval, also while they are idle, and gives up a
    /// connection whose server does not answer within the same time (at most 20 seconds). No pings by
    /// default.
    ///
    /// `build()` fails without the Cargo feature `http2`, or together with
    /// [`http_client`](Self::http_client) or [`http_service`](Self::http_service).
    pub fn http2_keep_alive(mut self, every: Duration) -> Self {
        self.connections.http2_keep_alive = Some(every);
        self
    }

    /// Sets how long an idle connection is kept for the next call. Defaults to 90 seconds.
    ///
    /// `build()` fails together with [`http_client`](Self::http_client) or
    /// [`http_service`](Self::http_service).
    pub fn pool_idle_timeout(mut self, limit: Duration) -> Self {
        self.connections.pool_idle_timeout = Some(limit);
        self
    }

    /// Sets how many idle connections are kept for the next calls. 0 keeps none. No limit by default.
    ///
    /// `build()` fails together with [`http_client`](Self::http_client) or
    /// [`http_service`](Self::http_service).
    pub fn pool_max_idle_per_host(mut self, limit: usize) -> Self {
        self.connections.pool_max_idle_per_host = Some(limit);
        self
    }

    /// Sets your own reqwest client, for example for proxies, certificates or DNS. Build it with
    /// `redirect::Policy::none()` and without a timeout. A call fails if the client followed a
    /// redirect. The client's own proxies apply, also to plain http: call `no_proxy()` on it for a
    /// base URL with plain http. A call that exceeds a time limit while the client is still connecting has the
    /// outcome [`Unknown`](crate::Outcome::Unknown); set a `connect_timeout` on the client, so that
    /// it is [`NotSent`](crate::Outcome::NotSent).
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    /// let orion = orionos::OrionOS::builder().api_key("key").http_client(http).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http_client = Some(client);
        self
    }

    /// Sets a tower service that sends the requests, such as an in-process mock or a middleware
    /// stack. Each call uses a clone of it.
    ///
    /// The client cannot see whether a service of your own has sent a request. So a call that exceeds
    /// a time limit after the service was called has the outcome
    /// [`Unknown`](crate::Outcome::Unknown), even if the service was still connecting, unless the
    /// service's own error says otherwise. With layers around a [`ReqwestService`], the client can see
    /// it.
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
        self.http_service = Some(SharedService::new(service));
        self
    }

    /// Returns the default HTTP stack with the connection settings of this builder: base URL,
    /// [`connect_timeout`](Self::connect_timeout), proxies, certificate authorities, pool and
    /// keep-alive, or with its [`http_client`](Self::http_client). Put layers around it and give it to
    /// the [`http_service`](Self::http_service) of another builder with the same base URL. Other
    /// settings have no effect on it, and it needs no API key. [`ReqwestService`] has an example.
    ///
    /// # Errors
    ///
    /// Returns [`OrionError::Config`] if one of these settings is invalid, as [`build`](Self::build)
    /// does, or after [`http_service`](Self::http_service).
    pub fn reqwest_service(self) -> Result<ReqwestService, OrionError> {
        // The client that has the key decides whether plain http is allowed.
        let base_url = BaseUrl::new(&self.base_url, true)?;
        let (client, service) = (self.http_client, self.http_service);
        let transport =
            self.connections
                .transport(client, service, self.connect_timeout, &base_url)?;
        match transport {
            Transport::Reqwest(stack) => Ok(ReqwestService::new(stack)),
            Transport::Service(_) => Err(OrionError::config(
                "reqwest_service() returns the default HTTP stack, which http_service() has replaced; \
                 call it on a builder without",
            )),
        }
    }

    /// Adds an observer, which is told what the calls of this client do. Several may be added.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observers.push(Box::new(observer));
        self
    }

    /// Checks the settings and creates the client. Nothing is sent.
    ///
    /// # Errors
    ///
    /// Returns [`OrionError::Config`] if the API key is missing, the key or a header has invalid
    /// characters, the base URL is invalid, needs `allow_http(true)` or needs TLS and the
    /// build has none, the proxy is invalid or cannot be used for the base URL, two HTTP stacks are
    /// set, or the HTTP client cannot be created.
    pub fn build(self) -> Result<OrionOS, OrionError> {
        let key = ApiKey::new(self.api_key.ok_or_else(|| {
            OrionError::config(format!(
                "missing API key: call api_key(), or set {KEY_VARIABLE} and use from_env()"
            ))
        })?)?;
        let base_url = BaseUrl::new(&self.base_url, self.allow_http)?;
        let own_headers = self.headers.checked().map_err(|error| match error {
            OrionError::InvalidRequest { reason, .. } => {
                OrionError::config(format!("invalid header: {reason}"))
            }
            other => other,
        })?;

        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, key.header()?);
        headers.insert(USER_AGENT, user_agent(self.user_agent.as_deref())?);
        let transport = self.connections.transport(
            self.http_client,
            self.http_service,
            self.connect_timeout,
            &base_url,
        )?;
        if matches!(transport, Transport::Reqwest(_)) {
            // Otherwise hyper builds it for every request. A user's service may send elsewhere.
            headers.insert(HOST, base_url.host_header().clone());
        }
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.extend(own_headers.clone());
        let mut headers_with_body = headers.clone();
        headers_with_body.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let server = (base_url.scheme(), base_url.host(), base_url.port());
        let observers = Observers::new(self.observers, server);
        let account = || key.fingerprint(&base_url);
        let pacer = Pacer::new(self.pacing, account, &observers);
        Ok(OrionOS::with_handle(Handle {
            base_url,
            key,
            headers,
            headers_with_body,
            transport,
            timeout: self.timeout,
            deadline: self.deadline,
            max_wait: self.max_wait,
            stream_idle_timeout: self.stream_idle_timeout,
            stream_read_timeout: self.stream_read_timeout,
            retry: self.retry,
            budget: BudgetState::new(self.retry_budget),
            pacer,
            max_response_bytes: self.max_response_bytes,
            observers,
            #[cfg(feature = "blocking")]
            background: Default::default(),
        }))
    }
}

fn user_agent(product: Option<&str>) -> Result<HeaderValue, OrionError> {
    match product {
        None => Ok(HeaderValue::from_static(OWN_USER_AGENT)),
        Some(product) => {
            HeaderValue::try_from(format!("{product} {OWN_USER_AGENT}")).map_err(|_| {
                OrionError::config("user_agent() has a character that is invalid in a header")
            })
        }
    }
}

/// Returns a variable's value without surrounding whitespace, or `None` if nothing is left.
fn variable(name: &str) -> Result<Option<String>, OrionError> {
    match env::var(name) {
        Ok(value) => Ok(Some(value.trim().to_owned()).filter(|value| !value.is_empty())),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(OrionError::config(format!(
            "the environment variable {name} is not valid Unicode"
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
