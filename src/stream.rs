//! A reply that arrives token by token, as server-sent events.
//!
//! No task is spawned: the stream is polled by its owner, and dropping it closes the connection.

mod event;

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use http::StatusCode;
use http_body::Body;
use tokio::time::{Instant, Sleep, sleep_until};

pub use event::MessageEvent;
use event::{Events, ReadEvent};

use crate::call::OpenStream;
use crate::client::OrionOS;
use crate::envelope::stream_error_event;
use crate::error::{Context, OrionError, Outcome, RetryClass, StreamError, TimeoutKind};
use crate::meta::{ApiResponse, request_id};
use crate::pacing::Permit;
use crate::transport::{StreamBody, too_large};

/// The events of one streamed reply: tokens in order, then `Done`.
///
/// It ends after [`MessageEvent::Done`]. An end before that is an error, and so is everything else
/// that breaks it; the error carries the text that had arrived
/// ([`OrionError::partial_text`]). After an error it ends. A broken stream is not resumed: the
/// server may have heard the message (`outcome()` is `Unknown`).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orionos::OrionError> {
/// # let mock = orionos_mock_server::MockServer::start().await;
/// # let orion = orionos::OrionOS::builder().api_key(mock.api_key()).base_url(mock.base_url()).build()?;
/// # let agent = orion.agents().create("Harbour Pilot").send().await?;
/// use orionos::MessageEvent;
///
/// let mut stream = orion.agents().stream_message(&agent.id, "Hello").send().await?;
/// while let Some(event) = stream.next().await {
///     match event? {
///         MessageEvent::Token(text) => print!("{text}"),
///         MessageEvent::Done(_) => println!(),
///         _ => {}
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a stream does nothing until it is polled"]
pub struct MessageStream {
    /// `None` once the stream has ended.
    open: Option<Open>,
    /// What has arrived, for the error of a stream that breaks.
    text: String,
    max_bytes: usize,
    head: Head,
    client: OrionOS,
}

struct Open {
    body: StreamBody,
    events: Events,
    timers: Timers,
    /// Counts as a message in flight until the stream ends.
    _permit: Option<Permit>,
}

/// What is known of the answer that the stream is the body of.
struct Head {
    status: StatusCode,
    request_id: Option<String>,
    attempts: u32,
}

const OPERATION: &str = "agents.stream_message";

impl MessageStream {
    pub(crate) fn new(client: OrionOS, response: ApiResponse<OpenStream>) -> ApiResponse<Self> {
        let ApiResponse { data: open, meta } = response;
        let inner = &client.inner;
        let max_bytes = inner.max_response_bytes;
        let stream = Self {
            open: Some(Open {
                body: open.body,
                events: Events::new(max_bytes),
                timers: Timers::new(
                    inner.stream_idle_timeout,
                    inner.stream_read_timeout,
                    open.deadline,
                ),
                _permit: open.permit,
            }),
            text: String::new(),
            max_bytes,
            head: Head {
                status: open.status,
                request_id: request_id(&meta.headers).map(str::to_owned),
                attempts: meta.attempts,
            },
            client,
        };
        ApiResponse { data: stream, meta }
    }

    /// The next event; `None` after `Done` or an error.
    pub async fn next(&mut self) -> Option<Result<MessageEvent, OrionError>> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    /// Reads to the end and joins the tokens.
    ///
    /// # Errors
    ///
    /// What breaks the stream, with the text so far in [`OrionError::partial_text`]; a text of more
    /// than `max_response_bytes` is [`OrionError::BodyTooLarge`].
    pub async fn collect_text(mut self) -> Result<String, OrionError> {
        while let Some(event) = self.next().await {
            event?;
            if self.text.len() >= self.max_bytes {
                return Err(self.complete(too_large(self.max_bytes, self.head.status)));
            }
        }
        Ok(std::mem::take(&mut self.text))
    }

    fn poll_event(
        &mut self,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<MessageEvent, OrionError>>> {
        let Some(open) = &mut self.open else {
            return Poll::Ready(None);
        };
        let result = match ready!(open.poll_event(cx)) {
            Ok(event) => Ok(event),
            Err(Broken::Error(error)) => Err(error),
            Err(Broken::TooLarge) => Err(too_large(self.max_bytes, self.head.status)),
            Err(Broken::InBand(error)) => Err(stream_error_event(
                error,
                self.head.status,
                self.head.request_id.clone(),
            )),
        };
        match &result {
            Ok(MessageEvent::Token(token)) => {
                // An endless stream must not become memory here: only the beginning is kept.
                if self.text.len() < self.max_bytes {
                    self.text.push_str(token);
                }
            }
            Ok(MessageEvent::Done(_)) => {
                // Reading the end of the body lets the connection be used again.
                if let Some(mut open) = self.open.take() {
                    open.read_end(cx);
                }
            }
            Ok(_) => {}
            Err(_) => self.open = None,
        }
        Poll::Ready(Some(result.map_err(|error| self.complete(error))))
    }

    /// Adds what the stream knows of itself to what broke it.
    fn complete(&mut self, error: OrionError) -> OrionError {
        let mut error = error.of_operation(OPERATION);
        if let Some(context) = error.context_mut() {
            context.attempts = self.head.attempts;
            context.status = Some(self.head.status);
            context.request_id.clone_from(&self.head.request_id);
            context.partial_text = Some(std::mem::take(&mut self.text));
            // The server had begun to answer.
            context.outcome = Outcome::Unknown;
            context.class = RetryClass::Never;
        }
        error.redact(self.client.inner.key.expose());
        error
    }
}

impl Stream for MessageStream {
    type Item = Result<MessageEvent, OrionError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        self.poll_event(cx)
    }
}

impl fmt::Debug for MessageStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageStream")
            .field("ended", &self.open.is_none())
            .field("request_id", &self.head.request_id)
            .finish_non_exhaustive()
    }
}

enum Broken {
    Error(OrionError),
    TooLarge,
    /// An error event of the server.
    InBand(serde_json::Value),
}

impl Open {
    fn poll_event(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<MessageEvent, Broken>> {
        loop {
            match self.events.next_event() {
                Ok(Some(ReadEvent::Event(event))) => {
                    self.timers.event();
                    return Poll::Ready(Ok(event));
                }
                Ok(Some(ReadEvent::Error(error))) => {
                    return Poll::Ready(Err(Broken::InBand(error)));
                }
                Ok(None) => {}
                Err(event::EventError::TooLarge) => return Poll::Ready(Err(Broken::TooLarge)),
                Err(event::EventError::Malformed(error)) => {
                    return Poll::Ready(Err(broken("an event cannot be read", Some(error.into()))));
                }
            }
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    if let Ok(bytes) = frame.into_data() {
                        self.timers.bytes();
                        self.events.push(bytes);
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    return Poll::Ready(Err(Broken::Error(OrionError::connection(error, true))));
                }
                Poll::Ready(None) => {
                    return Poll::Ready(Err(broken("the stream ended before \"done\"", None)));
                }
                Poll::Pending => {
                    return self.timers.poll(cx).map(|error| Err(Broken::Error(error)));
                }
            }
        }
    }

    fn read_end(&mut self, cx: &mut TaskContext<'_>) {
        while let Poll::Ready(Some(Ok(frame))) = Pin::new(&mut self.body).poll_frame(cx) {
            if frame.is_data() {
                return;
            }
        }
    }
}

fn broken(what: &'static str, source: Option<crate::error::BoxError>) -> Broken {
    Broken::Error(OrionError::Stream(Box::new(StreamError::new(
        what,
        source,
        Context::default(),
    ))))
}

/// The stream's limits. One timer serves all of them: it is set anew only when it fires.
struct Timers {
    idle: Duration,
    read: Option<Duration>,
    deadline: Option<(Duration, Instant)>,
    last_event: Instant,
    last_bytes: Instant,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timers {
    fn new(idle: Duration, read: Option<Duration>, deadline: Option<(Duration, Instant)>) -> Self {
        let now = Instant::now();
        Self {
            idle,
            read,
            deadline,
            last_event: now,
            last_bytes: now,
            sleep: None,
        }
    }

    fn event(&mut self) {
        self.last_event = Instant::now();
    }

    fn bytes(&mut self) {
        self.last_bytes = Instant::now();
    }

    /// The limit that ends first.
    fn next_limit(&self) -> Option<(Instant, TimeoutKind, Duration)> {
        let idle = self
            .last_event
            .checked_add(self.idle)
            .map(|at| (at, TimeoutKind::StreamIdle, self.idle));
        let read = self.read.and_then(|read| {
            Some((
                self.last_bytes.checked_add(read)?,
                TimeoutKind::StreamRead,
                read,
            ))
        });
        let deadline = self
            .deadline
            .map(|(length, at)| (at, TimeoutKind::Deadline, length));
        [idle, read, deadline]
            .into_iter()
            .flatten()
            .min_by_key(|(at, ..)| *at)
    }

    /// Ready when a limit has passed.
    fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<OrionError> {
        loop {
            let Some((at, what, length)) = self.next_limit() else {
                return Poll::Pending;
            };
            if at <= Instant::now() {
                return Poll::Ready(OrionError::timeout(what, length, Outcome::Unknown));
            }
            let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(at)));
            // A timer that is set too early is left alone: it costs one wake, not one a token.
            if sleep.is_elapsed() || sleep.deadline() > at {
                sleep.as_mut().reset(at);
            }
            ready!(sleep.as_mut().poll(cx));
        }
    }
}
