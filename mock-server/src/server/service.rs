//! The mock as a tower service.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use tower_service::Service;

use crate::faults::connection_fault::ConnectionFault;
use crate::protocol::payload::Payload;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The mock as a `tower::Service`, without a socket. A connection that fails is an [`io::Error`] of the
/// call or of the body.
#[derive(Debug, Clone)]
pub struct MockService(Router);

impl MockService {
    pub(crate) fn new(router: Router) -> Self {
        Self(router)
    }
}

impl<B> Service<Request<B>> for MockService
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<MockBody>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<MockBody>, io::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let response = self.0.call(request.map(Body::new));
        Box::pin(async move {
            let response = response
                .await
                .unwrap_or_else(|never: Infallible| match never {});
            match ConnectionFault::of(&response) {
                Some(fault) => Err(fault.error()),
                None => Ok(response.map(MockBody)),
            }
        })
    }
}

/// The body of a response.
#[derive(Debug)]
pub struct MockBody(Body);

impl From<Payload> for MockBody {
    fn from(payload: Payload) -> Self {
        Self(payload.into())
    }
}

impl http_body::Body for MockBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.0)
            .poll_frame(cx)
            .map_err(axum::Error::into_inner)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.0.size_hint()
    }
}
