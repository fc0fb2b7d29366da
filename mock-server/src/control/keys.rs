//! Who may do what.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::ControlError;
use super::input::Json;
use crate::app::App;
use crate::envelope::{Answer, json_answer};
use crate::keys::KeyState;

/// A key, and what it may do. Keys are not shown again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewKey {
    #[schemars(length(min = 1))]
    key: String,
    state: KeyState,
}

/// What the key may do now.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct KeySet {
    state: KeyState,
}

pub(super) async fn set(
    State(app): State<Arc<App>>,
    Json(new): Json<NewKey>,
) -> Result<Answer, ControlError> {
    if new.key.is_empty() {
        return Err(ControlError::bad("key is empty"));
    }
    app.set_key(&new.key, new.state);
    Ok(json_answer(StatusCode::OK, &KeySet { state: new.state }))
}
