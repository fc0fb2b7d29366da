//! The sockets: an accept loop that ends with the mock, and connections that can be reset.

#[cfg(feature = "tls")]
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
#[cfg(feature = "tls")]
use bytes::BytesMut;
use futures_util::FutureExt;
use futures_util::future::{self, Either};
use http::Version;
use http::header::HOST;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
#[cfg(feature = "tls")]
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::faults::connection_fault::ConnectionFault;
use crate::protocol::failure::Failure;
use crate::protocol::patience::Patience;
#[cfg(feature = "tls")]
use crate::server::http2;
use crate::server::mock_stream::{End, MockStream};
use crate::server::phase::Phase;
use crate::server::service::{MockBody, MockService};
#[cfg(feature = "tls")]
use crate::server::tls::Tls;
use crate::server::wire::Wire;

/// What every connection of a listener needs.
#[derive(Debug, Clone)]
pub(crate) struct Served {
    pub(crate) service: MockService,
    /// `None` for plain HTTP.
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<Arc<Tls>>,
}

/// A listener that can be closed at any time. Its port refuses connections when `close` returns.
#[derive(Debug)]
pub(crate) struct Listening {
    listener: Arc<Mutex<Option<TcpListener>>>,
    phase: watch::Sender<Phase>,
    #[cfg(feature = "tls")]
    tls: Option<Arc<Tls>>,
}

impl Listening {
    /// Starts to accept connections. Must be called within a tokio runtime.
    pub(crate) fn start(listener: TcpListener, served: Served) -> Self {
        let listener = Arc::new(Mutex::new(Some(listener)));
        let (phase, phases) = watch::channel(Phase::Running);
        #[cfg(feature = "tls")]
        let tls = served.tls.clone();
        tokio::spawn(accept(listener.clone(), served, phases));
        Self {
            listener,
            phase,
            #[cfg(feature = "tls")]
            tls,
        }
    }

    #[cfg(feature = "tls")]
    pub(crate) fn tls(&self) -> Option<&Tls> {
        self.tls.as_deref()
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
    served: Served,
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
                tokio::spawn(serve(stream, served.clone(), phases.clone()));
            }
            // The peer is gone, or there are no file descriptors left for now.
            Some(Err(_)) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

/// Serves one connection in the version of HTTP that the client chooses.
#[cfg(feature = "tls")]
async fn serve(stream: TcpStream, served: Served, phases: watch::Receiver<Phase>) {
    let mut stop = phases.clone();
    let opened = tokio::select! {
        opened = open(stream, served.tls.as_deref()) => opened,
        _ = stop.wait_for(|phase| *phase != Phase::Running) => return,
    };
    let Ok((stream, ahead, is_http2)) = opened else {
        return;
    };
    if is_http2 {
        let end = End::default();
        let stream = MockStream::http2(stream, ahead, end.clone());
        http2::serve(stream, end, served.service, phases).await;
    } else {
        serve_http1(stream, ahead, served.service, phases).await;
    }
}

#[cfg(not(feature = "tls"))]
async fn serve(stream: TcpStream, served: Served, phases: watch::Receiver<Phase>) {
    serve_http1(Wire::Plain(stream), Bytes::new(), served.service, phases).await;
}

/// Returns the stream, what was already read of it, and whether it is HTTP/2: by the handshake of TLS,
/// or without TLS by the first bytes (RFC 9113, section 3.3).
#[cfg(feature = "tls")]
async fn open(mut stream: TcpStream, tls: Option<&Tls>) -> io::Result<(Wire, Bytes, bool)> {
    if let Some(tls) = tls {
        let stream = tls.accept(stream).await?;
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        return Ok((Wire::Tls(Box::new(stream)), Bytes::new(), is_http2));
    }
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let mut ahead = BytesMut::with_capacity(4096);
    loop {
        let length = stream.read_buf(&mut ahead).await?;
        let common = ahead.len().min(PREFACE.len());
        let is_http2 = ahead[..common] == PREFACE[..common];
        if length == 0 || !is_http2 || common == PREFACE.len() {
            return Ok((Wire::Plain(stream), ahead.freeze(), is_http2 && length > 0));
        }
    }
}

async fn serve_http1(
    stream: Wire,
    ahead: Bytes,
    service: MockService,
    mut phases: watch::Receiver<Phase>,
) {
    let end = End::default();
    let io = TokioIo::new(MockStream::http1(stream, ahead, end.clone()));
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let responding = match check_host(&request) {
            Ok(()) => Either::Right(service.respond(request)),
            Err(failure) => {
                let response = failure.into_response().map(MockBody::from);
                Either::Left(future::ready(Ok(response)))
            }
        };
        let end = end.clone();
        Box::pin(responding.inspect(move |response| match response {
            Ok(response) => {
                if let Some(limit) = Patience::of(response) {
                    end.set_patience(limit);
                }
            }
            Err(error) => {
                if error.kind() == ConnectionFault::Reset.error().kind() {
                    end.reset();
                }
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
            biased;
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
