//! The sockets: an accept loop that ends with the mock, and connections that can be reset.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use futures_util::TryFutureExt;
use futures_util::future::{self, Either};
use http::Version;
use http::header::HOST;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tower_service::Service;

use crate::faults::connection_fault::ConnectionFault;
use crate::protocol::failure::Failure;
use crate::server::mock_stream::MockStream;
use crate::server::service::{MockBody, MockService};

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
    let io = TokioIo::new(MockStream::new(stream, reset.clone()));
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        if let Err(failure) = check_host(&request) {
            let response = failure.into_response().map(MockBody::from);
            return Either::Left(future::ready(Ok(response)));
        }
        let reset = reset.clone();
        Either::Right(service.clone().call(request).inspect_err(move |error| {
            if error.kind() == ConnectionFault::Reset.error().kind() {
                reset.store(true, Ordering::Relaxed);
            }
        }))
    });
    // A timeout for request headers would close idle connections in a client's pool, and would cost a
    // timer per request. Responses are small, so one write is cheaper than a vectored write.
    let mut connection = http1::Builder::new()
        .writev(false)
        .serve_connection(io, service);
    loop {
        tokio::select! {
            // Errors are those of the client or of a fault, and nobody needs to know them.
            _ = future::poll_fn(|cx| connection.poll_without_shutdown(cx)) => break,
            changed = phases.changed() => {
                let phase = *phases.borrow_and_update();
                match phase {
                    Phase::Running if changed.is_ok() => {}
                    Phase::Draining if changed.is_ok() => {
                        Pin::new(&mut connection).graceful_shutdown();
                    }
                    _ => return,
                }
            }
        }
    }
    let stream = connection.into_parts().io.into_inner();
    tokio::select! {
        () = stream.end() => {}
        _ = phases.wait_for(|phase| *phase != Phase::Running) => {}
    }
}

/// HTTP/1.1 requires one host, which a proxy in front of the real service would enforce (RFC 9112,
/// section 3.2).
fn check_host<B>(request: &hyper::Request<B>) -> Result<(), Failure> {
    let hosts = request.headers().get_all(HOST).iter().count();
    if hosts == 1 || (hosts == 0 && request.version() < Version::HTTP_11) {
        return Ok(());
    }
    Err(Failure::invalid(
        "Host",
        "The request is not valid HTTP",
        "Must be sent exactly once",
    ))
}
