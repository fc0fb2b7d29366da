//! One HTTP request, sent by reqwest or by any tower service. The transport knows nothing of agents,
//! envelopes or retries.

mod delivery;
#[cfg(feature = "http2")]
mod http2;
mod pools;
mod request_body;
mod response;
mod service;

pub(crate) use delivery::Delivery;
pub(crate) use pools::Pools;
pub use request_body::RequestBody;
pub(crate) use response::{Incoming, IncomingBody, ResponseParts, StreamBody};
pub(crate) use service::SharedService;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::Either;
use http::Method;
use http::header::HeaderMap;
use url::Url;

use delivery::WatchedBody;

use crate::error::{OrionError, TimeoutKind};

/// A request that is ready to be sent.
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
}

pub(crate) enum Transport {
    Reqwest {
        pools: Pools,
        /// `None` for a user's own client, which may also follow redirects.
        default: Option<DefaultClient>,
    },
    Service(SharedService),
}

/// What is known of the default HTTP client, but not of a user's own.
#[derive(Clone)]
pub(crate) struct DefaultClient {
    pub(crate) connect_timeout: Duration,
    /// Host and port of the proxy.
    pub(crate) proxy: Option<Arc<str>>,
}

impl Transport {
    /// Sends a request. It is handed over immediately, so the future does not hold it while it waits.
    /// `delivery` tells whether it may have reached the server.
    pub(crate) fn send(
        &self,
        request: Outgoing,
        delivery: &Delivery,
    ) -> impl Future<Output = Result<Incoming, OrionError>> + Send + use<> {
        match self {
            Self::Reqwest { pools, default } => {
                Either::Left(send_by_reqwest(pools, default.clone(), request, delivery))
            }
            Self::Service(service) => Either::Right(send_by_service(service, request, delivery)),
        }
    }
}

fn send_by_reqwest(
    pools: &Pools,
    default: Option<DefaultClient>,
    request: Outgoing,
    delivery: &Delivery,
) -> impl Future<Output = Result<Incoming, OrionError>> + Send + use<> {
    let requested = default.is_none().then(|| Box::new(request.url.clone()));
    let mut outgoing = reqwest::Request::new(request.method, request.url);
    *outgoing.headers_mut() = request.headers;
    *outgoing.body_mut() = match default {
        Some(_) => Some(reqwest::Body::wrap(WatchedBody::new(
            request.body,
            delivery.clone(),
        ))),
        // A user's own client may send a request again that a server has refused (HTTP/2), for which
        // it needs a body that can be cloned.
        None => {
            delivery.hand_over();
            request.body.map(reqwest::Body::from)
        }
    };
    let delivery = delivery.clone();
    let response = pools.client().map(|client| client.execute(outgoing));
    async move {
        let mut response = response?
            .await
            .map_err(|error| reqwest_error(error, default, &delivery))?;
        if requested.is_some_and(|requested| *requested != *response.url()) {
            return Err(OrionError::config(
                "the reqwest client given to http_client() followed a redirect; build it with \
                 redirect::Policy::none()",
            ));
        }
        Ok(Incoming {
            parts: ResponseParts {
                status: response.status(),
                headers: std::mem::take(response.headers_mut()),
            },
            body: IncomingBody::Reqwest(response),
        })
    }
}

fn send_by_service(
    service: &SharedService,
    request: Outgoing,
    delivery: &Delivery,
) -> impl Future<Output = Result<Incoming, OrionError>> + Send + use<> {
    let mut outgoing = http::Request::new(RequestBody::new(request.body));
    *outgoing.method_mut() = request.method;
    *outgoing.headers_mut() = request.headers;
    let response = match request.url.as_str().parse() {
        Ok(uri) => {
            *outgoing.uri_mut() = uri;
            Ok(service.call(outgoing, delivery))
        }
        Err(error) => Err(OrionError::config_with("the URL is not a URI", error)),
    };
    async move {
        let (parts, body) = response?.await?.into_parts();
        Ok(Incoming {
            parts: ResponseParts {
                status: parts.status,
                headers: parts.headers,
            },
            body: IncomingBody::Service(body),
        })
    }
}

/// Converts an error of reqwest. `is_connect()` covers name resolution, refused connections and TLS:
/// nothing was sent.
fn reqwest_error(
    error: reqwest::Error,
    default: Option<DefaultClient>,
    delivery: &Delivery,
) -> OrionError {
    let error = error.without_url();
    let sent = !error.is_connect();
    if !sent {
        let (limit, proxy) = default.map_or((Duration::ZERO, None), |client| {
            (client.connect_timeout, client.proxy)
        });
        let failed = if error.is_timeout() {
            OrionError::timeout(TimeoutKind::Connect, limit, sent)
        } else {
            OrionError::connection(error, sent)
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
    let sent = !delivery.give_up();
    OrionError::connection(error, sent)
}
