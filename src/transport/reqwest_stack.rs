//! Requests that reqwest sends: with the default HTTP client, or with a user's own.

use std::sync::Arc;
use std::time::Duration;

use super::delivery::{Delivery, WatchedBody};
#[cfg(feature = "http2")]
use super::http2;
use super::outgoing::Outgoing;
use super::pools::Pools;
use crate::error::{OrionError, TimeoutKind};

/// A client of reqwest, and what is known of it.
pub(crate) struct ReqwestStack {
    pools: Pools,
    /// `None` for a user's own client, which may also follow redirects.
    default: Option<DefaultClient>,
}

/// What is known of the default HTTP client, but not of a user's own.
#[derive(Clone)]
pub(crate) struct DefaultClient {
    pub(crate) connect_timeout: Duration,
    /// Host and port of the proxy.
    pub(crate) proxy: Option<Arc<str>>,
}

impl ReqwestStack {
    /// The default HTTP client.
    pub(crate) fn new(pools: Pools, default: DefaultClient) -> Self {
        Self {
            pools,
            default: Some(default),
        }
    }

    /// A user's own client.
    pub(crate) fn of(client: reqwest::Client) -> Self {
        Self {
            pools: Pools::of(client),
            default: None,
        }
    }

    /// Returns whether connections go through a proxy, as far as that is known.
    pub(super) fn has_proxy(&self) -> bool {
        self.default
            .as_ref()
            .is_some_and(|default| default.proxy.is_some())
    }

    /// Sends a request. `delivery` tells whether it may have reached the server. `receive` turns the
    /// response into what the caller needs.
    pub(super) fn send<T, F>(
        &self,
        request: Outgoing,
        delivery: &Delivery,
        receive: F,
    ) -> impl Future<Output = Result<T, OrionError>> + Send + use<T, F>
    where
        F: FnOnce(reqwest::Response) -> T + Send,
    {
        let default = self.default.clone();
        let requested = default.is_none().then(|| Box::new(request.url.clone()));
        // By a layer that sends it again.
        let was_sent = delivery.is_handed_over();
        let mut outgoing = reqwest::Request::new(request.method, request.url);
        *outgoing.headers_mut() = request.headers;
        *outgoing.body_mut() = match default {
            Some(_) => Some(reqwest::Body::wrap(WatchedBody::new(
                request.body,
                delivery.clone(),
            ))),
            // A user's own client may send a request again that a server has refused (HTTP/2), for
            // which it needs a body that can be cloned.
            None => {
                delivery.hand_over();
                request.body.map(reqwest::Body::from)
            }
        };
        let delivery = delivery.clone();
        let response = self.pools.client().map(|client| client.execute(outgoing));
        async move {
            let response = response?.await.map_err(|error| match was_sent {
                true => OrionError::connection(error.without_url(), true),
                false => reqwest_error(error.without_url(), default, &delivery),
            })?;
            if requested.is_some_and(|requested| *requested != *response.url()) {
                return Err(OrionError::config(
                    "the reqwest client given to http_client() followed a redirect; build it with \
                     redirect::Policy::none()",
                ));
            }
            Ok(receive(response))
        }
    }
}

/// Converts an error of reqwest. `is_connect()` covers name resolution, refused connections and TLS:
/// nothing was sent.
#[cold]
fn reqwest_error(
    error: reqwest::Error,
    default: Option<DefaultClient>,
    delivery: &Delivery,
) -> OrionError {
    if error.is_connect() {
        let (limit, proxy) = default.map_or((Duration::ZERO, None), |client| {
            (client.connect_timeout, client.proxy)
        });
        let failed = if error.is_timeout() {
            OrionError::timeout(TimeoutKind::Connect, limit, false)
        } else {
            OrionError::connection(error, false)
        };
        return failed.through(proxy);
    }
    if error.is_builder() {
        return OrionError::config_with("cannot build the request", error);
    }
    #[cfg(feature = "http2")]
    if http2::is_unprocessed(&error) {
        return OrionError::unprocessed(error);
    }
    // A connection that has ended may still have had requests waiting for it.
    OrionError::connection(error, delivery.is_handed_over())
}
