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
pub(crate) use response::{Incoming, ResponseParts, StreamBody};
pub(crate) use service::SharedService;

use crate::error::OrionError;

pub(crate) enum Transport {
    Reqwest(ReqwestStack),
    Service(SharedService),
}

impl Transport {
    /// Sends a request and waits for the response. The request is made inside, so that the future does not
    /// hold it while it waits. `delivery` tells whether it may have reached the server.
    pub(crate) async fn send(
        &self,
        request: impl FnOnce() -> Outgoing,
        delivery: &Delivery,
    ) -> Result<Incoming, OrionError> {
        match self {
            Self::Reqwest(stack) => stack.send(request, delivery).await.map(Incoming::Reqwest),
            Self::Service(service) => {
                let response = service.send(request(), delivery)?;
                response.await.map(Incoming::Service)
            }
        }
    }
}
