//! A file that the agents are kept in, so that they survive a restart.

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::account::Account;
use crate::app::lock;
use crate::snapshot::Snapshot;

/// The file of one account. Every change is in it before it is answered.
#[derive(Debug)]
pub(crate) struct StateFile {
    path: PathBuf,
    /// The change of the account that the file holds; writers take turns.
    written: Mutex<u64>,
}

impl StateFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            written: Mutex::new(0),
        }
    }

    /// The state that is in the file; `None` if there is no file yet.
    pub(crate) fn load(&self) -> io::Result<Option<Snapshot>> {
        match Snapshot::load(&self.path) {
            Ok(snapshot) => Ok(Some(snapshot)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes the account as it is now, unless somebody has written this change or a later one.
    pub(crate) fn save(&self, account: &Mutex<Account>) -> io::Result<()> {
        let change = lock(account).store.changes();
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if *written >= change {
            return Ok(());
        }
        let (snapshot, change) = {
            let account = lock(account);
            let agents = account.store.all();
            (Snapshot { agents }, account.store.changes())
        };
        snapshot.save(&self.path)?;
        *written = change;
        Ok(())
    }

    pub(crate) fn path(&self) -> std::path::Display<'_> {
        self.path.display()
    }
}
