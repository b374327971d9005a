//! Scratch directories: removed on drop, and by the next run if this one was killed.
//!
//! A directory is marked as owned by a file that its process keeps locked. The kernel lets go of
//! the lock when the process ends, so a directory whose mark can be locked is a leftover.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Once;

use anyhow::{Context as _, Result};
use tempfile::TempDir;

const PREFIX: &str = "oreg-testbed-";
const OWNER: &str = ".owner";

/// A private directory of one component.
#[derive(Debug)]
pub struct Scratch {
    dir: TempDir,
    _owner: File,
}

impl Scratch {
    /// Creates an empty directory that only this user can enter.
    ///
    /// # Errors
    /// When the system's directory for temporary files cannot be written.
    pub fn new() -> Result<Self> {
        static SWEEP: Once = Once::new();
        SWEEP.call_once(|| remove_leftovers(&std::env::temp_dir()));
        Self::new_in(&std::env::temp_dir())
    }

    fn new_in(parent: &Path) -> Result<Self> {
        let dir = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir_in(parent)
            .with_context(|| format!("cannot create a directory in {}", parent.display()))?;
        let owner = mark_as_owned(dir.path())
            .with_context(|| format!("cannot lock {}", dir.path().display()))?;
        Ok(Self { dir, _owner: owner })
    }

    /// Returns where the directory is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Returns the path of a file in the directory, which need not exist.
    #[must_use]
    pub fn file(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path().join(name)
    }

    /// Writes a file whole, readable by this user only, and makes the directories above it.
    ///
    /// A reader sees the old contents or the new ones, never a part.
    ///
    /// # Errors
    /// When the directory or the file cannot be written.
    pub fn write(&self, name: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> Result<PathBuf> {
        let path = self.file(name);
        replace(&path, contents.as_ref())
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    /// Makes a directory and those above it.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn make_dir(&self, name: impl AsRef<Path>) -> Result<PathBuf> {
        let path = self.file(name);
        fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(path)
    }
}

/// Writes beside the file and renames.
pub(crate) fn replace(path: &Path, contents: &[u8]) -> std::io::Result<()> {
    let parent = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(parent)?;
    let mut beside = tempfile::NamedTempFile::new_in(parent)?;
    beside.write_all(contents)?;
    beside.persist(path)?;
    Ok(())
}

/// Locks the mark before it gets its name: one that can be seen is always locked or abandoned.
fn mark_as_owned(dir: &Path) -> std::io::Result<File> {
    let unfinished = dir.join(".owner.new");
    let owner = File::create_new(&unfinished)?;
    owner.lock()?;
    fs::rename(unfinished, dir.join(OWNER))?;
    Ok(owner)
}

/// Removes what killed runs left behind. Failing to is no reason to fail a test.
fn remove_leftovers(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && is_abandoned(&entry.path()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn is_abandoned(dir: &Path) -> bool {
    File::open(dir.join(OWNER)).is_ok_and(|owner| owner.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_only_what_nobody_owns() {
        let parent = tempfile::tempdir().unwrap();
        let owned = Scratch::new_in(parent.path()).unwrap();
        // The lock is let go at the end of the statement, as when a process is killed.
        let Scratch { dir, .. } = Scratch::new_in(parent.path()).unwrap();
        let left = dir.keep();

        remove_leftovers(parent.path());

        assert_eq!((owned.path().exists(), left.exists()), (true, false));
    }

    #[test]
    fn is_gone_after_drop() {
        let scratch = Scratch::new().unwrap();
        let file = scratch.write("a/b", "c").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"c");
        drop(scratch);
        assert!(!file.exists());
    }
}
