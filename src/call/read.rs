//! What a call reads from a response: its data, or a stream of events.

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
use crate::time_limit::TimeLimit;
use crate::transport::{ResponseParts, StreamBody};
use crate::watch::Watch;

/// The `Accept` header of a call that wants a stream.
pub(super) const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");

/// The body of a response.
pub(crate) struct Body {
    pub(crate) whole: Bytes,
    /// Instead, if the call wants a stream of events and the response is one.
    pub(crate) stream: Option<StreamBody>,
}

/// Reads a response whose body has arrived, or whose stream has begun.
pub(crate) trait ReadResponse: Send + Sync {
    /// What is read.
    type Read: Send;
    /// What the call returns.
    type Output: Send;
    /// Whether the body of a success is wanted as a stream of events.
    const WANTS_STREAM: bool = false;

    /// Returns what was read, or the error that the response represents.
    fn read(&self, parts: &ResponseParts, body: Body) -> Result<Self::Read, OrionError>;

    /// Returns whether the caller turns this failure into a success.
    fn accepts(&self, _: &OrionError) -> bool {
        false
    }

    /// Returns the call's result. If it takes the permit, the call stays in flight for pacing. If it
    /// takes the watch over, the call has not ended yet.
    fn finish(
        &self,
        read: Self::Read,
        permit: &mut Option<Permit>,
        deadline: Option<TimeLimit>,
        watch: &mut Watch,
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

    fn read(&self, parts: &ResponseParts, body: Body) -> Result<Box<T>, OrionError> {
        let body = body.whole;
        let response = Response { parts, body };
        if self.is_head {
            response.decode_without_body()
        } else {
            response.decode()
        }
    }

    fn accepts(&self, error: &OrionError) -> bool {
        (self.accepts)(error)
    }

    fn finish(
        &self,
        data: Box<T>,
        _: &mut Option<Permit>,
        _: Option<TimeLimit>,
        watch: &mut Watch,
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
    const WANTS_STREAM: bool = true;

    fn read(&self, parts: &ResponseParts, body: Body) -> Result<Self::Read, OrionError> {
        if let Some(stream) = body.stream {
            return Ok((parts.status, stream));
        }
        // Errors before the first event are ordinary envelopes.
        let body = body.whole;
        let response = Response { parts, body };
        response.check_success()?;
        Err(response.unexpected("expected a stream, but the response is not text/event-stream"))
    }

    fn finish(
        &self,
        (status, body): Self::Read,
        permit: &mut Option<Permit>,
        deadline: Option<TimeLimit>,
        watch: &mut Watch,
    ) -> OpenStream {
        OpenStream {
            status,
            body,
            permit: permit.take(),
            deadline,
            watch: watch.of_stream(),
        }
    }
}

/// Adds to an error what is known of a response whose body is lost.
#[cold]
pub(super) fn without_body(mut error: OrionError, parts: &ResponseParts) -> OrionError {
    if let Some(context) = error.context_mut() {
        context.status = Some(parts.status);
        context.request_id = request_id(&parts.headers).map(str::to_owned);
        context.rate_limit = RateLimit::from_headers(&parts.headers);
    }
    error
}

/// Fails if the body is encoded, which the transport has not undone.
#[cold]
pub(super) fn check_encoding(parts: &ResponseParts, body: &Bytes) -> Result<(), OrionError> {
    let Some(encoding) = encoding(&parts.headers) else {
        return Ok(());
    };
    let body = body.clone();
    Err(Response { parts, body }.encoded(&encoding))
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

/// Returns whether the response is a stream of events.
pub(super) fn is_event_stream(parts: &ResponseParts) -> bool {
    let headers = &parts.headers;
    parts.status.is_success()
        && headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .is_some_and(|value| value.trim().eq_ignore_ascii_case("text/event-stream"))
}
