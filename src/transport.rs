//! One HTTP exchange: reqwest by default, any tower service instead. It knows nothing of agents,
//! envelopes or retries.

mod service;

pub(crate) use service::SharedService;

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::Either;
use http::header::{CONTENT_LENGTH, HeaderMap};
use http::{Method, StatusCode};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use url::Url;

use crate::error::{BodyTooLarge, BoxError, Context, OrionError, Outcome, RetryClass, TimeoutKind};
use crate::request::RequestBody;

/// What goes over the wire.
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
}

/// What comes back: the head, and a body to be read.
pub(crate) struct Incoming {
    pub(crate) head: Head,
    pub(crate) body: IncomingBody,
}

/// An answer's head.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
}

/// A body that is polled piece by piece.
pub(crate) type StreamBody = UnsyncBoxBody<Bytes, BoxError>;

pub(crate) enum IncomingBody {
    Reqwest(reqwest::Response),
    Service(StreamBody),
}

pub(crate) enum Transport {
    Reqwest {
        client: reqwest::Client,
        /// `None` for a client of the user's own, which may follow redirects too.
        connect_timeout: Option<Duration>,
    },
    Service(SharedService),
}

impl Transport {
    /// The request is handed over at once: the future holds none of it while it waits.
    pub(crate) fn send(
        &self,
        request: Outgoing,
    ) -> impl Future<Output = Result<Incoming, OrionError>> + Send + use<> {
        match self {
            Self::Reqwest {
                client,
                connect_timeout,
            } => Either::Left(by_reqwest(client, *connect_timeout, request)),
            Self::Service(service) => Either::Right(by_service(service, request)),
        }
    }
}

fn by_reqwest(
    client: &reqwest::Client,
    connect_timeout: Option<Duration>,
    request: Outgoing,
) -> impl Future<Output = Result<Incoming, OrionError>> + Send + use<> {
    let asked = connect_timeout
        .is_none()
        .then(|| Box::new(request.url.clone()));
    let mut outgoing = reqwest::Request::new(request.method, request.url);
    *outgoing.headers_mut() = request.headers;
    *outgoing.body_mut() = request.body.map(reqwest::Body::from);
    let answered = client.execute(outgoing);
    async move {
        let mut response = answered
            .await
            .map_err(|error| reqwest_error(error, connect_timeout))?;
        if asked.is_some_and(|asked| *asked != *response.url()) {
            return Err(OrionError::config(
                "the reqwest client given to http_client() followed a redirect; build it with \
                 redirect::Policy::none()",
            ));
        }
        Ok(Incoming {
            head: Head {
                status: response.status(),
                headers: std::mem::take(response.headers_mut()),
            },
            body: IncomingBody::Reqwest(response),
        })
    }
}

fn by_service(
    service: &SharedService,
    request: Outgoing,
) -> impl Future<Output = Result<Incoming, OrionError>> + Send + use<> {
    let mut outgoing = http::Request::new(RequestBody::new(request.body));
    *outgoing.method_mut() = request.method;
    *outgoing.headers_mut() = request.headers;
    let answered = match request.url.as_str().parse() {
        Ok(uri) => {
            *outgoing.uri_mut() = uri;
            Ok(service.call(outgoing))
        }
        Err(error) => Err(OrionError::config_with("the URL is not a URI", error)),
    };
    async move {
        let (head, body) = answered?.await?.into_parts();
        Ok(Incoming {
            head: Head {
                status: head.status,
                headers: head.headers,
            },
            body: IncomingBody::Service(body),
        })
    }
}

/// `is_connect()` covers name resolution, refused connections and TLS: nothing was sent.
fn reqwest_error(error: reqwest::Error, connect_timeout: Option<Duration>) -> OrionError {
    let error = error.without_url();
    if error.is_connect() && error.is_timeout() {
        return OrionError::timeout(
            TimeoutKind::Connect,
            connect_timeout.unwrap_or_default(),
            Outcome::NotSent,
        );
    }
    if error.is_builder() {
        return OrionError::config_with("the request cannot be built", error);
    }
    let sent = !error.is_connect();
    OrionError::connection(error, sent)
}

impl IncomingBody {
    /// The whole body, unless it is larger than `limit`.
    pub(crate) async fn read(&mut self, head: &Head, limit: usize) -> Result<Bytes, OrionError> {
        let announced = head
            .headers
            .get(CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if announced.is_some_and(|announced| announced > limit) {
            return Err(too_large(limit, head.status));
        }
        let Some(first) = self.chunk().await? else {
            return Ok(Bytes::new());
        };
        // Most answers are one chunk: no copy then.
        let Some(second) = self.chunk().await? else {
            return within(first, limit, head.status);
        };
        let mut whole = Vec::with_capacity(announced.unwrap_or(first.len() + second.len()));
        whole.extend_from_slice(&first);
        let mut next = Some(second);
        while let Some(chunk) = next {
            if whole.len() + chunk.len() > limit {
                return Err(too_large(limit, head.status));
            }
            whole.extend_from_slice(&chunk);
            next = self.chunk().await?;
        }
        Ok(whole.into())
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, OrionError> {
        match self {
            Self::Reqwest(response) => response
                .chunk()
                .await
                .map_err(|error| OrionError::connection(error.without_url(), true)),
            Self::Service(body) => loop {
                match body.frame().await {
                    None => return Ok(None),
                    Some(Ok(frame)) => {
                        if let Ok(data) = frame.into_data() {
                            return Ok(Some(data));
                        }
                    }
                    Some(Err(error)) => return Err(OrionError::connection(error, true)),
                }
            },
        }
    }

    /// The body to be polled piece by piece.
    pub(crate) fn into_stream(self) -> StreamBody {
        match self {
            Self::Reqwest(response) => {
                let body: reqwest::Body = http::Response::from(response).into_body();
                service::erase(body)
            }
            Self::Service(body) => body,
        }
    }
}

fn within(body: Bytes, limit: usize, status: StatusCode) -> Result<Bytes, OrionError> {
    if body.len() > limit {
        return Err(too_large(limit, status));
    }
    Ok(body)
}

pub(crate) fn too_large(limit: usize, status: StatusCode) -> OrionError {
    OrionError::BodyTooLarge(Box::new(BodyTooLarge::new(
        limit,
        Context {
            status: Some(status),
            outcome: Outcome::Unknown,
            class: RetryClass::Never,
            ..Context::default()
        },
    )))
}
