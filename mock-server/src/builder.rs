//! A mock's settings.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use regex::Regex;
use serde_json::{Map, Value};

use crate::app::{App, ListKey, Observer, Settings};
use crate::clock::{Clock, RunningClock};
use crate::connection::Listening;
use crate::control::Control;
use crate::faults::Fault;
use crate::handlers::new_agent;
use crate::journal::RecordedRequest;
use crate::keys::{KeyState, Keys};
use crate::limits::{Limits, Tier};
use crate::reply::{IncomingMessage, Replies};
use crate::routes::router;
use crate::server::MockServer;
use crate::service::MockService;
use crate::snapshot::Snapshot;
use crate::state_file::StateFile;
use crate::store::Agent;
use crate::validate;

/// The key of a mock that was given none.
const DEFAULT_KEY: &str = "test-key";

/// Why a mock did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// An agent to begin with is none.
    #[error("agent {number} to begin with is wrong: {reason}")]
    Agent {
        /// Its place, from 1.
        number: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A reply's pattern cannot be read.
    #[error("a reply's pattern cannot be read: {0}")]
    Pattern(#[from] regex::Error),
    /// A file of agents or of state cannot be read.
    #[error("{path} cannot be read: {reason}")]
    File {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
}

/// An agent to begin with: a name, or the body of a create, which may hold `id` and `status` too.
#[derive(Debug, Clone)]
pub struct AgentSeed(Map<String, Value>);

impl From<&str> for AgentSeed {
    fn from(name: &str) -> Self {
        Self(Map::from_iter([("name".to_owned(), name.into())]))
    }
}

impl From<String> for AgentSeed {
    fn from(name: String) -> Self {
        Self::from(name.as_str())
    }
}

impl From<Value> for AgentSeed {
    /// What is no object becomes a seed that is refused at the start.
    fn from(body: Value) -> Self {
        match body {
            Value::Object(body) => Self(body),
            other => Self(Map::from_iter([("name".to_owned(), other)])),
        }
    }
}

/// The settings of a mock.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orionos_mock_server::StartError> {
/// use orionos_mock_server::{ListKey, MockServer, Tier};
///
/// let mock = MockServer::builder()
///     .api_key("key")
///     .read_only_key("viewer")
///     .tier(Tier::Standard)
///     .seed(7)
///     .list_key(ListKey::Items)
///     .reply(|message| format!("You said {}", message.text))
///     .agents(["Harbour Pilot", "Ledger"])
///     .start()
///     .await?;
/// println!("{}", mock.base_url());
/// # Ok(())
/// # }
/// ```
#[must_use = "settings do nothing until .start().await or .in_process()"]
pub struct MockServerBuilder {
    address: SocketAddr,
    api_key: Option<String>,
    keys: Keys,
    limits: Limits,
    seed: u64,
    list_key: ListKey,
    replies: Replies,
    bad_pattern: Option<regex::Error>,
    token_pace: Duration,
    isolate_keys: bool,
    agents: Vec<AgentSeed>,
    faults: Vec<Fault>,
    clock: Clock,
    state: Option<Snapshot>,
    state_file: Option<PathBuf>,
    observer: Option<Observer>,
    control: Control,
}

impl fmt::Debug for MockServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockServerBuilder")
            .field("address", &self.address)
            .field("limits", &self.limits)
            .field("seed", &self.seed)
            .field("faults", &self.faults)
            .field("control", &self.control)
            .finish_non_exhaustive()
    }
}

impl Default for MockServerBuilder {
    fn default() -> Self {
        Self {
            address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            api_key: None,
            keys: Keys::default(),
            limits: Tier::Enterprise.limits(),
            seed: 0,
            list_key: ListKey::default(),
            replies: Replies::default(),
            bad_pattern: None,
            token_pace: Duration::ZERO,
            isolate_keys: false,
            agents: Vec::new(),
            faults: Vec::new(),
            clock: Clock::default(),
            state: None,
            state_file: None,
            observer: None,
            control: Control::default(),
        }
    }
}

impl MockServerBuilder {
    /// A key that may do everything. The first one is `MockServer::api_key()`; without any it is
    /// `test-key`.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        let key = key.into();
        self.keys.set(&key, KeyState::Full);
        self.api_key.get_or_insert(key);
        self
    }

    /// A key that may only get and list.
    pub fn read_only_key(mut self, key: impl Into<String>) -> Self {
        self.keys.set(&key.into(), KeyState::ReadOnly);
        self
    }

    /// The tier's limits. Default [`Tier::Enterprise`]: none but the quota of 100 agents.
    pub fn tier(mut self, tier: Tier) -> Self {
        self.limits = tier.limits();
        self
    }

    /// Limits of your own.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Where ids and probabilities come from: the same seed, clock and requests give the same
    /// answers. Default 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The key of a list's entries. Default `agents`.
    pub fn list_key(mut self, key: ListKey) -> Self {
        self.list_key = key;
        self
    }

    /// What agents answer.
    pub fn reply(
        mut self,
        reply: impl Fn(&IncomingMessage) -> String + Send + Sync + 'static,
    ) -> Self {
        self.replies.closure = Some(Arc::new(reply));
        self
    }

    /// Replies in this order, one a message, before anything else answers.
    pub fn script<S: Into<String>>(mut self, replies: impl IntoIterator<Item = S>) -> Self {
        self.replies
            .script
            .extend(replies.into_iter().map(Into::into));
        self
    }

    /// The reply to texts that match the regular expression: a template with `{text}`, `{turn}`,
    /// `{agent}`, `{user}`, `{room}`, `{earlier}`.
    pub fn reply_to(mut self, pattern: &str, template: impl Into<String>) -> Self {
        match Regex::new(pattern) {
            Ok(pattern) => self.replies.patterns.push((pattern, template.into())),
            Err(error) => {
                self.bad_pattern.get_or_insert(error);
            }
        }
        self
    }

    /// The reply to everything else: a template as in [`reply_to`](Self::reply_to).
    pub fn reply_template(mut self, template: impl Into<String>) -> Self {
        self.replies.template = Some(template.into());
        self
    }

    /// The time between two events of a stream, by the mock's clock. Default none.
    pub fn token_pace(mut self, pace: Duration) -> Self {
        self.token_pace = pace;
        self
    }

    /// Gives every key agents, limits, journal and faults of its own, and takes any key.
    pub fn isolate_keys(mut self, isolate: bool) -> Self {
        self.isolate_keys = isolate;
        self
    }

    /// Agents to begin with; [`MockServer::reset`] goes back to them.
    pub fn agents<A: Into<AgentSeed>>(mut self, agents: impl IntoIterator<Item = A>) -> Self {
        self.agents.extend(agents.into_iter().map(Into::into));
        self
    }

    /// Agents to begin with, from a JSON file: a list of bodies as for a create.
    ///
    /// # Errors
    ///
    /// [`StartError::File`] if the file cannot be read or is no such list.
    pub fn agents_file(self, path: impl AsRef<Path>) -> Result<Self, StartError> {
        let path = path.as_ref();
        let wrong = |reason: String| StartError::File {
            path: path.display().to_string(),
            reason,
        };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let agents: Vec<Map<String, Value>> =
            serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        Ok(self.agents(agents.into_iter().map(Value::Object)))
    }

    /// A fault from the beginning.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// How time passes. Default [`Clock::tokio`].
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Begins with the agents of a snapshot.
    pub fn state(mut self, snapshot: Snapshot) -> Self {
        self.state = Some(snapshot);
        self
    }

    /// Keeps the agents in this file: it begins with what the file holds, and every change is in it
    /// before it is answered. A kill at any moment leaves the old file or the new one. Where keys
    /// are isolated, it is the agents of the first key.
    pub fn state_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.state_file = Some(path.into());
        self
    }

    /// Is called with every request when it is answered, as for a log of one's own. It must not wait.
    pub fn on_request(
        mut self,
        observer: impl Fn(&RecordedRequest) + Send + Sync + 'static,
    ) -> Self {
        self.observer = Some(Observer(Arc::new(observer)));
        self
    }

    /// Whether there is a control API under `/__mock`. Default yes.
    pub fn control(mut self, control: bool) -> Self {
        self.control.enabled = control;
        self
    }

    /// The control API asks for this token in the header `X-Mock-Token`. Default none.
    pub fn control_token(mut self, token: impl Into<String>) -> Self {
        self.control.token = Some(token.into());
        self
    }

    /// The address to listen on. Default 127.0.0.1 and a free port.
    pub fn address(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Starts on a socket.
    ///
    /// # Errors
    ///
    /// [`StartError`]: the address is taken, an agent or a pattern is wrong.
    pub async fn start(self) -> Result<MockServer, StartError> {
        let address = self.address;
        let bind = |source| StartError::Bind { address, source };
        let listener = tokio::net::TcpListener::bind(address).await.map_err(bind)?;
        let bound = listener.local_addr().map_err(bind)?;
        // What listens everywhere is reached on loopback.
        let host = match bound.ip() {
            ip if ip.is_unspecified() && ip.is_ipv6() => "[::1]".to_owned(),
            ip if ip.is_unspecified() => "127.0.0.1".to_owned(),
            IpAddr::V6(ip) => format!("[{ip}]"),
            ip => ip.to_string(),
        };
        let base_url = format!("http://{host}:{}/v1", bound.port());
        let control = self.control.clone();
        let (app, key) = self.app(base_url)?;
        let service = MockService::new(router(app.clone(), &control));
        let listening = Listening::start(listener, service.clone());
        Ok(MockServer::new(app, service, key, Some(listening)))
    }

    /// Starts without a socket: the mock is reached through [`MockServer::service`] only.
    ///
    /// # Errors
    ///
    /// [`StartError`]: an agent or a pattern is wrong.
    pub fn in_process(self) -> Result<MockServer, StartError> {
        let control = self.control.clone();
        let (app, key) = self.app("http://localhost/v1".to_owned())?;
        let service = MockService::new(router(app.clone(), &control));
        Ok(MockServer::new(app, service, key, None))
    }

    fn app(mut self, base_url: String) -> Result<(Arc<App>, String), StartError> {
        if let Some(error) = self.bad_pattern {
            return Err(error.into());
        }
        let key = self.api_key.unwrap_or_else(|| DEFAULT_KEY.to_owned());
        self.keys.set(&key, KeyState::Full);
        let clock = RunningClock::new(&self.clock);
        let state_file = self.state_file.map(StateFile::new).map(Arc::new);
        let kept = match &state_file {
            Some(file) => file.load().map_err(|error| StartError::File {
                path: file.path().to_string(),
                reason: error.to_string(),
            })?,
            None => None,
        };
        let agents = match kept.or(self.state) {
            Some(snapshot) => snapshot.agents,
            None => seeded(self.agents, self.seed, clock.now())?,
        };
        let settings = Settings {
            seed: self.seed,
            list_key: self.list_key,
            base_url,
            token_pace: self.token_pace,
            isolate_keys: self.isolate_keys,
            limits: self.limits,
            replies: self.replies,
            agents,
            faults: self.faults,
            state_file,
            observer: self.observer,
        };
        Ok((Arc::new(App::new(settings, self.keys, clock)), key))
    }
}

fn seeded(
    seeds: Vec<AgentSeed>,
    seed: u64,
    now: jiff::Timestamp,
) -> Result<Vec<Agent>, StartError> {
    let mut random = fastrand::Rng::with_seed(seed ^ 0x5eed);
    let mut agents = Vec::new();
    for (index, AgentSeed(mut body)) in seeds.into_iter().enumerate() {
        let wrong = |reason: String| StartError::Agent {
            number: index + 1,
            reason,
        };
        let id = match body.remove("id") {
            None => crate::account::agent_id(&mut random),
            Some(Value::String(id)) => id,
            Some(_) => return Err(wrong("id must be a string".to_owned())),
        };
        let status = match body.remove("status") {
            None => "active".to_owned(),
            Some(Value::String(status)) => status,
            Some(_) => return Err(wrong("status must be a string".to_owned())),
        };
        validate::create(&body).map_err(|failure| {
            let reason = failure
                .details
                .and_then(|details| details.get("reason").cloned());
            wrong(format!(
                "{}: {}",
                failure.message,
                reason.unwrap_or_default()
            ))
        })?;
        let mut agent = new_agent(id, body, now);
        agent.status = status;
        agents.push(agent);
    }
    Ok(agents)
}
