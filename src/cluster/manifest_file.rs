//! The file of a manifest: `support::files` with the mode and the limit of manifests.
//!
//! `oc apply -f DIRECTORY` passes over the neighbors that a killed run leaves: their names end neither
//! in `.json` nor in `.yaml`.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use super::error::ClusterError;
use crate::{
    domain::secret::Secret as Hidden,
    support::files::{Directory, FileError, Lock, PATIENCE, Place, Replacement, WantedAttributes},
};

/// Who may read a manifest: its owner.
pub(super) const MODE: u32 = 0o600;
/// The most that is read or written: `oc apply` takes not even a quarter of it.
const MAX_BYTES: u64 = 1 << 20;

const FILE: WantedAttributes = WantedAttributes {
    mode: MODE,
    owner: None,
    group: None,
};
const DIRECTORY: WantedAttributes = WantedAttributes {
    mode: 0o700,
    ..FILE
};

/// A file as it is.
pub(super) struct Found {
    pub(super) text: Vec<u8>,
    pub(super) mode: u32,
}

/// Reads the manifest at `path`; `None` when there is none.
///
/// # Errors
/// [`FileError`]; a link is in the way, because its target would keep the old credential.
pub(super) fn read(path: &Path) -> Result<Option<Found>, FileError> {
    let found = place(path)?.read(MAX_BYTES)?;
    Ok(found.map(|found| Found {
        mode: found.attributes().mode,
        text: found.bytes,
    }))
}

/// Puts `text` in the place of the manifest at `path`, whose directory is made if need be.
///
/// # Errors
/// [`ClusterError`] when the system refuses; the old file is then as it was.
pub(super) fn replace(path: &Path, text: &Hidden) -> Result<(), ClusterError> {
    let mut place = place(path)?;
    place.make_directory(DIRECTORY)?;
    let new = Replacement {
        bytes: text.expose().as_bytes(),
        attributes: FILE,
        old: None,
        backup: false,
    };
    Lock::acquire(&place, PATIENCE)?.replace(&new)?;
    Ok(())
}

/// Refuses a text that the next run would not read.
///
/// # Errors
/// [`FileError::WouldBeTooLarge`].
pub(super) fn check_size(path: &Path, text: &Hidden) -> Result<(), FileError> {
    if text.expose().len() as u64 <= MAX_BYTES {
        return Ok(());
    }
    let path = path.to_owned();
    Err(FileError::WouldBeTooLarge {
        path,
        limit: MAX_BYTES,
    })
}

/// Removes the manifest at `path`. A missing file is not an error.
///
/// # Errors
/// [`ClusterError`] when the system refuses.
pub(super) fn remove(path: &Path) -> Result<(), ClusterError> {
    let place = place(path)?;
    if place.read(MAX_BYTES)?.is_some() {
        Lock::acquire(&place, PATIENCE)?.remove()?;
    }
    Ok(())
}

/// The names of the files in a directory; none when it does not exist.
///
/// # Errors
/// [`FileError`] when it cannot be read.
pub(super) fn names(directory: &Path) -> Result<Vec<OsString>, FileError> {
    Directory::resolve(&absolute(directory)?)?.names()
}

/// Removes the neighbors that killed runs left in a directory. The next write of such a file reports
/// what cannot be removed.
pub(super) fn tidy(directory: &Path) {
    if let Ok(directory) = absolute(directory) {
        let _ = Directory::tidy(&directory);
    }
}

fn place(path: &Path) -> Result<Place, FileError> {
    let path = absolute(path)?;
    let directory = path.parent().unwrap_or(Path::new("/"));
    let name = path.file_name().unwrap_or(OsStr::new(""));
    Ok(Place::within(
        Directory::resolve(directory)?,
        name.to_owned(),
    ))
}

fn absolute(path: &Path) -> Result<PathBuf, FileError> {
    std::path::absolute(path).map_err(|source| FileError::System {
        attempt: "use",
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make files by hand")]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    fn scratch() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().canonicalize().unwrap().join("ns-s.json");
        (directory, path)
    }

    #[test]
    fn is_replaced_private_and_removed() {
        let (_guard, path) = scratch();
        fs::write(&path, "a longer text of others").unwrap();
        replace(&path, &Hidden::new("new")).unwrap();
        let found = read(&path).unwrap().unwrap();
        assert_eq!((found.text.as_slice(), found.mode), (&b"new"[..], MODE));
        let directory = path.parent().unwrap();
        assert_eq!(names(directory).unwrap(), ["ns-s.json"]);
        for _ in 0..2 {
            remove(&path).unwrap();
            assert!(read(&path).unwrap().is_none());
        }
    }

    #[test]
    fn a_link_is_not_followed() {
        let (guard, path) = scratch();
        let target = guard.path().join("target");
        fs::write(&target, "{}").unwrap();
        symlink(&target, &path).unwrap();
        let error = read(&path).err().unwrap();
        assert_eq!(error.reason(), "in_the_way");
        assert!(error.to_string().contains("is a symbolic link"), "{error}");
        assert!(remove(&path).is_err() && target.exists());
    }

    #[test]
    fn nothing_is_written_that_could_not_be_read_again() {
        let (_guard, path) = scratch();
        let text = |length: u64| Hidden::new(" ".repeat(usize::try_from(length).unwrap()));
        assert!(check_size(&path, &text(MAX_BYTES)).is_ok());
        let error = check_size(&path, &text(MAX_BYTES + 1)).unwrap_err();
        assert_eq!(error.reason(), "too_large");
    }
}
