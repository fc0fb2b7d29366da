//! A reply that arrives token by token, as server-sent events.
//!
//! No task is spawned. The owner polls the stream, and dropping it closes the connection.

mod event;
mod event_json;
mod surrogates;
mod timers;

pub use event::MessageEvent;

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};

use futures_core::Stream;
use http::{HeaderMap, StatusCode};
use http_body::Body;

use event::{EventError, Events, ReadEvent};
use timers::Timers;

use crate::call::OpenStream;
use crate::error::{Context, Failure, OrionError};
use crate::handle::Handle;
use crate::meta::{ApiResponse, request_id};
use crate::operation::Operation;
use crate::pacing::Permit;
use crate::rate_limit::RateLimit;
use crate::retry_after::retry_after;
use crate::transport::StreamBody;
use crate::turns::Turns;
use crate::watch::Watch;

/// The events of one streamed reply: tokens in order, then `Done`.
///
/// The stream ends after [`MessageEvent::Done`]. Heartbeats are skipped, and a character that the
/// server cut in two is joined again (half of one is U+FFFD).
///
/// If the stream fails or ends early, it yields one error, which has the text received so far
/// ([`OrionError::partial_text`]), and then ends. It is not resumed: the server may have received the
/// message, so the error's `outcome()` is `Unknown`.
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
    /// `None` after the end of the stream.
    open: Option<Open>,
    /// The text received so far, for the error of a stream that fails.
    text: String,
    max_bytes: usize,
    source: Source,
    handle: Arc<Handle>,
}

struct Open {
    body: StreamBody,
    events: Events,
    /// How the stream ended, if the text's end had to be returned before it.
    end: Option<Result<MessageEvent, OrionError>>,
    timers: Timers,
    turns: Turns,
    /// Counts the message as in flight until the stream ends.
    _permit: Option<Permit>,
    /// The call that opened the stream ends with it.
    watch: Watch,
}

/// The call that opened the stream, for errors.
struct Source {
    operation: &'static str,
    status: StatusCode,
    request_id: Option<String>,
    rate_limit: Option<RateLimit>,
    attempts: u32,
}

impl MessageStream {
    /// Reads the stream of a call that has succeeded.
    pub(crate) fn begin(
        handle: Arc<Handle>,
        operation: &Operation,
        response: ApiResponse<OpenStream>,
    ) -> ApiResponse<Self> {
        let ApiResponse { data: open, meta } = response;
        let max_bytes = handle.max_response_bytes;
        let stream = Self {
            open: Some(Open {
                body: open.body,
                events: Events::new(max_bytes),
                end: None,
                turns: Turns::default(),
                timers: Timers::new(
                    handle.stream_idle_timeout,
                    handle.stream_read_timeout,
                    open.deadline,
                ),
                _permit: open.permit,
                watch: open.watch,
            }),
            text: String::new(),
            max_bytes,
            source: Source {
                operation: operation.name,
                status: open.status,
                request_id: request_id(&meta.headers).map(str::to_owned),
                rate_limit: meta.rate_limit(),
                attempts: meta.attempts,
            },
            handle,
        };
        ApiResponse { data: stream, meta }
    }

    /// Returns the next event, or `None` after `Done` or an error.
    pub async fn next(&mut self) -> Option<Result<MessageEvent, OrionError>> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    /// Reads the stream to its end and returns the text of all tokens.
    ///
    /// # Errors
    ///
    /// Returns the error of the stream, with the text received so far in
    /// [`OrionError::partial_text`], and [`OrionError::BodyTooLarge`] if the text is longer than
    /// `max_response_bytes`.
    pub async fn collect_text(mut self) -> Result<String, OrionError> {
        while let Some(event) = self.next().await {
            event?;
            if self.text.len() >= self.max_bytes {
                return Err(self.fail(OrionError::too_large(self.max_bytes)));
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
        let event = match ready!(open.poll_event(cx, self.max_bytes)) {
            Ok(event) => event,
            Err(error) => return Poll::Ready(Some(Err(self.fail(error)))),
        };
        open.watch.stream_yields();
        match &event {
            MessageEvent::Token(token) => {
                // Only the first part is kept, so that an endless stream does not fill the memory.
                if self.text.len() < self.max_bytes {
                    self.text.push_str(token);
                }
            }
            MessageEvent::Done(_) => {
                // Reading the end of the body makes the connection reusable.
                if let Some(mut open) = self.open.take() {
                    open.read_end(cx);
                    open.watch.ends(None);
                }
            }
            MessageEvent::Other(_) => {}
        }
        Poll::Ready(Some(Ok(event)))
    }

    /// Ends the stream with an error.
    fn fail(&mut self, error: OrionError) -> OrionError {
        let error = self.annotate(error);
        if let Some(mut open) = self.open.take() {
            open.watch.ends(Some(&error));
        }
        error
    }

    /// Adds what the stream knows, and removes the API key from what the server said.
    fn annotate(&mut self, error: OrionError) -> OrionError {
        let source = &self.source;
        let mut error = error.of_operation(source.operation);
        if let Some(context) = error.context_mut() {
            context.reclassify(Failure::Stream);
            context.attempts = source.attempts;
            context.status = Some(source.status);
            context.request_id.clone_from(&source.request_id);
            context.rate_limit = source.rate_limit;
            context.partial_text = Some(std::mem::take(&mut self.text));
        }
        error.redact(self.handle.key.expose());
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
            .field("request_id", &self.source.request_id)
            .finish_non_exhaustive()
    }
}

impl Open {
    fn poll_event(
        &mut self,
        cx: &mut TaskContext<'_>,
        max_bytes: usize,
    ) -> Poll<Result<MessageEvent, OrionError>> {
        if let Some(end) = self.end.take() {
            return Poll::Ready(end);
        }
        let event = ready!(self.poll_read(cx, max_bytes));
        if matches!(event, Ok(MessageEvent::Done(_)) | Err(_))
            && let Some(text) = self.events.rest_of_text()
        {
            self.end = Some(event);
            return Poll::Ready(Ok(MessageEvent::Token(text)));
        }
        Poll::Ready(event)
    }

    fn poll_read(
        &mut self,
        cx: &mut TaskContext<'_>,
        max_bytes: usize,
    ) -> Poll<Result<MessageEvent, OrionError>> {
        loop {
            ready!(self.poll_turn(cx)?);
            match self.events.next_event() {
                Ok(Some(ReadEvent::Event(event))) => {
                    self.timers.event();
                    return Poll::Ready(Ok(event));
                }
                Ok(Some(ReadEvent::Heartbeat)) => {
                    self.watch.stream_is_alive();
                    continue;
                }
                Ok(Some(ReadEvent::Error(words, data))) => {
                    let mut context = Context::of(Failure::Stream).excerpt_of(data.as_bytes());
                    context.retry_after = retry_after(words.details.as_ref(), &HeaderMap::new());
                    return Poll::Ready(Err(words.into_error(context)));
                }
                Ok(None) => {}
                Err(EventError::TooLarge) => {
                    return Poll::Ready(Err(OrionError::too_large(max_bytes)));
                }
                Err(EventError::Malformed(error, data)) => {
                    let error = OrionError::malformed_event(error, data.as_bytes());
                    return Poll::Ready(Err(error));
                }
            }
            self.timers.check()?;
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    if let Ok(bytes) = frame.into_data() {
                        self.timers.bytes();
                        self.events.push(bytes);
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    return Poll::Ready(Err(OrionError::connection(error, true)));
                }
                Poll::Ready(None) => {
                    return Poll::Ready(Err(OrionError::stream(
                        "the stream ended before \"done\"",
                    )));
                }
                Poll::Pending => {
                    self.turns.rested();
                    return self.timers.poll(cx).map(Err);
                }
            }
        }
    }

    /// Is pending after a long run of events and frames, unless a limit is exceeded.
    fn poll_turn(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), OrionError>> {
        match self.turns.poll_next(cx) {
            Poll::Ready(()) => Poll::Ready(Ok(())),
            Poll::Pending => {
                self.timers.check()?;
                Poll::Pending
            }
        }
    }

    /// Reads what is already there of the end of the body, but no more than a few frames.
    fn read_end(&mut self, cx: &mut TaskContext<'_>) {
        for _ in 0..4 {
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) if !frame.is_data() => {}
                _ => return,
            }
        }
    }
}
