//! The rate-limit windows.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::control::endpoint::Outcome;
use crate::control::output::ok;
use crate::control::request::ControlRequest;
use crate::protocol::operation::Operation;

/// The current rate-limit windows.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WindowList<'a> {
    #[schemars(with = "String", extend("format" = "date-time"))]
    now: Timestamp,
    /// When all windows reset.
    #[schemars(with = "String", extend("format" = "date-time"))]
    resets_at: Timestamp,
    /// Windows with a limit: of the account, of operations, and of the agents with the most messages.
    windows: Vec<Window<'a>>,
}

/// A rate-limit window.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Window<'a> {
    /// `account`, the name of an operation, or `messages`.
    name: &'static str,
    /// The agent of a window of messages.
    agent_id: Option<&'a str>,
    limit: u64,
    /// The number of requests that were counted.
    used: u64,
}

pub(crate) fn show(request: &ControlRequest) -> Outcome {
    let account = request.account()?;
    let now = account.clock.now();
    let state = &mut *account.lock();
    let limits = &state.limits;
    let used = state.windows.used(now);
    let mut windows = Vec::new();
    let mut add = |name, agent_id, limit: Option<u64>, used| {
        windows.extend(limit.map(|limit| Window {
            name,
            agent_id,
            limit,
            used,
        }));
    };
    add("account", None, limits.account, used.account);
    for operation in [
        Operation::Create,
        Operation::List,
        Operation::Get,
        Operation::Update,
        Operation::Delete,
    ] {
        let used = used.operations.get(&operation).copied().unwrap_or(0);
        add(operation.as_str(), None, limits.of(operation), used);
    }
    for (agent, used) in &used.messages {
        add("messages", Some(agent.as_str()), limits.messages, **used);
    }
    ok(&WindowList {
        now,
        resets_at: Timestamp::from_second(used.reset).unwrap_or(Timestamp::MAX),
        windows,
    })
}
