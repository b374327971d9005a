//! The right to change one file, while other runs wait.
//!
//! `flock(2)` on a file of its own beside the target: the target itself is replaced, so a lock on it
//! would be a lock on the old one. The kernel releases the lock of a killed process. The holder
//! removes the lock file; a run that waited for that very file notices and starts again.

use std::{
    ffi::OsString,
    fs::{File, TryLockError},
    path::PathBuf,
    thread::sleep,
    time::{Duration, Instant},
};

use rustix::{fs::OFlags, io::Errno};

use super::{
    error::{Attempt, FileError},
    judge::is_same,
    place::Place,
    system,
    walk::Step,
};

/// How long to wait for another run: many times what one takes on a slow disk.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The purpose of the lock file, in its name.
pub(super) const LOCK: &str = "lock";

const PAUSE: Duration = Duration::from_millis(5);

/// The right to change the file at a place; given back when dropped.
#[derive(Debug)]
pub struct Lock<'a> {
    pub(super) place: &'a Place,
    pub(super) directory: &'a Step,
    name: OsString,
    _file: File,
}

impl<'a> Lock<'a> {
    /// Acquires the lock of `place`, whose directory must exist.
    ///
    /// # Errors
    /// [`FileError::Locked`] when another run holds it for longer than `patience`;
    /// [`FileError::System`] when the lock file cannot be made.
    pub fn acquire(place: &'a Place, patience: Duration) -> Result<Self, FileError> {
        let directory = place.directory.opened().ok_or(Errno::NOENT);
        let directory = directory.attempt("lock", &place.target())?;
        let name = place.companion(LOCK);
        let start = Instant::now();
        loop {
            if let Some(file) = try_lock(place, directory, &name)? {
                return Ok(Self {
                    place,
                    directory,
                    name,
                    _file: file,
                });
            }
            if start.elapsed() >= patience {
                return Err(FileError::Locked {
                    path: place.target(),
                    lock: path_of(directory, &name),
                    waited_s: patience.as_secs(),
                });
            }
            // flock(2) knows no time limit, so it is tried again.
            sleep(PAUSE);
        }
    }
}

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        // The lock is still held, so the name is that of our own file. If it cannot be removed, the next
        // run uses it.
        let _ = system::remove(&self.directory.file, &self.name);
    }
}

fn path_of(directory: &Step, name: &OsString) -> PathBuf {
    directory.path.join(name)
}

/// The locked file; `None` when another run holds it or has just removed it.
fn try_lock(place: &Place, directory: &Step, name: &OsString) -> Result<Option<File>, FileError> {
    let flags = OFlags::CREATE | OFlags::RDWR | OFlags::NONBLOCK;
    let file =
        system::open(&directory.file, name, flags).attempt("make the lock of", &place.target())?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(error).attempt("lock", &place.target()),
    }
    let locked = file.metadata().attempt("lock", &place.target())?;
    let there = directory.look(name, &place.directory.way)?;
    // The holder removed the file between opening and locking: this lock is on a file without a name, and the
    // next run would make another.
    if !there.is_some_and(|there| is_same(&there.metadata, &locked)) {
        return Ok(None);
    }
    // A second name of root's file would let its user keep root waiting, or have it removed.
    place.accept_companion(&locked, path_of(directory, name))?;
    Ok(Some(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch() -> (tempfile::TempDir, Place) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().canonicalize().unwrap().join("config.json");
        (directory, Place::resolve(&path).unwrap())
    }

    fn names(directory: &tempfile::TempDir) -> usize {
        directory.path().read_dir().unwrap().count()
    }

    #[test]
    fn is_held_by_one_and_leaves_no_file() {
        let (directory, place) = scratch();
        let held = Lock::acquire(&place, Duration::ZERO).unwrap();
        let error = Lock::acquire(&place, Duration::from_millis(20)).unwrap_err();
        assert_eq!(error.reason(), "locked");
        assert!(error.to_string().contains(".config.json.oreg-lock"));
        drop(held);
        assert_eq!(names(&directory), 0);
        assert!(Lock::acquire(&place, Duration::ZERO).is_ok());
    }

    #[test]
    fn the_lock_file_of_a_killed_run_is_used_again() {
        let (directory, place) = scratch();
        File::create(directory.path().join(".config.json.oreg-lock")).unwrap();
        assert!(Lock::acquire(&place, Duration::ZERO).is_ok());
    }

    #[test]
    fn only_one_of_many_holds_it() {
        let (_guard, place) = scratch();
        let counter = std::sync::atomic::AtomicUsize::new(0);
        let hold = || {
            for _ in 0..50 {
                let _lock = Lock::acquire(&place, PATIENCE).unwrap();
                assert_eq!(counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                counter.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(hold);
            }
        });
    }
}
