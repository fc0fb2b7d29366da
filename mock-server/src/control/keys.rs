//! API keys.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::control::error::ControlError;
use crate::control::input::Json;
use crate::control::output::ok;
use crate::protocol::headers::check_sendable;
use crate::state::app::App;
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

pub(crate) async fn set(
    State(app): State<Arc<App>>,
    Json(new): Json<NewKey>,
) -> Result<Response, ControlError> {
    check_sendable(&new.key).map_err(|reason| ControlError::bad(format!("key {reason}")))?;
    if !app.set_key(&new.key, new.state) {
        return Err(ControlError::bad("there are too many keys"));
    }
    Ok(ok(&KeySet { state: new.state }))
}
