//! A request on its way through the stages.

use std::sync::Arc;

use bytes::Bytes;
use http::request;
use jiff::Timestamp;

use crate::faults::armed::FaultPlan;
use crate::protocol::failure::Failure;
use crate::protocol::json_object::JsonObject;
use crate::protocol::operation::Operation;
use crate::state::account::Account;
use crate::state::app::App;
use crate::state::clock;
use crate::state::keys::KeyState;
use crate::state::windows::RateLimitHeaders;

/// A request, and what the stages have found out about it.
pub(crate) struct Exchange {
    pub(crate) app: Arc<App>,
    pub(crate) operation: Operation,
    /// The id in the path.
    pub(crate) id: Option<String>,
    /// Whether that is the id of an agent.
    pub(crate) names_agent: bool,
    pub(crate) head: request::Parts,
    /// What the key may do, or why it is rejected.
    pub(crate) access: Result<KeyState, Failure>,
    pub(crate) account: Arc<Account>,
    /// The time at which the request arrived, and after a delay the time at which it goes on.
    pub(crate) now: Timestamp,
    /// The account's clock, as it was when the request had last waited for something.
    pub(crate) clock: clock::State,
    /// The body as it was sent.
    pub(crate) body: Bytes,
    /// The body as JSON, or why it is not the expected JSON.
    pub(crate) object: Result<JsonObject, Failure>,
    /// Whether the response is a stream of events, unless it is an error.
    pub(crate) streams: bool,
    pub(crate) plan: FaultPlan,
    pub(crate) rate_limit: Option<RateLimitHeaders>,
}

impl Exchange {
    /// Returns the id in the path, or an empty id if the path has none.
    pub(crate) fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// Returns the agent in the path, if the path names one.
    pub(crate) fn agent_id(&self) -> Option<&str> {
        self.id.as_deref().filter(|_| self.names_agent)
    }

    /// Takes the JSON object of the body.
    pub(crate) fn take_object(&mut self) -> Result<JsonObject, Failure> {
        std::mem::replace(&mut self.object, Ok(JsonObject::default()))
    }
}
