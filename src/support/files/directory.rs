//! A directory, held by its descriptor, and made as far as it is missing.

use std::{
    ffi::{OsStr, OsString},
    fs::{File, Metadata},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{Mode, OFlags},
    io::Errno,
};

use super::{
    attributes::WantedAttributes,
    error::{Attempt, FileError},
    judge::{executing_user, kind_of},
    system,
    walk::{Arrival, Step, Walk, Way},
};

/// A directory in which files are read and replaced.
#[derive(Debug)]
pub struct Directory {
    pub(super) way: Way,
    /// The directory, or the deepest one above it that exists.
    step: Step,
    missing: Vec<OsString>,
}

impl Directory {
    /// Finds the directory that `path` means. It need not exist.
    ///
    /// # Errors
    /// [`FileError`] for a relative path, for anything but directories on it, and for directories
    /// and links by which others could interfere.
    pub fn resolve(path: &Path) -> Result<Self, FileError> {
        let arrival = Walk::to_end_of(path)?;
        if let Some((name, entry)) = &arrival.leaf {
            let obstacle = arrival.directory.path.join(name);
            return Err(arrival.way.in_the_way(obstacle, kind_of(&entry.metadata)));
        }
        Ok(Self::above(arrival))
    }

    /// The directory at which a walk arrived.
    pub(super) fn above(arrival: Arrival) -> Self {
        Self {
            way: arrival.way,
            step: arrival.directory,
            missing: arrival.missing,
        }
    }

    /// The path, free of links.
    pub fn path(&self) -> PathBuf {
        let mut path = self.step.path.clone();
        path.extend(&self.missing);
        path
    }

    /// Whether the directory exists.
    pub fn exists(&self) -> bool {
        self.missing.is_empty()
    }

    /// The names in the directory, sorted; none when it does not exist.
    ///
    /// # Errors
    /// [`FileError::System`] when it cannot be read.
    pub fn names(&self) -> Result<Vec<OsString>, FileError> {
        if !self.exists() {
            return Ok(Vec::new());
        }
        let read = || {
            let entries = rustix::fs::Dir::new(system::reopen(&self.step.file)?)?;
            let names = entries.map(|entry| Ok(system::name_of(&entry?)));
            names.collect::<Result<Vec<OsString>, std::io::Error>>()
        };
        let mut names = read().attempt("read the directory", &self.step.path)?;
        names.retain(|name| name != "." && name != "..");
        names.sort();
        Ok(names)
    }

    /// Makes the directory and those above it as far as they are missing, each with `wanted`.
    /// Directories that exist are left alone.
    ///
    /// # Errors
    /// [`FileError::System`] when the system refuses; [`FileError`] as [`Directory::resolve`] when others
    /// put something else there meanwhile.
    pub fn make(&mut self, wanted: WantedAttributes) -> Result<(), FileError> {
        while !self.missing.is_empty() {
            let name = self.missing.remove(0);
            let path = self.step.path.join(&name);
            // Never wider than wanted, not even for a moment.
            let permissions = Mode::from_raw_mode(wanted.mode);
            match rustix::fs::mkdirat(&self.step.file, &name, permissions) {
                // Another run was faster and gives it its attributes.
                Err(Errno::EXIST) => {}
                result => {
                    result.attempt("make the directory", &path)?;
                    self.dress(&name, &path, wanted)?;
                    // Without it a power cut can lose the directory, and with it the file that was synced in it.
                    system::sync(&self.step.file).attempt("sync the directory", &self.step.path)?;
                }
            }
            self.enter(&name, path)?;
        }
        Ok(())
    }

    /// Gives a directory that was just made its attributes.
    fn dress(&self, name: &OsStr, path: &Path, wanted: WantedAttributes) -> Result<(), FileError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        let made =
            system::open(&self.step.file, name, flags).attempt("open the directory", path)?;
        // Else root would give another user's directory away, with whatever is in it.
        if self.may_be_another(&made).attempt("look at", path)? {
            return Ok(());
        }
        wanted
            .apply(&made)
            .attempt("set mode and owner of the directory", path)
    }

    /// Whether another user can have put another directory in the place of the one just made: the owner
    /// of the directory above can rename. A directory that belongs to the executing user and is empty may
    /// be given away without harm, even if it is not the same.
    fn may_be_another(&self, made: &File) -> std::io::Result<bool> {
        if !self.way.is_foreign {
            return Ok(false);
        }
        let is_own = made.metadata()?.uid() == executing_user();
        Ok(!is_own || !system::is_empty(made)?)
    }

    /// Goes one directory deeper.
    fn enter(&mut self, name: &OsStr, path: PathBuf) -> Result<(), FileError> {
        match self.step.look(name, &self.way)? {
            Some(entry) if entry.metadata.is_dir() => self.step = Step::new(entry, path),
            Some(entry) => return Err(self.way.in_the_way(path, kind_of(&entry.metadata))),
            None => return Err(Errno::NOENT).attempt("open the directory", &path),
        }
        Ok(())
    }

    /// The opened directory; `None` while it is missing.
    pub(super) fn opened(&self) -> Option<&Step> {
        self.exists().then_some(&self.step)
    }

    /// The deepest directory that exists.
    pub(super) fn deepest(&self) -> &Step {
        &self.step
    }

    pub(super) fn metadata(&self) -> &Metadata {
        &self.step.metadata
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    const WANTED: WantedAttributes = WantedAttributes {
        mode: 0o750,
        owner: None,
        group: None,
    };

    #[test]
    fn gives_the_mode_to_what_it_makes_only() {
        let scratch = tempfile::tempdir().unwrap();
        let outer = scratch.path().canonicalize().unwrap().join("outer");
        std::fs::create_dir(&outer).unwrap();
        std::fs::set_permissions(&outer, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut directory = Directory::resolve(&outer.join("a/b")).unwrap();
        assert!(!directory.exists());
        directory.make(WANTED).unwrap();
        assert!(directory.exists());
        let mode = |path: &str| outer.join(path).metadata().unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode(""), mode("a"), mode("a/b")), (0o755, 0o750, 0o750));
    }

    #[test]
    fn what_was_put_in_its_place_meanwhile_is_not_followed() {
        let scratch = tempfile::tempdir().unwrap();
        let here = scratch.path().canonicalize().unwrap();
        let mut directory = Directory::resolve(&here.join("a/b")).unwrap();
        symlink("/", here.join("a")).unwrap();
        let error = directory.make(WANTED).unwrap_err();
        assert_eq!(error.reason(), "in_the_way");
        assert!(error.to_string().contains("a symbolic link"), "{error}");
    }

    #[test]
    fn a_directory_that_is_moved_is_still_the_one_that_was_opened() {
        let scratch = tempfile::tempdir().unwrap();
        let here = scratch.path().canonicalize().unwrap();
        std::fs::create_dir_all(here.join("old")).unwrap();
        let mut directory = Directory::resolve(&here.join("old/deep")).unwrap();
        std::fs::rename(here.join("old"), here.join("moved")).unwrap();
        symlink("/nowhere", here.join("old")).unwrap();
        directory.make(WANTED).unwrap();
        assert!(here.join("moved/deep").is_dir());
    }
}
