//! Reads the files that a user names. They may be pipes (`<(oc get secret …)`) and links, so nothing is
//! asked of them but that they end; a FIFO with a name may never do so.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::FileTypeExt,
    path::{Path, PathBuf},
};

use rustix::fs::{Mode, OFlags};
use thiserror::Error;

use super::form::{Document, FormError, documents};

/// The name of standard input.
pub const STDIN: &str = "-";

/// A larger file is a mistake: a list of all Secrets of a large cluster has a tenth of this.
const MAX_BYTES: u64 = 16 << 20;

/// The file system of pipes without a name (`PIPEFS_MAGIC` of linux/magic.h).
const PIPEFS: rustix::fs::FsWord = 0x5049_5045;

/// Why a file gives no credentials.
#[derive(Debug, Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("cannot read {}", place(.path))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: Unreadable,
    },
    /// It is too large.
    #[error("{} is larger than {} MiB: no file of credentials is", place(.0), MAX_BYTES >> 20)]
    TooLarge(PathBuf),
    /// Its content is not understood.
    #[error("{} {flaw}", place(.path))]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong. The message includes it, so it is not a `source`.
        flaw: FormError,
    },
}

/// What the system says of a file, in the words of its user.
#[derive(Debug, Error)]
#[error("{}", reason(.0))]
pub struct Unreadable(io::Error);

/// Reads the file and finds the documents in it.
///
/// # Errors
/// [`FileError`], which names the file and quotes nothing of it.
pub fn read_documents(path: &Path) -> Result<Vec<Document>, FileError> {
    let bytes = read(path)?;
    documents(&place(path), &bytes).map_err(|flaw| FileError::Form {
        path: path.to_owned(),
        flaw,
    })
}

/// Reads the file whole.
///
/// # Errors
/// [`FileError`] when it cannot be read, or does not end.
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    let bytes = if path == Path::new(STDIN) {
        bounded(io::stdin().lock())
    } else {
        open(path).and_then(bounded)
    };
    let bytes = bytes.map_err(|error| FileError::Read {
        path: path.to_owned(),
        source: Unreadable(error),
    })?;
    bytes.ok_or_else(|| FileError::TooLarge(path.to_owned()))
}

/// Opens the file without waiting for a writer: a FIFO that somebody has left in its place would hold the
/// command for ever. A pipe of the shell has no name, and has a writer.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    if file.metadata()?.file_type().is_fifo() && rustix::fs::fstatfs(&file)?.f_type != PIPEFS {
        return Err(io::Error::other(
            "it is a FIFO: name a file, or give its content on standard input",
        ));
    }
    let flags = rustix::fs::fcntl_getfl(&file)?;
    rustix::fs::fcntl_setfl(&file, flags - OFlags::NONBLOCK)?;
    Ok(file)
}

fn bounded(reader: impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    reader.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= MAX_BYTES).then_some(bytes))
}

/// Names a file in messages and results.
#[must_use]
pub fn place(path: &Path) -> String {
    if path == Path::new(STDIN) {
        return "standard input".to_owned();
    }
    path.display().to_string()
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory: name the file in it".to_owned(),
        io::ErrorKind::PermissionDenied => {
            "permission denied: it belongs to another user".to_owned()
        }
        _ => error.to_string(),
    }
}
