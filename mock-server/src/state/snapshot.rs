//! Agents and conversations that can be saved and restored.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::state::agent::Agent;
use crate::state::replace_file::{not_a_file, replace_file};

/// The agents of an account with their conversations. It serializes to JSON and back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Snapshot {
    pub(crate) agents: Vec<Agent>,
    /// How many mocks started with these agents before, each of which had ids of its own.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) starts: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Snapshot {
    /// Returns the number of agents.
    #[must_use]
    pub fn len(&self) -> usize {
        self.agents.len()
    }

    /// Returns whether there is no agent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.agents.is_empty()
    }

    /// Returns what is wrong with a snapshot that was edited.
    pub(crate) fn check(&self) -> Result<(), String> {
        let mut ids = HashSet::new();
        for (index, agent) in self.agents.iter().enumerate() {
            let invalid = |reason: String| format!("agent {} is invalid: {reason}", index + 1);
            agent.check().map_err(invalid)?;
            if !ids.insert(&agent.id) {
                return Err(invalid(format!("the id {:?} is used twice", agent.id)));
            }
        }
        Ok(())
    }

    /// Writes the snapshot to a file. If the process is killed meanwhile, the file has either its old
    /// or its new content. The snapshot is first written to a file with `.tmp` after the name.
    ///
    /// # Errors
    ///
    /// Returns the error of the file system.
    pub fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        replace_file(path.as_ref(), &serde_json::to_vec(self)?)
    }

    /// Reads a snapshot from a file.
    ///
    /// # Errors
    ///
    /// Returns the error of the file system, with the kind `NotFound` if there is no such file, or
    /// an error of the kind `InvalidData` if the file is not a snapshot.
    pub fn load(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        // Reading a device may never end.
        if !fs::metadata(path)?.is_file() {
            return Err(not_a_file());
        }
        let invalid = |reason: String| io::Error::new(io::ErrorKind::InvalidData, reason);
        let snapshot: Self = serde_json::from_slice(&fs::read(path)?)
            .map_err(|error| invalid(format!("it is not a snapshot: {error}")))?;
        snapshot.check().map_err(invalid)?;
        Ok(snapshot)
    }
}
