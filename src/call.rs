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
use crate::operation::Operation;
use crate::pacing::{Permit, Place, TooLong, WaitBound, WaitLimits, WindowKey};
use crate::request::Request;
use crate::retry::{Decision, Failed, RetryPolicy, Schedule, decide};
use crate::telemetry;
use crate::time_limit::TimeLimit;
use crate::transport::{Delivery, Incoming, Outgoing};

/// Makes a call whose response's `data` is the result. It is boxed, because every layer returns it
/// to the next.
pub(crate) fn call<T: DeserializeOwned + Send>(
    handle: &Handle,
    operation: &Operation,
    request: Result<Request<'_>, OrionError>,
) -> impl Future<Output = Result<ApiResponse<Box<T>>, OrionError>> + Send {
    execute(handle, operation, request, ReadData::of(&operation.method))
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
    let request = request.and_then(|request| {
        request.options.headers()?;
        Ok(request)
    });
    let request = request.map_err(|error| error.of_operation(operation.name))?;
    // Without a runtime, reqwest and the timers would panic.
    if tokio::runtime::Handle::try_current().is_err() {
        return Err(OrionError::config(
            "a call needs a running tokio runtime with its time and I/O drivers enabled",
        ));
    }
    let span = telemetry::call_span(operation);
    // Pinned here and below, because a wrapper around the future would move it, buffers included.
    let call = pin!(Call::new(handle, operation, &request).run(reader));
    let result = telemetry::in_span(&span, call).await;
    telemetry::record(&span, &result);
    result
}

/// The limits of one call, and what has happened so far.
struct Call<'a> {
    handle: &'a Handle,
    operation: &'a Operation,
    request: &'a Request<'a>,
    policy: &'a RetryPolicy,
    window: WindowKey,
    started: Instant,
    deadline: Option<TimeLimit>,
    attempts: u32,
    /// What pacing and the waits before retries have taken.
    waited: Duration,
    /// Where the next attempt enters the queue.
    place: Place,
    /// The least certain outcome of the attempts so far.
    outcome: Outcome,
}

impl<'a> Call<'a> {
    fn new(handle: &'a Handle, operation: &'a Operation, request: &'a Request<'a>) -> Self {
        let options = request.options;
        let started = Instant::now();
        let deadline = options.deadline().or(handle.deadline);
        Self {
            handle,
            operation,
            request,
            policy: options.retry().unwrap_or(&handle.retry),
            window: WindowKey::new(operation.name, operation.window, request.scope.clone()),
            started,
            deadline: deadline
                .and_then(|length| TimeLimit::new(TimeoutKind::Deadline, length, started)),
            attempts: 0,
            waited: Duration::ZERO,
            place: Place::Back,
            outcome: Outcome::NotSent,
        }
    }

    async fn run<R: ReadResponse>(
        mut self,
        reader: R,
    ) -> Result<ApiResponse<R::Output>, OrionError> {
        let mut schedule = None;
        let mut now = self.started;
        loop {
            let error = match self.attempt(&reader, now).await {
                Ok(response) => {
                    self.handle.budget.succeeded();
                    return Ok(response);
                }
                Err(error) => error,
            };
            let wait = self.wait_before_retry(error, &mut schedule)?;
            now = Instant::now();
            if !self.is_held_back(wait, now) {
                sleep(wait.delay).await;
                let started = std::mem::replace(&mut now, Instant::now());
                self.waited += now - started;
            }
        }
    }

    /// Waits until pacing admits the call, then sends it once, within the time that is left.
    async fn attempt<R: ReadResponse>(
        &mut self,
        reader: &R,
        mut now: Instant,
    ) -> Result<ApiResponse<R::Output>, OrionError> {
        let mut permit = None;
        if let Some(pacer) = &self.handle.pacer {
            let limits = WaitLimits {
                max_wait: self.request.options.max_wait().or(self.handle.max_wait),
                deadline: self.deadline.map(|limit| (limit.length, limit.at)),
                max_retry_after: self.policy.max_retry_after,
            };
            let admitted = pacer.acquire(&self.window, self.place, limits, now).await;
            let admitted = admitted.map_err(held_back)?;
            self.waited += admitted.admitted_at() - now;
            now = admitted.admitted_at();
            permit = Some(admitted);
        }
        if self.deadline.is_some_and(|deadline| deadline.at <= now) {
            not_sent(&mut permit);
            return Err(self.past_deadline());
        }

        self.attempts += 1;
        let span = telemetry::attempt_span(self.handle, self.operation, self.attempts);
        let delivery = Delivery::default();
        let result = {
            let response = pin!(self.send_and_read(reader, &mut permit, &delivery));
            let response = telemetry::in_span(&span, response);
            match self.limit_of_attempt(now) {
                Some(limit) => timeout_at(limit.at, response)
                    .await
                    .unwrap_or_else(|_| Err(limit.exceeded(!delivery.give_up()))),
                None => response.await,
            }
        };
        telemetry::record(&span, &result);
        if let Err(error) = &result
            && error.outcome() == Outcome::NotSent
        {
            not_sent(&mut permit);
        }
        result
    }

    /// Sends the request and reads as much of the response as the reader wants.
    async fn send_and_read<R: ReadResponse>(
        &self,
        reader: &R,
        permit: &mut Option<Permit>,
        delivery: &Delivery,
    ) -> Result<ApiResponse<R::Output>, OrionError> {
        let outgoing = self.outgoing(R::ACCEPT)?;
        let response = self.handle.transport.send(outgoing, delivery);
        let Incoming { parts, body } = response.await?;
        if let Some(permit) = permit {
            permit.observe(parts.status, &parts.headers);
        }
        let read = reader.read(&parts, body, self.handle.max_response_bytes);
        let read = read.await?;
        Ok(ApiResponse {
            data: reader.finish(read, permit.take(), self.deadline),
            meta: ResponseMeta {
                status: parts.status,
                headers: parts.headers,
                attempts: self.attempts,
                elapsed: self.started.elapsed(),
                waited: self.waited,
            },
        })
    }

    fn outgoing(&self, accept: Option<HeaderValue>) -> Result<Outgoing, OrionError> {
        let (handle, request) = (self.handle, self.request);
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
        error: OrionError,
        schedule: &mut Option<Schedule>,
    ) -> Result<Wait, OrionError> {
        let mut error = self.annotate(error);
        let Some(context) = error.context_mut() else {
            return Err(error);
        };
        let requested = context.retry_after;
        let failed = Failed {
            retry: context.retry,
            retry_after: requested,
            idempotency: self.operation.idempotency,
            attempts: self.attempts,
            deadline: self.deadline,
            now: Instant::now(),
        };
        match decide(failed, self.policy, schedule, &self.handle.budget) {
            Decision::Retry { wait } => {
                context.retryable = true;
                telemetry::waiting(&error, wait);
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
            context.attempts = self.attempts;
            context.waited = self.waited;
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
