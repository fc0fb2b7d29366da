//! Whether requests go through a proxy. The base URL decides, because all requests go there.

use std::env;
use std::sync::Arc;

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

use crate::error::OrionError;
use crate::handle::BaseUrl;

/// What the user has chosen. Not `Debug`: the URL may have a password.
#[derive(Default)]
pub(super) enum ProxySetting {
    /// The proxies of the environment.
    #[default]
    Environment,
    Off,
    Url(String),
}

/// The proxy of a client.
pub(super) enum Route {
    Direct,
    Environment {
        name: Arc<str>,
    },
    Given {
        proxy: Box<reqwest::Proxy>,
        name: Arc<str>,
    },
}

impl ProxySetting {
    /// Decides for a server. Plain http and loopback never use a proxy: it could read the key.
    pub(super) fn route(self, base_url: &BaseUrl) -> Result<Route, OrionError> {
        let is_private = base_url.is_https() && !base_url.is_loopback();
        match self {
            Self::Url(url) if is_private => given(&url),
            Self::Url(_) => Err(OrionError::config(
                "proxy() needs an https base URL of another host: plain http would show the API \
                 key to the proxy, and a loopback address is only reachable directly",
            )),
            Self::Environment if is_private => environment(base_url),
            Self::Environment | Self::Off => Ok(Route::Direct),
        }
    }
}

impl Route {
    /// Applies the decision.
    pub(super) fn apply(&self, client: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        match self {
            Self::Direct => client.no_proxy(),
            Self::Environment { .. } => client,
            Self::Given { proxy, .. } => client.proxy(reqwest::Proxy::clone(proxy)),
        }
    }

    /// Returns host and port of the proxy, without credentials.
    pub(super) fn proxy_name(&self) -> Option<Arc<str>> {
        match self {
            Self::Direct => None,
            Self::Environment { name } | Self::Given { name, .. } => Some(name.clone()),
        }
    }
}

/// Asks what reqwest asks when it connects, because its errors do not name the proxy.
fn environment(base_url: &BaseUrl) -> Result<Route, OrionError> {
    let Ok(server) = base_url.as_str().parse::<Uri>() else {
        return Ok(Route::Direct);
    };
    Ok(match Matcher::from_system().intercept(&server) {
        None => {
            check_variables(&server)?;
            Route::Direct
        }
        Some(proxy) => Route::Environment {
            name: name(
                proxy.uri().host().unwrap_or_default(),
                proxy.uri().port_u16(),
                proxy.uri().scheme_str(),
            ),
        },
    })
}

/// A variable that is set, but is not a URL, would be ignored without a word.
fn check_variables(server: &Uri) -> Result<(), OrionError> {
    let value = |name| {
        env::var(name)
            .ok()
            .filter(|value: &String| !value.trim().is_empty())
    };
    let exceptions = value("NO_PROXY").or_else(|| value("no_proxy"));
    let is_excepted = Matcher::builder()
        .all("http://proxy.invalid")
        .no(exceptions.unwrap_or_default())
        .build()
        .intercept(server)
        .is_none();
    if is_excepted || env::var_os("REQUEST_METHOD").is_some() {
        return Ok(());
    }
    let names = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    match names.into_iter().find(|name| value(name).is_some()) {
        Some(name) => Err(OrionError::config(format!(
            "the environment variable {name} is not a valid proxy URL; expected a URL such as \
             http://proxy.example:3128, or call no_proxy()"
        ))),
        None => Ok(()),
    }
}

fn given(text: &str) -> Result<Route, OrionError> {
    // The text is in no error: it may have a password.
    let invalid = || {
        OrionError::config(
            "invalid proxy URL: expected a URL such as http://user:password@proxy.example:3128",
        )
    };
    let url = Url::parse(text.trim()).map_err(|_| invalid())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(invalid());
    }
    let name = name(
        url.host_str().unwrap_or_default(),
        url.port(),
        Some(url.scheme()),
    );
    let proxy = Box::new(reqwest::Proxy::https(url).map_err(|_| invalid())?);
    Ok(Route::Given { proxy, name })
}

fn name(host: &str, port: Option<u16>, scheme: Option<&str>) -> Arc<str> {
    let port = port.unwrap_or(match scheme {
        Some("https") => 443,
        Some("http") | None => 80,
        Some(_) => 1080,
    });
    format!("{host}:{port}").into()
}
