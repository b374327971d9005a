//! Replaces a file whole, or not at all.
//!
//! Whoever reads the file at any moment, whatever happens meanwhile, finds the old one or the new
//! one. All names are names in the directory that the [`Lock`] holds open.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::Write,
    path::PathBuf,
};

use rustix::{fs::OFlags, io::Errno};

use super::{
    attributes::{Attributes, WantedAttributes, copy_extended},
    backup,
    directory::Directory,
    error::{Attempt, FileError},
    lock::{LOCK, Lock},
    place::{Found, Place, companion_of},
    system,
};

/// What is to stand in a file's place.
#[derive(Debug)]
pub struct Replacement<'a> {
    /// The new content.
    pub bytes: &'a [u8],
    /// The new attributes; what they leave open is as it was.
    pub attributes: WantedAttributes,
    /// The old file, when there is one.
    pub old: Option<&'a Found>,
    /// Whether to keep a copy of the old file.
    pub backup: bool,
}

impl Lock<'_> {
    /// Puts `new` in the place of the file. Returns the path of the copy of the old file.
    ///
    /// # Errors
    /// [`FileError`] when the system refuses, or the old file would be given away; the old file is then
    /// as it was.
    pub fn replace(&self, new: &Replacement<'_>) -> Result<Option<PathBuf>, FileError> {
        let old = new.old.map(|old| old.attributes);
        let wanted = new.attributes.else_like(old);
        if let Some(old) = old {
            // In a directory of another user, root's file could have been moved here to be given to that user.
            self.place.check_change(old, wanted.over(old))?;
        }
        let copy = match new.old {
            Some(old) if new.backup => Some(self.back_up(old, new.attributes)?),
            _ => None,
        };
        let beside = NewVersion::create(self)?;
        beside.write(new.bytes, wanted, new.old)?;
        beside.take_the_place_of(&self.place.name)?;
        Ok(copy)
    }

    /// Gives the file other attributes; its content and its time stay.
    ///
    /// # Errors
    /// [`FileError`] when the system refuses, or the file would be given away.
    pub fn set_attributes(&self, found: &Found, wanted: WantedAttributes) -> Result<(), FileError> {
        let present = found.attributes;
        self.place.check_change(present, wanted.over(present))?;
        wanted
            .apply(&found.file)
            .attempt("set mode and owner of", &self.place.target())
    }

    /// Removes the file, which need not exist.
    ///
    /// # Errors
    /// [`FileError::System`] when the system refuses.
    pub fn remove(&self) -> Result<(), FileError> {
        let directory = &self.directory.file;
        system::remove(directory, &self.place.name)
            .and_then(|()| system::sync(directory))
            .attempt("remove", &self.place.target())
    }

    /// The copy is for whoever could read the old file and may read the new one: it holds credentials
    /// that may still be good.
    fn back_up(&self, old: &Found, wanted: WantedAttributes) -> Result<PathBuf, FileError> {
        let mut name = self.place.name.clone();
        name.push(backup::ending());
        let Attributes { mode, owner, group } = old.attributes;
        let attributes = WantedAttributes {
            mode: mode & wanted.mode,
            owner: Some(owner),
            group: Some(group),
        };
        let beside = NewVersion::create(self)?;
        beside.write(&old.bytes, attributes, Some(old))?;
        beside.take_the_place_of(&name)?;
        Ok(self.directory.path.join(name))
    }
}

impl Place {
    /// Removes the neighbors that a killed run left, unless another run is at work. They are in
    /// nobody's way, so a failure is not reported.
    pub fn tidy(&self) {
        let Some(directory) = self.directory.opened() else {
            return;
        };
        let is_there = |purpose: &str| {
            let found = system::look(&directory.file, &self.companion(purpose));
            found.is_ok_and(|found| found.is_some())
        };
        // Looked at first, because acquiring the lock writes to the directory, and most runs change nothing.
        if !is_there(LOCK) && !is_there(NEW) {
            return;
        }
        if let Ok(_lock) = Lock::acquire(self, std::time::Duration::ZERO) {
            let _ = system::remove(&directory.file, &self.companion(NEW));
        }
    }
}

impl Directory {
    /// Removes the neighbors of every file in the directory, as [`Place::tidy`] does for one.
    ///
    /// # Errors
    /// [`FileError`] when the directory cannot be read.
    pub fn tidy(path: &std::path::Path) -> Result<(), FileError> {
        let names = Self::resolve(path)?.names()?;
        for name in names.iter().filter_map(|name| companion_of(name)) {
            Place::within(Self::resolve(path)?, name).tidy();
        }
        Ok(())
    }
}

/// The purpose of the file in the making. Its name is always the same: only the holder of the lock
/// makes it, so one that is there is a killed run's.
const NEW: &str = "new";

/// A file in the making, in the directory of the one it will replace.
struct NewVersion<'a> {
    lock: &'a Lock<'a>,
    name: OsString,
    file: File,
}

impl<'a> NewVersion<'a> {
    fn create(lock: &'a Lock<'a>) -> Result<Self, FileError> {
        let (directory, target) = (&lock.directory.file, lock.place.target());
        let name = lock.place.companion(NEW);
        // Only the holder of the lock makes this name, so what is there was left by a killed run.
        system::remove(directory, &name).attempt("remove the half-made new version of", &target)?;
        // EXCL: a file, a link or a second name that another user puts there now is not written to.
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        let file =
            system::open(directory, &name, flags).attempt("make a new version of", &target)?;
        Ok(Self { lock, name, file })
    }

    /// Sets the attributes before the content, so that at no time more users can read it than may.
    fn write(
        &self,
        content: &[u8],
        attributes: WantedAttributes,
        old: Option<&Found>,
    ) -> Result<(), FileError> {
        // The message names the file that the user knows, not its temporary neighbor.
        let target = self.lock.place.target();
        if let Some(old) = old {
            copy_extended(&old.file, &self.file)
                .attempt("copy access control list and security label of", &target)?;
        }
        // Mode and owner are set on the descriptor: the name could mean another file by now.
        attributes
            .apply(&self.file)
            .attempt("set mode and owner of", &target)?;
        (&self.file)
            .write_all(content)
            .and_then(|()| self.file.sync_all())
            .attempt("write", &target)
    }

    fn take_the_place_of(self, name: &OsStr) -> Result<(), FileError> {
        let directory = self.lock.directory;
        let path = directory.path.join(name);
        match rustix::fs::renameat(&directory.file, &self.name, &directory.file, name) {
            // rename(2): something is mounted on it, perhaps where this process cannot see it.
            Err(Errno::BUSY) => return Err(FileError::MountPoint { path }),
            renamed => renamed.attempt("replace", &path)?,
        }
        system::sync(&directory.file).attempt("sync the directory", &directory.path)
    }
}

impl Drop for NewVersion<'_> {
    fn drop(&mut self) {
        // After a rename there is nothing of that name.
        let _ = system::remove(&self.lock.directory.file, &self.name);
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make files by hand")]
mod tests {
    use std::{
        fs,
        os::unix::fs::{MetadataExt, PermissionsExt},
        time::Duration,
    };

    use super::*;

    const LIMIT: u64 = 1 << 20;
    const WANTED: WantedAttributes = WantedAttributes {
        mode: 0o600,
        owner: None,
        group: None,
    };

    fn scratch() -> (tempfile::TempDir, Place) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().canonicalize().unwrap().join("config.json");
        (directory, Place::resolve(&path).unwrap())
    }

    fn put(place: &Place, text: &str, backup: bool) -> Option<PathBuf> {
        let old = place.read(LIMIT).unwrap();
        let lock = Lock::acquire(place, Duration::ZERO).unwrap();
        let new = Replacement {
            bytes: text.as_bytes(),
            attributes: WANTED,
            old: old.as_ref(),
            backup,
        };
        lock.replace(&new).unwrap()
    }

    fn listing(directory: &tempfile::TempDir) -> Vec<OsString> {
        Directory::resolve(&directory.path().canonicalize().unwrap())
            .unwrap()
            .names()
            .unwrap()
    }

    #[test]
    fn replaces_and_leaves_nothing_else() {
        let (directory, place) = scratch();
        put(&place, "old", false);
        let old = fs::metadata(place.target()).unwrap();
        put(&place, "new", false);
        assert_eq!(fs::read_to_string(place.target()).unwrap(), "new");
        assert_ne!(fs::metadata(place.target()).unwrap().ino(), old.ino());
        assert_eq!(listing(&directory), ["config.json"]);
    }

    #[test]
    fn a_copy_has_the_old_content_and_nobody_new_may_read_it() {
        for (old, copied) in [(0o644, 0o600), (0o400, 0o400)] {
            let (_guard, place) = scratch();
            fs::write(place.target(), "old").unwrap();
            fs::set_permissions(place.target(), fs::Permissions::from_mode(old)).unwrap();
            let copy = put(&place, "new", true).unwrap();
            assert_eq!(fs::read_to_string(&copy).unwrap(), "old");
            assert_eq!(fs::metadata(&copy).unwrap().mode() & 0o7777, copied);
        }
    }

    #[test]
    fn user_attributes_survive() {
        let (_guard, place) = scratch();
        put(&place, "old", false);
        let flags = rustix::fs::XattrFlags::empty();
        rustix::fs::setxattr(place.target(), "user.origin", b"x", flags).unwrap();
        put(&place, "new", false);
        let mut value = [0; 8];
        let length =
            rustix::fs::getxattr(place.target(), "user.origin", value.as_mut_slice()).unwrap();
        assert_eq!(&value[..length], b"x");
    }

    #[test]
    fn neighbors_of_a_killed_run_are_replaced_and_tidied() {
        let (directory, place) = scratch();
        let leave = |purpose: &str| {
            fs::write(directory.path().join(place.companion(purpose)), "half").unwrap();
        };
        leave(NEW);
        leave(LOCK);
        put(&place, "new", false);
        assert_eq!(listing(&directory), ["config.json"]);
        leave(NEW);
        place.tidy();
        assert_eq!(listing(&directory), ["config.json"]);
        leave(NEW);
        Directory::tidy(&directory.path().canonicalize().unwrap()).unwrap();
        assert_eq!(listing(&directory), ["config.json"]);
    }

    #[test]
    fn the_neighbor_of_a_run_at_work_stays() {
        let (directory, place) = scratch();
        let lock = Lock::acquire(&place, Duration::ZERO).unwrap();
        let _made = NewVersion::create(&lock).unwrap();
        place.tidy();
        assert_eq!(listing(&directory).len(), 2);
    }

    #[test]
    fn many_at_once_leave_one_whole_file() {
        let (directory, place) = scratch();
        let texts = ["a", "b", "c", "d"].map(|letter| letter.repeat(100_000));
        let write = |text: &String| {
            for _ in 0..20 {
                let lock = Lock::acquire(&place, super::super::PATIENCE).unwrap();
                let new = Replacement {
                    bytes: text.as_bytes(),
                    attributes: WANTED,
                    old: None,
                    backup: false,
                };
                lock.replace(&new).unwrap();
                let found = place.read(LIMIT).unwrap().unwrap().bytes;
                assert!(texts.iter().any(|text| text.as_bytes() == found));
            }
        };
        std::thread::scope(|scope| {
            for text in &texts {
                scope.spawn(|| write(text));
            }
        });
        assert_eq!(listing(&directory), ["config.json"]);
    }

    #[test]
    fn a_removed_file_need_not_exist() {
        let (directory, place) = scratch();
        Lock::acquire(&place, Duration::ZERO)
            .unwrap()
            .remove()
            .unwrap();
        assert_eq!(listing(&directory).len(), 0);
    }
}
