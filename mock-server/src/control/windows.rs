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
pub(crate) struct WindowList {
    #[schemars(with = "String", extend("format" = "date-time"))]
    now: Timestamp,
    /// When all windows reset.
    #[schemars(with = "String", extend("format" = "date-time"))]
    resets_at: Timestamp,
    /// Windows with a limit: of the account, of operations, and of the agents with the most messages.
    windows: Vec<Window>,
}

/// A rate-limit window.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Window {
    /// `account`, the name of an operation, or `messages`.
    name: &'static str,
    /// The agent of a window of messages.
    agent_id: Option<String>,
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
    let window = |name, limit: Option<u64>, used| {
        limit.map(|limit| Window {
            name,
            agent_id: None,
            limit,
            used,
        })
    };
    let of_operation = |operation: Operation| {
        let used = used.operations.get(&operation).copied().unwrap_or(0);
        window(operation.as_str(), limits.of(operation), used)
    };
    let operations = [
        Operation::Create,
        Operation::List,
        Operation::Get,
        Operation::Update,
        Operation::Delete,
    ];
    let messages = (used.messages.iter()).filter_map(|(agent, used)| {
        Some(Window {
            agent_id: Some((*agent).clone()),
            ..window("messages", limits.messages, **used)?
        })
    });
    let windows = (window("account", limits.account, used.account).into_iter())
        .chain(operations.into_iter().filter_map(of_operation))
        .chain(messages)
        .collect();
    ok(&WindowList {
        now,
        resets_at: Timestamp::from_second(used.reset).unwrap_or(Timestamp::MAX),
        windows,
    })
}
