//! A TCP stream with the two things that hyper leaves open: how a connection ends, and what is sent for
//! a request that is not valid HTTP.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http::StatusCode;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;

use crate::protocol::failure::Failure;
use crate::protocol::payload::Payload;

/// How long the end of a connection waits for a client that is still sending.
const LINGER: Duration = Duration::from_secs(1);
/// How much the end of a connection reads of what the client is still sending.
const LINGER_BYTES: usize = 16 << 20;

pub(crate) struct MockStream {
    stream: TcpStream,
    /// Whether the connection ends with RST instead of FIN.
    reset: Arc<AtomicBool>,
    /// What is written instead of hyper's own response.
    envelope: Bytes,
}

impl MockStream {
    pub(crate) fn new(stream: TcpStream, reset: Arc<AtomicBool>) -> Self {
        Self {
            stream,
            reset,
            envelope: Bytes::new(),
        }
    }

    /// Closes the connection. A client that is still sending can read the last response first: closing
    /// at once would answer its data with RST, which discards the response.
    pub(crate) async fn end(mut self) {
        if self.reset.load(Ordering::Relaxed) || self.shutdown().await.is_err() {
            return;
        }
        let discard = async {
            let mut buffer = vec![0; 16 << 10];
            let mut bytes = 0;
            while bytes < LINGER_BYTES {
                match self.stream.read(&mut buffer).await {
                    Ok(length) if length > 0 => bytes += length,
                    _ => return,
                }
            }
        };
        let _ = tokio::time::timeout(LINGER, discard).await;
    }

    fn poll_write_envelope(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.envelope.is_empty() {
            let written =
                std::task::ready!(Pin::new(&mut self.stream).poll_write(cx, &self.envelope))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.envelope.advance(written);
        }
        Poll::Ready(Ok(()))
    }
}

/// Returns what to send instead of hyper's response to a request that is not valid HTTP. That response
/// has neither a body nor a request id; all responses of the API have one of them.
fn envelope_for(response: &[u8]) -> Option<Bytes> {
    let response = response.strip_prefix(b"HTTP/1.1 4")?;
    let response = std::str::from_utf8(response).ok()?;
    let (status, headers) = response.split_once("\r\n")?;
    let headers = headers.to_ascii_lowercase();
    if !headers.contains("content-length: 0\r\n") || headers.contains("x-request-id: ") {
        return None;
    }
    let (status, message) = match status.get(..2)? {
        "14" => (StatusCode::URI_TOO_LONG, "The request target is too long"),
        "31" => (
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "The request headers are too large",
        ),
        _ => (StatusCode::BAD_REQUEST, "The request is not valid HTTP"),
    };
    let failure = Failure::new(status, "INVALID_REQUEST", message);
    let Payload::Bytes(body) = failure.into_response().into_body() else {
        return None;
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    Some([head.as_bytes(), &body].concat().into())
}

impl AsyncRead for MockStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for MockStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        std::task::ready!(self.poll_write_envelope(cx))?;
        if let Some(envelope) = envelope_for(bytes) {
            self.envelope = envelope;
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(self.poll_write_envelope(cx))?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(self.poll_write_envelope(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Drop for MockStream {
    fn drop(&mut self) {
        if self.reset.load(Ordering::Relaxed) {
            // With a linger time of zero, closing sends RST and discards unsent data.
            let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hypers_own_responses_are_replaced() {
        let hyper = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\
                      content-length: 0\r\ndate: x\r\n\r\n";
        let envelope = envelope_for(hyper).unwrap();
        assert!(envelope.starts_with(b"HTTP/1.1 431 Request Header Fields Too Large\r\n"));
        assert!(envelope.ends_with(b"\"message\":\"The request headers are too large\"}}"));
        for other in [
            &b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"[..],
            b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 9\r\n\r\n",
            b"HTTP/1.1 404 Not Found\r\nx-request-id: req_1\r\ncontent-length: 0\r\n\r\n",
            b"4",
            b"",
        ] {
            assert_eq!(envelope_for(other), None);
        }
    }
}
