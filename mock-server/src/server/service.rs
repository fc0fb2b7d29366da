//! The mock as a tower service.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HeaderValue};
use http::{Method, Request, Response};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt;
use tower_service::Service;

use crate::api::cors::CorsOrigins;
use crate::api::openapi;
use crate::api::stages::{self, Arrived};
use crate::control::router::ControlApi;
use crate::faults::connection_fault::ConnectionFault;
use crate::protocol::body::BoxError;
use crate::protocol::payload::{Payload, Pieces};
use crate::state::app::App;

/// The mock as a `tower::Service`, without a socket. A connection that fails is an [`io::Error`] of the
/// call or of the body.
#[derive(Clone)]
pub struct MockService(Arc<Parts>);

struct Parts {
    app: Arc<App>,
    cors: CorsOrigins,
    control: Option<Arc<ControlApi>>,
}

impl fmt::Debug for MockService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MockService")
    }
}

impl MockService {
    pub(crate) fn new(app: Arc<App>, cors: CorsOrigins, control: Option<ControlApi>) -> Self {
        let control = control.map(Arc::new);
        Self(Arc::new(Parts { app, cors, control }))
    }

    /// Returns the response to a request. The length of its body is left to what sends it.
    pub(crate) fn respond<B>(
        &self,
        request: Request<B>,
    ) -> impl Future<Output = Result<Response<MockBody>, io::Error>> + Send + use<B>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        // This runs before the future is made, so that its values do not make the future larger.
        let permission = self.0.cors.permission(&request).map(Box::new);
        let preflight = permission.as_ref().and_then(|it| it.preflight());
        let responding = match preflight {
            Some(response) => Responding::Ready(Box::new(response)),
            None => self.0.route(request),
        };
        async move {
            let mut response = match responding {
                Responding::Ready(response) => response.map(MockBody::from),
                Responding::Control(response) => response.await.map(MockBody::from),
                Responding::Api(arrived) => {
                    let response = stages::serve(arrived).await;
                    if let Some(fault) = ConnectionFault::of(&response) {
                        return Err(fault.error());
                    }
                    response.map(MockBody::from)
                }
            };
            if let Some(permission) = permission {
                permission.write(response.headers_mut());
            }
            Ok(response)
        }
    }
}

/// How the response to a request comes about.
enum Responding<B> {
    Ready(Box<Response<Payload>>),
    Control(Pin<Box<dyn Future<Output = Response<Payload>> + Send>>),
    Api(Arrived<B>),
}

impl Parts {
    fn route<B>(&self, request: Request<B>) -> Responding<B>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let path = request.uri().path();
        if path == openapi::response::PATH {
            let response = openapi::response::respond(request.method(), &self.app);
            return Responding::Ready(Box::new(response));
        }
        match &self.control {
            Some(control) if ControlApi::has(path) => {
                let control = control.clone();
                // One type of body, so that the control API is compiled once.
                let request = request.map(|body| body.map_err(Into::into).boxed_unsync());
                Responding::Control(Box::pin(async move { control.respond(request).await }))
            }
            _ => Responding::Api(Arrived::new(&self.app, request)),
        }
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
        let is_head = *request.method() == Method::HEAD;
        let response = self.respond(request);
        Box::pin(async move {
            let mut response = response.await?;
            if let Some(length) = response.body().size_hint().exact() {
                let headers = response.headers_mut();
                headers
                    .entry(CONTENT_LENGTH)
                    .or_insert(HeaderValue::from(length));
            }
            Ok(match is_head {
                true => response.map(|_| MockBody::from(Payload::default())),
                false => response,
            })
        })
    }
}

/// The body of a response.
#[derive(Debug)]
pub struct MockBody(Kind);

enum Kind {
    Bytes(Bytes),
    Stream(Pieces),
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::Stream(_) => f.write_str("stream"),
        }
    }
}

impl From<Payload> for MockBody {
    fn from(payload: Payload) -> Self {
        Self(match payload {
            Payload::Bytes(bytes) => Kind::Bytes(bytes),
            Payload::Stream(pieces) => Kind::Stream(pieces),
        })
    }
}

impl http_body::Body for MockBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Kind::Bytes(bytes) => {
                let bytes = std::mem::take(bytes);
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Kind::Stream(pieces) => pieces
                .as_mut()
                .poll_next(cx)
                .map(|piece| piece.map(|piece| piece.map(Frame::data).map_err(BoxError::from))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Bytes(bytes) => bytes.is_empty(),
            Kind::Stream(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Bytes(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Stream(_) => SizeHint::default(),
        }
    }
}
