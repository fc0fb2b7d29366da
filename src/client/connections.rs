//! The settings of the default HTTP client's connections.

use std::time::Duration;

use super::proxy::ProxySetting;
use crate::error::OrionError;
use crate::handle::BaseUrl;
use crate::transport::{DefaultClient, Pools, ReqwestStack, SharedService, Transport};

/// How long a server may take to answer a ping.
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// What a user has set. They have no effect on a user's own client or service. Not `Debug`: the proxy's
/// URL may have a password.
#[derive(Default)]
pub(super) struct ConnectionSettings {
    /// `None` if neither `proxy` nor `no_proxy` was called.
    pub(super) proxy: Option<ProxySetting>,
    pub(super) ca_certificates: Vec<Vec<u8>>,
    pub(super) http2_keep_alive: Option<Duration>,
    pub(super) pool_idle_timeout: Option<Duration>,
    pub(super) pool_max_idle_per_host: Option<usize>,
}

impl ConnectionSettings {
    /// Returns the name of a setting that was set.
    fn any(&self) -> Option<&'static str> {
        [
            (self.proxy.is_some(), "proxy() and no_proxy()"),
            (!self.ca_certificates.is_empty(), "ca_certificate_pem()"),
            (self.http2_keep_alive.is_some(), "http2_keep_alive()"),
            (self.pool_idle_timeout.is_some(), "pool_idle_timeout()"),
            (
                self.pool_max_idle_per_host.is_some(),
                "pool_max_idle_per_host()",
            ),
        ]
        .into_iter()
        .find_map(|(is_set, name)| is_set.then_some(name))
    }

    /// Returns the HTTP stack: a user's own client or service, or the default one.
    pub(super) fn transport(
        self,
        own_client: Option<reqwest::Client>,
        own_service: Option<SharedService>,
        connect_timeout: Duration,
        base_url: &BaseUrl,
    ) -> Result<Transport, OrionError> {
        let is_own = own_client.is_some() || own_service.is_some();
        if let Some(setting) = self.any().filter(|_| is_own) {
            return Err(OrionError::config(format!(
                "{setting} cannot change http_client() or http_service(); configure those instead"
            )));
        }
        match (own_client, own_service) {
            (Some(_), Some(_)) => Err(OrionError::config(
                "http_client() and http_service() exclude each other; call one of them",
            )),
            (Some(client), None) => Ok(Transport::Reqwest(ReqwestStack::of(client))),
            (None, Some(service)) => Ok(Transport::Service(service)),
            (None, None) => Ok(Transport::Reqwest(
                self.default_stack(connect_timeout, base_url)?,
            )),
        }
    }

    /// Returns the default HTTP client. It follows no redirect and retries nothing: with `never()` alone
    /// it would still keep a copy of each request for a possible retry.
    fn default_stack(
        self,
        connect_timeout: Duration,
        base_url: &BaseUrl,
    ) -> Result<ReqwestStack, OrionError> {
        if base_url.is_https() && cfg!(not(any(feature = "rustls", feature = "native-tls"))) {
            return Err(OrionError::config(
                "an https base URL needs TLS; enable the Cargo feature rustls or native-tls of \
                 orionos, or set http_client()",
            ));
        }
        if self.http2_keep_alive.is_some() && cfg!(not(feature = "http2")) {
            return Err(OrionError::config(
                "http2_keep_alive() needs HTTP/2; enable the Cargo feature http2 of orionos",
            ));
        }
        let certificates = certificates(&self.ca_certificates)?;
        let has_certificates = !certificates.is_empty();
        let route = self.proxy.unwrap_or_default().route(base_url)?;
        let proxy = route.proxy_name();
        let pools = Pools::new(move || {
            let mut client = reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never().max_retries_per_request(0))
                .connect_timeout(connect_timeout)
                .tcp_nodelay(true);
            if let Some(limit) = self.pool_idle_timeout {
                client = client.pool_idle_timeout(limit);
            }
            if let Some(limit) = self.pool_max_idle_per_host {
                client = client.pool_max_idle_per_host(limit);
            }
            client = keep_alive(client, self.http2_keep_alive);
            client = choose_tls(client);
            client = trust(client, &certificates);
            route.apply(client).build().map_err(|error| {
                let what = match has_certificates {
                    true => {
                        "cannot create the HTTP client; is a certificate of ca_certificate_pem() \
                         invalid?"
                    }
                    false => "cannot create the HTTP client",
                };
                OrionError::config_with(what, error)
            })
        })?;
        let known = DefaultClient {
            connect_timeout,
            proxy,
        };
        Ok(ReqwestStack::new(pools, known))
    }
}

#[cfg(feature = "http2")]
fn keep_alive(client: reqwest::ClientBuilder, every: Option<Duration>) -> reqwest::ClientBuilder {
    match every {
        Some(every) => client
            .http2_keep_alive_interval(every)
            .http2_keep_alive_timeout(every.min(PING_TIMEOUT))
            .http2_keep_alive_while_idle(true),
        None => client,
    }
}

#[cfg(not(feature = "http2"))]
fn keep_alive(client: reqwest::ClientBuilder, _: Option<Duration>) -> reqwest::ClientBuilder {
    let _ = PING_TIMEOUT;
    client
}

/// Chooses the TLS library by the features of this crate, because other crates may enable more in reqwest.
/// With both features, it is the one of the operating system: somebody asked for it, while `rustls` is a
/// default.
fn choose_tls(client: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    #[cfg(feature = "native-tls")]
    let client = client.tls_backend_native();
    #[cfg(all(feature = "rustls", not(feature = "native-tls")))]
    let client = client.tls_backend_rustls();
    client
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
type Certificate = reqwest::Certificate;
#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
type Certificate = std::convert::Infallible;

#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn trust(client: reqwest::ClientBuilder, certificates: &[Certificate]) -> reqwest::ClientBuilder {
    client.tls_certs_merge(certificates.iter().cloned())
}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
fn trust(client: reqwest::ClientBuilder, _: &[Certificate]) -> reqwest::ClientBuilder {
    client
}

/// Reads the certificates. A text without any is an error, because it would be trusted for nothing.
#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn certificates(texts: &[Vec<u8>]) -> Result<Vec<Certificate>, OrionError> {
    let mut all = Vec::new();
    for text in texts {
        let found = reqwest::Certificate::from_pem_bundle(text).map_err(|error| {
            OrionError::config_with("ca_certificate_pem() has an invalid certificate", error)
        })?;
        if found.is_empty() {
            // A certificate in DER is a sequence.
            let is_der = text.starts_with(&[0x30, 0x82]);
            return Err(OrionError::config(format!(
                "ca_certificate_pem() has no certificate; expected PEM, which begins with \
                 -----BEGIN CERTIFICATE-----{}",
                match is_der {
                    true => "; this is DER, convert it with: openssl x509 -inform der",
                    false => "",
                }
            )));
        }
        all.extend(found);
    }
    Ok(all)
}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
fn certificates(texts: &[Vec<u8>]) -> Result<Vec<Certificate>, OrionError> {
    match texts.is_empty() {
        true => Ok(Vec::new()),
        false => Err(OrionError::config(
            "ca_certificate_pem() needs TLS; enable the Cargo feature rustls or native-tls of \
             orionos",
        )),
    }
}
