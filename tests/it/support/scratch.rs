//! A directory for one test, removed with it.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::Command,
};

/// The directory.
pub(crate) struct Scratch(tempfile::TempDir);

impl Scratch {
    /// Makes one.
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap())
    }

    /// Makes one in memory, where syncing costs nothing, if the system has such a place.
    pub(crate) fn in_memory() -> Self {
        match tempfile::tempdir_in("/dev/shm") {
            Ok(directory) => Self(directory),
            Err(_) => Self::new(),
        }
    }

    /// Makes one that every user may enter.
    pub(crate) fn shared() -> Self {
        let scratch = Self(tempfile::tempdir().unwrap());
        set_mode(scratch.0.path(), 0o755);
        scratch
    }

    /// Returns the path of `name` in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        write(&path, text);
        path
    }

    /// Puts a copy of a program into it. Not by this process: while another thread starts a program,
    /// that one holds the copy open for writing, and it cannot be run.
    pub(crate) fn copy(&self, program: &Path, name: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut copy = Command::new("cp");
        assert!(copy.arg(program).arg(&path).status().unwrap().success());
        path
    }

    /// Returns the names of what is in it, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        names(self.0.path())
    }
}

/// Writes a file with the mode that a careless tool would give it.
#[expect(clippy::disallowed_methods, reason = "tests make files by hand")]
pub(crate) fn write(path: &Path, text: impl AsRef<[u8]>) {
    fs::write(path, text).unwrap();
    set_mode(path, 0o644);
}

/// Reads a file.
pub(crate) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// Sets the mode of a file or directory.
pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Returns the mode of a file or directory.
pub(crate) fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

/// Returns the names in a directory, sorted.
pub(crate) fn names(directory: &Path) -> Vec<String> {
    let entries = directory.read_dir().unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}
