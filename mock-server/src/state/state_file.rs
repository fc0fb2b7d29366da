//! The file that keeps the agents over a restart.

use std::io;
use std::path::PathBuf;

use crate::state::snapshot::Snapshot;
use crate::state::store::Store;

/// The file of an account. Writers must hold the lock of the account.
#[derive(Debug)]
pub(crate) struct StateFile {
    path: PathBuf,
}

impl StateFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Returns the state in the file, or `None` if there is no file yet.
    pub(crate) fn load(&self) -> io::Result<Option<Snapshot>> {
        match Snapshot::load(&self.path) {
            Ok(snapshot) => Ok(Some(snapshot)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Replaces the file.
    pub(crate) fn save(&self, store: &Store) -> io::Result<()> {
        Snapshot {
            agents: store.all(),
        }
        .save(&self.path)
    }

    pub(crate) fn path(&self) -> std::path::Display<'_> {
        self.path.display()
    }
}
