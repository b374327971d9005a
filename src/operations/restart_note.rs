//! The note that a node service must restart: a file on the node, written and synced before the first
//! docker config file changes, so that a run that is killed in between leaves it for the next one.

use std::path::Path;

use super::Effect;
use crate::support::files::{FileError, Place};

/// The note of one node service.
#[derive(Debug)]
pub struct RestartNote {
    place: Place,
    was_there: bool,
    /// Whether this run made it.
    is_new: bool,
}

impl RestartNote {
    /// Looks for the note at `path`.
    ///
    /// # Errors
    /// [`FileError`] for a path that cannot be used safely.
    pub fn find(path: &Path) -> Result<Self, FileError> {
        let place = Place::resolve(path)?;
        Ok(Self {
            was_there: place.is_marked()?,
            place,
            is_new: false,
        })
    }

    /// Whether an earlier run left the note: the restart is due although nothing changes now.
    #[must_use]
    pub fn was_there(&self) -> bool {
        self.was_there
    }

    /// Writes the note, unless it is there.
    ///
    /// # Errors
    /// [`FileError`] when the system refuses.
    pub(super) fn write(&mut self) -> Result<(), FileError> {
        if !self.is_new {
            self.is_new = self.place.mark()?;
        }
        Ok(())
    }

    /// Removes a note of this run, because no file changed after all. If that fails, a restart that nobody
    /// needs is the lesser harm.
    pub(super) fn take_back(&mut self) {
        if self.is_new && self.place.unmark().is_ok() {
            self.is_new = false;
        }
    }

    /// Removes the note after the restart. Returns whether it was there.
    ///
    /// # Errors
    /// [`FileError`] when the system refuses.
    pub fn settle(self, effect: Effect) -> Result<bool, FileError> {
        if self.was_there && effect == Effect::Apply {
            self.place.unmark()?;
        }
        Ok(self.was_there)
    }
}
