//! The one way that every call goes (design §1):
//! deadline ▸ pacing ▸ attempt ▸ classify ▸ wait ▸ attempt …

mod read;

use std::pin::pin;
use std::time::Duration;

use http::header::{ACCEPT, HeaderValue};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep, timeout_at};

pub(crate) use read::{EventStream, OpenStream, ReadAnswer, ReadData};

use crate::client::OrionOS;
use crate::error::{OrionError, Outcome, TimeoutKind};
use crate::meta::{ApiResponse, ResponseMeta};
use crate::pacing::{Permit, WaitLimits};
use crate::request::Request;
use crate::retry::{Safety, hinted_wait};
use crate::telemetry;
use crate::transport::{Incoming, Outgoing};

/// A call that ends with its answer's data. Boxed, because every layer hands it on.
pub(crate) fn call<T: DeserializeOwned + Send>(
    client: &OrionOS,
    request: Result<Request, OrionError>,
    operation: &'static str,
) -> impl Future<Output = Result<ApiResponse<Box<T>>, OrionError>> + Send {
    execute(client, request, operation, ReadData::new())
}

/// A call that ends with a stream whose events are still to come.
pub(crate) fn open(
    client: &OrionOS,
    request: Result<Request, OrionError>,
    operation: &'static str,
) -> impl Future<Output = Result<ApiResponse<OpenStream>, OrionError>> + Send {
    execute(client, request, operation, EventStream)
}

async fn execute<R: ReadAnswer>(
    client: &OrionOS,
    request: Result<Request, OrionError>,
    operation: &'static str,
    reader: R,
) -> Result<ApiResponse<R::Output>, OrionError> {
    let of_operation = |error: OrionError| error.of_operation(operation);
    let request = request.map_err(of_operation)?;
    if let Some(headers) = request.options.headers() {
        headers.checked().map_err(of_operation)?;
    }
    // Without a runtime, reqwest and the timers would panic.
    if tokio::runtime::Handle::try_current().is_err() {
        return Err(OrionError::config(
            "a call needs a running tokio runtime with its time and I/O drivers enabled",
        ));
    }
    let span = telemetry::call_span(operation);
    // Pinned here, and below, because what wraps a future would move it, buffers and all.
    let call = pin!(Call::new(client, &request).run(reader));
    let result = telemetry::in_span(&span, call).await;
    telemetry::record_call(&span, &result);
    result
}

/// One call's limits and what has happened so far.
struct Call<'a> {
    client: &'a OrionOS,
    request: &'a Request,
    started: Instant,
    /// The length that the caller gave, and the moment that it ends.
    deadline: Option<(Duration, Instant)>,
    attempts: u32,
    /// The most uncertain outcome of the attempts so far.
    outcome: Outcome,
}

impl<'a> Call<'a> {
    fn new(client: &'a OrionOS, request: &'a Request) -> Self {
        let started = Instant::now();
        let length = request.options.deadline().or(client.inner.deadline);
        Self {
            client,
            request,
            started,
            // A deadline that no clock reaches is none.
            deadline: length.and_then(|length| Some((length, started.checked_add(length)?))),
            attempts: 0,
            outcome: Outcome::NotSent,
        }
    }

    async fn run<R: ReadAnswer>(mut self, reader: R) -> Result<ApiResponse<R::Output>, OrionError> {
        let inner = &self.client.inner;
        let policy = self.request.options.retry().unwrap_or(&inner.retry);
        let mut schedule = None;
        let mut now = self.started;
        loop {
            let attempt = self.paced_attempt(&reader, policy.longest_hint(), now);
            let error = match attempt.await {
                Ok(response) => {
                    inner.budget.succeeded();
                    return Ok(response);
                }
                Err(error) => error,
            };
            let mut error = self.describe(error);
            let Some(context) = error.context_mut() else {
                return Err(error);
            };
            context.retryable = policy.permits(context.class, self.request.safety);
            if !context.retryable || self.attempts >= policy.attempts() {
                return Err(error);
            }
            let hint = context.retry_after.filter(|hint| !hint.is_zero());
            if let Some(hint) = hint
                && hint > policy.longest_hint()
            {
                error.add_note(format!(
                    "not retried: the server asks to wait {hint:?}, more than max_retry_after \
                     ({:?})",
                    policy.longest_hint()
                ));
                return Err(error);
            }
            let schedule = schedule.get_or_insert_with(|| policy.start());
            let Some(backoff) = schedule.next_wait() else {
                return Err(error);
            };
            let wait = hint.map_or(backoff, hinted_wait);
            if let Some((length, deadline)) = self.deadline
                && Instant::now()
                    .checked_add(wait)
                    .is_none_or(|end| end >= deadline)
            {
                error.add_note(format!(
                    "not retried: a wait of {wait:?} would pass the deadline of {length:?}"
                ));
                return Err(error);
            }
            if hint.is_none() && !inner.budget.take() {
                error.add_note("not retried: the client's retry budget is spent");
                return Err(error);
            }
            telemetry::waiting(&error, wait);
            sleep(wait).await;
            now = Instant::now();
        }
    }

    /// Waits for a place, then makes one exchange within what is left of the time.
    async fn paced_attempt<R: ReadAnswer>(
        &mut self,
        reader: &R,
        longest_wait: Duration,
        mut now: Instant,
    ) -> Result<ApiResponse<R::Output>, OrionError> {
        let mut permit = match &self.client.inner.pacer {
            Some(pacer) => {
                let limits = WaitLimits {
                    deadline: self.deadline.map(|(_, at)| at),
                    // `Date` and reset are whole seconds: a full window can look one longer.
                    longest: longest_wait.saturating_add(Duration::from_secs(1)),
                };
                let permit = pacer.acquire(&self.request.window, limits, now).await;
                let permit = permit.map_err(|_| self.past_deadline(Outcome::NotSent))?;
                now = permit.admitted_at();
                Some(permit)
            }
            None => None,
        };

        let limit = self
            .request
            .options
            .timeout()
            .unwrap_or(self.client.inner.timeout);
        let deadline = self.deadline.map(|(_, at)| at);
        if deadline.is_some_and(|deadline| deadline <= now) {
            if let Some(permit) = &mut permit {
                permit.not_sent();
            }
            return Err(self.past_deadline(Outcome::NotSent));
        }
        self.attempts += 1;
        let span = telemetry::attempt_span(self.client, self.request, self.attempts);
        let result = self
            .timed_exchange(reader, &mut permit, &span, limit, now)
            .await;
        telemetry::record_attempt(&span, &result);
        let (meta, output) = result.inspect_err(|error| {
            if let Some(permit) = &mut permit
                && error.outcome() == Outcome::NotSent
            {
                permit.not_sent();
            }
        })?;
        Ok(ApiResponse {
            data: reader.finish(output, permit, self.deadline),
            meta,
        })
    }

    /// One exchange within the attempt's time and what is left of the call's.
    async fn timed_exchange<R: ReadAnswer>(
        &self,
        reader: &R,
        permit: &mut Option<Permit>,
        span: &telemetry::Span,
        limit: Duration,
        now: Instant,
    ) -> Result<(ResponseMeta, R::Read), OrionError> {
        let exchange = pin!(self.exchange(reader, permit));
        let exchange = telemetry::in_span(span, exchange);
        let deadline = self.deadline.map(|(_, at)| at);
        let end = match (now.checked_add(limit), deadline) {
            (Some(attempt), Some(deadline)) => Some(attempt.min(deadline)),
            (attempt, deadline) => attempt.or(deadline),
        };
        let Some(end) = end else {
            return exchange.await;
        };
        timeout_at(end, exchange).await.unwrap_or_else(|_| {
            Err(if deadline == Some(end) {
                self.past_deadline(Outcome::Unknown)
            } else {
                OrionError::timeout(TimeoutKind::Attempt, limit, Outcome::Unknown)
            })
        })
    }

    /// Request out, head in, body read as far as the reader wants it.
    async fn exchange<R: ReadAnswer>(
        &self,
        reader: &R,
        permit: &mut Option<Permit>,
    ) -> Result<(ResponseMeta, R::Read), OrionError> {
        let inner = &self.client.inner;
        let answered = inner.transport.send(self.outgoing(R::ACCEPT)?);
        let Incoming { head, body } = answered.await?;
        if let Some(permit) = permit {
            permit.observe(head.status, &head.headers);
        }
        let output = reader.read(&head, body, inner.max_response_bytes).await?;
        let meta = ResponseMeta {
            status: head.status,
            headers: head.headers,
            attempts: self.attempts,
            elapsed: self.started.elapsed(),
        };
        Ok((meta, output))
    }

    fn outgoing(&self, accept: Option<HeaderValue>) -> Result<Outgoing, OrionError> {
        let inner = &self.client.inner;
        let request = self.request;
        let mut headers = match request.body {
            Some(_) => inner.headers_with_body.clone(),
            None => inner.headers.clone(),
        };
        if let Some(accept) = accept {
            headers.insert(ACCEPT, accept);
        }
        if let Some(own) = request.options.headers() {
            for (name, value) in own.checked()? {
                headers.insert(name, value.clone());
            }
        }
        Ok(Outgoing {
            method: request.method.clone(),
            url: inner.base_url.join(&request.path, request.query.as_deref()),
            headers,
            body: request.body.clone(),
        })
    }

    fn past_deadline(&self, outcome: Outcome) -> OrionError {
        let length = self.deadline.map_or(Duration::ZERO, |(length, _)| length);
        OrionError::timeout(TimeoutKind::Deadline, length, outcome)
    }

    /// Adds what the call knows of itself, and takes the key out of what the server said.
    fn describe(&mut self, error: OrionError) -> OrionError {
        let mut error = error.of_operation(self.request.operation);
        error.redact(self.client.inner.key.expose());
        if let Some(context) = error.context_mut() {
            context.attempts = self.attempts;
            // A read changes nothing, whatever became of its attempts; for the others the most
            // uncertain attempt counts.
            self.outcome = self.outcome.max(context.outcome);
            context.outcome = self.outcome;
        }
        error
    }
}

impl Safety {
    /// RFC 9110 §9.2.2, and PATCH here: a field that is sent replaces the old value whole.
    pub(crate) fn of(method: &http::Method) -> Self {
        use http::Method;
        match *method {
            Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE => Self::Idempotent,
            Method::PUT | Method::DELETE => Self::Idempotent,
            _ => Self::Unsafe,
        }
    }
}
