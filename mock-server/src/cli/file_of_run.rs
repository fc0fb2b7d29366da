//! Files that tell other programs how to reach the mock.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::cli::waiting::waiting;

/// A file that exists while the mock runs.
pub(crate) struct FileOfRun {
    path: PathBuf,
    /// What errors call the file.
    name: &'static str,
    /// What was written to the file.
    text: Option<String>,
}

impl FileOfRun {
    /// Removes the file of an earlier mock, which may have been killed. Otherwise a script would take it
    /// for the file of this one.
    pub(crate) fn new(path: &Path, name: &'static str) -> Result<Self, String> {
        // The target of a link is replaced, not the link.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let file = Self {
            path,
            name,
            text: None,
        };
        if file.is_regular() {
            fs::remove_file(&file.path).map_err(|error| file.explain("remove", &error))?;
        }
        Ok(file)
    }

    /// Writes the text. Whoever sees the file sees all of it.
    pub(crate) async fn write(&mut self, text: &str) -> Result<(), String> {
        let written = match fs::metadata(&self.path) {
            // A pipe or a device cannot be replaced. A pipe waits for its reader.
            Ok(metadata) if !metadata.is_file() => {
                let (path, text) = (self.path.clone(), text.to_owned());
                waiting(move || fs::write(path, text)).await
            }
            _ => self.create(text),
        };
        written.map_err(|error| self.explain("write", &error))?;
        self.text = Some(text.to_owned());
        Ok(())
    }

    fn create(&self, text: &str) -> io::Result<()> {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.tmp", std::process::id()));
        let new = self.path.with_file_name(name);
        let created = fs::write(&new, text).and_then(|()| fs::rename(&new, &self.path));
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
        format!("cannot {action} the {} {path}: {error}", self.name)
    }
}

impl Drop for FileOfRun {
    fn drop(&mut self) {
        // Another mock may have written its own text in the meantime.
        let is_own = self.is_regular() && fs::read_to_string(&self.path).ok() == self.text;
        if is_own {
            let _ = fs::remove_file(&self.path);
        }
    }
}
