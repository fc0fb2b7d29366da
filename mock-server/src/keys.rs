//! API keys: who may do what.

use std::collections::HashMap;
use std::fmt;

use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderMap};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::envelope::Failure;

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum KeyState {
    /// Everything.
    Full,
    /// Get and list.
    ReadOnly,
    /// Nothing: 401.
    Revoked,
    /// Everything but creating: `INSUFFICIENT_QUOTA`.
    OverQuota,
}

/// The keys that the mock knows. Not printed, as no key is.
#[derive(Default, Clone)]
pub(crate) struct Keys(HashMap<String, KeyState>);

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.0.len())
    }
}

impl Keys {
    pub(crate) fn set(&mut self, key: &str, state: KeyState) {
        self.0.insert(key.to_owned(), state);
    }

    pub(crate) fn get(&self, key: &str) -> Option<KeyState> {
        self.0.get(key).copied()
    }
}

pub(crate) fn unauthorized() -> Failure {
    Failure::new(
        StatusCode::UNAUTHORIZED,
        "UNAUTHORIZED",
        "Invalid or missing API key",
    )
}

pub(crate) fn forbidden() -> Failure {
    Failure::new(
        StatusCode::FORBIDDEN,
        "FORBIDDEN",
        "The API key is read-only",
    )
}

/// The key of `Authorization: Bearer …`; the scheme's case does not matter (RFC 9110 §11.1).
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer")).then(|| key.trim())
}
