//! The file that tells other programs where the mock is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A file that holds the base URL while the mock runs.
pub(crate) struct ReadyFile {
    path: PathBuf,
    /// What was written to the file.
    url: Option<String>,
}

impl ReadyFile {
    /// Removes the file of an earlier mock, which may have been killed. Otherwise a script would take it
    /// for the file of this one.
    pub(crate) fn new(path: &Path) -> Result<Self, String> {
        // The target of a link is replaced, not the link.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let file = Self { path, url: None };
        if file.is_regular() {
            fs::remove_file(&file.path).map_err(|error| file.explain("remove", &error))?;
        }
        Ok(file)
    }

    /// Writes the URL. Whoever sees the file sees all of it.
    pub(crate) fn write(&mut self, url: &str) -> Result<(), String> {
        let written = match fs::metadata(&self.path) {
            // A pipe or a device cannot be replaced.
            Ok(metadata) if !metadata.is_file() => fs::write(&self.path, url),
            _ => self.create(url),
        };
        written.map_err(|error| self.explain("write", &error))?;
        self.url = Some(url.to_owned());
        Ok(())
    }

    fn create(&self, url: &str) -> io::Result<()> {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.tmp", std::process::id()));
        let new = self.path.with_file_name(name);
        let created = fs::write(&new, url).and_then(|()| fs::rename(&new, &self.path));
        if created.is_err() {
            let _ = fs::remove_file(&new);
        }
        created
    }

    fn is_regular(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|metadata| metadata.is_file())
    }

    fn explain(&self, action: &str, error: &io::Error) -> String {
        let path = self.path.display();
        format!("cannot {action} the ready file {path}: {error}")
    }
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        // Another mock may have written its own URL in the meantime.
        let is_own = self.is_regular() && fs::read_to_string(&self.path).ok() == self.url;
        if is_own {
            let _ = fs::remove_file(&self.path);
        }
    }
}
