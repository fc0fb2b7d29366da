//! Every call takes this path: deadline ▸ pacing ▸ attempt ▸ classify ▸ decide ▸ wait ▸ attempt …
//!
//! The loop only executes. What a failure means is decided by [`classify`](crate::error), whether
//! and when to retry by [`decide`](crate::retry).

mod read;

use std::mem;
use std::pin::{Pin, pin};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, HeaderMap};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep, timeout_at};

pub(crate) use read::OpenStream;
use read::{Body, ReadData, ReadEventStream, ReadResponse};

use crate::error::{OrionError, Outcome, TimeoutKind};
use crate::handle::Handle;
use crate::meta::{ApiResponse, ResponseMeta};
use crate::observer::WaitReason;
use crate::operation::Operation;
use crate::pacing::{
    Entered, Pacer, Permit, Place, Queued, TooLong, WaitBound, WaitLimits, WindowKey,
};
use crate::request::Request;
use crate::response_headers::{BodyHeaders, ResponseHeaders};
use crate::retry::{Decision, Failed, RetryPolicy, Schedule, decide};
use crate::telemetry;
use crate::time_limit::TimeLimit;
use crate::transport::{Delivery, Incoming, Outgoing, ResponseParts, StreamBody};
use crate::watch::Watch;

/// Makes a call whose response's `data` is the result. It is boxed, because every layer returns it
/// to the next.
pub(crate) fn call<T: DeserializeOwned + Send>(
    handle: &Handle,
    operation: &Operation,
    request: Result<Request<'_>, OrionError>,
) -> impl Future<Output = Result<Box<T>, OrionError>> + Send {
    let reader = ReadData::of(&operation.method);
    execute(handle, operation, request, reader, data)
}

/// Like [`call`], and also returns what the response says besides its data.
pub(crate) fn call_with_meta<T: DeserializeOwned + Send>(
    handle: &Handle,
    operation: &Operation,
    request: Result<Request<'_>, OrionError>,
) -> impl Future<Output = Result<ApiResponse<Box<T>>, OrionError>> + Send {
    call_accepting(handle, operation, request, |_| false)
}

/// Like [`call_with_meta`], for an operation that certain failures mean to have succeeded. The call is
/// told to observers as a success, but its error is returned, because only the caller knows what the
/// result is.
pub(crate) fn call_accepting<T: DeserializeOwned + Send>(
    handle: &Handle,
    operation: &Operation,
    request: Result<Request<'_>, OrionError>,
    accepts: fn(&OrionError) -> bool,
) -> impl Future<Output = Result<ApiResponse<Box<T>>, OrionError>> + Send {
    let reader = ReadData::of(&operation.method).accepting(accepts);
    execute(handle, operation, request, reader, with_meta)
}

/// Makes a call whose response is a stream of events. It returns when the stream has begun.
pub(crate) fn open(
    handle: &Handle,
    operation: &Operation,
    request: Result<Request<'_>, OrionError>,
) -> impl Future<Output = Result<ApiResponse<OpenStream>, OrionError>> + Send {
    execute(handle, operation, request, ReadEventStream, with_meta)
}

fn data<R: ReadResponse>(reader: &R, read: R::Read, call: &mut Call<'_>) -> R::Output {
    reader.finish(read, &mut call.permit, call.deadline, &mut call.watch)
}

fn with_meta<R: ReadResponse>(
    reader: &R,
    read: R::Read,
    call: &mut Call<'_>,
) -> ApiResponse<R::Output> {
    let meta = call.meta();
    let data = data(reader, read, call);
    ApiResponse { data, meta }
}

/// Makes a call. `finish` makes its result of what was read, and of what is known of the call.
#[expect(
    clippy::manual_async_fn,
    reason = "an async fn would keep a second copy of the request"
)]
fn execute<R: ReadResponse, T>(
    handle: &Handle,
    operation: &Operation,
    request: Result<Request<'_>, OrionError>,
    reader: R,
    finish: impl FnOnce(&R, R::Read, &mut Call<'_>) -> T + Send,
) -> impl Future<Output = Result<T, OrionError>> + Send {
    async move {
        let request = match request {
            Ok(ref request) => request,
            Err(error) => return Err(not_started(handle, operation, error)),
        };
        let own_headers = match check(request) {
            Ok(own_headers) => own_headers,
            Err(error) => return Err(not_started(handle, operation, error)),
        };
        let mut call = Call::new(handle, operation, request, own_headers);
        let span = call.watch.span().clone();
        let result = {
            // Pinned here and below, because a wrapper around the future would move it.
            let run = pin!(call.run(&reader));
            telemetry::in_span(span, run).await
        };
        match result {
            Ok(read) => Ok(finish(&reader, read, &mut call)),
            Err(error) => {
                let failure = Some(&error).filter(|error| !reader.accepts(error));
                call.watch.ends(failure);
                Err(error)
            }
        }
    }
}

/// Reports a call whose request cannot be sent.
#[cold]
fn not_started(handle: &Handle, operation: &Operation, error: OrionError) -> OrionError {
    let error = error.of_operation(operation.name);
    Watch::start(&handle.observers, operation).ends(Some(&error));
    error
}

/// Fails if the request cannot be sent. Returns the headers of this call only.
fn check<'a>(request: &'a Request<'_>) -> Result<Option<&'a HeaderMap>, OrionError> {
    let own_headers = request.options.headers()?;
    // Without a runtime, reqwest and the timers would panic.
    if tokio::runtime::Handle::try_current().is_err() {
        return Err(OrionError::config(
            "a call needs a running tokio runtime with its time and I/O drivers enabled",
        ));
    }
    Ok(own_headers)
}

/// What only some calls wait for. It is boxed, so that the others are small.
type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The limits of one call, and what has happened so far.
struct Call<'a> {
    handle: &'a Handle,
    operation: &'a Operation,
    request: &'a Request<'a>,
    own_headers: Option<&'a HeaderMap>,
    deadline: Option<TimeLimit>,
    /// The places of the last attempt in its rate-limit windows.
    permit: Option<Permit>,
    /// What the last response said besides its body.
    parts: Option<ResponseParts>,
    /// The whole body of the last response, until it is read.
    body: Bytes,
    /// Counts attempts and waits, and tells of them.
    watch: Watch,
    /// Where the next attempt enters the queue.
    place: Place,
    /// The least certain outcome of the attempts so far.
    outcome: Outcome,
}

impl<'a> Call<'a> {
    fn new(
        handle: &'a Handle,
        operation: &'a Operation,
        request: &'a Request<'a>,
        own_headers: Option<&'a HeaderMap>,
    ) -> Self {
        let mut call = Self {
            handle,
            operation,
            request,
            own_headers,
            deadline: None,
            permit: None,
            parts: None,
            body: Bytes::new(),
            watch: Watch::start(&handle.observers, operation),
            place: Place::Back,
            outcome: Outcome::NotSent,
        };
        let deadline = request.options.deadline().or(handle.deadline);
        call.deadline = deadline
            .and_then(|length| TimeLimit::new(TimeoutKind::Deadline, length, call.watch.started()));
        call
    }

    /// Makes attempts until one succeeds, or none follows. All operations share the code of an attempt:
    /// only the reader knows what the data is.
    async fn run<R: ReadResponse>(&mut self, reader: &R) -> Result<R::Read, OrionError> {
        let mut schedule = None;
        let mut now = self.watch.started();
        loop {
            let result = self.attempt(R::WANTS_STREAM, now).await;
            let whole = mem::take(&mut self.body);
            let parts = self.parts.get_or_insert_default();
            let read = |stream| reader.read(parts, Body { whole, stream });
            let error = match result.and_then(read) {
                Ok(read) => {
                    self.watch.attempt_ends(None);
                    self.handle.budget.succeeded();
                    return Ok(read);
                }
                Err(error) => self.attempt_fails(error),
            };
            let wait = self.wait_before_retry(error, &mut schedule)?;
            now = Instant::now();
            if !self.is_held_back(wait, now) {
                now = self.pause(wait, now).await;
            }
        }
    }

    /// What the response of a call that has succeeded says besides its data.
    fn meta(&mut self) -> ResponseMeta {
        let parts = self.parts.take().unwrap_or_default();
        ResponseMeta {
            status: parts.status,
            headers: parts.headers,
            attempts: self.watch.attempts(),
            elapsed: self.watch.started().elapsed(),
            waited: self.watch.waited(),
        }
    }

    /// Waits before a retry. Returns the time at which the wait is over.
    #[cold]
    fn pause(&mut self, wait: Wait, now: Instant) -> Later<'_, Instant> {
        let reason = match wait.requested {
            Some(_) => WaitReason::RetryAfter,
            None => WaitReason::Backoff,
        };
        self.watch.waits(reason, now.checked_add(wait.delay), now);
        Box::pin(async move {
            sleep(wait.delay).await;
            let now = Instant::now();
            self.watch.waits_no_longer(now);
            now
        })
    }

    /// Waits until pacing admits the call, then sends it once, within the time that is left. Returns the
    /// stream that is wanted, or leaves the whole body in `body`.
    async fn attempt(
        &mut self,
        wants_stream: bool,
        now: Instant,
    ) -> Result<Option<StreamBody>, OrionError> {
        let now = match &self.handle.pacer {
            Some(pacer) => match pacer.enter(&self.window(), self.place, now) {
                Entered::Admitted(permit) => self.permit.insert(permit).admitted_at(),
                Entered::Queued(queued) => self.queue_up(pacer, queued, now).await?,
            },
            None => now,
        };
        if self.deadline.is_some_and(|deadline| deadline.at <= now) {
            return Err(self.past_deadline());
        }

        let span = self.watch.attempt_starts(&self.handle.base_url, now);
        let delivery = Delivery::default();
        let limit = self.limit_of_attempt(now);
        let exchange = pin!(self.exchange(wants_stream, &delivery));
        let exchange = telemetry::in_span(span, exchange);
        match limit {
            Some(limit) => timeout_at(limit.at, exchange)
                .await
                .unwrap_or_else(|_| Err(limit.exceeded(!delivery.give_up()))),
            None => exchange.await,
        }
    }

    /// Waits in a queue of pacing. Returns the time at which the call is admitted.
    #[cold]
    fn queue_up<'b>(
        &'b mut self,
        pacer: &'b Pacer,
        queued: Queued,
        now: Instant,
    ) -> Later<'b, Result<Instant, OrionError>> {
        let limits = self.wait_limits();
        Box::pin(async move {
            let watch = &mut self.watch;
            match pacer.wait(queued, self.place, limits, now, watch).await {
                Ok(permit) => Ok(self.permit.insert(permit).admitted_at()),
                Err(too_long) => Err(held_back(too_long)),
            }
        })
    }

    /// Sends the request and takes in its response, with the whole body unless it is a stream that is
    /// wanted.
    async fn exchange(
        &mut self,
        wants_stream: bool,
        delivery: &Delivery,
    ) -> Result<Option<StreamBody>, OrionError> {
        let request = || self.outgoing(wants_stream);
        let mut incoming = self.handle.transport.send(request, delivery).await?;
        let headers = self.receive(&mut incoming);
        let parts = self.parts.get_or_insert_default();
        if wants_stream && read::is_event_stream(parts) {
            read::check_encoding(parts, &Bytes::new())?;
            return Ok(Some(incoming.into_stream()));
        }
        let limit = self.handle.max_response_bytes;
        match incoming.read(headers.length, limit).await {
            Ok(whole) => self.body = whole,
            Err(error) => return Err(read::without_body(error, parts)),
        }
        // The response to a HEAD describes a body that it does not have.
        if headers.is_encoded && !self.body.is_empty() {
            read::check_encoding(parts, &self.body)?;
        }
        Ok(None)
    }

    /// Takes in what the response says besides its body.
    fn receive(&mut self, incoming: &mut Incoming) -> BodyHeaders {
        let parts = self.parts.insert(incoming.take_parts());
        let headers = ResponseHeaders::read(&parts.headers);
        if let Some(permit) = &mut self.permit {
            permit.observe(parts.status, &headers);
        }
        self.watch.responds(parts.status, headers.rate_limit);
        headers.body
    }

    fn outgoing(&self, wants_stream: bool) -> Outgoing {
        let (handle, request) = (self.handle, self.request);
        let mut headers = match request.body {
            Some(_) => handle.headers_with_body.clone(),
            None => handle.headers.clone(),
        };
        if wants_stream {
            headers.insert(ACCEPT, read::EVENT_STREAM);
        }
        for (name, value) in self.own_headers.into_iter().flatten() {
            headers.insert(name, value.clone());
        }
        Outgoing {
            method: self.operation.method.clone(),
            url: handle
                .base_url
                .join(&request.path, request.query.as_deref()),
            headers,
            body: request.body.clone(),
        }
    }

    /// The rate-limit window that the call counts in.
    fn window(&self) -> WindowKey {
        let scope = self.request.scope.clone();
        WindowKey::new(self.operation.name, self.operation.window, scope)
    }

    fn policy(&self) -> &'a RetryPolicy {
        let own = self.request.options.retry();
        own.unwrap_or(&self.handle.retry)
    }

    fn wait_limits(&self) -> WaitLimits {
        WaitLimits {
            max_wait: self.max_wait(),
            deadline: self.deadline.map(|limit| (limit.length, limit.at)),
            max_retry_after: self.policy().max_retry_after,
        }
    }

    fn max_wait(&self) -> Option<Duration> {
        let max_wait = self.request.options.max_wait().or(self.handle.max_wait);
        // What a blocking call waits for can be held by the call that it is made in, which it stops.
        #[cfg(feature = "blocking")]
        let max_wait = max_wait.or(crate::background::is_nested().then_some(self.handle.timeout));
        max_wait
    }

    fn limit_of_attempt(&self, now: Instant) -> Option<TimeLimit> {
        let timeout = self.request.options.timeout();
        let timeout = timeout.unwrap_or(self.handle.timeout);
        let attempt = TimeLimit::new(TimeoutKind::Attempt, timeout, now);
        TimeLimit::first(self.deadline, attempt)
    }

    #[cold]
    fn past_deadline(&self) -> OrionError {
        let length = self.deadline.map_or(Duration::ZERO, |limit| limit.length);
        OrionError::timeout(TimeoutKind::Deadline, length, false)
    }

    /// An attempt has failed, or was not made. It gives its places in the windows back.
    #[cold]
    fn attempt_fails(&mut self, error: OrionError) -> OrionError {
        if error.outcome() == Outcome::NotSent {
            self.not_sent();
        }
        let error = self.annotate(error);
        self.watch.attempt_ends(Some(&error));
        self.permit = None;
        error
    }

    /// Returns whether pacing already holds the call back for as long as the server asked it to
    /// wait. Then it leaves at the reset, neither sooner nor later.
    fn is_held_back(&self, wait: Wait, now: Instant) -> bool {
        let (Some(pacer), Some(requested)) = (&self.handle.pacer, wait.requested) else {
            return false;
        };
        self.place == Place::Front && pacer.holds_back(&self.window(), requested, now)
    }

    /// Returns how long to wait before the next attempt, or the error if there is none.
    #[cold]
    fn wait_before_retry(
        &mut self,
        mut error: OrionError,
        schedule: &mut Option<Schedule>,
    ) -> Result<Wait, OrionError> {
        let Some(context) = error.context_mut() else {
            return Err(error);
        };
        let requested = context.retry_after;
        let failed = Failed {
            retry: context.retry,
            retry_after: requested,
            idempotency: self.operation.idempotency,
            attempts: self.watch.attempts(),
            deadline: self.deadline,
            now: Instant::now(),
        };
        match decide(failed, self.policy(), schedule, &self.handle.budget) {
            Decision::Retry { wait } => {
                context.retryable = true;
                self.watch.retries_after(&error);
                if error.is_rate_limited() {
                    self.place = Place::Front;
                }
                Ok(Wait {
                    delay: wait,
                    requested,
                })
            }
            Decision::GiveUp(reason) => {
                context.retryable = reason.is_retryable();
                context.note = reason.note();
                Err(error)
            }
        }
    }

    /// Nothing of the last attempt reached the server.
    fn not_sent(&mut self) {
        if let Some(permit) = &mut self.permit {
            permit.not_sent();
        }
    }

    /// Adds what the call knows, and removes the API key from what the server said.
    #[cold]
    fn annotate(&mut self, error: OrionError) -> OrionError {
        let mut error = error.of_operation(self.operation.name);
        error.redact(self.handle.key.expose());
        if let Some(context) = error.context_mut() {
            context.attempts = self.watch.attempts();
            context.waited = self.watch.waited();
            self.outcome = self.outcome.max(context.outcome);
            context.outcome = self.outcome;
        }
        error
    }
}

/// A wait before a retry, and the delay that the server requested.
#[derive(Debug, Clone, Copy)]
struct Wait {
    delay: Duration,
    requested: Option<Duration>,
}

#[cold]
fn held_back(wait: TooLong) -> OrionError {
    let bound = match wait.bound {
        WaitBound::MaxWait(length) => ("max_wait", length),
        WaitBound::Deadline(length) => ("deadline", length),
        WaitBound::MaxRetryAfter(length) => ("max_retry_after", length),
    };
    OrionError::held_back(wait.window, wait.resets_in, wait.max_in_flight, bound)
}
