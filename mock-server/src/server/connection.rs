//! The sockets: an accept loop that ends with the mock, and connections that can be reset.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tower_service::Service;

use crate::faults::connection_fault::ConnectionFault;
use crate::server::service::MockService;

/// The phases of a listener and its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Running,
    /// Requests in progress are completed, but no new ones are accepted.
    Draining,
    Closed,
}

/// A listener that can be closed at any time. Its port refuses connections when `close` returns.
#[derive(Debug)]
pub(crate) struct Listening {
    listener: Arc<Mutex<Option<TcpListener>>>,
    phase: watch::Sender<Phase>,
}

impl Listening {
    /// Starts to accept connections. Must be called within a tokio runtime.
    pub(crate) fn start(listener: TcpListener, service: MockService) -> Self {
        let listener = Arc::new(Mutex::new(Some(listener)));
        let (phase, phases) = watch::channel(Phase::Running);
        tokio::spawn(accept(listener.clone(), service, phases));
        Self { listener, phase }
    }

    /// Closes the port and lets the connections finish.
    pub(crate) fn drain(&self) {
        self.close_port();
        self.phase.send_replace(Phase::Draining);
    }

    pub(crate) async fn drained(&self) {
        self.phase.closed().await;
    }

    /// Closes the port and every connection.
    pub(crate) fn close(&self) {
        self.close_port();
        self.phase.send_replace(Phase::Closed);
    }

    fn close_port(&self) {
        self.listener
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.close();
    }
}

async fn accept(
    listener: Arc<Mutex<Option<TcpListener>>>,
    service: MockService,
    phases: watch::Receiver<Phase>,
) {
    let mut stop = phases.clone();
    loop {
        let next = std::future::poll_fn(|cx| {
            match &*listener.lock().unwrap_or_else(PoisonError::into_inner) {
                Some(listener) => listener.poll_accept(cx).map(Some),
                None => Poll::Ready(None),
            }
        });
        let accepted = tokio::select! {
            accepted = next => accepted,
            _ = stop.wait_for(|phase| *phase != Phase::Running) => return,
        };
        match accepted {
            None => return,
            Some(Ok((stream, _))) => {
                // Small responses must not wait for more data.
                let _ = stream.set_nodelay(true);
                tokio::spawn(serve(stream, service.clone(), phases.clone()));
            }
            // The peer is gone, or there are no file descriptors left for now.
            Some(Err(_)) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn serve(stream: TcpStream, service: MockService, mut phases: watch::Receiver<Phase>) {
    let reset = Arc::new(AtomicBool::new(false));
    let io = TokioIo::new(MockStream {
        stream,
        reset: reset.clone(),
    });
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut service = service.clone();
        let reset = reset.clone();
        async move {
            let result = service.call(request).await;
            if let Err(error) = &result
                && error.kind() == ConnectionFault::Reset.error().kind()
            {
                reset.store(true, Ordering::Relaxed);
            }
            result
        }
    });
    // A timeout for request headers would close idle connections in a client's pool, and would cost a
    // timer per request. Responses are small, so one write is cheaper than a vectored write.
    let connection = http1::Builder::new()
        .writev(false)
        .serve_connection(io, service);
    tokio::pin!(connection);
    loop {
        tokio::select! {
            // Errors are those of the client or of a fault, and nobody needs to know them.
            _ = &mut connection => return,
            changed = phases.changed() => {
                let phase = *phases.borrow_and_update();
                match phase {
                    Phase::Running if changed.is_ok() => {}
                    Phase::Draining if changed.is_ok() => connection.as_mut().graceful_shutdown(),
                    _ => return,
                }
            }
        }
    }
}

/// A TCP stream that can end with RST instead of FIN.
struct MockStream {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
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
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.reset.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
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
