//! Connections of HTTP/2. The `h2` library is used directly, because faults need to refuse single streams
//! and to say which one was the last.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::future::{Either, select};
use h2::server::{Builder, SendResponse};
use h2::{Reason, RecvStream, SendStream};
use http::header::{HOST, HeaderValue};
use http::uri::PathAndQuery;
use http::{Request, Response, StatusCode, Uri};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinSet, yield_now};
use tokio::time::timeout;
use tower_service::Service;

use crate::faults::connection_fault::ConnectionFault;
use crate::protocol::failure::Failure;
use crate::protocol::patience::Patience;
use crate::server::mock_stream::{End, MockStream};
use crate::server::phase::Phase;
use crate::server::service::{MockBody, MockService};

/// As many headers as hyper accepts with HTTP/1.1.
const MAX_HEADERS: usize = 100;
/// As many bytes of headers as hyper accepts with HTTP/1.1, by the measure of HTTP/2.
const MAX_HEADER_BYTES: u32 = 400 << 10;
const MAX_STREAMS: u32 = 256;
/// How many requests are accepted before their responses are written. If it were all that have arrived, the
/// client would wait for the mock, and then the mock for the client.
const ACCEPTED_AT_ONCE: usize = 8;
/// How much a client may send before it must wait for the mock to read it.
const WINDOW: u32 = 1 << 20;

/// What a request does to its whole connection.
enum Break {
    Close,
    /// GOAWAY, which names the last stream on which the mock has acted.
    GoAway {
        last: u32,
    },
}

/// Serves the requests of one connection until either side closes it.
pub(crate) async fn serve(
    stream: MockStream,
    end: End,
    service: MockService,
    mut phases: watch::Receiver<Phase>,
) {
    let handshake = Builder::new()
        .max_header_list_size(MAX_HEADER_BYTES)
        .max_concurrent_streams(MAX_STREAMS)
        .initial_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .handshake::<_, Bytes>(stream);
    let mut connection = tokio::select! {
        Ok(connection) = handshake => connection,
        _ = phases.wait_for(|phase| *phase != Phase::Running) => return,
        else => return,
    };
    let (breaks, mut broken) = mpsc::unbounded_channel();
    // When the connection ends, so do its requests.
    let mut requests = JoinSet::new();
    let mut unanswered = Vec::new();
    // The number of requests that will never be answered, once the mock has said so.
    let mut parked = None;
    let mut accepted_now = 0;
    loop {
        while requests.try_join_next().is_some() {}
        if parked.is_some_and(|parked| requests.len() <= parked) {
            // Hands over what the last requests have written.
            poll_fn(|cx| Poll::Ready(connection.poll_accept(cx).is_ready())).await;
            return;
        }
        tokio::select! {
            accepted = connection.accept() => match accepted {
                Some(Ok((_, respond))) if parked.is_some() => unanswered.push(respond),
                Some(Ok((request, respond))) => {
                    requests.spawn(answer(request, respond, service.clone(), end.clone(), breaks.clone()));
                    accepted_now += 1;
                    if accepted_now == ACCEPTED_AT_ONCE {
                        accepted_now = 0;
                        yield_now().await;
                    }
                }
                _ => return,
            },
            Some(how) = broken.recv() => match how {
                Break::Close => return,
                Break::GoAway { last } => {
                    if parked.is_none() {
                        end.say(go_away(last));
                    }
                    *parked.get_or_insert(0) += 1;
                }
            },
            Some(_) = requests.join_next(), if parked.is_some() => {}
            changed = phases.changed() => {
                let phase = *phases.borrow_and_update();
                match phase {
                    Phase::Running if changed.is_ok() => {}
                    Phase::Draining if changed.is_ok() => connection.graceful_shutdown(),
                    _ => return,
                }
            }
        }
    }
}

/// Returns a GOAWAY frame (RFC 9113, section 6.8). The library would name the last stream that it has
/// received, although the mock has not acted on it.
fn go_away(last: u32) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_uint(8, 3);
    frame.put_u8(7);
    frame.put_u8(0);
    frame.put_u32(0);
    frame.put_u32(last);
    frame.put_u32(Reason::NO_ERROR.into());
    frame.freeze()
}

/// Answers one request, unless the client withdraws it.
async fn answer(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    mut service: MockService,
    end: End,
    breaks: mpsc::UnboundedSender<Break>,
) {
    let response = match check(request) {
        Err(failure) => Ok(failure.into_response().map(MockBody::from)),
        Ok(request) => {
            let calling = service.call(request);
            let withdrawn = poll_fn(|cx| respond.poll_reset(cx));
            match select(calling, withdrawn).await {
                Either::Left((response, _)) => response,
                Either::Right(_) => return,
            }
        }
    };
    match response {
        Ok(response) => {
            if let Some(limit) = Patience::of(&response) {
                end.set_patience(limit);
            }
            send(response, respond).await;
        }
        Err(error) => {
            let stream: u32 = respond.stream_id().into();
            let how = match ConnectionFault::of_error(&error) {
                Some(ConnectionFault::RefusedStream) => {
                    return respond.send_reset(Reason::REFUSED_STREAM);
                }
                Some(ConnectionFault::ResetStream) | None => {
                    return respond.send_reset(Reason::INTERNAL_ERROR);
                }
                Some(ConnectionFault::Reset) => {
                    end.reset();
                    Break::Close
                }
                Some(ConnectionFault::Close) => Break::Close,
                // The streams of a client have odd numbers.
                Some(ConnectionFault::GoAway { acted: false }) => Break::GoAway {
                    last: stream.saturating_sub(2),
                },
                Some(ConnectionFault::GoAway { acted: true }) => Break::GoAway { last: stream },
            };
            let _ = breaks.send(how);
            // To drop the stream would reset it, before the connection ends.
            std::future::pending::<()>().await;
        }
    }
}

/// Turns a request into what it would be with HTTP/1.1, and checks the size of its headers.
fn check(request: Request<RecvStream>) -> Result<Request<H2Body>, Failure> {
    let (mut head, body) = request.into_parts();
    if head.headers.len() > MAX_HEADERS {
        return Err(Failure::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "INVALID_REQUEST",
            "The request headers are too large",
        ));
    }
    let uri = head.uri.into_parts();
    if let Some(authority) = uri.authority
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        head.headers.insert(HOST, host);
    }
    head.uri = Uri::from(uri.path_and_query.unwrap_or(PathAndQuery::from_static("/")));
    Ok(Request::from_parts(head, H2Body(body)))
}

async fn send(response: Response<MockBody>, mut respond: SendResponse<Bytes>) {
    let patience = Patience::of(&response);
    let (head, mut body) = response.into_parts();
    let head = Response::from_parts(head, ());
    let Ok(mut stream) = respond.send_response(head, body.is_end_stream()) else {
        return;
    };
    if body.is_end_stream() {
        return;
    }
    loop {
        let withdrawn = poll_fn(|cx| stream.poll_reset(cx));
        let frame = match select(body.frame(), withdrawn).await {
            Either::Left((frame, _)) => frame,
            Either::Right(_) => return,
        };
        let sent = match frame {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => {
                    let sending = send_data(&mut stream, data, body.is_end_stream());
                    match patience {
                        Some(limit) => timeout(limit, sending)
                            .await
                            .unwrap_or_else(|_| Err(Reason::CANCEL.into())),
                        None => sending.await,
                    }
                }
                Err(_) => Ok(()),
            },
            Some(Err(_)) => {
                stream.send_reset(Reason::INTERNAL_ERROR);
                return;
            }
            None => {
                let _ = stream.send_data(Bytes::new(), true);
                return;
            }
        };
        if sent.is_err() || body.is_end_stream() {
            return;
        }
    }
}

/// Sends data as the client makes room for it.
async fn send_data(
    stream: &mut SendStream<Bytes>,
    mut data: Bytes,
    is_last: bool,
) -> Result<(), h2::Error> {
    while !data.is_empty() {
        stream.reserve_capacity(data.len());
        let room = loop {
            match poll_fn(|cx| stream.poll_capacity(cx)).await {
                Some(Ok(0)) => {}
                Some(Ok(room)) => break room,
                Some(Err(error)) => return Err(error),
                None => return Err(Reason::CANCEL.into()),
            }
        };
        let piece = data.split_to(room.min(data.len()));
        stream.send_data(piece, is_last && data.is_empty())?;
    }
    Ok(())
}

/// The body of a request.
struct H2Body(RecvStream);

impl Body for H2Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Ready(match ready!(self.0.poll_data(cx)) {
            Some(Ok(data)) => {
                let _ = self.0.flow_control().release_capacity(data.len());
                Some(Ok(Frame::data(data)))
            }
            Some(Err(error)) => Some(Err(io::Error::other(error))),
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }
}
