//! The body of a response: complete, or produced piece by piece.

use std::fmt;
use std::io;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::stream::Stream;

pub(crate) type Pieces = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// A response body.
pub(crate) enum Payload {
    Bytes(Bytes),
    /// An error in the stream breaks the connection.
    Stream(Pieces),
}

impl Payload {
    pub(crate) fn stream(pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Self {
        Self::Stream(Box::pin(pieces))
    }
}

impl Default for Payload {
    fn default() -> Self {
        Self::Bytes(Bytes::new())
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::Stream(_) => f.write_str("stream"),
        }
    }
}
