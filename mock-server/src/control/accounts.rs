//! The accounts of a mock with isolated keys.

use schemars::JsonSchema;
use serde::Serialize;

use crate::control::endpoint::Outcome;
use crate::control::output::ok;
use crate::control::request::ControlRequest;

/// The accounts, in the order of their first use.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Accounts {
    /// Whether every key has its own account. Otherwise there is no list.
    isolated: bool,
    accounts: Vec<AccountSummary>,
}

/// An account.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AccountSummary {
    /// The number to send in `X-Mock-Account`.
    account: usize,
    /// The beginning of its key.
    key: String,
    /// The number of agents.
    agents: usize,
    /// The number of the last request.
    requests: u64,
}

pub(crate) fn show(request: &ControlRequest) -> Outcome {
    let app = &request.app;
    let accounts = (app.isolated_accounts().into_iter())
        .map(|(key, account)| {
            let state = account.lock();
            AccountSummary {
                account: account.number,
                key: beginning(&key),
                agents: state.store.len(),
                requests: state.journal.last_sequence(),
            }
        })
        .collect();
    ok(&Accounts {
        isolated: app.settings.isolate_keys,
        accounts,
    })
}

/// Returns enough of a key to recognize it, and too little to use it.
fn beginning(key: &str) -> String {
    let shown = (key.chars().count() / 2).min(8);
    key.chars().take(shown).chain(['…']).collect()
}
