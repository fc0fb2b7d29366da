//! The file that keeps the agents over a restart.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::state::replace_file::follow_links;
use crate::state::snapshot::Snapshot;

/// The file of an account. Writers must hold the lock of the account.
#[derive(Debug)]
pub(crate) struct StateFile {
    path: PathBuf,
    /// Keeps other mocks away from the file, also those of other processes. It is `None` after the end.
    lock: Mutex<Option<File>>,
}

impl StateFile {
    /// Opens a state file. The second value is the state in the file, if the file exists.
    pub(crate) fn open(path: PathBuf) -> io::Result<(Self, Option<Snapshot>)> {
        let lock = lock(&follow_links(&path)?)?;
        let kept = match Snapshot::load(&path) {
            Ok(snapshot) => Some(snapshot),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let lock = Mutex::new(Some(lock));
        Ok((Self { path, lock }, kept))
    }

    /// Replaces the content of the file.
    pub(crate) fn save(&self, snapshot: &Snapshot) -> io::Result<()> {
        let lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        match *lock {
            Some(_) => snapshot.save(&self.path),
            None => Err(io::Error::other("the mock has ended")),
        }
    }

    /// Lets another mock use the file. It is not written again.
    pub(crate) fn close(&self) {
        let lock = (self.lock.lock().unwrap_or_else(PoisonError::into_inner)).take();
        // To close the file would not be enough while a program that is just being started has a copy of it.
        // An error is that of a system without such locks.
        let _ = lock.map(|lock| lock.unlock());
    }

    pub(crate) fn path(&self) -> std::path::Display<'_> {
        self.path.display()
    }
}

/// Locks a file with `.lock` after the name, because the state file itself is replaced. The system
/// releases the lock when the process ends.
fn lock(path: &Path) -> io::Result<File> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".lock");
    let mut options = OpenOptions::new();
    let file = (options.create(true).truncate(false).write(true)).open(beside)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(io::Error::new(
            io::ErrorKind::WouldBlock,
            "another mock uses it",
        )),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
