//! A mock's agents and conversations, to be kept and taken back.

use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::store::Agent;

/// The agents of an account with what they remember. It serializes to JSON and back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

    /// Writes it to a file, so that a kill at any moment leaves the old file or the new one.
    ///
    /// # Errors
    ///
    /// What the file system says.
    pub fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref();
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(&mut file, self).map_err(io::Error::from)?;
        file.flush()?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    /// Reads it back. A file that is not there is an error of the kind `NotFound`.
    ///
    /// # Errors
    ///
    /// What the file system says, or `InvalidData` for a file that is no snapshot.
    pub fn load(path: impl AsRef<Path>) -> io::Result<Self> {
        let bytes = std::fs::read(path)?;
        serde_json::from_slice(&bytes)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}
