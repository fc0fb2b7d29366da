//! What a mock was started with.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::faults::fault::Fault;
use crate::journal::recorded_request::RecordedRequest;
use crate::state::agent::Agent;
use crate::state::clock::Clock;
use crate::state::keys::Keys;
use crate::state::limits::Limits;
use crate::state::replies::Replies;
use crate::state::settings_update::SettingsUpdate;

/// The JSON field that has the items of a list. The vendor's pages disagree about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ListKey {
    /// `agents`, as on the vendor's page about the endpoint.
    #[default]
    Agents,
    /// `items`, as in the vendor's overview.
    Items,
}

impl ListKey {
    /// Returns the field that has the items of a list of this resource, such as `agents`.
    pub(crate) fn of(self, resource: &str) -> &str {
        match self {
            Self::Agents => resource,
            Self::Items => "items",
        }
    }
}

impl std::str::FromStr for ListKey {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "agents" => Ok(Self::Agents),
            "items" => Ok(Self::Items),
            _ => Err(format!(
                "unknown list key {name:?}; expected agents or items"
            )),
        }
    }
}

/// The state at the start, and what stays the same while the mock runs.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) seed: u64,
    pub(crate) list_key: ListKey,
    pub(crate) settings_update: SettingsUpdate,
    /// The model providers that agents may have.
    pub(crate) providers: Vec<String>,
    pub(crate) base_url: String,
    /// Whether every key has an account of its own.
    pub(crate) isolate_keys: bool,
    pub(crate) keys: Keys,
    pub(crate) clock: Clock,
    pub(crate) limits: Limits,
    pub(crate) replies: Replies,
    /// The time between two events of a stream.
    pub(crate) token_pace: Duration,
    pub(crate) agents: Vec<Agent>,
    /// How many mocks started with these agents before.
    pub(crate) starts: u64,
    pub(crate) faults: Vec<Fault>,
    pub(crate) observer: Option<Observer>,
}

impl Settings {
    /// Returns the base URL without `/v1`.
    pub(crate) fn root_url(&self) -> &str {
        self.base_url.strip_suffix("/v1").unwrap_or(&self.base_url)
    }
}

/// Called with every request when its response is ready.
#[derive(Clone)]
pub(crate) struct Observer(pub(crate) Arc<dyn Fn(&RecordedRequest) + Send + Sync>);

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
