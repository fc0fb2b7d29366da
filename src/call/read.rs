//! What a call makes of an answer: its data, or a stream of events.

use std::future::Future;
use std::marker::PhantomData;
use std::time::Duration;

use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::envelope::Answer;
use crate::error::OrionError;
use crate::meta::request_id;
use crate::pacing::Permit;
use crate::transport::{Head, IncomingBody, StreamBody};

/// Reads an answer within the attempt's time.
pub(crate) trait ReadAnswer: Send + Sync {
    /// What is read.
    type Read: Send;
    /// What the call returns.
    type Output: Send;
    /// The `Accept` header, if it is not the client's usual one.
    const ACCEPT: Option<HeaderValue>;

    /// What was read, or the error that the answer stands for.
    fn read(
        &self,
        head: &Head,
        body: IncomingBody,
        max_bytes: usize,
    ) -> impl Future<Output = Result<Self::Read, OrionError>> + Send;

    /// Decides how long the call's place in its rate-limit window is held.
    fn finish(
        &self,
        read: Self::Read,
        permit: Option<Permit>,
        deadline: Option<(Duration, Instant)>,
    ) -> Self::Output;
}

/// The envelope's `data`, boxed: it is handed up through every layer of the call.
pub(crate) struct ReadData<T>(PhantomData<fn() -> T>);

impl<T> ReadData<T> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: DeserializeOwned + Send> ReadAnswer for ReadData<T> {
    type Read = Box<T>;
    type Output = Box<T>;
    const ACCEPT: Option<HeaderValue> = None;

    #[expect(
        clippy::manual_async_fn,
        reason = "an async fn would keep a second body beside the one that it reads"
    )]
    fn read(
        &self,
        head: &Head,
        mut body: IncomingBody,
        max_bytes: usize,
    ) -> impl Future<Output = Result<Box<T>, OrionError>> + Send {
        async move {
            let answer = whole(head, &mut body, max_bytes).await?;
            answer.decode().map(Box::new)
        }
    }

    fn finish(&self, data: Box<T>, _: Option<Permit>, _: Option<(Duration, Instant)>) -> Box<T> {
        data
    }
}

/// A body of server-sent events.
pub(crate) struct EventStream;

/// An accepted stream.
pub(crate) struct OpenStream {
    pub(crate) status: StatusCode,
    pub(crate) body: StreamBody,
    /// Held as long as the stream is: it counts as a message in flight.
    pub(crate) permit: Option<Permit>,
    pub(crate) deadline: Option<(Duration, Instant)>,
}

impl ReadAnswer for EventStream {
    type Read = (StatusCode, StreamBody);
    type Output = OpenStream;
    const ACCEPT: Option<HeaderValue> = Some(HeaderValue::from_static("text/event-stream"));

    async fn read(
        &self,
        head: &Head,
        mut body: IncomingBody,
        max_bytes: usize,
    ) -> Result<Self::Read, OrionError> {
        if head.status.is_success() && is_event_stream(&head.headers) {
            return Ok((head.status, body.into_stream()));
        }
        // Errors before the first event are ordinary envelopes.
        let answer = whole(head, &mut body, max_bytes).await?;
        answer.success()?;
        Err(answer.unexpected("a stream was asked for, but the answer is no text/event-stream"))
    }

    fn finish(
        &self,
        (status, body): Self::Read,
        permit: Option<Permit>,
        deadline: Option<(Duration, Instant)>,
    ) -> OpenStream {
        OpenStream {
            status,
            body,
            permit,
            deadline,
        }
    }
}

async fn whole<'a>(
    head: &'a Head,
    body: &mut IncomingBody,
    max_bytes: usize,
) -> Result<Answer<'a>, OrionError> {
    match body.read(head, max_bytes).await {
        Ok(body) => Ok(Answer { head, body }),
        Err(mut error) => {
            // The body is lost, but not the head.
            if let Some(context) = error.context_mut() {
                context.status = Some(head.status);
                context.request_id = request_id(&head.headers).map(str::to_owned);
            }
            Err(error)
        }
    }
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| value.trim().eq_ignore_ascii_case("text/event-stream"))
}
