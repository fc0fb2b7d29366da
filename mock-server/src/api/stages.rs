//! The stages of a request: authenticate ▸ read body ▸ record ▸ plan faults ▸ admit ▸ handle ▸ finish.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{DATE, HeaderMap, HeaderName, HeaderValue};
use http::{Request, StatusCode, request};
use http_body::Body;

use crate::api::endpoint::{Endpoint, Handled, Later, Route};
use crate::api::exchange::Exchange;
use crate::api::recorder::Recorder;
use crate::api::router;
use crate::faults::armed::FaultPlan;
use crate::faults::connection_fault::ConnectionFault;
use crate::faults::effects;
use crate::faults::fault::FaultKind;
use crate::journal::entry::Entry;
use crate::journal::record::EntryId;
use crate::journal::recorded_request::RecordedRequest;
use crate::journal::response_entry::ResponseEntry;
use crate::protocol::body::{self, BodyError, BoxError};
use crate::protocol::envelope::Response;
use crate::protocol::failure::Failure;
use crate::protocol::headers::{bearer_key, is_json};
use crate::protocol::json_object::JsonObject;
use crate::protocol::operation::Operation;
use crate::protocol::payload::Payload;
use crate::state::account::AccountState;
use crate::state::app::App;
use crate::state::keys::KeyState;

/// Larger bodies are rejected with 413.
const BODY_LIMIT: usize = 1 << 20;

/// Names the fault that was applied to a response.
const FAULT_HEADER: HeaderName = HeaderName::from_static("x-mock-fault");
const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// A request with what its path and its key say.
pub(crate) struct Arrived<B> {
    /// On the heap, so that it is not copied from function to function.
    exchange: Box<Exchange>,
    target: Target,
    body: B,
}

/// What a request is for.
#[derive(Clone, Copy)]
struct Target {
    /// `None` if no path matched.
    route: Option<&'static Route>,
    /// `None` if the path does not have the method.
    endpoint: Option<&'static Endpoint>,
}

impl<B> Arrived<B> {
    /// Finds the route and the account of a request.
    pub(crate) fn new(app: &Arc<App>, request: Request<B>) -> Self {
        let (head, body) = request.into_parts();
        let (route, id) = router::find(head.uri.path()).unzip();
        let endpoint = route.and_then(|route| route.endpoint(&head.method));
        let target = Target { route, endpoint };
        Self {
            exchange: authenticate(app, target, id.flatten(), head),
            target,
            body,
        }
    }
}

/// A response, and the request for the observer if there is one.
type Finished = (Response, Option<Box<RecordedRequest>>);

/// What a visit to the account led to.
enum Answer {
    Finished(Finished),
    /// A closure of the user makes the response.
    Call(Later),
}

/// Runs all stages for a request. One visit to the account is enough for them, unless something takes time:
/// the latency of a fault, or a closure of the user. The account is not locked meanwhile.
pub(crate) async fn serve<B>(arrived: Arrived<B>) -> Response
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let (mut exchange, target) = (arrived.exchange, arrived.target);
    read_body(&mut exchange, target, arrived.body).await;
    let account = exchange.account.clone();
    let mut recorder = Recorder::new(account.clone(), exchange.now);
    let first = arrive(&mut exchange, target, &mut recorder, &mut account.lock());
    let answer = match first {
        Some(answer) => answer,
        None => {
            account.requests.notify_waiters();
            Box::pin(wait(&mut exchange)).await;
            answer(&mut exchange, target, &mut recorder, &mut account.lock())
        }
    };
    let (response, recorded) = match answer {
        Answer::Finished(finished) => finished,
        Answer::Call(respond) => {
            account.requests.notify_waiters();
            let response;
            (exchange, response) = Box::pin(may_block(exchange, respond)).await;
            exchange.clock = account.clock.state();
            finish(&mut exchange, &mut recorder, &mut account.lock(), response)
        }
    };
    account.requests.notify_waiters();
    if let (Some(observer), Some(request)) = (&exchange.app.settings.observer, recorded) {
        (observer.0)(&request);
    }
    response.map(|body| recorder.observe(body))
}

fn authenticate(
    app: &Arc<App>,
    target: Target,
    id: Option<String>,
    head: request::Parts,
) -> Box<Exchange> {
    let operation = (target.endpoint).map_or(Operation::Unknown, |endpoint| endpoint.operation);
    let key = bearer_key(&head.headers);
    let access = match head.uri.path().starts_with("/v1") {
        true => app.key_state(key),
        false => Ok(KeyState::Full),
    };
    let account = app.account(key.filter(|_| access.is_ok()));
    let clock = account.clock.state();
    Box::new(Exchange {
        app: app.clone(),
        operation,
        id,
        names_agent: target.route.is_some_and(Route::names_agent),
        head,
        access,
        account,
        now: clock.now(),
        clock,
        body: Bytes::new(),
        object: Ok(JsonObject::default()),
        streams: false,
        plan: FaultPlan::default(),
        rate_limit: None,
    })
}

async fn read_body<B>(exchange: &mut Exchange, target: Target, body: B)
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let pause = plan_body(exchange);
    let is_at_hand = pause.is_none() && body.is_end_stream();
    if pause.is_some() {
        exchange.plan.name = Some("slow_request_body");
    }
    let pause = pause.map(|pause| (Duration::from_millis(pause), &exchange.account.clock));
    let budget = &exchange.app.body_budget;
    match body::read_slowly(body, BODY_LIMIT, budget, pause).await {
        Ok(bytes) => exchange.body = bytes,
        Err(error) => exchange.object = Err(body_failure(error)),
    }
    if !is_at_hand {
        exchange.clock = exchange.account.clock.state();
    }
    if target.endpoint.is_some_and(Endpoint::has_body) && exchange.object.is_ok() {
        exchange.object = parse(&exchange.head, &exchange.body);
    }
    exchange.streams = match exchange.operation {
        Operation::StreamMessage => true,
        Operation::SendMessage => exchange
            .object
            .as_ref()
            .is_ok_and(|object| object.get("stream") == Some(&true.into())),
        _ => false,
    };
}

/// Plans the pause before each part of the body, in milliseconds. That has a visit of its own, because the
/// rest is planned when the body is there.
fn plan_body(exchange: &Exchange) -> Option<u64> {
    if exchange.access.is_err() || !exchange.account.may_slow_bodies() {
        return None;
    }
    let state = &mut *exchange.account.lock();
    let random = &mut state.random.faults;
    (state.faults).plan_body(exchange.operation, exchange.agent_id(), random)
}

fn body_failure(error: BodyError) -> Failure {
    match error {
        BodyError::TooLarge => Failure::body_too_large(BODY_LIMIT),
        BodyError::Busy => Failure::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "INTERNAL_ERROR",
            "The mock server is reading too many large request bodies",
        ),
        BodyError::Failed(reason) => {
            Failure::invalid("body", "The request body cannot be read", reason)
        }
    }
}

fn parse(head: &request::Parts, body: &[u8]) -> Result<JsonObject, Failure> {
    match is_json(&head.headers) {
        true => JsonObject::parse(body),
        false => Err(Failure::invalid(
            "Content-Type",
            "The request's content type is not JSON",
            "Must be application/json",
        )),
    }
}

/// Takes down a request and answers it, unless a fault delays the answer.
fn arrive(
    exchange: &mut Exchange,
    target: Target,
    recorder: &mut Recorder,
    state: &mut AccountState,
) -> Option<Answer> {
    recorder.entry = Some(record(exchange, state));
    plan_faults(exchange, state);
    (exchange.plan.latency_ms == 0).then(|| answer(exchange, target, recorder, state))
}

fn record(exchange: &Exchange, state: &mut AccountState) -> EntryId {
    let entry = Entry::new(
        &exchange.head,
        exchange.operation,
        exchange.agent_id(),
        &exchange.body,
        exchange.now,
    );
    state.journal.add(entry)
}

/// A rejected key uses up no fault.
fn plan_faults(exchange: &mut Exchange, state: &mut AccountState) {
    if exchange.access.is_err() {
        return;
    }
    let slow_body = exchange.plan.name;
    exchange.plan = state.faults.plan(
        exchange.operation,
        exchange.agent_id(),
        exchange.streams,
        &mut state.random.faults,
    );
    exchange.plan.name = exchange.plan.name.or(slow_body);
}

/// Waits for the latency that a fault adds.
async fn wait(exchange: &mut Exchange) {
    let latency = Duration::from_millis(exchange.plan.latency_ms);
    exchange.account.clock.sleep(latency).await;
    exchange.clock = exchange.account.clock.state();
    exchange.now = exchange.clock.now();
}

/// Answers by a fault or by the handler of the endpoint.
fn answer(
    exchange: &mut Exchange,
    target: Target,
    recorder: &mut Recorder,
    state: &mut AccountState,
) -> Answer {
    let handled = match effects::before(&exchange.plan) {
        Some(response) => Ok(Handled::Response(response)),
        None => admit(exchange, target).and_then(|endpoint| handle(exchange, endpoint, state)),
    };
    let response = match handled {
        Ok(Handled::Blocking(respond)) => return Answer::Call(respond),
        Ok(Handled::Response(response)) => response,
        Err(failure) => failure.into_response(),
    };
    Answer::Finished(finish(exchange, recorder, state, response))
}

/// Checks the key and the route.
fn admit(exchange: &Exchange, target: Target) -> Result<&'static Endpoint, Failure> {
    let key = exchange.access.clone()?;
    let (method, path) = (&exchange.head.method, exchange.head.uri.path());
    let endpoint = match (target.route, target.endpoint) {
        (_, Some(endpoint)) => endpoint,
        (Some(route), None) => return Err(Failure::method_not_allowed(method, route.allow())),
        (None, None) => return Err(Failure::no_route(method, path)),
    };
    if key == KeyState::ReadOnly && endpoint.writes() {
        return Err(Failure::read_only_key());
    }
    Ok(endpoint)
}

/// Counts the request against the limits and runs its handler.
fn handle(
    exchange: &mut Exchange,
    endpoint: &Endpoint,
    state: &mut AccountState,
) -> Result<Handled, Failure> {
    let app = exchange.app.clone();
    let mut count_and_run = |state: &mut AccountState| {
        if endpoint.is_limited() {
            let agent = limited_agent(exchange, state);
            let (headers, admitted) =
                state
                    .windows
                    .admit(&state.limits, exchange.operation, agent, exchange.now);
            exchange.rate_limit = Some(headers);
            admitted.map_err(Failure::rate_limited)?;
        }
        (endpoint.handler)(exchange, state)
    };
    match endpoint.writes() {
        true => app.commit(state, count_and_run),
        false => count_and_run(state),
    }
}

/// Makes a response on another thread, so that the runtime's threads can serve other requests.
async fn may_block(exchange: Box<Exchange>, respond: Later) -> (Box<Exchange>, Response) {
    let make = move || {
        let response = respond(&exchange);
        (exchange, response)
    };
    // In process, the mock may be used without tokio.
    let Ok(runtime) = tokio::runtime::Handle::try_current() else {
        return make();
    };
    match runtime.spawn_blocking(make).await {
        Ok(made) => made,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime shuts down.
            Err(_) => std::future::pending().await,
        },
    }
}

/// Returns the agent with a window of its own, if messages are sent to it. An agent that does not exist has
/// none, because such windows would fill the memory.
fn limited_agent<'a>(exchange: &'a Exchange, state: &AccountState) -> Option<&'a str> {
    let id = exchange
        .agent_id()
        .filter(|_| exchange.operation.is_message());
    id.filter(|id| state.store.get(id).is_some())
}

/// Applies the effects of faults, writes the common headers, and completes the journal.
fn finish(
    exchange: &mut Exchange,
    recorder: &mut Recorder,
    state: &mut AccountState,
    response: Response,
) -> Finished {
    let mut response = effects::after(response, &exchange.plan);
    let misses_stream = (exchange.plan.kind.as_deref()).is_some_and(FaultKind::needs_a_stream)
        && matches!(response.body(), Payload::Bytes(_));
    if misses_stream {
        state.faults.take_back(&mut exchange.plan);
    }
    write_headers(exchange, state, response.headers_mut());
    let entry = recorder.entry;
    if let Some(entry) = entry {
        let kept = response_entry(&response);
        state.journal.respond(entry, kept, exchange.plan.name);
    }
    if let Payload::Bytes(_) = response.body() {
        recorder.complete(&mut state.journal, exchange.clock.now(), false);
    }
    let observed = exchange.app.settings.observer.as_ref().and(entry);
    let recorded = observed.and_then(|entry| state.journal.find(entry));
    (response, recorded.map(Box::new))
}

/// Returns what the journal keeps of a response, unless the connection fails instead.
fn response_entry(response: &Response) -> Option<ResponseEntry> {
    let body = match response.body() {
        Payload::Bytes(bytes) => bytes,
        Payload::Stream(_) => &Bytes::new(),
    };
    match ConnectionFault::of(response) {
        Some(_) => None,
        None => Some(ResponseEntry::new(
            response.status().as_u16(),
            response.headers(),
            body,
        )),
    }
}

fn write_headers(exchange: &Exchange, state: &mut AccountState, headers: &mut HeaderMap) {
    if exchange.operation != Operation::Health {
        let mut rate_limit = exchange.rate_limit.unwrap_or_else(|| {
            let agent = limited_agent(exchange, state);
            state
                .windows
                .headers(&state.limits, exchange.operation, agent, exchange.now)
        });
        let injected = exchange
            .plan
            .kind
            .as_deref()
            .and_then(FaultKind::rate_limit);
        if let Some(delay) = injected {
            rate_limit = rate_limit.exhausted(exchange.now, delay);
        }
        rate_limit.write(headers, &mut state.written_headers);
    }
    headers.insert(DATE, state.date.at(exchange.now));
    if let Ok(id) = HeaderValue::try_from(state.random.request_id()) {
        headers.insert(REQUEST_ID_HEADER, id);
    }
    if let Some(fault) = exchange.plan.name {
        headers.insert(FAULT_HEADER, HeaderValue::from_static(fault));
    }
}
