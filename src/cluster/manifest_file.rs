//! The file of a manifest: read without being held up, and replaced whole or not at all.
//!
//! A new file is written beside the old one, under a name that is always the same, and renamed. The
//! kernel's lock on it (`flock(2)`) tells a run at work from one that was killed, whose file is
//! used again or tidied away: it holds credentials.

use std::{
    fs::{self, File, Metadata, Permissions, TryLockError},
    io::{self, Read, Write},
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    thread::sleep,
    time::Duration,
};

use rustix::fs::{Mode, OFlags};

use super::error::ClusterError;
use crate::domain::secret::Secret as Hidden;

/// Who may read a manifest: its owner.
pub(super) const MODE: u32 = 0o600;
/// The most that is read or written: `oc apply` takes not even a quarter of it.
pub(super) const MAX_BYTES: usize = 1 << 20;
const PERMISSION_BITS: u32 = 0o7777;

/// The names of files in the making: hidden, and passed by by `oc apply -f`.
const HIDDEN: char = '.';
const ENDING: &str = ".json.oreg-new";

/// How often, and how long each time, another run is waited for that writes the same file.
const TRIES: u32 = 200;
const PAUSE: Duration = Duration::from_millis(50);

/// A file as it is.
pub(super) struct Found {
    pub(super) text: Vec<u8>,
    pub(super) mode: u32,
}

/// Reads the file at `path`; `None` when there is none.
///
/// # Errors
/// [`ClusterError::InTheWay`] for anything but a file: a link's target would keep the old
/// credential, and a FIFO never ends. [`ClusterError::ManifestTooLarge`], and what the system
/// refuses.
pub(super) fn read(path: &Path) -> Result<Option<Found>, ClusterError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        found => require_file(path, &found.map_err(failed("look at", path))?)?,
    }
    let file = open(path, OFlags::RDONLY).map_err(failed("read", path))?;
    let metadata = file.metadata().map_err(failed("look at", path))?;
    require_file(path, &metadata)?;
    let mut text = Vec::new();
    let limit = MAX_BYTES as u64;
    let reader = file.take(limit + 1).read_to_end(&mut text);
    reader.map_err(failed("read", path))?;
    if text.len() > MAX_BYTES {
        let path = path.to_owned();
        return Err(ClusterError::ManifestTooLarge { path });
    }
    let mode = metadata.permissions().mode() & PERMISSION_BITS;
    Ok(Some(Found { text, mode }))
}

/// Puts `text` in the place of the file at `path`.
///
/// # Errors
/// What the system refuses; the old file is then as it was.
pub(super) fn replace(path: &Path, text: &Hidden) -> Result<(), ClusterError> {
    let beside = beside(path);
    let write = |file: &File| {
        file.set_permissions(Permissions::from_mode(MODE))?;
        file.set_len(0)?;
        (&*file).write_all(text.expose().as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    let written = acquire(&beside).and_then(|file| {
        // Under the lock: what is there is our own.
        write(&file).inspect_err(|_| drop(fs::remove_file(&beside)))
    });
    written
        .and_then(|()| sync(path))
        .map_err(failed("write", path))
}

/// Removes the file at `path`. One that is not there any more is none too few.
///
/// # Errors
/// What the system refuses.
pub(super) fn remove(path: &Path) -> Result<(), ClusterError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.and_then(|()| sync(path)),
    }
    .map_err(failed("remove", path))
}

/// Removes what killed runs left in a directory. Nothing is said of what cannot be removed: whoever
/// writes that file will be told.
pub(super) fn tidy(directory: &Path) {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let names = entries.filter(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with(HIDDEN) && name.ends_with(ENDING)
    });
    for path in names.map(|entry| entry.path()) {
        if let Ok(file) = open(&path, OFlags::RDWR)
            && let Ok(true) = is_locked_at(&file, &path)
        {
            let _ = fs::remove_file(&path);
        }
    }
}

/// Says what was attempted when the system refuses.
pub(super) fn failed(verb: &'static str, path: &Path) -> impl Fn(io::Error) -> ClusterError {
    let attempt = format!("{verb} {}", path.display());
    move |source| ClusterError::Local {
        attempt: attempt.clone(),
        source,
    }
}

fn require_file(path: &Path, found: &Metadata) -> Result<(), ClusterError> {
    let kind = found.file_type();
    let kind = if kind.is_file() {
        return Ok(());
    } else if kind.is_symlink() {
        "a symbolic link"
    } else if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    let path = path.to_owned();
    Err(ClusterError::InTheWay { path, kind })
}

/// `/d/ns-s.json` is made as `/d/.ns-s.json.oreg-new`.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{HIDDEN}{name}{ENDING}"))
}

/// Returns the file at `path`, made if need be, and locked. What somebody else put there is removed:
/// they could read it.
fn acquire(path: &Path) -> io::Result<File> {
    let us = rustix::process::geteuid().as_raw();
    for _ in 0..TRIES {
        let file = open(path, OFlags::RDWR | OFlags::CREATE)?;
        if !is_locked_at(&file, path)? {
            sleep(PAUSE);
            continue;
        }
        let metadata = file.metadata()?;
        if metadata.is_file() && metadata.uid() == us {
            return Ok(file);
        }
        fs::remove_file(path)?;
    }
    Err(io::Error::other("another run is writing it all the time"))
}

/// Locks the file and returns whether that worked and it is still the one at `path`: who held the
/// lock before may have renamed it.
fn is_locked_at(file: &File, path: &Path) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(false),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let identity = |data: Metadata| (data.dev(), data.ino());
    let there = fs::symlink_metadata(path).map(identity);
    Ok(there.is_ok_and(|there| file.metadata().is_ok_and(|ours| identity(ours) == there)))
}

fn sync(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

fn open(path: &Path, flags: OFlags) -> io::Result<File> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?;
    Ok(File::from(file))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make files by hand")]
mod tests {
    use std::{os::unix::fs::symlink, sync::Barrier, thread};

    use super::*;

    fn scratch() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ns-s.json");
        (directory, path)
    }

    fn listing(directory: &tempfile::TempDir) -> Vec<String> {
        let entries = directory.path().read_dir().unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    #[test]
    fn what_is_no_file_of_its_own_is_refused() {
        let (directory, path) = scratch();
        let target = directory.path().join("target");
        fs::write(&target, "{}").unwrap();
        let refusal = |kind: &str| {
            let error = read(&path).err().unwrap();
            assert_eq!(error.reason(), "in_the_way");
            assert!(error.to_string().contains(&format!("is {kind}")), "{error}");
        };
        symlink(&target, &path).unwrap();
        refusal("a symbolic link");
        fs::remove_file(&path).unwrap();
        let mode = Mode::RUSR | Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        refusal("a FIFO");
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        refusal("a directory");
    }

    #[test]
    fn no_more_is_read_than_a_manifest_may_have() {
        let (_guard, path) = scratch();
        let file = File::create(&path).unwrap();
        file.set_len(MAX_BYTES as u64).unwrap();
        assert_eq!(read(&path).unwrap().unwrap().text.len(), MAX_BYTES);
        file.set_len(MAX_BYTES as u64 + 1).unwrap();
        assert_eq!(read(&path).err().unwrap().reason(), "too_large");
    }

    #[test]
    fn what_a_killed_run_left_is_used_again_or_tidied_away() {
        let (directory, path) = scratch();
        fs::write(beside(&path), "a longer half of a manifest").unwrap();
        replace(&path, &Hidden::new("new")).unwrap();
        let found = read(&path).unwrap().unwrap();
        assert_eq!((found.text.as_slice(), found.mode), (&b"new"[..], MODE));
        assert_eq!(listing(&directory), ["ns-s.json"]);

        fs::write(beside(&path), "half").unwrap();
        tidy(directory.path());
        assert_eq!(listing(&directory), ["ns-s.json"]);
    }

    #[test]
    fn what_a_run_at_work_is_writing_stays() {
        let (directory, path) = scratch();
        let _held = acquire(&beside(&path)).unwrap();
        tidy(directory.path());
        assert_eq!(listing(&directory), [".ns-s.json.oreg-new"]);
    }

    #[test]
    fn nothing_is_left_when_the_place_cannot_be_taken() {
        let (directory, path) = scratch();
        fs::create_dir(&path).unwrap();
        assert!(replace(&path, &Hidden::new("new")).is_err());
        assert_eq!(listing(&directory), ["ns-s.json"]);
    }

    #[test]
    fn many_at_once_leave_one_whole_file() {
        let (directory, path) = scratch();
        let start = Barrier::new(4);
        let texts = ["a", "b", "c", "d"].map(|letter| letter.repeat(100_000));
        let write = |text: &String| {
            start.wait();
            for _ in 0..20 {
                replace(&path, &Hidden::new(text.as_str())).unwrap();
                let found = read(&path).unwrap().unwrap().text;
                assert!(texts.iter().any(|text| text.as_bytes() == found));
            }
        };
        thread::scope(|scope| {
            for text in &texts {
                scope.spawn(|| write(text));
            }
        });
        assert_eq!(listing(&directory), ["ns-s.json"]);
    }

    #[test]
    fn what_is_gone_already_is_removed() {
        let (_guard, path) = scratch();
        remove(&path).unwrap();
    }
}
