//! Connections that fail instead of answering.

use std::io;

use crate::protocol::envelope::Response;
use crate::protocol::payload::Payload;

/// How a connection fails. It is in the extensions of the response that it replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConnectionFault {
    Close,
    Reset,
}

impl ConnectionFault {
    pub(crate) fn error(self) -> io::Error {
        match self {
            Self::Close => io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the mock closed the connection",
            ),
            Self::Reset => io::Error::new(
                io::ErrorKind::ConnectionReset,
                "the mock reset the connection",
            ),
        }
    }

    /// Returns the error that cuts off a body. It first lets the connection write what it has.
    pub(crate) async fn cut() -> io::Error {
        tokio::task::yield_now().await;
        Self::Reset.error()
    }

    pub(crate) fn response(self) -> Response {
        let mut response = Response::new(Payload::default());
        response.extensions_mut().insert(self);
        response
    }

    /// Returns the fault that replaces a response, if there is one.
    pub(crate) fn of<B>(response: &http::Response<B>) -> Option<Self> {
        response.extensions().get().copied()
    }
}
