//! A user's `tower::Service` as the transport.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use bytes::Buf;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::delivery::Delivery;
use super::outgoing::Outgoing;
use super::request_body::RequestBody;
use super::response::{StreamBody, erase};
use crate::error::{BoxError, OrionError};

type ServiceFuture = Pin<Box<dyn Future<Output = Result<Response<StreamBody>, OrionError>> + Send>>;

/// The user's service. Each call uses a clone of it.
pub(crate) struct SharedService(Mutex<Box<dyn ErasedService>>);

impl SharedService {
    pub(crate) fn new<S, B>(service: S) -> Self
    where
        S: Service<Request<RequestBody>, Response = Response<B>> + Clone + Send + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        B: Body + Send + 'static,
        B::Data: Buf + Send,
        B::Error: Into<BoxError>,
    {
        Self(Mutex::new(Box::new(service)))
    }

    /// The request may be sent as soon as the service is called: what it then does is not known, except
    /// for [`ReqwestService`](super::ReqwestService), to which `delivery` travels with the request.
    pub(super) fn send(
        &self,
        outgoing: Outgoing,
        delivery: &Delivery,
    ) -> Result<ServiceFuture, OrionError> {
        let mut request = Request::new(RequestBody::new(outgoing.body));
        *request.method_mut() = outgoing.method;
        *request.headers_mut() = outgoing.headers;
        let uri = outgoing.url.as_str().parse();
        *request.uri_mut() =
            uri.map_err(|error| OrionError::config_with("the URL is not a URI", error))?;
        // A panic in the user's `Clone` poisons the lock, but leaves the service unchanged.
        let service = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(service.call_on_clone(request, delivery.clone()))
    }
}

trait ErasedService: Send {
    fn call_on_clone(&self, request: Request<RequestBody>, delivery: Delivery) -> ServiceFuture;
}

impl<S, B> ErasedService for S
where
    S: Service<Request<RequestBody>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: Body + Send + 'static,
    B::Data: Buf + Send,
    B::Error: Into<BoxError>,
{
    fn call_on_clone(
        &self,
        mut request: Request<RequestBody>,
        delivery: Delivery,
    ) -> ServiceFuture {
        let mut service = self.clone();
        Box::pin(async move {
            poll_fn(|cx| service.poll_ready(cx))
                .await
                .map_err(|error| OrionError::connection(error, false))?;
            delivery.pass_to_service();
            request.extensions_mut().insert(delivery.clone());
            let response = service.call(request).await.map_err(|error| {
                let sent = !delivery.give_up();
                OrionError::of_service(error.into(), sent)
            })?;
            Ok(response.map(erase))
        })
    }
}
