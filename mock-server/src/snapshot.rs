//! A mock's agents and conversations, to be kept and taken back.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::store::Agent;

/// The agents of an account with what they remember. It serializes to JSON and back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Snapshot {
    pub(crate) agents: Vec<Agent>,
}

impl Snapshot {
    /// How many agents it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.agents.len()
    }

    /// Whether it holds no agent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.agents.is_empty()
    }

    /// Writes it to a file, so that a kill at any moment leaves the old file or the new one. It is
    /// written beside it first, under the same name with `.tmp` behind.
    ///
    /// # Errors
    ///
    /// What the file system says.
    pub fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref();
        let mut beside = path.as_os_str().to_owned();
        beside.push(".tmp");
        let mut file = File::create(&beside)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    }

    /// Reads it back. A file that is not there is an error of the kind `NotFound`.
    ///
    /// # Errors
    ///
    /// What the file system says, or `InvalidData` for a file that is no snapshot.
    pub fn load(path: impl AsRef<Path>) -> io::Result<Self> {
        let bytes = fs::read(path)?;
        serde_json::from_slice(&bytes)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}
