//! Every call takes this path: deadline ▸ pacing ▸ attempt ▸ classify ▸ decide ▸ wait ▸ attempt …
//!
//! The loop only executes. What a failure means is decided by [`classify`](crate::error), whether
//! and when to retry by [`decide`](crate::retry).

mod read;

use std::pin::pin;
use std::time::Duration;

use http::header::{ACCEPT, HeaderValue};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep, timeout_at};

pub(crate) use read::OpenStream;
use read::{ReadData, ReadEventStream, ReadResponse};

use crate::error::{OrionError, Outcome, TimeoutKind};
use crate::handle::Handle;
use crate::meta::{ApiResponse, ResponseMeta};
use crate::observer::WaitReason;
use crate::operation::Operation;
use crate::pacing::{Entered, Permit, Place, TooLong, WaitBound, WaitLimits, WindowKey};
use crate::rate_limit::RateLimit;
use crate::request::Request;
use crate::retry::{Decision, Failed, RetryPolicy, Schedule, decide};
use crate::telemetry;
use crate::time_limit::TimeLimit;
use crate::transport::{Delivery, Incoming, Outgoing};
use crate::watch::Watch;

/// Makes a call whose response's `data` is the result. It is boxed, because every layer returns it
/// to the next.
pub(crate) fn call<T: DeserializeOwned + Send>(
    handle: &Handle,
    operation: &Operation,
    request: Result<Request<'_>, OrionError>,
) -> impl Future<Output = Result<ApiResponse<Box<T>>, OrionError>> + Send {
    execute(handle, operation, request, ReadData::of(&operation.method))
}

/// Like [`call`], for an operation that certain failures mean to have succeeded. The call is told to
/// observers as a success, but its error is returned, because only the caller knows what the result is.
pub(crate) fn call_accepting<T: DeserializeOwned + Send>(
    handle: &Handle,
    operation: &Operation,
    request: Result<Request<'_>, OrionError>,
    accepts: fn(&OrionError) -> bool,
) -> impl Future<Output = Result<ApiResponse<Box<T>>, OrionError>> + Send {
    let reader = ReadData::of(&operation.method).accepting(accepts);
    execute(handle, operation, request, reader)
}

/// Makes a call whose response is a stream of events. It returns when the stream has begun.
pub(crate) fn open(
    handle: &Handle,
    operation: &Operation,
    request: Result<Request<'_>, OrionError>,
) -> impl Future<Output = Result<ApiResponse<OpenStream>, OrionError>> + Send {
    execute(handle, operation, request, ReadEventStream)
}

async fn execute<R: ReadResponse>(
    handle: &Handle,
    operation: &Operation,
    request: Result<Request<'_>, OrionError>,
    reader: R,
) -> Result<ApiResponse<R::Output>, OrionError> {
    let request = match sendable(request) {
        Ok(request) => request,
        Err(error) => {
            let error = error.of_operation(operation.name);
            Watch::start(&handle.observers, operation).ends(Some(&error));
            return Err(error);
        }
    };
    let mut call = Call::new(handle, operation, request);
    let span = call.watch.span().clone();
    let result = {
        // Pinned here and below, because a wrapper around the future would move it, buffers included.
        let run = pin!(call.run(&reader));
        telemetry::in_span(span, run).await
    };
    match result {
        Ok(Received { data, meta, permit }) => {
            let data = reader.finish(data, permit, call.deadline, call.watch);
            Ok(ApiResponse { data, meta })
        }
        Err(error) => {
            let failure = Some(&error).filter(|error| !reader.accepts(error));
            call.watch.ends(failure);
            Err(error)
        }
    }
}

/// Returns the request, or the error of one that cannot be sent.
fn sendable(request: Result<Request<'_>, OrionError>) -> Result<Request<'_>, OrionError> {
    let request = request?;
    request.options.headers()?;
    // Without a runtime, reqwest and the timers would panic.
    if tokio::runtime::Handle::try_current().is_err() {
        return Err(OrionError::config(
            "a call needs a running tokio runtime with its time and I/O drivers enabled",
        ));
    }
    Ok(request)
}

/// The limits of one call, and what has happened so far.
struct Call<'a> {
    handle: &'a Handle,
    operation: &'a Operation,
    request: Request<'a>,
    policy: &'a RetryPolicy,
    window: WindowKey,
    deadline: Option<TimeLimit>,
    /// Counts attempts and waits, and tells of them.
    watch: Watch,
    /// Where the next attempt enters the queue.
    place: Place,
    /// The least certain outcome of the attempts so far.
    outcome: Outcome,
}

impl<'a> Call<'a> {
    fn new(handle: &'a Handle, operation: &'a Operation, request: Request<'a>) -> Self {
        let options = request.options;
        let watch = Watch::start(&handle.observers, operation);
        let started = watch.started();
        let deadline = options.deadline().or(handle.deadline);
        Self {
            handle,
            operation,
            policy: options.retry().unwrap_or(&handle.retry),
            window: WindowKey::new(operation.name, operation.window, request.scope.clone()),
            deadline: deadline
                .and_then(|length| TimeLimit::new(TimeoutKind::Deadline, length, started)),
            request,
            watch,
            place: Place::Back,
            outcome: Outcome::NotSent,
        }
    }

    async fn run<R: ReadResponse>(&mut self, reader: &R) -> Result<Received<R::Read>, OrionError> {
        let mut schedule = None;
        let mut now = self.watch.started();
        loop {
            let error = match self.attempt(reader, now).await {
                Ok(received) => {
                    self.handle.budget.succeeded();
                    return Ok(received);
                }
                Err(error) => error,
            };
            let wait = self.wait_before_retry(error, &mut schedule)?;
            now = Instant::now();
            if !self.is_held_back(wait, now) {
                now = self.pause(wait, now).await;
            }
        }
    }

    /// Waits before a retry. Returns the time at which the wait is over.
    async fn pause(&mut self, wait: Wait, now: Instant) -> Instant {
        let reason = match wait.requested {
            Some(_) => WaitReason::RetryAfter,
            None => WaitReason::Backoff,
        };
        self.watch.waits(reason, now.checked_add(wait.delay), now);
        sleep(wait.delay).await;
        let now = Instant::now();
        self.watch.waits_no_longer(now);
        now
    }

    /// Waits until pacing admits the call, then sends it once, within the time that is left.
    async fn attempt<R: ReadResponse>(
        &mut self,
        reader: &R,
        mut now: Instant,
    ) -> Result<Received<R::Read>, OrionError> {
        let mut permit = None;
        if let Some(pacer) = &self.handle.pacer {
            let admitted = match pacer.enter(&self.window, self.place, now) {
                Entered::Admitted(admitted) => admitted,
                Entered::Queued(queued) => {
                    let limits = self.wait_limits();
                    let watch = &mut self.watch;
                    match pacer.wait(queued, self.place, limits, now, watch).await {
                        Ok(admitted) => admitted,
                        Err(too_long) => return Err(self.annotate(held_back(too_long))),
                    }
                }
            };
            now = admitted.admitted_at();
            permit = Some(admitted);
        }
        if self.deadline.is_some_and(|deadline| deadline.at <= now) {
            not_sent(&mut permit);
            return Err(self.annotate(self.past_deadline()));
        }

        let span = self.watch.attempt_starts(&self.handle.base_url, now);
        let delivery = Delivery::default();
        let limit = self.limit_of_attempt(now);
        let result = {
            let response = pin!(self.send_and_read(reader, &mut permit, &delivery));
            let response = telemetry::in_span(span, response);
            match limit {
                Some(limit) => timeout_at(limit.at, response)
                    .await
                    .unwrap_or_else(|_| Err(limit.exceeded(!delivery.give_up()))),
                None => response.await,
            }
        };
        match result {
            Ok((data, meta)) => {
                self.watch.attempt_ends(None);
                Ok(Received { data, meta, permit })
            }
            Err(error) => {
                if error.outcome() == Outcome::NotSent {
                    not_sent(&mut permit);
                }
                let error = self.annotate(error);
                self.watch.attempt_ends(Some(&error));
                Err(error)
            }
        }
    }

    /// Sends the request and reads as much of the response as the reader wants.
    async fn send_and_read<R: ReadResponse>(
        &mut self,
        reader: &R,
        permit: &mut Option<Permit>,
        delivery: &Delivery,
    ) -> Result<(R::Read, ResponseMeta), OrionError> {
        let outgoing = self.outgoing(R::ACCEPT)?;
        let response = self.handle.transport.send(outgoing, delivery);
        let Incoming { parts, body } = response.await?;
        let rate_limit = match permit {
            Some(permit) => permit.observe(parts.status, &parts.headers),
            None if self.watch.is_observed() => RateLimit::from_headers(&parts.headers),
            None => None,
        };
        self.watch.responds(parts.status, rate_limit);
        let read = reader.read(&parts, body, self.handle.max_response_bytes);
        let read = read.await?;
        let meta = ResponseMeta {
            status: parts.status,
            headers: parts.headers,
            attempts: self.watch.attempts(),
            elapsed: self.watch.started().elapsed(),
            waited: self.watch.waited(),
        };
        Ok((read, meta))
    }

    fn outgoing(&self, accept: Option<HeaderValue>) -> Result<Outgoing, OrionError> {
        let (handle, request) = (self.handle, &self.request);
        let mut headers = match request.body {
            Some(_) => handle.headers_with_body.clone(),
            None => handle.headers.clone(),
        };
        if let Some(accept) = accept {
            headers.insert(ACCEPT, accept);
        }
        if let Some(own) = request.options.headers()? {
            for (name, value) in own {
                headers.insert(name, value.clone());
            }
        }
        Ok(Outgoing {
            method: self.operation.method.clone(),
            url: handle
                .base_url
                .join(&request.path, request.query.as_deref()),
            headers,
            body: request.body.clone(),
        })
    }

    fn wait_limits(&self) -> WaitLimits {
        WaitLimits {
            max_wait: self.max_wait(),
            deadline: self.deadline.map(|limit| (limit.length, limit.at)),
            max_retry_after: self.policy.max_retry_after,
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

    fn past_deadline(&self) -> OrionError {
        let length = self.deadline.map_or(Duration::ZERO, |limit| limit.length);
        OrionError::timeout(TimeoutKind::Deadline, length, false)
    }

    /// Returns whether pacing already holds the call back for as long as the server asked it to
    /// wait. Then it leaves at the reset, neither sooner nor later.
    fn is_held_back(&self, wait: Wait, now: Instant) -> bool {
        let (Some(pacer), Some(requested)) = (&self.handle.pacer, wait.requested) else {
            return false;
        };
        self.place == Place::Front && pacer.holds_back(&self.window, requested, now)
    }

    /// Returns how long to wait before the next attempt, or the error if there is none.
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
        match decide(failed, self.policy, schedule, &self.handle.budget) {
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

    /// Adds what the call knows, and removes the API key from what the server said.
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

/// What an attempt has received.
struct Received<T> {
    data: T,
    meta: ResponseMeta,
    permit: Option<Permit>,
}

/// A wait before a retry, and the delay that the server requested.
#[derive(Debug, Clone, Copy)]
struct Wait {
    delay: Duration,
    requested: Option<Duration>,
}

fn held_back(wait: TooLong) -> OrionError {
    let bound = match wait.bound {
        WaitBound::MaxWait(length) => ("max_wait", length),
        WaitBound::Deadline(length) => ("deadline", length),
        WaitBound::MaxRetryAfter(length) => ("max_retry_after", length),
    };
    OrionError::held_back(wait.window, wait.resets_in, wait.max_in_flight, bound)
}

fn not_sent(permit: &mut Option<Permit>) {
    if let Some(permit) = permit {
        permit.not_sent();
    }
}
