//! System calls relative to an open directory. No function here resolves more than one name.

use std::{
    ffi::{OsStr, OsString},
    fs::{File, Metadata},
    io,
    os::unix::ffi::OsStringExt,
    path::PathBuf,
};

use rustix::{
    fs::{AtFlags, Mode, OFlags},
    io::Errno,
};

/// An entry of a directory, opened without reading it: a FIFO does not block, a device does not act,
/// a link is not followed.
#[derive(Debug)]
pub(super) struct Entry {
    /// An `O_PATH` descriptor: good for `fstat`, `readlinkat` and as the start of other calls.
    pub(super) file: File,
    pub(super) metadata: Metadata,
}

/// Opens the root directory.
pub(super) fn root() -> io::Result<Entry> {
    entry(File::from(rustix::fs::open(
        "/",
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )?))
}

/// Opens the entry `name` of `directory`; `None` when there is none.
pub(super) fn look(directory: &File, name: &OsStr) -> io::Result<Option<Entry>> {
    match open(directory, name, OFlags::PATH) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        opened => entry(opened?).map(Some),
    }
}

fn entry(file: File) -> io::Result<Entry> {
    let metadata = file.metadata()?;
    Ok(Entry { file, metadata })
}

/// Opens `name` in `directory`. Never follows a link, never blocks, never leaks to a child process.
/// A file that this makes is for its owner alone.
pub(super) fn open(directory: &File, name: &OsStr, flags: OFlags) -> io::Result<File> {
    // Links are followed by the walk, which judges them, and by nothing else.
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    // For files that are made: never wider, whatever the umask is.
    let mode = Mode::RUSR | Mode::WUSR;
    Ok(File::from(rustix::fs::openat(
        directory, name, flags, mode,
    )?))
}

/// Opens a directory that was opened by `O_PATH` again, so that it can be read and synced.
pub(super) fn reopen(directory: &File) -> io::Result<File> {
    open(
        directory,
        OsStr::new("."),
        OFlags::RDONLY | OFlags::DIRECTORY,
    )
}

/// Reads the target of an opened link.
pub(super) fn read_link(link: &File) -> io::Result<PathBuf> {
    // An empty name means the descriptor itself (Linux 2.6.39).
    let target = rustix::fs::readlinkat(link, "", Vec::new())?;
    Ok(PathBuf::from(OsString::from_vec(target.into_bytes())))
}

/// Removes the name `name`, which need not exist.
pub(super) fn remove(directory: &File, name: &OsStr) -> io::Result<()> {
    match rustix::fs::unlinkat(directory, name, AtFlags::empty()) {
        // Removed by another run just now: what was wanted is so.
        Err(Errno::NOENT) => Ok(()),
        removed => Ok(removed?),
    }
}

/// Makes the names in `directory` survive a loss of power.
pub(super) fn sync(directory: &File) -> io::Result<()> {
    match reopen(directory)?.sync_all() {
        // Some network file systems cannot.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        synced => synced,
    }
}

/// Whether nothing is in the opened directory.
pub(super) fn is_empty(directory: &File) -> io::Result<bool> {
    let mut buffer = Vec::with_capacity(4096);
    let mut entries = rustix::fs::RawDir::new(directory, buffer.spare_capacity_mut());
    while let Some(entry) = entries.next() {
        let entry = entry?;
        if ![&b"."[..], b".."].contains(&entry.file_name().to_bytes()) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The name of a directory entry.
pub(super) fn name_of(entry: &rustix::fs::DirEntry) -> OsString {
    OsString::from_vec(entry.file_name().to_bytes().to_vec())
}
