//! A response, whose body is still to be read.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use http::StatusCode;
use http::header::HeaderMap;
use http_body::Body;
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;

use crate::error::{BoxError, OrionError};
use crate::turns::Turns;

pub(crate) enum Incoming {
    Reqwest(reqwest::Response),
    Service(http::Response<StreamBody>),
}

#[derive(Debug, Default)]
pub(crate) struct ResponseParts {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
}

/// A body that is polled piece by piece.
pub(crate) type StreamBody = UnsyncBoxBody<Bytes, BoxError>;

impl Incoming {
    /// Takes out what is known before the body.
    pub(crate) fn take_parts(&mut self) -> ResponseParts {
        let (status, headers) = match self {
            Self::Reqwest(response) => (response.status(), response.headers_mut()),
            Self::Service(response) => (response.status(), response.headers_mut()),
        };
        ResponseParts {
            status,
            headers: std::mem::take(headers),
        }
    }

    /// Reads the whole body, of the announced length. Fails if it is larger than `limit`.
    pub(crate) async fn read(
        &mut self,
        announced: Option<usize>,
        limit: usize,
    ) -> Result<Bytes, OrionError> {
        if announced.is_some_and(|announced| announced > limit) {
            return Err(OrionError::too_large(limit));
        }
        let mut turns = Turns::default();
        let mut whole = Bytes::new();
        while let Some(chunk) = poll_fn(|cx| self.poll_chunk(cx, &mut turns)).await? {
            if whole.len() + chunk.len() > limit {
                return Err(OrionError::too_large(limit));
            }
            // Most bodies are one chunk, which needs no copy.
            whole = match whole.is_empty() {
                true => chunk,
                false => joined(whole, &chunk, announced),
            };
        }
        Ok(whole)
    }

    /// Returns the next data of the body. A body that is always ready is interrupted, so that the
    /// time limits of the attempt can fire.
    fn poll_chunk(
        &mut self,
        cx: &mut Context<'_>,
        turns: &mut Turns,
    ) -> Poll<Result<Option<Bytes>, OrionError>> {
        loop {
            ready!(turns.poll_next(cx));
            let body = match self {
                // Its future has nothing that the next one would miss.
                Self::Reqwest(response) => {
                    return pin!(response.chunk())
                        .poll(cx)
                        .map_err(|error| OrionError::connection(error.without_url(), true));
                }
                Self::Service(response) => Pin::new(response.body_mut()),
            };
            match ready!(body.poll_frame(cx)) {
                None => return Poll::Ready(Ok(None)),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Ok(Some(data)));
                    }
                }
                Some(Err(error)) => {
                    return Poll::Ready(Err(OrionError::connection(error, true)));
                }
            }
        }
    }

    /// Returns the body to be polled piece by piece.
    pub(crate) fn into_stream(self) -> StreamBody {
        match self {
            Self::Reqwest(response) => {
                let body: reqwest::Body = http::Response::from(response).into_body();
                erase(body)
            }
            Self::Service(response) => response.into_body(),
        }
    }
}

/// Appends a chunk, in a buffer that has room for the announced length.
fn joined(whole: Bytes, chunk: &[u8], announced: Option<usize>) -> Bytes {
    let mut whole = BytesMut::from(whole);
    let missing = announced.map_or(0, |announced| announced.saturating_sub(whole.len()));
    whole.reserve(missing.max(chunk.len()));
    whole.extend_from_slice(chunk);
    whole.freeze()
}

/// Turns any body into one of `Bytes` and boxed errors.
pub(super) fn erase<B>(body: B) -> StreamBody
where
    B: Body + Send + 'static,
    B::Data: Buf + Send,
    B::Error: Into<BoxError>,
{
    body.map_frame(|frame| frame.map_data(|mut data| data.copy_to_bytes(data.remaining())))
        .map_err(Into::into)
        .boxed_unsync()
}
