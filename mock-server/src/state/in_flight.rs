//! Messages in flight: accepted, but not yet answered to the end.

use std::sync::Arc;

use crate::state::account::Account;

/// A message's slot among those in flight to its agent. Dropping it frees the slot.
#[derive(Debug)]
pub(crate) struct InFlightSlot {
    account: Arc<Account>,
    agent_id: String,
}

impl InFlightSlot {
    /// The slot must have been counted in the account's state.
    pub(crate) fn new(account: Arc<Account>, agent_id: &str) -> Self {
        Self {
            account,
            agent_id: agent_id.to_owned(),
        }
    }
}

impl Drop for InFlightSlot {
    fn drop(&mut self) {
        let in_flight = &mut self.account.lock().in_flight;
        if let Some(count) = in_flight.get_mut(&self.agent_id) {
            *count -= 1;
            if *count == 0 {
                in_flight.remove(&self.agent_id);
            }
        }
    }
}
