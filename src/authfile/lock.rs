//! Keeps other runs away from a docker config file while it is read, changed and replaced.
//!
//! `flock(2)` on a file of its own beside it: the config file itself is replaced, so a lock on it
//! would be a lock on the old one. The kernel releases the lock of a killed process. The lock file
//! is removed by its holder; who was waiting for that very file notices and starts again.

use std::{
    fs::{File, TryLockError, remove_file, symlink_metadata},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    thread::sleep,
    time::{Duration, Instant},
};

use rustix::fs::{Mode, OFlags};

use super::{
    error::{Attempt, AuthFileError},
    location::Location,
};

/// How long to wait for another run: many times what one takes on a slow disk.
pub const PATIENCE: Duration = Duration::from_secs(30);

const PAUSE: Duration = Duration::from_millis(5);

/// The right to change one docker config file; given back when dropped.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// Acquires the lock of the file at `location`, whose directory must exist.
    ///
    /// # Errors
    /// [`AuthFileError::Locked`] when another run holds it for longer than `patience`;
    /// [`AuthFileError::System`] when the lock file cannot be made.
    pub fn acquire(location: &Location, patience: Duration) -> Result<Self, AuthFileError> {
        let path = lock_path(location);
        let start = Instant::now();
        loop {
            if let Some(file) = try_lock(&path)? {
                return Ok(Self { path, _file: file });
            }
            if start.elapsed() >= patience {
                return Err(AuthFileError::Locked {
                    path: location.target().to_owned(),
                    lock: path,
                    waited_s: patience.as_secs(),
                });
            }
            sleep(PAUSE);
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While the lock is held: the name is still that of our own file. If it cannot be removed,
        // the next run uses it.
        let _ = remove_file(&self.path);
    }
}

/// Returns where the lock file of `location` is, when there is one.
pub(super) fn lock_path(location: &Location) -> PathBuf {
    location.companion("lock")
}

/// Returns the locked file, or `None` when another run holds it or has just removed it.
fn try_lock(path: &Path) -> Result<Option<File>, AuthFileError> {
    let file = open(path).attempt("open the lock file", path)?;
    match file.try_lock() {
        Ok(()) if is_at(&file, path) => Ok(Some(file)),
        Ok(()) | Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error).attempt("lock", path),
    }
}

/// `NONBLOCK`: should somebody have put a FIFO there.
fn open(path: &Path) -> io::Result<File> {
    let flags =
        OFlags::CREATE | OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?;
    Ok(File::from(file))
}

fn is_at(file: &File, path: &Path) -> bool {
    let identity = |data: std::fs::Metadata| (data.dev(), data.ino());
    let ours = file.metadata().map(identity).ok();
    ours.is_some() && ours == symlink_metadata(path).map(identity).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch() -> (tempfile::TempDir, Location) {
        let directory = tempfile::tempdir().unwrap();
        let location = Location::resolve(&directory.path().join("config.json")).unwrap();
        (directory, location)
    }

    #[test]
    fn leaves_nothing_behind() {
        let (directory, location) = scratch();
        drop(Lock::acquire(&location, Duration::ZERO).unwrap());
        assert_eq!(directory.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn tells_who_waits_too_long_where_the_lock_is() {
        let (_guard, location) = scratch();
        let _held = Lock::acquire(&location, Duration::ZERO).unwrap();
        let error = Lock::acquire(&location, Duration::from_millis(20)).unwrap_err();
        assert_eq!(error.reason(), "locked");
        assert!(error.to_string().contains(".config.json.oreg-lock"));
    }

    #[test]
    fn what_a_killed_run_left_is_no_lock() {
        let (_guard, location) = scratch();
        File::create(lock_path(&location)).unwrap();
        assert!(Lock::acquire(&location, Duration::ZERO).is_ok());
    }

    #[test]
    fn only_one_of_many_holds_it() {
        let (_guard, location) = scratch();
        let counter = std::sync::atomic::AtomicUsize::new(0);
        let hold = || {
            for _ in 0..50 {
                let _lock = Lock::acquire(&location, PATIENCE).unwrap();
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
