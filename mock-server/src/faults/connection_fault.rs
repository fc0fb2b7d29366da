//! Connections that fail instead of answering.

use std::fmt;
use std::io;

use crate::protocol::envelope::Response;
use crate::protocol::payload::Payload;

/// How a connection fails. It is in the extensions of the response that it replaces, and in the error
/// that the service returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConnectionFault {
    Close,
    Reset,
    /// RST_STREAM with REFUSED_STREAM.
    RefusedStream,
    /// RST_STREAM with INTERNAL_ERROR.
    ResetStream,
    /// GOAWAY. `acted`: it names this request as the last one on which the server acted.
    GoAway {
        acted: bool,
    },
}

impl fmt::Display for ConnectionFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Close => "the mock closed the connection",
            Self::Reset => "the mock reset the connection",
            Self::RefusedStream => "the mock refused the stream",
            Self::ResetStream => "the mock reset the stream",
            Self::GoAway { .. } => "the mock accepts no more requests on this connection",
        })
    }
}

impl std::error::Error for ConnectionFault {}

impl ConnectionFault {
    /// Returns the error of a connection without streams (HTTP/1.1, or none at all), where the faults of
    /// a stream are those of the connection.
    pub(crate) fn error(self) -> io::Error {
        let kind = match self {
            Self::Close | Self::GoAway { .. } => io::ErrorKind::UnexpectedEof,
            Self::Reset | Self::RefusedStream | Self::ResetStream => io::ErrorKind::ConnectionReset,
        };
        io::Error::new(kind, self)
    }

    /// Returns the fault that an error of the service is.
    #[cfg(feature = "tls")]
    pub(crate) fn of_error(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
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
