//! API keys.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::control::endpoint::Outcome;
use crate::control::error::ControlError;
use crate::control::output::ok;
use crate::control::request::ControlRequest;
use crate::protocol::headers::check_sendable;
use crate::state::keys::KeyState;

/// A key and its permissions.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    #[schemars(length(min = 1))]
    key: String,
    state: KeyState,
}

/// The permissions of the key.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct KeySet {
    state: KeyState,
}

pub(crate) fn set(request: &ControlRequest) -> Outcome {
    let new: NewKey = request.json()?;
    check_sendable(&new.key).map_err(|reason| ControlError::bad(format!("key {reason}")))?;
    if !request.app.set_key(&new.key, new.state) {
        return Err(ControlError::bad("there are too many keys"));
    }
    ok(&KeySet { state: new.state })
}
