//! The settings of a mock, and its start.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use regex::Regex;
use serde_json::Value;

use crate::api::cors::CorsOrigins;
use crate::control::access::ControlAccess;
use crate::control::router::ControlApi;
use crate::control::token::ControlToken;
use crate::faults::fault::Fault;
use crate::journal::recorded_request::RecordedRequest;
use crate::protocol::fields::PROVIDERS;
use crate::server::agent_seed::{self, AgentSeed};
use crate::server::checks;
use crate::server::connection::{Listening, Served};
use crate::server::mock_server::MockServer;
use crate::server::service::MockService;
use crate::server::start_error::StartError;
#[cfg(feature = "tls")]
use crate::server::tls::Tls;
#[cfg(feature = "tls")]
use crate::server::tls_fault::TlsFault;
use crate::state::app::App;
use crate::state::clock::{Clock, RunningClock};
use crate::state::limits::{Limits, Tier};
use crate::state::replies::{IncomingMessage, Replies};
use crate::state::settings::{ListKey, Observer, Settings};
use crate::state::settings_update::SettingsUpdate;
use crate::state::snapshot::Snapshot;

/// The key of a mock that was started without a key.
const DEFAULT_KEY: &str = "test-key";

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
#[must_use = "settings have no effect until .start().await or .in_process()"]
pub struct MockServerBuilder {
    address: SocketAddr,
    api_keys: Vec<String>,
    read_only_keys: Vec<String>,
    limits: Limits,
    seed: u64,
    list_key: ListKey,
    replies: Replies,
    settings_update: SettingsUpdate,
    providers: Vec<String>,
    cors: CorsOrigins,
    public_url: Option<String>,
    /// The first setting that was found to be invalid.
    problem: Option<StartError>,
    token_pace: Duration,
    isolate_keys: bool,
    agents: Vec<AgentSeed>,
    faults: Vec<Fault>,
    clock: Clock,
    state: Option<Snapshot>,
    state_file: Option<PathBuf>,
    observer: Option<Observer>,
    control: ControlAccess,
    #[cfg(feature = "tls")]
    https: bool,
    #[cfg(feature = "tls")]
    tls_fault: Option<TlsFault>,
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
            api_keys: Vec::new(),
            read_only_keys: Vec::new(),
            limits: Tier::Enterprise.limits(),
            seed: 0,
            list_key: ListKey::default(),
            replies: Replies::default(),
            settings_update: SettingsUpdate::default(),
            providers: PROVIDERS.map(str::to_owned).to_vec(),
            cors: CorsOrigins::default(),
            public_url: None,
            problem: None,
            token_pace: Duration::ZERO,
            isolate_keys: false,
            agents: Vec::new(),
            faults: Vec::new(),
            clock: Clock::default(),
            state: None,
            state_file: None,
            observer: None,
            control: ControlAccess::default(),
            #[cfg(feature = "tls")]
            https: false,
            #[cfg(feature = "tls")]
            tls_fault: None,
        }
    }
}

impl MockServerBuilder {
    /// Adds a key with all permissions. The first one is [`MockServer::api_key`]. Defaults to
    /// `test-key`.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.api_keys.push(key.into());
        self
    }

    /// Adds a key that may only get and list.
    pub fn read_only_key(mut self, key: impl Into<String>) -> Self {
        self.read_only_keys.push(key.into());
        self
    }

    /// Sets the limits to those of a tier. Defaults to [`Tier::Enterprise`], which has only the quota of
    /// 100 agents.
    pub fn tier(mut self, tier: Tier) -> Self {
        self.limits = tier.limits();
        self
    }

    /// Sets custom limits.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the random seed for ids, latencies and probabilities. The same seed, clock and requests give
    /// the same responses. Defaults to 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the JSON field that has the items of a list. Defaults to `agents`.
    pub fn list_key(mut self, key: ListKey) -> Self {
        self.list_key = key;
        self
    }

    /// Sets what an update does with `settings`. Defaults to [`SettingsUpdate::Merge`].
    pub fn settings(mut self, update: SettingsUpdate) -> Self {
        self.settings_update = update;
        self
    }

    /// Adds a model provider that agents may have, in addition to the four of the API.
    pub fn provider(mut self, name: impl Into<String>) -> Self {
        self.providers.push(name.into());
        self
    }

    /// Lets web pages of this origin call the API, for example `http://localhost:5173`; `*` allows all
    /// origins. This concerns `/v1` and `/openapi.json`, not the control API. No origin by default.
    pub fn cors_origin(mut self, origin: impl AsRef<str>) -> Self {
        if let Err(reason) = self.cors.add(origin.as_ref()) {
            let setting = "CORS origin";
            self.problem
                .get_or_insert(StartError::Setting { setting, reason });
        }
        self
    }

    /// Sets the URL at which clients reach the mock, for example behind a port mapping. It is the base of
    /// [`MockServer::base_url`] and of `apiEndpoint`, and its host may use the control API. Defaults to
    /// the address on which the mock listens.
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        self.public_url = Some(url.into());
        self
    }

    /// Sets a closure that makes the replies to messages. It may block; other requests continue.
    pub fn reply(
        mut self,
        reply: impl Fn(&IncomingMessage) -> String + Send + Sync + 'static,
    ) -> Self {
        self.replies.closure = Some(Arc::new(reply));
        self
    }

    /// Adds replies that are sent in this order, one per message, before any other reply.
    pub fn script<S: Into<String>>(mut self, replies: impl IntoIterator<Item = S>) -> Self {
        self.replies
            .script
            .extend(replies.into_iter().map(Into::into));
        self
    }

    /// Adds a reply to messages whose text matches a regular expression. The reply is a template in which
    /// `{text}`, `{turn}`, `{agent}`, `{user}`, `{room}` and `{earlier}` are filled in.
    pub fn reply_to(mut self, pattern: &str, template: impl Into<String>) -> Self {
        match Regex::new(pattern) {
            Ok(pattern) => self.replies.patterns.push((pattern, template.into())),
            Err(error) => {
                self.problem.get_or_insert(error.into());
            }
        }
        self
    }

    /// Sets the reply to all other messages, a template as in [`reply_to`](Self::reply_to).
    pub fn reply_template(mut self, template: impl Into<String>) -> Self {
        self.replies.template = Some(template.into());
        self
    }

    /// Sets the time between two tokens of a stream, by the mock's clock. Defaults to zero.
    pub fn token_pace(mut self, pace: Duration) -> Self {
        self.token_pace = pace;
        self
    }

    /// Accepts any key and gives each key its own agents, limits, journal, faults, replies and clock.
    pub fn isolate_keys(mut self, isolate: bool) -> Self {
        self.isolate_keys = isolate;
        self
    }

    /// Adds initial agents. [`MockServer::reset`] restores them.
    pub fn agents<A: Into<AgentSeed>>(mut self, agents: impl IntoIterator<Item = A>) -> Self {
        self.agents.extend(agents.into_iter().map(Into::into));
        self
    }

    /// Adds initial agents from a JSON file, which must be a list of names and bodies of a create.
    ///
    /// # Errors
    ///
    /// Returns [`StartError::File`] if the file cannot be read or is not such a list.
    pub fn agents_file(self, path: impl AsRef<Path>) -> Result<Self, StartError> {
        let path = path.as_ref();
        let wrong = |reason: String| StartError::File {
            path: path.display().to_string(),
            reason,
        };
        let text = read_bounded(path).map_err(|error| wrong(error.to_string()))?;
        let agents: Vec<Value> =
            serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        Ok(self.agents(agents))
    }

    /// Adds an initial fault.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Sets how time passes. Defaults to [`Clock::tokio`].
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Starts with the agents of a snapshot instead of the initial agents.
    pub fn state(mut self, snapshot: Snapshot) -> Self {
        self.state = Some(snapshot);
        self
    }

    /// Keeps the agents in this file. If the file exists, the mock starts with its agents. Every change is
    /// in the file before the response is sent, and killing the process never leaves a partial file.
    pub fn state_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.state_file = Some(path.into());
        self
    }

    /// Sets a closure that is called with every request when its response is ready, for example to write a
    /// log. It must not block.
    pub fn on_request(
        mut self,
        observer: impl Fn(&RecordedRequest) + Send + Sync + 'static,
    ) -> Self {
        self.observer = Some(Observer(Arc::new(observer)));
        self
    }

    /// Sets whether there is a control API under `/__mock`. Defaults to `true`.
    pub fn control(mut self, control: bool) -> Self {
        self.control.enabled = control;
        self
    }

    /// Makes the control API require this token in the header `X-Mock-Token`. No token by default.
    pub fn control_token(mut self, token: impl Into<String>) -> Self {
        self.control.token = Some(ControlToken::new(token.into()));
        self
    }

    /// Adds a host name under which the control API may be used without a token. Loopback names and the
    /// address on which the mock listens are always allowed.
    pub fn allow_host(mut self, name: impl Into<String>) -> Self {
        self.control.hosts.names.push(name.into());
        self
    }

    /// Sets the address to listen on. Defaults to 127.0.0.1 and a free port.
    pub fn address(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Serves https instead of http, with a new certificate authority that clients must trust:
    /// [`MockServer::ca_pem`] is its certificate. The certificate of the mock is for `localhost`, the
    /// loopback addresses, the address on which it listens, the host of
    /// [`public_url`](Self::public_url), and the names of [`allow_host`](Self::allow_host). Clients
    /// choose HTTP/1.1 or HTTP/2.
    #[cfg(feature = "tls")]
    pub fn https(mut self) -> Self {
        self.https = true;
        self
    }

    /// Sets what is wrong with the TLS of connections. Needs [`https`](Self::https).
    #[cfg(feature = "tls")]
    pub fn tls_fault(mut self, fault: TlsFault) -> Self {
        self.tls_fault = Some(fault);
        self
    }

    /// Starts the mock on a socket.
    ///
    /// # Errors
    ///
    /// Returns a [`StartError`] if the address is already in use, or an agent, a pattern or a file is
    /// invalid.
    pub async fn start(self) -> Result<MockServer, StartError> {
        let address = self.address;
        let bind = |source| StartError::Bind { address, source };
        let listener = tokio::net::TcpListener::bind(address).await.map_err(bind)?;
        let bound = listener.local_addr().map_err(bind)?;
        // A mock that listens on all addresses is reachable on loopback.
        let host = match bound.ip() {
            ip if ip.is_unspecified() && ip.is_ipv6() => "[::1]".to_owned(),
            ip if ip.is_unspecified() => "127.0.0.1".to_owned(),
            IpAddr::V6(ip) => format!("[{ip}]"),
            ip => ip.to_string(),
        };
        #[cfg(feature = "tls")]
        let (scheme, tls) = match self.tls(bound.ip())? {
            Some(tls) => ("https", Some(Arc::new(tls))),
            None => ("http", None),
        };
        #[cfg(not(feature = "tls"))]
        let scheme = "http";
        let base_url = format!("{scheme}://{host}:{}/v1", bound.port());
        let (app, service, key) = self.build(base_url, Some(bound.ip()))?;
        let served = Served {
            service: service.clone(),
            #[cfg(feature = "tls")]
            tls,
        };
        let listening = Listening::start(listener, served);
        Ok(MockServer::new(app, service, key, Some(listening)))
    }

    /// Starts the mock without a socket. Requests reach it only through [`MockServer::service`].
    ///
    /// # Errors
    ///
    /// Returns a [`StartError`] if an agent, a pattern or a file is invalid, or if there is a setting of
    /// TLS.
    pub fn in_process(self) -> Result<MockServer, StartError> {
        #[cfg(feature = "tls")]
        checks::no_tls(self.https || self.tls_fault.is_some())?;
        let (app, service, key) = self.build("http://localhost/v1".to_owned(), None)?;
        Ok(MockServer::new(app, service, key, None))
    }

    /// Returns the certificates, if the mock serves https.
    #[cfg(feature = "tls")]
    fn tls(&self, bound: IpAddr) -> Result<Option<Tls>, StartError> {
        if !self.https {
            checks::no_tls_fault(self.tls_fault.is_some())?;
            return Ok(None);
        }
        let mut names = ["localhost", "127.0.0.1", "::1"]
            .map(str::to_owned)
            .to_vec();
        names.push(bound.to_string());
        names.extend(self.control.hosts.names.iter().cloned());
        if let Some(url) = &self.public_url {
            names.push(checks::public_url(url)?.1);
        }
        checks::certificate(names, self.tls_fault).map(Some)
    }

    /// Checks the settings, and returns the application, its service and the first key.
    fn build(
        mut self,
        base_url: String,
        bound: Option<IpAddr>,
    ) -> Result<(Arc<App>, MockService, String), StartError> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        if self.api_keys.is_empty() {
            self.api_keys.push(DEFAULT_KEY.to_owned());
        }
        let keys = checks::keys(&self.api_keys, &self.read_only_keys)?;
        checks::control_token(self.control.token.as_ref())?;
        checks::hosts(&self.control.hosts.names)?;
        checks::providers(&self.providers)?;
        checks::state_file(self.state_file.is_some(), self.isolate_keys)?;
        let mut access = self.control;
        access.hosts.bound = bound;
        let base_url = match self.public_url {
            Some(url) => {
                let (base_url, host) = checks::public_url(&url)?;
                access.hosts.names.push(host);
                base_url
            }
            None => base_url,
        };
        let now = RunningClock::new(&self.clock).now();
        let (state_file, kept) = match self.state_file {
            Some(path) => {
                let (file, kept) = checks::open_state_file(path)?;
                (Some(Arc::new(file)), kept)
            }
            None => (None, None),
        };
        let (agents, starts) = match kept.or(self.state) {
            Some(snapshot) => (snapshot.agents, snapshot.starts + 1),
            None => {
                let agents = agent_seed::agents(self.agents, self.seed, &self.providers, now)?;
                (agents, 0)
            }
        };
        let settings = Settings {
            seed: self.seed,
            list_key: self.list_key,
            settings_update: self.settings_update,
            providers: self.providers,
            base_url,
            isolate_keys: self.isolate_keys,
            keys,
            clock: self.clock,
            limits: self.limits,
            replies: self.replies,
            token_pace: self.token_pace,
            agents,
            starts,
            faults: self.faults,
            observer: self.observer,
        };
        let app = Arc::new(App::new(settings, state_file));
        // A file that cannot be written is found now, and not by the first change.
        app.save()
            .map_err(|reason| StartError::StateFile { reason })?;
        let service = service(&app, access, self.cors);
        Ok((app, service, self.api_keys.swap_remove(0)))
    }
}

/// Returns the API, and the control API unless it is disabled.
fn service(app: &Arc<App>, access: ControlAccess, cors: CorsOrigins) -> MockService {
    let app = app.clone();
    let control = access.enabled.then(|| ControlApi {
        app: app.clone(),
        access,
    });
    MockService::new(app, cors, control)
}

/// Reads a file. What is not a file, such as a device, may never end.
fn read_bounded(path: &Path) -> io::Result<String> {
    const LIMIT: u64 = 64 << 20;
    let file = File::open(path)?;
    if file.metadata()?.is_file() {
        return io::read_to_string(file);
    }
    let text = io::read_to_string(file.take(LIMIT + 1))?;
    match text.len() as u64 > LIMIT {
        true => Err(io::Error::other("it is larger than 64 MiB and not a file")),
        false => Ok(text),
    }
}
