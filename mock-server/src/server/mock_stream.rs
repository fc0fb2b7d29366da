//! A connection with what HTTP libraries leave open: how it ends, what is sent for a request that is not
//! valid HTTP/1.1, and which request is the last one of HTTP/2.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http::StatusCode;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::Sleep;

use crate::protocol::failure::Failure;
use crate::protocol::payload::Payload;
use crate::server::wire::Wire;

/// How long the end of a connection waits for a client that is still sending.
const LINGER: Duration = Duration::from_secs(1);
/// How much the end of a connection reads of what the client is still sending.
const LINGER_BYTES: usize = 16 << 20;

/// How a connection is going to end. The requests decide.
#[derive(Debug, Clone, Default)]
pub(crate) struct End(Arc<Ending>);

#[derive(Debug, Default)]
struct Ending {
    reset: AtomicBool,
    /// In milliseconds; 0 if the connection waits without a limit.
    patience: AtomicU64,
    farewell: Mutex<Bytes>,
}

impl End {
    /// Ends the connection with RST instead of FIN.
    pub(crate) fn reset(&self) {
        self.0.reset.store(true, Ordering::Relaxed);
    }

    fn is_reset(&self) -> bool {
        self.0.reset.load(Ordering::Relaxed)
    }

    /// Ends the connection when the client has taken nothing for this long of what is written.
    pub(crate) fn set_patience(&self, limit: Duration) {
        let limit = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        self.0.patience.store(limit, Ordering::Relaxed);
    }

    fn patience(&self) -> Option<Duration> {
        let limit = self.0.patience.load(Ordering::Relaxed);
        (limit > 0).then(|| Duration::from_millis(limit))
    }

    /// Writes these bytes after all that has been written so far.
    #[cfg(feature = "tls")]
    pub(crate) fn say(&self, farewell: Bytes) {
        *self.lock() = farewell;
    }

    fn take_farewell(&self) -> Bytes {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Bytes> {
        self.0
            .farewell
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) struct MockStream {
    stream: Wire,
    end: End,
    /// What was read to find out the version of HTTP.
    ahead: Bytes,
    /// Whether to replace hyper's own responses.
    is_http1: bool,
    /// What is written before anything else.
    first: Bytes,
    /// Runs while the client takes nothing, if that has a limit.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl MockStream {
    /// `ahead`: what was already read of the stream.
    pub(crate) fn http1(stream: Wire, ahead: Bytes, end: End) -> Self {
        Self {
            stream,
            end,
            ahead,
            is_http1: true,
            first: Bytes::new(),
            stalled: None,
        }
    }

    #[cfg(feature = "tls")]
    pub(crate) fn http2(stream: Wire, ahead: Bytes, end: End) -> Self {
        let mut this = Self::http1(stream, ahead, end);
        this.is_http1 = false;
        this
    }

    /// Closes the connection. A client that is still sending can read the last response first: closing
    /// at once would answer its data with RST, which discards the response.
    pub(crate) async fn end(mut self) {
        if self.end.is_reset() || self.shutdown().await.is_err() {
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

    /// Limits how long a write may be pending. A reset then frees the buffers of the system too.
    fn limit<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let patience = self.end.patience().filter(|_| written.is_pending());
        let Some(patience) = patience else {
            self.stalled = None;
            return written;
        };
        let stalled = (self.stalled).get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(stalled.as_mut().poll(cx));
        self.end.reset();
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn poll_write_first(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.first.is_empty() {
            let written = Pin::new(&mut self.stream).poll_write(cx, &self.first);
            let written = ready!(self.limit(cx, written))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.first.advance(written);
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
        if !self.ahead.is_empty() {
            let length = self.ahead.len().min(buffer.remaining());
            buffer.put_slice(&self.ahead.split_to(length));
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for MockStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_write_first(cx))?;
        if self.is_http1
            && let Some(envelope) = envelope_for(bytes)
        {
            self.first = envelope;
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.limit(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_write_first(cx))?;
        // All frames are written when a connection of HTTP/2 flushes, so another one can follow.
        self.first = self.end.take_farewell();
        ready!(self.poll_write_first(cx))?;
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.limit(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_write_first(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Drop for MockStream {
    fn drop(&mut self) {
        if self.end.is_reset() {
            // With a linger time of zero, closing sends RST and discards unsent data.
            let _ = SockRef::from(self.stream.tcp()).set_linger(Some(Duration::ZERO));
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
