//! The handle of a running mock.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::faults::armed::FaultId;
use crate::faults::fault::Fault;
use crate::journal::pattern::RequestPattern;
use crate::journal::recorded_request::RecordedRequest;
use crate::journal::verify::{self, ExpectedCount};
use crate::protocol::operation::Operation;
use crate::server::builder::MockServerBuilder;
use crate::server::connection::Listening;
use crate::server::service::MockService;
#[cfg(feature = "tls")]
use crate::server::tls::Tls;
#[cfg(feature = "tls")]
use crate::server::tls_fault::TlsFault;
use crate::state::account::{Account, AccountState};
use crate::state::app::App;
use crate::state::keys::KeyState;
use crate::state::limits::{Limits, Tier};
use crate::state::snapshot::Snapshot;

/// A running mock of the OrionOS API. The port closes when the last clone is dropped.
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

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(file) = &self.app.state_file {
            file.close();
        }
    }
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

    /// Starts a mock on 127.0.0.1 and a free port. Its only limit is the quota of 100 agents.
    ///
    /// # Panics
    ///
    /// Panics if it cannot bind to a loopback port. [`MockServer::builder`] returns an error instead.
    #[allow(
        clippy::panic,
        reason = "documented; a test cannot continue without its mock"
    )]
    pub async fn start() -> Self {
        match Self::builder().start().await {
            Ok(mock) => mock,
            Err(error) => panic!("the mock server did not start: {error}"),
        }
    }

    /// Returns a builder for a mock with custom settings.
    pub fn builder() -> MockServerBuilder {
        MockServerBuilder::default()
    }

    /// Returns the base URL of the API, with `/v1`.
    pub fn base_url(&self) -> &str {
        &self.inner.app.settings.base_url
    }

    /// Returns a key with all permissions.
    pub fn api_key(&self) -> &str {
        &self.inner.key
    }

    /// Returns the certificate of the mock's certificate authority in PEM. Each mock has its own. It is
    /// empty without [`https`](MockServerBuilder::https).
    #[cfg(feature = "tls")]
    pub fn ca_pem(&self) -> &str {
        let listening = self.inner.listening.as_ref();
        listening.and_then(Listening::tls).map_or("", Tls::ca_pem)
    }

    /// Sets what is wrong with the TLS of connections that are opened from now on, or with `None` nothing.
    /// It has no effect without [`https`](MockServerBuilder::https).
    #[cfg(feature = "tls")]
    pub fn set_tls_fault(&self, fault: Option<TlsFault>) {
        if let Some(tls) = self.inner.listening.as_ref().and_then(Listening::tls) {
            tls.set_fault(fault);
        }
    }

    /// Returns the mock as a tower service, which needs no socket.
    pub fn service(&self) -> MockService {
        self.inner.service.clone()
    }

    /// Returns the time of the mock's clock.
    pub fn now(&self) -> Timestamp {
        self.account().clock.now()
    }

    /// Moves the mock's clock forward, and with it windows, timestamps and waits.
    pub fn advance(&self, by: Duration) {
        self.account().clock.advance(by);
    }

    /// Sets the mock's clock, also to an earlier time. Waiting requests continue immediately.
    pub fn set_time(&self, time: Timestamp) {
        self.account().clock.set(time);
    }

    /// Freezes the mock's clock.
    pub fn freeze(&self) {
        self.account().clock.freeze();
    }

    /// Returns whether the mock's clock is frozen.
    pub fn is_frozen(&self) -> bool {
        self.account().clock.is_frozen()
    }

    /// Lets a frozen clock move again.
    pub fn resume(&self) {
        self.account().clock.resume();
    }

    /// Adds a fault.
    pub fn fault(&self, fault: Fault) -> FaultId {
        let account = self.account();
        account.add_fault(&mut account.lock(), fault)
    }

    /// Removes one fault. Returns whether it was still there.
    pub fn remove_fault(&self, id: FaultId) -> bool {
        self.change(|state| state.faults.remove(id))
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.change(|state| state.faults.clear());
    }

    /// Returns the faults, and to how many requests each was applied.
    pub fn faults(&self) -> Vec<(Fault, u64)> {
        let faults = self.change(|state| state.faults.list());
        let faults = faults.into_iter();
        faults.map(|(_, fault, applied)| (fault, applied)).collect()
    }

    /// Changes the limits to those of a tier. Requests that were counted remain counted.
    pub fn set_tier(&self, tier: Tier) {
        self.set_limits(tier.limits());
    }

    /// Changes the limits. Requests that were counted remain counted.
    pub fn set_limits(&self, limits: Limits) {
        self.change(|state| state.limits = limits);
    }

    /// Adds a key or changes its permissions.
    pub fn set_key(&self, key: &str, state: KeyState) {
        self.inner.app.set_key(key, state);
    }

    /// Adds a reply to the end of the script.
    pub fn script(&self, reply: impl Into<String>) {
        self.change(|state| state.replies.script.push_back(reply.into()));
    }

    /// Protects an agent from deletion (`DELETE_PROTECTED`), or with `None` removes the protection.
    /// Returns whether there is such an agent.
    pub fn protect(&self, agent_id: &str, reason: Option<&str>) -> bool {
        self.change(|state| match state.store.get_mut(agent_id) {
            Some(agent) => {
                agent.protected = reason.map(str::to_owned);
                true
            }
            None => false,
        })
    }

    /// Makes an agent unavailable (`AGENT_UNAVAILABLE`), or with `None` available again. Returns whether
    /// there is such an agent.
    pub fn make_unavailable(&self, agent_id: &str, reason: Option<&str>) -> bool {
        self.change(|state| match state.store.get_mut(agent_id) {
            Some(agent) => {
                agent.unavailable = reason.map(str::to_owned);
                true
            }
            None => false,
        })
    }

    /// Sets the time between two tokens of streams that begin later, by the mock's clock.
    pub fn set_token_pace(&self, pace: Duration) {
        self.change(|state| state.token_pace = pace);
    }

    /// Waits until `count` requests have arrived that match a pattern. Requests that are in the journal
    /// already count.
    ///
    /// A pattern with a status matches when the response is ready. There is no time limit; use
    /// `tokio::time::timeout` for one.
    pub async fn wait_for(&self, pattern: &RequestPattern, count: usize) {
        self.account().wait_for(pattern, count as u64).await;
    }

    /// Returns the requests in the journal, oldest first. The journal has room for 10,000 requests and
    /// 16 MiB.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.change(|state| state.journal.requests())
    }

    /// Returns how many requests the journal has dropped to make room.
    pub fn evicted_requests(&self) -> u64 {
        self.change(|state| state.journal.evicted())
    }

    /// Clears the journal.
    pub fn clear_requests(&self) {
        self.change(|state| state.journal.clear());
    }

    /// Asserts that `expected` requests of an operation arrived.
    ///
    /// # Panics
    ///
    /// Panics if another number arrived, with a message that lists what arrived, nearest match first. It
    /// also panics if dropped journal entries could change the result.
    #[track_caller]
    pub fn assert_requests(&self, operation: Operation, expected: usize) {
        self.assert_received(&RequestPattern::of(operation), expected);
    }

    /// Asserts that `expected` requests arrived that match a pattern.
    ///
    /// # Panics
    ///
    /// Panics like [`assert_requests`](Self::assert_requests). The message names the fields that differ.
    #[track_caller]
    #[allow(clippy::panic, reason = "it is an assertion")]
    pub fn assert_received(&self, pattern: &RequestPattern, expected: usize) {
        let (requests, evicted) =
            self.change(|state| (state.journal.requests(), state.journal.evicted()));
        let count = ExpectedCount::exactly(expected as u64);
        if let Err(mismatch) = verify::check(&requests, evicted, pattern, count) {
            panic!("{}", mismatch.message);
        }
    }

    /// Returns the agents with their conversations.
    pub fn snapshot(&self) -> Snapshot {
        self.change(|state| state.snapshot())
    }

    /// Replaces the agents with those of a snapshot. Limits, journal and faults are unchanged.
    pub fn restore(&self, snapshot: Snapshot) {
        self.change(|state| state.restore(snapshot));
    }

    /// Restores the initial state: agents, keys, limits, replies, faults, clock and ids. The journal is
    /// cleared, and all rate-limit windows are unused. Waiting requests continue immediately.
    pub fn reset(&self) {
        let app = &self.inner.app;
        app.restart(Some(&self.inner.key));
        self.change(|state| state.reset(&app.settings));
    }

    /// Closes the port, and waits at most `grace` until the requests in progress are completed.
    pub async fn shut_down(&self, grace: Duration) {
        if let Some(listening) = &self.inner.listening {
            listening.drain();
            let _ = tokio::time::timeout(grace, listening.drained()).await;
            listening.close();
        }
    }

    /// Writes the state file, if there is one. Requests write their changes themselves, so this is only
    /// needed after changes through this handle.
    ///
    /// # Errors
    ///
    /// Returns the error of the file system.
    pub fn save(&self) -> std::io::Result<()> {
        match &self.inner.app.state_file {
            Some(file) => file.save(&self.account().lock().snapshot()),
            None => Ok(()),
        }
    }

    fn account(&self) -> Arc<Account> {
        self.inner.app.account(Some(&self.inner.key))
    }

    fn change<T>(&self, change: impl FnOnce(&mut AccountState) -> T) -> T {
        change(&mut self.account().lock())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use http_body_util::{BodyExt, Full};
    use tower_service::Service;

    use super::*;

    #[tokio::test]
    async fn a_request_visits_its_account_once_and_a_stream_once_more_when_it_ends() {
        let agent = serde_json::json!({"id": "a", "name": "Harbour Pilot"});
        let mock = MockServer::builder().agents([agent]).in_process().unwrap();
        let message = r#"{"text":"Which ship is mine?"}"#;
        for (method, path, body, status, visits) in [
            ("GET", "/v1/agents", "", 200, 1),
            ("POST", "/v1/agents", r#"{"name":"b"}"#, 201, 1),
            ("POST", "/v1/agents", "{", 400, 1),
            ("GET", "/v1/agents/a", "", 200, 1),
            ("GET", "/v1/agents/none", "", 404, 1),
            ("PATCH", "/v1/agents/a", r#"{"name":"c"}"#, 200, 1),
            ("POST", "/v1/agents/a/messages", message, 200, 1),
            ("POST", "/v1/agents/a/messages/stream", message, 200, 2),
            ("PUT", "/v1/agents/a", "", 405, 1),
            ("DELETE", "/v1/agents/a", "", 200, 1),
            ("GET", "/health", "", 200, 1),
        ] {
            let request = http::Request::builder()
                .method(method)
                .uri(path)
                .header("authorization", format!("Bearer {}", mock.api_key()))
                .header("content-type", "application/json")
                .body(Full::from(body))
                .unwrap();
            let before = mock.account().visits.load(Ordering::Relaxed);
            let response = mock.service().call(request).await.unwrap();
            assert_eq!(response.status(), status, "{method} {path}");
            response.into_body().collect().await.unwrap();
            let after = mock.account().visits.load(Ordering::Relaxed);
            assert_eq!(after - before, visits, "{method} {path}");
        }
    }
}
