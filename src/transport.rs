//! One HTTP request, sent by reqwest or by any tower service. The transport knows nothing of agents,
//! envelopes or retries.

mod delivery;
#[cfg(feature = "http2")]
mod http2;
mod outgoing;
mod pools;
mod request_body;
mod reqwest_service;
mod reqwest_stack;
mod response;
mod service;

pub(crate) use delivery::Delivery;
pub(crate) use outgoing::Outgoing;
pub(crate) use pools::Pools;
pub use request_body::RequestBody;
pub use reqwest_service::{ReqwestService, ResponseBody};
pub(crate) use reqwest_stack::{DefaultClient, ReqwestStack};
pub(crate) use response::{Incoming, IncomingBody, ResponseParts, StreamBody};
pub(crate) use service::SharedService;

use futures_util::future::Either;

use crate::error::OrionError;

pub(crate) enum Transport {
    Reqwest(ReqwestStack),
    Service(SharedService),
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
            Self::Reqwest(stack) => Either::Left(stack.send(request, delivery, Incoming::from)),
            Self::Service(service) => Either::Right(send_by_service(service, request, delivery)),
        }
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
