//! The default HTTP stack as a tower service.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use tower_service::Service;
use url::Url;

use super::delivery::Delivery;
use super::outgoing::Outgoing;
use super::request_body::RequestBody;
use super::reqwest_stack::ReqwestStack;
use crate::error::{BoxError, OrionError};

/// The default HTTP stack as a tower service, so that you can put a layer around it: logs, retries, a
/// limit of connections, a signature.
///
/// [`OrionBuilder::reqwest_service`] returns one with the connection settings of a builder, and
/// `ReqwestService::from` makes one of your own reqwest client. Clones share their connections. Give
/// the service with its layers to [`OrionBuilder::http_service`].
///
/// This layer tries each request up to twice, if nothing was sent the first time:
///
/// ```
/// use std::future::Future;
/// use std::pin::Pin;
/// use std::task::{Context, Poll};
///
/// use orionos::{OrionError, OrionOS, Outcome, RequestBody, ReqwestService};
/// use tower_service::Service;
///
/// #[derive(Clone)]
/// struct Twice<S>(S);
///
/// impl<S> Service<http::Request<RequestBody>> for Twice<S>
/// where
///     S: Service<http::Request<RequestBody>, Error = OrionError> + Clone + Send + 'static,
///     S::Future: Send,
///     S::Response: Send,
/// {
///     type Response = S::Response;
///     type Error = OrionError;
///     type Future = Pin<Box<dyn Future<Output = Result<S::Response, OrionError>> + Send>>;
///
///     fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), OrionError>> {
///         self.0.poll_ready(cx)
///     }
///
///     fn call(&mut self, request: http::Request<RequestBody>) -> Self::Future {
///         let mut service = self.0.clone();
///         Box::pin(async move {
///             match service.call(request.clone()).await {
///                 Err(error) if error.outcome() == Outcome::NotSent => service.call(request).await,
///                 result => result,
///             }
///         })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), OrionError> {
/// # let mock = orionos_mock_server::MockServer::start().await;
/// let service: ReqwestService = OrionOS::builder().base_url(mock.base_url()).reqwest_service()?;
/// let orion = OrionOS::builder()
///     .api_key(mock.api_key())
///     .base_url(mock.base_url())
///     .http_service(Twice(service))
///     .build()?;
/// orion.agents().create("Harbour Pilot").send().await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// A request fails with [`OrionError::Connection`], with [`OrionError::Timeout`] if there was no
/// connection in time, or with [`OrionError::Config`] if it cannot be sent. [`OrionError::outcome`] says
/// whether it may have reached the server. A call knows this too if a layer puts the error into one of
/// its own, as the `source()` of it.
///
/// [`OrionBuilder::reqwest_service`]: crate::OrionBuilder::reqwest_service
/// [`OrionBuilder::http_service`]: crate::OrionBuilder::http_service
#[derive(Clone)]
pub struct ReqwestService(Arc<ReqwestStack>);

impl ReqwestService {
    pub(crate) fn new(stack: ReqwestStack) -> Self {
        Self(Arc::new(stack))
    }
}

/// The rules of [`OrionBuilder::http_client`](crate::OrionBuilder::http_client) apply. When such a client
/// has sent a request is not known, so a failure of one that a layer repeats has the outcome
/// [`Unknown`](crate::Outcome::Unknown).
impl From<reqwest::Client> for ReqwestService {
    fn from(client: reqwest::Client) -> Self {
        Self::new(ReqwestStack::of(client))
    }
}

impl fmt::Debug for ReqwestService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestService").finish_non_exhaustive()
    }
}

impl Service<Request<RequestBody>> for ReqwestService {
    type Response = Response<ResponseBody>;
    type Error = OrionError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, OrionError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), OrionError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        let (parts, body) = request.into_parts();
        let url = match checked_url(&parts.uri, &self.0) {
            Ok(url) => url,
            Err(error) => return Box::pin(std::future::ready(Err(error))),
        };
        let delivery: Delivery = parts.extensions.get().cloned().unwrap_or_default();
        delivery.take_from_service();
        let outgoing = Outgoing {
            method: parts.method,
            url,
            headers: parts.headers,
            body: body.into_bytes(),
        };
        let stack = self.0.clone();
        Box::pin(async move {
            // Without a runtime, reqwest would panic.
            if tokio::runtime::Handle::try_current().is_err() {
                return Err(OrionError::config(
                    "ReqwestService needs a running tokio runtime with its time and I/O drivers \
                     enabled",
                ));
            }
            let response = stack.send(|| outgoing, &delivery).await?;
            Ok(Response::from(response).map(ResponseBody))
        })
    }
}

/// Returns the URL of a request that may be sent. What the base URL has decided about proxies holds for
/// https only.
fn checked_url(uri: &http::Uri, stack: &ReqwestStack) -> Result<Url, OrionError> {
    let url = Url::parse(&uri.to_string()).map_err(|error| {
        OrionError::config_with(
            "ReqwestService needs an absolute URL of http or https",
            error,
        )
    })?;
    if stack.has_proxy() && url.scheme() != "https" {
        return Err(OrionError::config(
            "this ReqwestService was created for an https base URL and uses a proxy, which could \
             read the API key of plain http; create it with the base URL of the client",
        ));
    }
    Ok(url)
}

/// The body of a response of [`ReqwestService`].
#[derive(Debug)]
pub struct ResponseBody(reqwest::Body);

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.0).poll_frame(cx).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}
