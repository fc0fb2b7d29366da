//! The way of a request through the mock: key ▸ body ▸ journal ▸ faults ▸ limits ▸ handler ▸ faults ▸
//! headers.

use std::collections::HashMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::header::{ALLOW, DATE, HeaderValue};
use http::{HeaderMap, Method, StatusCode, request};
use jiff::Timestamp;

use crate::account::Account;
use crate::clock::RunningClock;
use crate::date_header::DateHeader;
use crate::envelope::{Answer, Failure};
use crate::fault_effects::{self, ConnectionFault};
use crate::faults::{Fault, Planned};
use crate::handlers;
use crate::journal::{Entry, RecordedRequest};
use crate::keys::{self, KeyState, Keys};
use crate::limits::{Limits, Shown};
use crate::operation::Operation;
use crate::reply::Replies;
use crate::request_body;
use crate::state_file::StateFile;
use crate::store::Agent;

/// Names the fault that was applied to an answer.
const FAULT_HEADER: &str = "x-mock-fault";

/// Which key a list's entries stand under: the vendor's pages disagree (contract, "list").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ListKey {
    /// `agents`, as the endpoint's page says.
    #[default]
    Agents,
    /// `items`, as the overview says.
    Items,
}

impl std::str::FromStr for ListKey {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "agents" => Ok(Self::Agents),
            "items" => Ok(Self::Items),
            _ => Err(format!("{name:?} is no list key; one of: agents, items")),
        }
    }
}

/// What stays the same while the mock runs.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) seed: u64,
    pub(crate) list_key: ListKey,
    pub(crate) base_url: String,
    /// Between two events of a stream.
    pub(crate) token_pace: Duration,
    /// Every key has agents, limits, faults and a journal of its own.
    pub(crate) isolate_keys: bool,
    pub(crate) limits: Limits,
    pub(crate) replies: Replies,
    pub(crate) agents: Vec<Agent>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) state_file: Option<Arc<StateFile>>,
    pub(crate) observer: Option<Observer>,
}

/// Is told of every request that was answered.
#[derive(Clone)]
pub(crate) struct Observer(pub(crate) Arc<dyn Fn(&RecordedRequest) + Send + Sync>);

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

/// The mock without its sockets.
pub(crate) struct App {
    pub(crate) settings: Settings,
    pub(crate) clock: RunningClock,
    keys: RwLock<Keys>,
    /// The one account, or the one of requests without a key where keys are isolated.
    account: Arc<Mutex<Account>>,
    isolated: Mutex<HashMap<String, Arc<Mutex<Account>>>>,
    date: Mutex<DateHeader>,
}

/// A locked account. Nothing that runs under the lock panics halfway through a change.
pub(crate) fn lock(account: &Mutex<Account>) -> MutexGuard<'_, Account> {
    account.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request that has come so far that a handler can answer it.
pub(crate) struct Context<'a> {
    pub(crate) app: &'a App,
    pub(crate) account: &'a Arc<Mutex<Account>>,
    pub(crate) key_state: KeyState,
    pub(crate) query: Option<&'a str>,
    pub(crate) now: Timestamp,
    pub(crate) planned: &'a Planned,
}

impl App {
    pub(crate) fn new(settings: Settings, keys: Keys, clock: RunningClock) -> Self {
        Self {
            account: Arc::new(Mutex::new(new_account(&settings, ""))),
            settings,
            clock,
            keys: RwLock::new(keys),
            isolated: Mutex::default(),
            date: Mutex::default(),
        }
    }

    pub(crate) fn set_key(&self, key: &str, state: KeyState) {
        self.keys
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .set(key, state);
    }

    /// The account of a key.
    pub(crate) fn account(&self, key: Option<&str>) -> Arc<Mutex<Account>> {
        match key {
            Some(key) if self.settings.isolate_keys => self
                .isolated
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(key.to_owned())
                .or_insert_with(|| Arc::new(Mutex::new(new_account(&self.settings, key))))
                .clone(),
            _ => self.account.clone(),
        }
    }

    fn key_state(&self, key: Option<&str>) -> Result<KeyState, Failure> {
        let key = key
            .filter(|key| !key.is_empty())
            .ok_or_else(keys::unauthorized)?;
        let known = self
            .keys
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(key);
        match known {
            Some(KeyState::Revoked) => Err(keys::unauthorized()),
            Some(state) => Ok(state),
            // Where keys are isolated, any key makes an account of its own.
            None if self.settings.isolate_keys => Ok(KeyState::Full),
            None => Err(keys::unauthorized()),
        }
    }

    /// Answers a request of the API.
    pub(crate) async fn serve(
        &self,
        operation: Operation,
        agent: Option<String>,
        allowed: Option<&'static str>,
        parts: request::Parts,
        body: Body,
    ) -> Answer {
        let now = self.clock.now();
        let key = keys::bearer(&parts.headers);
        let needs_key = operation != Operation::Health && parts.uri.path().starts_with("/v1");
        let key_state = if needs_key {
            self.key_state(key)
        } else {
            Ok(KeyState::Full)
        };
        let account = self.account(key.filter(|_| key_state.is_ok()));

        let pause = {
            let account = &mut *lock(&account);
            let random = &mut account.random.faults;
            account
                .faults
                .plan_body(operation, agent.as_deref(), random)
        };
        let body = request_body::read(body, pause, &self.clock).await;
        let bytes = body.clone().unwrap_or_default();
        let streams = operation == Operation::StreamMessage
            || (operation == Operation::SendMessage && request_body::asks_for_stream(&bytes));

        let arrived = Entry::new(&parts, operation, agent.as_deref(), &bytes, now);
        let (sequence, request_id, mut planned) = {
            let account = &mut *lock(&account);
            let sequence = account.journal.add(arrived);
            let request_id = account.new_request_id();
            let planned = if key_state.is_ok() {
                let random = &mut account.random.faults;
                account
                    .faults
                    .plan(operation, agent.as_deref(), streams, random)
            } else {
                Planned::default()
            };
            (sequence, request_id, planned)
        };
        if pause.is_some() {
            planned.name.get_or_insert("slow_request_body");
        }
        self.clock
            .sleep(Duration::from_millis(planned.latency))
            .await;

        let context = Context {
            app: self,
            account: &account,
            key_state: *key_state.as_ref().unwrap_or(&KeyState::Revoked),
            query: parts.uri.query(),
            now: self.clock.now(),
            planned: &planned,
        };
        let (shown, result) = match key_state {
            Err(failure) => (None, Err(failure)),
            Ok(_) => match fault_effects::before(&planned) {
                Some(answer) => (None, Ok(answer)),
                None => {
                    self.admit_and_handle(
                        &context,
                        operation,
                        agent.as_deref(),
                        allowed,
                        &parts,
                        body,
                    )
                    .await
                }
            },
        };
        let saved = if operation.writes() {
            self.save(&account).await
        } else {
            Ok(())
        };
        let answer = match saved.and(result) {
            Ok(answer) => answer,
            Err(failure) => failure.into_answer(),
        };
        let mut answer = fault_effects::after(answer, &planned).await;
        let now = context.now;
        let mut account = lock(&account);
        let shown = shown.unwrap_or_else(|| {
            let Account {
                windows, limits, ..
            } = &mut *account;
            windows.show(limits, operation, agent.as_deref(), now)
        });
        let answered = answer
            .extensions()
            .get::<ConnectionFault>()
            .is_none()
            .then(|| answer.status().as_u16());
        account.journal.answer(sequence, answered, planned.name);
        let recorded = self
            .settings
            .observer
            .as_ref()
            .and_then(|observer| Some((observer, account.journal.find(sequence)?)));
        drop(account);
        if let Some((observer, recorded)) = recorded {
            (observer.0)(&recorded);
        }
        if operation != Operation::Health {
            shown.write(answer.headers_mut());
        }
        self.write_headers(answer.headers_mut(), request_id, planned.name, now);
        if let Some(allowed) = allowed.filter(|_| answer.status() == StatusCode::METHOD_NOT_ALLOWED)
        {
            answer
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static(allowed));
        }
        answer
    }

    /// Writes the state file, where there is one, before a change is answered.
    pub(crate) async fn save(&self, account: &Arc<Mutex<Account>>) -> Result<(), Failure> {
        let Some(file) = self.settings.state_file.clone() else {
            return Ok(());
        };
        let account = account.clone();
        let path = file.path().to_string();
        let saved = tokio::task::spawn_blocking(move || file.save(&account)).await;
        let reason = match saved {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        Err(Failure::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "INTERNAL_ERROR",
            format!("The state file {path} cannot be written: {reason}"),
        ))
    }

    async fn admit_and_handle(
        &self,
        context: &Context<'_>,
        operation: Operation,
        agent: Option<&str>,
        allowed: Option<&'static str>,
        parts: &request::Parts,
        body: Result<Bytes, Failure>,
    ) -> (Option<Shown>, Result<Answer, Failure>) {
        if operation == Operation::Health {
            return (None, Ok(handlers::health()));
        }
        if operation == Operation::Unknown {
            return (None, Err(no_route(parts, allowed)));
        }
        if context.key_state == KeyState::ReadOnly && operation.writes() {
            return (None, Err(keys::forbidden()));
        }
        let (shown, admitted) = {
            let Account {
                windows, limits, ..
            } = &mut *lock(context.account);
            windows.admit(limits, operation, agent, context.now)
        };
        if let Err(wait) = admitted {
            return (Some(shown), Err(Failure::rate_limited(wait)));
        }
        let agent = agent.unwrap_or_default();
        let result = match operation {
            Operation::Create => {
                request_body::object(parts, body).and_then(|body| handlers::create(context, body))
            }
            Operation::List => handlers::list(context),
            Operation::Get => handlers::get(context, agent),
            Operation::Update => request_body::object(parts, body)
                .and_then(|body| handlers::update(context, agent, body)),
            Operation::Delete => handlers::delete(context, agent),
            Operation::SendMessage | Operation::StreamMessage => {
                match request_body::object(parts, body) {
                    Ok(body) => handlers::message(context, agent, operation, body).await,
                    Err(failure) => Err(failure),
                }
            }
            Operation::Health | Operation::Unknown => Err(no_route(parts, allowed)),
        };
        (Some(shown), result)
    }

    fn write_headers(
        &self,
        headers: &mut HeaderMap,
        request_id: String,
        fault: Option<&'static str>,
        now: Timestamp,
    ) {
        let date = self
            .date
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .at(now);
        headers.insert(DATE, date);
        if let Ok(id) = HeaderValue::try_from(request_id) {
            headers.insert("x-request-id", id);
        }
        if let Some(fault) = fault {
            headers.insert(FAULT_HEADER, HeaderValue::from_static(fault));
        }
    }
}

fn new_account(settings: &Settings, key: &str) -> Account {
    // An account's seed depends on its key and on nothing that happened before.
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    let seed = if key.is_empty() {
        settings.seed
    } else {
        settings.seed ^ hasher.finish()
    };
    let mut account = Account::new(settings.limits.clone(), settings.replies.clone(), seed);
    account.store.replace(settings.agents.clone());
    settings
        .faults
        .iter()
        .for_each(|fault| account.faults.add(fault.clone()));
    account
}

fn no_route(parts: &request::Parts, allowed: Option<&'static str>) -> Failure {
    match allowed {
        Some(allowed) => Failure::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "INVALID_REQUEST",
            format!("{} is not allowed here; allowed: {allowed}", parts.method),
        ),
        None => Failure::new(
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
            format!("No route for {} {}", parts.method, parts.uri.path()),
        ),
    }
}

/// `GET`, and `HEAD` as its shadow (RFC 9110 §9.3.2).
pub(crate) fn is_read(method: &Method) -> bool {
    method == Method::GET || method == Method::HEAD
}
