//! A mark: an empty file whose existence says something.

use std::io;

use rustix::fs::OFlags;

use super::{
    attributes::WantedAttributes,
    error::{Attempt, FileError},
    place::Place,
    system,
};

const DIRECTORY: WantedAttributes = WantedAttributes {
    mode: 0o755,
    owner: None,
    group: None,
};

impl Place {
    /// Whether the mark is there.
    ///
    /// # Errors
    /// [`FileError`] when that cannot be known, or the place is not safe.
    pub fn is_marked(&self) -> Result<bool, FileError> {
        match self.read(0) {
            // Somebody wrote something into it.
            Err(FileError::TooLarge { .. }) => Ok(true),
            found => Ok(found?.is_some()),
        }
    }

    /// Makes the mark and syncs it. Returns whether it was not there before.
    ///
    /// # Errors
    /// [`FileError`] when the system refuses.
    pub fn mark(&mut self) -> Result<bool, FileError> {
        self.make_directory(DIRECTORY)?;
        let target = self.target();
        let directory = self.directory.deepest();
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        match system::open(&directory.file, &self.name, flags) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            made => {
                made.and_then(|file| file.sync_all())
                    .and_then(|()| system::sync(&directory.file))
                    .attempt("make", &target)?;
                Ok(true)
            }
        }
    }

    /// Removes the mark, which need not be there.
    ///
    /// # Errors
    /// [`FileError`] when the system refuses.
    pub fn unmark(&self) -> Result<(), FileError> {
        let Some(directory) = self.directory.opened() else {
            return Ok(());
        };
        system::remove(&directory.file, &self.name)
            .and_then(|()| system::sync(&directory.file))
            .attempt("remove", &self.target())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_made_once_and_removed() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().canonicalize().unwrap().join("run/mark");
        let mut place = Place::resolve(&path).unwrap();
        assert!(!place.is_marked().unwrap());
        place.unmark().unwrap();
        assert!(place.mark().unwrap());
        assert!(place.is_marked().unwrap() && !place.mark().unwrap());
        place.unmark().unwrap();
        assert!(!place.is_marked().unwrap());
    }
}
