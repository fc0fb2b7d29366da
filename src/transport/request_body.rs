//! The body of a request, as a user's service receives it.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// The body of a request: JSON in one piece, or nothing.
///
/// A service given to [`OrionBuilder::http_service`](crate::OrionBuilder::http_service) receives it
/// in its [`http::Request`]. A layer that replaces a body makes one from [`Bytes`].
#[derive(Debug, Clone, Default)]
pub struct RequestBody(Option<Bytes>);

impl RequestBody {
    pub(super) fn new(bytes: Option<Bytes>) -> Self {
        Self(bytes)
    }

    /// Returns what has not been read yet, or `None` if there is nothing.
    pub(super) fn into_bytes(self) -> Option<Bytes> {
        self.0
    }

    /// Returns the bytes that have not been read yet. Empty for a request without a body.
    pub fn bytes(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl From<Bytes> for RequestBody {
    fn from(bytes: Bytes) -> Self {
        Self(Some(bytes))
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes().len() as u64)
    }
}
