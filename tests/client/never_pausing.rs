//! Bodies that are always ready: comments, blank lines, empty frames. The limits hold, and other
//! tasks run.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::{Body, Frame};
use orionos::{OrionBuilder, OrionError, TimeoutKind};

use crate::support::{AGENT, Answers, over};

/// A body that repeats a piece for ever and is never pending.
#[derive(Clone)]
struct Endless {
    piece: Piece,
    /// How many frames were read of all such bodies of a service.
    frames: Arc<AtomicUsize>,
}

#[derive(Debug, Clone, Copy)]
enum Piece {
    Data(&'static str),
    Trailers,
}

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frames = self.frames.fetch_add(1, Ordering::SeqCst);
        assert!(frames < 10_000_000, "it is read for ever");
        Poll::Ready(Some(Ok(match self.piece {
            Piece::Data(data) => Frame::data(Bytes::from_static(data.as_bytes())),
            Piece::Trailers => Frame::trailers(HeaderMap::new()),
        })))
    }
}

fn endless(content_type: &'static str, piece: Piece) -> OrionBuilder {
    let frames = Arc::default();
    over(Answers::new(move |_| {
        let body = Endless {
            piece,
            frames: Arc::clone(&frames),
        };
        let response = Response::builder().header("content-type", content_type);
        Ok(response.body(body).unwrap())
    }))
}

/// Lets the time pass on the runtime's only thread, and returns how often it could.
async fn ticking(length: Duration) -> usize {
    let mut ticks = 0;
    for _ in 0..100 {
        tokio::time::advance(length / 100).await;
        tokio::task::yield_now().await;
        ticks += 1;
    }
    ticks
}

fn assert_limit(error: &OrionError, limit: TimeoutKind, what: &str) {
    assert!(
        matches!(error, OrionError::Timeout { what, .. } if *what == limit),
        "{what}: {error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn every_limit_of_a_stream_fires_while_its_body_is_always_ready() {
    let second = Duration::from_secs(1);
    let without_event = [
        Piece::Data(": keep-alive\n\n"),
        Piece::Data("\n\n\n"),
        Piece::Data(""),
        Piece::Data("data:\n\n"),
        Piece::Data("event: ping\ndata: {}\n\n"),
        Piece::Data("retry: 7\n\n"),
        Piece::Trailers,
    ];
    for piece in without_event {
        for limit in [TimeoutKind::StreamIdle, TimeoutKind::Deadline] {
            let builder = endless("text/event-stream", piece);
            let orion = match limit {
                TimeoutKind::StreamIdle => builder.stream_idle_timeout(second),
                _ => builder.deadline(second),
            };
            let stream = orion.build().unwrap().agents().stream_message(AGENT, "Hi");
            let stream = stream.send().await.unwrap();
            let (error, ticks) = tokio::join!(stream.collect_text(), ticking(2 * second));
            assert_limit(&error.unwrap_err(), limit, &format!("{piece:?}"));
            assert_eq!(ticks, 100);
        }
    }
    // Frames without bytes are no sign of life.
    let orion = endless("text/event-stream", Piece::Trailers).stream_read_timeout(second);
    let stream = orion.build().unwrap().agents().stream_message(AGENT, "Hi");
    let stream = stream.send().await.unwrap();
    let (error, _) = tokio::join!(stream.collect_text(), ticking(2 * second));
    assert_limit(&error.unwrap_err(), TimeoutKind::StreamRead, "trailers");
}

#[tokio::test(start_paused = true)]
async fn tokens_without_end_leave_time_to_others_and_end_at_the_deadline() {
    let token = Piece::Data("data: {\"type\":\"token\",\"content\":\"\"}\n\n");
    let second = Duration::from_secs(1);
    let orion = endless("text/event-stream", token).deadline(second);
    let agents = orion.build().unwrap().agents();
    let mut stream = agents.stream_message(AGENT, "Hi").send().await.unwrap();
    let read = async {
        loop {
            if let Err(error) = stream.next().await.unwrap() {
                return error;
            }
        }
    };
    let (error, ticks) = tokio::join!(read, ticking(2 * second));
    assert_limit(&error, TimeoutKind::Deadline, "tokens");
    assert_eq!(ticks, 100);
}

#[tokio::test(start_paused = true)]
async fn the_limits_of_a_call_fire_while_its_body_is_always_ready() {
    let second = Duration::from_secs(1);
    for piece in [Piece::Data(""), Piece::Trailers] {
        for limit in [TimeoutKind::Attempt, TimeoutKind::Deadline] {
            let builder = endless("application/json", piece).retry(orionos::RetryPolicy::none());
            let orion = match limit {
                TimeoutKind::Attempt => builder.timeout(second),
                _ => builder.deadline(second),
            };
            let get = orion.build().unwrap().agents().get(AGENT).send();
            let (error, ticks) = tokio::join!(get, ticking(2 * second));
            assert_limit(&error.unwrap_err(), limit, &format!("{piece:?}"));
            assert_eq!(ticks, 100);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_always_ready_is_given_up_at_its_largest_size() {
    let orion = endless("application/json", Piece::Data(" ")).max_response_bytes(100_000);
    let error = orion.build().unwrap().agents().get(AGENT).send().await;
    let error = error.unwrap_err();
    assert!(matches!(error, OrionError::BodyTooLarge(_)), "{error:?}");
}

#[tokio::test]
async fn the_end_of_a_stream_is_not_searched_for_ever() {
    /// `done`, and then trailers for ever.
    struct DoneThenTrailers(bool, Endless);

    impl Body for DoneThenTrailers {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            if std::mem::replace(&mut self.0, true) {
                return Pin::new(&mut self.1).poll_frame(cx);
            }
            let done = Bytes::from_static(b"data: {\"type\":\"done\"}\n\n");
            Poll::Ready(Some(Ok(Frame::data(done))))
        }
    }

    let service = Answers::new(|_| {
        let trailers = Endless {
            piece: Piece::Trailers,
            frames: Arc::default(),
        };
        let response = Response::builder().header("content-type", "text/event-stream");
        Ok(response.body(DoneThenTrailers(false, trailers)).unwrap())
    });
    let agents = over(service).build().unwrap().agents();
    let stream = agents.stream_message(AGENT, "Hi").send().await.unwrap();
    assert_eq!(stream.collect_text().await.unwrap(), "");
}
