//! A user's `tower::Service` as the transport.

use std::error::Error as StdError;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use bytes::Buf;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::delivery::Delivery;
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

    /// The request counts as handed over when the service is called: what it then does is not known.
    pub(crate) fn call(&self, request: Request<RequestBody>, delivery: &Delivery) -> ServiceFuture {
        // A panic in the user's `Clone` poisons the lock, but leaves the service unchanged.
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .call_on_clone(request, delivery.clone())
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
    fn call_on_clone(&self, request: Request<RequestBody>, delivery: Delivery) -> ServiceFuture {
        let mut service = self.clone();
        Box::pin(async move {
            poll_fn(|cx| service.poll_ready(cx))
                .await
                .map_err(|error| OrionError::connection(error, false))?;
            delivery.hand_over();
            let response = service.call(request).await.map_err(|error| {
                let error = error.into();
                let sent = !was_never_sent(&*error);
                OrionError::connection(error, sent)
            })?;
            Ok(response.map(erase))
        })
    }
}

/// Returns whether an error in the chain of causes says that there was no connection.
fn was_never_sent(error: &(dyn StdError + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>()
            && matches!(
                error.kind(),
                io::ErrorKind::ConnectionRefused
                    | io::ErrorKind::AddrNotAvailable
                    | io::ErrorKind::HostUnreachable
                    | io::ErrorKind::NetworkUnreachable
            )
        {
            return true;
        }
        if let Some(error) = error.downcast_ref::<reqwest::Error>()
            && error.is_connect()
        {
            return true;
        }
        cause = error.source();
    }
    false
}
