//! API keys and their permissions.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::state::id_map::IdMap;

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum KeyState {
    /// All operations.
    Full,
    /// Get and list only; other operations fail with 403.
    ReadOnly,
    /// No operation; every request fails with 401.
    Revoked,
    /// All operations except create, which fails with `INSUFFICIENT_QUOTA`.
    OverQuota,
}

/// How many keys there may be.
const MAX_KEYS: usize = 10_000;

/// The keys that the mock knows. `Debug` shows only their number.
#[derive(Default, Clone)]
pub(crate) struct Keys(IdMap<KeyState>);

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.0.len())
    }
}

impl Keys {
    pub(crate) fn set(&mut self, key: &str, state: KeyState) {
        self.0.insert(key.to_owned(), state);
    }

    /// Returns whether another key can be added.
    pub(crate) fn has_room_for(&self, key: &str) -> bool {
        self.0.len() < MAX_KEYS || self.0.contains_key(key)
    }

    /// Gives a key the permissions that it has in `initial`.
    pub(crate) fn reset(&mut self, key: &str, initial: &Self) {
        match initial.get(key) {
            Some(state) => self.set(key, state),
            None => drop(self.0.remove(key)),
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<KeyState> {
        self.0.get(key).copied()
    }
}
