//! The handle of a running mock.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::app::{App, lock};
use crate::builder::MockServerBuilder;
use crate::connection::Listening;
use crate::faults::Fault;
use crate::journal::{self, Bounds, RecordedRequest};
use crate::keys::KeyState;
use crate::limits::{Limits, Tier};
use crate::operation::Operation;
use crate::request_pattern::RequestPattern;
use crate::service::MockService;
use crate::snapshot::Snapshot;

/// A running mock of the OrionOS API. When the last clone is dropped, its port refuses connections.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use orionos_mock_server::{Fault, MockServer, Operation};
///
/// let mock = MockServer::start().await;
/// mock.fault(Fault::status(503).on(Operation::SendMessage).times(2));
/// // … the code under test talks to mock.base_url() with mock.api_key() …
/// mock.assert_requests(Operation::Create, 0);
/// # }
/// ```
#[derive(Clone)]
pub struct MockServer {
    inner: Arc<Inner>,
}

impl fmt::Debug for MockServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockServer")
            .field("base_url", &self.base_url())
            .finish_non_exhaustive()
    }
}

struct Inner {
    app: Arc<App>,
    service: MockService,
    key: String,
    /// `None` without a socket.
    listening: Option<Listening>,
}

impl MockServer {
    pub(crate) fn new(
        app: Arc<App>,
        service: MockService,
        key: String,
        listening: Option<Listening>,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                app,
                service,
                key,
                listening,
            }),
        }
    }

    /// Starts on 127.0.0.1 and a free port, without limits but the quota of 100 agents.
    ///
    /// # Panics
    ///
    /// If no port of the loopback interface can be had. [`MockServer::builder`] returns an error
    /// instead.
    #[allow(
        clippy::panic,
        reason = "documented; a test has no use for a mock that did not start"
    )]
    pub async fn start() -> Self {
        match Self::builder().start().await {
            Ok(mock) => mock,
            Err(error) => panic!("the mock server did not start: {error}"),
        }
    }

    /// Starts with settings; see [`MockServerBuilder`].
    pub fn builder() -> MockServerBuilder {
        MockServerBuilder::default()
    }

    /// Where the API is, `/v1` included.
    pub fn base_url(&self) -> &str {
        &self.inner.app.settings.base_url
    }

    /// A key that may do everything.
    pub fn api_key(&self) -> &str {
        &self.inner.key
    }

    /// The same application as an in-process tower service, without the socket.
    pub fn service(&self) -> MockService {
        self.inner.service.clone()
    }

    /// The mock's time.
    pub fn now(&self) -> Timestamp {
        self.inner.app.clock.now()
    }

    /// Moves the mock's clock forward: windows, timestamps, waits.
    pub fn advance(&self, by: Duration) {
        self.inner.app.clock.advance(by);
    }

    /// Lets the mock's clock stand still.
    pub fn freeze(&self) {
        self.inner.app.clock.freeze();
    }

    /// Whether the mock's clock stands still.
    pub fn is_frozen(&self) -> bool {
        self.inner.app.clock.is_frozen()
    }

    /// Lets the mock's clock move again.
    pub fn resume(&self) {
        self.inner.app.clock.resume();
    }

    /// Adds a fault.
    pub fn fault(&self, fault: Fault) {
        self.account(|account| account.faults.add(fault));
    }

    /// Takes all faults away.
    pub fn clear_faults(&self) {
        self.account(|account| account.faults.clear());
    }

    /// The faults, and how often each has happened.
    pub fn faults(&self) -> Vec<(Fault, u64)> {
        self.account(|account| account.faults.list())
    }

    /// Changes the limits to a tier's. What has been used stays used.
    pub fn set_tier(&self, tier: Tier) {
        self.set_limits(tier.limits());
    }

    /// Changes the limits. What has been used stays used.
    pub fn set_limits(&self, limits: Limits) {
        self.account(|account| account.limits = limits);
    }

    /// Adds a key, or changes what it may do.
    pub fn set_key(&self, key: &str, state: KeyState) {
        self.inner.app.set_key(key, state);
    }

    /// Adds a reply to the script: it answers the next message.
    pub fn script(&self, reply: impl Into<String>) {
        self.account(|account| account.replies.script.push_back(reply.into()));
    }

    /// Protects an agent from deletion (`DELETE_PROTECTED`), or with `None` no longer. `false`: no
    /// such agent.
    pub fn protect(&self, agent_id: &str, reason: Option<&str>) -> bool {
        self.account(|account| match account.store.get_mut(agent_id) {
            Some(agent) => {
                agent.protected = reason.map(str::to_owned);
                true
            }
            None => false,
        })
    }

    /// Makes an agent unavailable (`AGENT_UNAVAILABLE`), or with `None` available again. `false`:
    /// no such agent.
    pub fn make_unavailable(&self, agent_id: &str, reason: Option<&str>) -> bool {
        self.account(|account| match account.store.get_mut(agent_id) {
            Some(agent) => {
                agent.unavailable = reason.map(str::to_owned);
                true
            }
            None => false,
        })
    }

    /// Every request that arrived, oldest first, as far as the journal reaches back (10,000 entries,
    /// 16 MiB).
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.account(|account| account.journal.entries())
    }

    /// How many entries the journal has dropped.
    pub fn evicted_requests(&self) -> u64 {
        self.account(|account| account.journal.evicted())
    }

    /// Forgets the requests, and nothing else.
    pub fn clear_requests(&self) {
        self.account(|account| account.journal.clear());
    }

    /// Checks how many requests of an operation arrived.
    ///
    /// # Panics
    ///
    /// If it is another number, with what did arrive, nearest match first; or if entries that were
    /// dropped could have changed the answer.
    #[track_caller]
    pub fn assert_requests(&self, operation: Operation, expected: usize) {
        self.assert_received(&RequestPattern::of(operation), expected);
    }

    /// Checks how many requests arrived that fit a pattern.
    ///
    /// # Panics
    ///
    /// As [`assert_requests`](Self::assert_requests); the fields that differ are named.
    #[track_caller]
    #[allow(clippy::panic, reason = "it is an assertion")]
    pub fn assert_received(&self, pattern: &RequestPattern, expected: usize) {
        let (entries, evicted) =
            self.account(|account| (account.journal.entries(), account.journal.evicted()));
        let bounds = Bounds::exactly(expected as u64);
        if let Err(message) = journal::check(&entries, evicted, pattern, bounds) {
            panic!("{message}");
        }
    }

    /// The agents with what they remember.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            agents: self.account(|account| account.store.all()),
        }
    }

    /// Goes back to a snapshot's agents. Limits, journal and faults stay.
    pub fn restore(&self, snapshot: Snapshot) {
        self.account(|account| account.store.replace(snapshot.agents));
    }

    /// As it was at the start: agents, windows, ids; no faults, an empty journal. The clock goes on.
    pub fn reset(&self) {
        let agents = self.inner.app.settings.agents.clone();
        self.account(|account| account.reset(agents));
    }

    /// Closes the port, and waits until the requests under way are answered or the time is over.
    pub async fn shut_down(&self, patience: Duration) {
        if let Some(listening) = &self.inner.listening {
            listening.drain();
            let _ = tokio::time::timeout(patience, listening.drained()).await;
            listening.close();
        }
    }

    /// Writes the state file, if there is one. Every request that changes something is in it
    /// already; changes through this handle are written with the next one, or here.
    ///
    /// # Errors
    ///
    /// What the file system says.
    pub fn save(&self) -> std::io::Result<()> {
        let app = &self.inner.app;
        match &app.settings.state_file {
            Some(file) => file.save(&app.account(Some(&self.inner.key))),
            None => Ok(()),
        }
    }

    fn account<T>(&self, change: impl FnOnce(&mut crate::account::Account) -> T) -> T {
        let account = self.inner.app.account(Some(&self.inner.key));
        let mut account = lock(&account);
        change(&mut account)
    }
}
