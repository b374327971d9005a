//! Reads a docker config file and replaces it.
//!
//! Whoever reads the file at any moment, whatever happens meanwhile, finds the old one or the new
//! one, whole.

use std::{
    fs::{File, remove_file, rename, symlink_metadata},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use rustix::fs::{Mode, OFlags};

use super::{
    attributes::{Attributes, WantedAttributes, copy_extended},
    backup, directories,
    error::{Attempt, AuthFileError},
    location::{Location, kind_of},
    lock::{Lock, lock_path},
};
use crate::domain::docker_config::DockerConfig;

/// The most that is read of a file. Kubernetes takes no larger secret either.
pub const MAX_BYTES: u64 = 1 << 20;

/// A docker config file as it is.
#[derive(Debug)]
pub struct Stored {
    bytes: Vec<u8>,
    attributes: Attributes,
    file: File,
}

/// What is to stand in a file's place.
#[derive(Debug)]
pub struct Replacement<'a> {
    /// The new content.
    pub text: &'a str,
    /// The new attributes; what they leave open is as it was.
    pub attributes: WantedAttributes,
    /// The old file, when there is one.
    pub old: Option<&'a Stored>,
    /// Whether to keep a copy of the old file.
    pub backup: bool,
}

impl Stored {
    /// Reads the file at `location`; `None` when there is none.
    ///
    /// # Errors
    /// [`AuthFileError`] when it cannot be read or is too large.
    pub fn read(location: &Location) -> Result<Option<Self>, AuthFileError> {
        let path = location.target();
        let file = match open(path, OFlags::RDONLY | OFlags::NONBLOCK) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            result => result.attempt("read docker config", path)?,
        };
        let metadata = file.metadata().attempt("look at", path)?;
        if !metadata.is_file() {
            return Err(AuthFileError::InTheWay {
                path: path.to_owned(),
                obstacle: path.to_owned(),
                kind: kind_of(&metadata),
            });
        }
        let attributes = Attributes::of(&metadata);
        let bytes = read_bounded(&file, metadata.len(), path)?;
        Ok(Some(Self {
            bytes,
            attributes,
            file,
        }))
    }

    /// Returns the document in the file, which is that at `location`.
    ///
    /// # Errors
    /// [`AuthFileError::Malformed`] with the place of what is wrong.
    pub fn document(&self, location: &Location) -> Result<DockerConfig, AuthFileError> {
        DockerConfig::parse(&self.bytes).map_err(|source| AuthFileError::Malformed {
            path: location.target().to_owned(),
            source,
        })
    }

    /// Returns the file's mode, owner and group.
    #[must_use]
    pub fn attributes(&self) -> Attributes {
        self.attributes
    }

    /// Gives the file other attributes; its content and its time stay.
    ///
    /// # Errors
    /// [`AuthFileError::System`] when the system refuses.
    pub fn set_attributes(
        &self,
        _lock: &Lock,
        location: &Location,
        wanted: WantedAttributes,
    ) -> Result<(), AuthFileError> {
        wanted
            .apply(&self.file)
            .attempt("set mode and owner of", location.target())
    }
}

/// Makes the directory of `location` and those above it, as far as they are missing.
///
/// # Errors
/// [`AuthFileError::System`] when the system refuses.
pub fn make_directory(location: &Location, wanted: WantedAttributes) -> Result<(), AuthFileError> {
    directories::create(location.directory(), wanted)
}

/// Puts `new` in the place of the file at `location`. Returns where the copy of the old file is.
///
/// # Errors
/// [`AuthFileError::WouldBeTooLarge`], or [`AuthFileError::System`] when the system refuses; the old
/// file is then as it was.
pub fn replace(
    lock: &Lock,
    location: &Location,
    new: &Replacement<'_>,
) -> Result<Option<PathBuf>, AuthFileError> {
    check_size(new.text, location)?;
    let copy = match new.old {
        Some(old) if new.backup => Some(back_up(lock, location, old, new.attributes)?),
        _ => None,
    };
    let attributes = new.attributes.else_like(new.old.map(Stored::attributes));
    let beside = Beside::create(lock, location)?;
    beside.write(new.text.as_bytes(), attributes, new.old)?;
    beside.take_the_place_of(location.target())?;
    Ok(copy)
}

/// Removes what a killed run left behind, unless another run is at work. It is in nobody's way, so
/// nothing is said when it cannot be removed.
pub fn tidy(location: &Location) {
    let is_there = |path: &Path| symlink_metadata(path).is_ok();
    if !is_there(&lock_path(location)) && !is_there(&beside_path(location)) {
        return;
    }
    if let Ok(_lock) = Lock::acquire(location, std::time::Duration::ZERO) {
        let _ = remove_file(beside_path(location));
    }
}

/// The copy is for whoever could read the old file and may read the new one: it holds credentials that
/// may still be good.
fn back_up(
    lock: &Lock,
    location: &Location,
    old: &Stored,
    wanted: WantedAttributes,
) -> Result<PathBuf, AuthFileError> {
    let path = backup::path(location);
    let Attributes { mode, owner, group } = old.attributes;
    let attributes = WantedAttributes {
        mode: mode & wanted.mode,
        owner: Some(owner),
        group: Some(group),
    };
    let beside = Beside::create(lock, location)?;
    beside.write(&old.bytes, attributes, Some(old))?;
    beside.take_the_place_of(&path)?;
    Ok(path)
}

fn read_bounded(file: &File, length: u64, path: &Path) -> Result<Vec<u8>, AuthFileError> {
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(MAX_BYTES)).unwrap_or(0) + 1);
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .attempt("read docker config", path)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(AuthFileError::TooLarge {
            path: path.to_owned(),
            limit: MAX_BYTES,
        });
    }
    Ok(bytes)
}

/// Refuses a text that the next run would not read.
///
/// # Errors
/// [`AuthFileError::WouldBeTooLarge`].
pub fn check_size(text: &str, location: &Location) -> Result<(), AuthFileError> {
    if text.len() as u64 <= MAX_BYTES {
        return Ok(());
    }
    Err(AuthFileError::WouldBeTooLarge {
        path: location.target().to_owned(),
        limit: MAX_BYTES,
    })
}

/// A file in the making, in the directory of the one it will replace. Its name is always the same:
/// only the holder of the lock makes it, so one that is there is a killed run's.
struct Beside {
    path: PathBuf,
    directory: PathBuf,
    file: File,
}

impl Beside {
    fn create(_lock: &Lock, location: &Location) -> Result<Self, AuthFileError> {
        let path = beside_path(location);
        match remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).attempt("remove what a killed run left,", &path);
            }
            _ => {}
        }
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        let file = open(&path, flags).attempt("create", &path)?;
        let directory = location.directory().to_owned();
        Ok(Self {
            path,
            directory,
            file,
        })
    }

    /// The attributes come before the content: nobody who may not read it ever can.
    fn write(
        &self,
        content: &[u8],
        attributes: WantedAttributes,
        old: Option<&Stored>,
    ) -> Result<(), AuthFileError> {
        if let Some(old) = old {
            copy_extended(&old.file, &self.file)
                .attempt("copy access control list and security label to", &self.path)?;
        }
        attributes
            .apply(&self.file)
            .attempt("set mode and owner of", &self.path)?;
        (&self.file)
            .write_all(content)
            .attempt("write", &self.path)?;
        self.file.sync_all().attempt("write", &self.path)
    }

    fn take_the_place_of(self, target: &Path) -> Result<(), AuthFileError> {
        rename(&self.path, target).attempt("replace", target)?;
        directories::sync(&self.directory)
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // After a rename there is nothing of that name.
        let _ = remove_file(&self.path);
    }
}

fn beside_path(location: &Location) -> PathBuf {
    location.companion("new")
}

fn open(path: &Path, flags: OFlags) -> io::Result<File> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(
        path,
        flags,
        Mode::RUSR | Mode::WUSR,
    )?))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make files by hand")]
mod tests {
    use std::{fs, os::unix::fs::MetadataExt, time::Duration};

    use super::*;

    const WANTED: WantedAttributes = WantedAttributes {
        mode: 0o600,
        owner: None,
        group: None,
    };

    fn scratch() -> (tempfile::TempDir, Location) {
        let directory = tempfile::tempdir().unwrap();
        let location = Location::resolve(&directory.path().join("config.json")).unwrap();
        (directory, location)
    }

    fn put(location: &Location, text: &str, backup: bool) -> Option<PathBuf> {
        let old = Stored::read(location).unwrap();
        let lock = Lock::acquire(location, Duration::ZERO).unwrap();
        let new = Replacement {
            text,
            attributes: WANTED,
            old: old.as_ref(),
            backup,
        };
        replace(&lock, location, &new).unwrap()
    }

    fn listing(directory: &tempfile::TempDir) -> Vec<String> {
        let entries = directory.path().read_dir().unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn replaces_and_leaves_nothing_else() {
        let (directory, location) = scratch();
        put(&location, "old", false);
        let old = fs::metadata(location.target()).unwrap();
        put(&location, "new", false);
        assert_eq!(fs::read_to_string(location.target()).unwrap(), "new");
        assert_ne!(fs::metadata(location.target()).unwrap().ino(), old.ino());
        assert_eq!(listing(&directory), ["config.json"]);
    }

    #[test]
    fn a_copy_has_the_old_content_and_nobody_new_may_read_it() {
        for (old, copied) in [(0o644, 0o600), (0o400, 0o400)] {
            let (_guard, location) = scratch();
            fs::write(location.target(), "old").unwrap();
            let permissions = std::os::unix::fs::PermissionsExt::from_mode(old);
            fs::set_permissions(location.target(), permissions).unwrap();
            let copy = put(&location, "new", true).unwrap();
            assert_eq!(fs::read_to_string(&copy).unwrap(), "old");
            assert_eq!(fs::metadata(&copy).unwrap().mode() & 0o7777, copied);
        }
    }

    #[test]
    fn nothing_is_written_that_could_not_be_read_again() {
        let (_guard, location) = scratch();
        let text = " ".repeat(usize::try_from(MAX_BYTES).unwrap() + 1);
        let lock = Lock::acquire(&location, std::time::Duration::ZERO).unwrap();
        let new = Replacement {
            text: &text,
            attributes: WANTED,
            old: None,
            backup: false,
        };
        let refusal = replace(&lock, &location, &new).unwrap_err();
        assert_eq!(refusal.reason(), "too_large");
        assert!(!location.target().exists());
    }

    #[test]
    fn user_attributes_survive() {
        let (_guard, location) = scratch();
        put(&location, "old", false);
        let flags = rustix::fs::XattrFlags::empty();
        rustix::fs::setxattr(location.target(), "user.origin", b"x", flags).unwrap();
        put(&location, "new", false);
        let mut value = [0; 8];
        let length =
            rustix::fs::getxattr(location.target(), "user.origin", value.as_mut_slice()).unwrap();
        assert_eq!(&value[..length], b"x");
    }

    #[test]
    fn what_a_killed_run_left_is_replaced_and_tidied() {
        let (directory, location) = scratch();
        fs::write(beside_path(&location), "half").unwrap();
        fs::write(lock_path(&location), "").unwrap();
        put(&location, "new", false);
        assert_eq!(listing(&directory), ["config.json"]);
        fs::write(beside_path(&location), "half").unwrap();
        tidy(&location);
        assert_eq!(listing(&directory), ["config.json"]);
    }

    #[test]
    fn refuses_a_file_that_is_too_large() {
        let (_guard, location) = scratch();
        File::create(location.target())
            .unwrap()
            .set_len(MAX_BYTES + 1)
            .unwrap();
        let error = Stored::read(&location).unwrap_err();
        assert_eq!(error.reason(), "too_large");
    }
}
