//! What a call reads from a response: its data, or a stream of events.

use std::future::Future;
use std::marker::PhantomData;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use serde::de::DeserializeOwned;

use crate::envelope::Response;
use crate::error::OrionError;
use crate::meta::request_id;
use crate::pacing::Permit;
use crate::rate_limit::RateLimit;
use crate::response_headers::BodyHeaders;
use crate::time_limit::TimeLimit;
use crate::transport::{IncomingBody, ResponseParts, StreamBody};
use crate::watch::Watch;

/// Reads a response within the attempt's time limit.
pub(crate) trait ReadResponse: Send + Sync {
    /// What is read.
    type Read: Send;
    /// What the call returns.
    type Output: Send;
    /// The `Accept` header, if it is not the client's default.
    const ACCEPT: Option<HeaderValue>;

    /// Returns what was read, or the error that the response represents.
    fn read(
        &self,
        parts: &ResponseParts,
        body: Body,
    ) -> impl Future<Output = Result<Self::Read, OrionError>> + Send;

    /// Returns whether the caller turns this failure into a success.
    fn accepts(&self, _: &OrionError) -> bool {
        false
    }

    /// Returns the call's result. If it keeps the permit, the call stays in flight for pacing. If it
    /// keeps the watch, the call has not ended yet.
    fn finish(
        &self,
        read: Self::Read,
        permit: Option<Permit>,
        deadline: Option<TimeLimit>,
        watch: Watch,
    ) -> Self::Output;
}

/// Reads the envelope's `data`. It is boxed as soon as it is decoded, because every layer of the call
/// returns it to the next.
pub(crate) struct ReadData<T> {
    /// Whether the request is a HEAD, whose response has no body.
    is_head: bool,
    accepts: fn(&OrionError) -> bool,
    data: PhantomData<fn() -> T>,
}

impl<T> ReadData<T> {
    pub(crate) fn of(method: &Method) -> Self {
        Self {
            is_head: *method == Method::HEAD,
            accepts: |_| false,
            data: PhantomData,
        }
    }

    /// Sets which failures the caller turns into a success.
    pub(crate) fn accepting(mut self, accepts: fn(&OrionError) -> bool) -> Self {
        self.accepts = accepts;
        self
    }
}

impl<T: DeserializeOwned + Send> ReadResponse for ReadData<T> {
    type Read = Box<T>;
    type Output = Box<T>;
    const ACCEPT: Option<HeaderValue> = None;

    #[expect(
        clippy::manual_async_fn,
        reason = "an async fn would keep a second copy of the body"
    )]
    fn read(
        &self,
        parts: &ResponseParts,
        mut body: Body,
    ) -> impl Future<Output = Result<Box<T>, OrionError>> + Send {
        async move {
            let response = body.whole(parts).await?;
            if self.is_head {
                response.decode_without_body()
            } else {
                response.decode()
            }
        }
    }

    fn accepts(&self, error: &OrionError) -> bool {
        (self.accepts)(error)
    }

    fn finish(
        &self,
        data: Box<T>,
        _: Option<Permit>,
        _: Option<TimeLimit>,
        mut watch: Watch,
    ) -> Box<T> {
        watch.ends(None);
        data
    }
}

/// Leaves a body of server-sent events to be read as a stream.
pub(crate) struct ReadEventStream;

/// A stream that has begun.
pub(crate) struct OpenStream {
    pub(crate) status: StatusCode,
    pub(crate) body: StreamBody,
    /// Kept as long as the stream, which counts as a message in flight.
    pub(crate) permit: Option<Permit>,
    pub(crate) deadline: Option<TimeLimit>,
    /// The call ends with its stream.
    pub(crate) watch: Watch,
}

impl ReadResponse for ReadEventStream {
    type Read = (StatusCode, StreamBody);
    type Output = OpenStream;
    const ACCEPT: Option<HeaderValue> = Some(HeaderValue::from_static("text/event-stream"));

    async fn read(&self, parts: &ResponseParts, mut body: Body) -> Result<Self::Read, OrionError> {
        if parts.status.is_success() && is_event_stream(&parts.headers) {
            if let Some(encoding) = encoding(&parts.headers) {
                let body = Bytes::new();
                return Err(Response { parts, body }.encoded(&encoding));
            }
            return Ok((parts.status, body.incoming.into_stream()));
        }
        // Errors before the first event are ordinary envelopes.
        let response = body.whole(parts).await?;
        response.check_success()?;
        Err(response.unexpected("expected a stream, but the response is not text/event-stream"))
    }

    fn finish(
        &self,
        (status, body): Self::Read,
        permit: Option<Permit>,
        deadline: Option<TimeLimit>,
        mut watch: Watch,
    ) -> OpenStream {
        watch.stream_starts();
        OpenStream {
            status,
            body,
            permit,
            deadline,
            watch,
        }
    }
}

/// A body that is still to be read.
pub(crate) struct Body {
    pub(crate) incoming: IncomingBody,
    pub(crate) headers: BodyHeaders,
    pub(crate) max_bytes: usize,
}

impl Body {
    async fn whole<'a>(&mut self, parts: &'a ResponseParts) -> Result<Response<'a>, OrionError> {
        let read = self.incoming.read(self.headers.length, self.max_bytes);
        let body = match read.await {
            Ok(body) => body,
            Err(error) => return Err(without_body(error, parts)),
        };
        let response = Response { parts, body };
        // The response to a HEAD describes a body that it does not have.
        if self.headers.is_encoded
            && !response.body.is_empty()
            && let Some(encoding) = encoding(&parts.headers)
        {
            return Err(response.encoded(&encoding));
        }
        Ok(response)
    }
}

/// Adds to an error what is known of a response whose body is lost.
#[cold]
fn without_body(mut error: OrionError, parts: &ResponseParts) -> OrionError {
    if let Some(context) = error.context_mut() {
        context.status = Some(parts.status);
        context.request_id = request_id(&parts.headers).map(str::to_owned);
        context.rate_limit = RateLimit::from_headers(&parts.headers);
    }
    error
}

/// Returns how a body is encoded that the transport has not decoded. The client asks for no encoding;
/// an HTTP client or a service that decodes bodies removes the header.
fn encoding(headers: &HeaderMap) -> Option<String> {
    let mut encodings = Vec::new();
    for value in headers.get_all(CONTENT_ENCODING) {
        let value = String::from_utf8_lossy(value.as_bytes());
        for encoding in value.split(',').map(str::trim) {
            if !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity") {
                encodings.push(encoding.to_owned());
            }
        }
    }
    (!encodings.is_empty()).then(|| encodings.join(", "))
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| value.trim().eq_ignore_ascii_case("text/event-stream"))
}
