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

    /// Sends a request, which is made inside. `delivery` tells whether it may have reached the server.
    pub(super) async fn send(
        &self,
        request: impl FnOnce() -> Outgoing,
        delivery: &Delivery,
    ) -> Result<reqwest::Response, OrionError> {
        // By a layer that sends it again.
        let was_sent = delivery.is_handed_over();
        let client = self.pools.client()?;
        let mut requested = None;
        let response = {
            let request = request();
            if self.default.is_none() {
                requested = Some(Box::new(request.url.clone()));
            }
            client.execute(self.prepared(request, delivery))
        };
        match response.await {
            Ok(response) if requested.is_none_or(|url| *url == *response.url()) => Ok(response),
            Ok(_) => Err(OrionError::config(
                "the reqwest client given to http_client() followed a redirect; build it with \
                 redirect::Policy::none()",
            )),
            Err(error) => Err(self.failure(error.without_url(), was_sent, delivery)),
        }
    }

    fn prepared(&self, request: Outgoing, delivery: &Delivery) -> reqwest::Request {
        let mut prepared = reqwest::Request::new(request.method, request.url);
        *prepared.headers_mut() = request.headers;
        *prepared.body_mut() = match self.default {
            Some(_) => {
                let body = WatchedBody::new(request.body, delivery.clone());
                Some(reqwest::Body::wrap(body))
            }
            // A user's own client may send a request again that a server has refused (HTTP/2), for
            // which it needs a body that can be cloned.
            None => {
                delivery.hand_over();
                request.body.map(reqwest::Body::from)
            }
        };
        prepared
    }

    #[cold]
    fn failure(&self, error: reqwest::Error, was_sent: bool, delivery: &Delivery) -> OrionError {
        if was_sent {
            return OrionError::connection(error, true);
        }
        if error.is_connect() {
            let default = self.default.as_ref();
            let limit = default.map_or(Duration::ZERO, |default| default.connect_timeout);
            let failed = if error.is_timeout() {
                OrionError::timeout(TimeoutKind::Connect, limit, false)
            } else {
                OrionError::connection(error, false)
            };
            return failed.through(default.and_then(|default| default.proxy.clone()));
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
}
