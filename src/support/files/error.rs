//! Errors of files. Every message names the path that the user gave, or the obstacle on it; the
//! system's own words are the source.

use std::{
    io,
    path::{Path, PathBuf},
};

use thiserror::Error;

/// Why a file could not be read or was left as it was.
#[derive(Debug, Error)]
pub enum FileError {
    /// The meaning of a relative path depends on the working directory.
    #[error("cannot use {path}: not an absolute path; write it from the root (/…)")]
    NotAbsolute {
        /// The path as given.
        path: PathBuf,
    },
    /// Not a regular file, or not a directory where one must be.
    #[error("cannot use {path}: {obstacle} is {kind}; remove it, or name another path")]
    InTheWay {
        /// The path as given.
        path: PathBuf,
        /// The obstacle.
        obstacle: PathBuf,
        /// Its kind, with an article.
        kind: &'static str,
    },
    /// Another user can put a file or a link in the place of the one that is meant.
    #[error(
        "cannot use {path}: {directory} {problem}, so others could read or replace the \
         credentials; name a path that only its owner can write to"
    )]
    UnsafeDirectory {
        /// The path as given.
        path: PathBuf,
        /// The directory in question.
        directory: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Another user's link leads to a file that is not that user's.
    #[error(
        "cannot use {path}: {link} is a link of another user, or in a directory of another user, \
         and leads to {target}, which belongs to someone else; name that file itself if it is meant"
    )]
    UnsafeLink {
        /// The path as given.
        path: PathBuf,
        /// The link.
        link: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// The file has a second name, which another user may have made.
    #[error(
        "cannot use {path}: {file} is a hard link, the same file under {names} names; remove the other \
         names (find their place with find / -xdev -samefile {file}), or replace it by a copy"
    )]
    HardLink {
        /// The path as given.
        path: PathBuf,
        /// The file.
        file: PathBuf,
        /// How many names it has.
        names: u64,
    },
    /// A user's directory holds a file of a third user.
    #[error(
        "cannot use {path}: {file} belongs to user {owner}, its directory to user {directory_owner}; \
         give both to one of them"
    )]
    ForeignFile {
        /// The path as given.
        path: PathBuf,
        /// The file.
        file: PathBuf,
        /// Who owns the file.
        owner: u32,
        /// Who owns its directory.
        directory_owner: u32,
    },
    /// A file of root would become readable by, or belong to, a user who can have put it there.
    #[error(
        "cannot use {path}: {file} belongs to user {owner}, and another user controls the path to it; \
         making it readable or giving it to someone could give away a file that was moved there: \
         look at it, then change its owner and mode by hand, or remove it"
    )]
    GivesAway {
        /// The path as given.
        path: PathBuf,
        /// The file.
        file: PathBuf,
        /// Who owns the file.
        owner: u32,
    },
    /// Symbolic links without end.
    #[error("cannot use {path}: its symbolic links lead in a circle")]
    LinkLoop {
        /// The path as given.
        path: PathBuf,
    },
    /// A file that is a mount point cannot be replaced by rename(2).
    #[error(
        "cannot replace {path}: it is a mount point, as containers have them; change the file that is \
         mounted there, or mount its directory instead"
    )]
    MountPoint {
        /// The file.
        path: PathBuf,
    },
    /// Another run holds the lock and does not release it.
    #[error(
        "cannot change {path}: another run has held the lock {lock} for {waited_s} seconds; see \
         what it is doing (fuser -v {lock}) and run again"
    )]
    Locked {
        /// The file.
        path: PathBuf,
        /// The lock file.
        lock: PathBuf,
        /// How long this run waited.
        waited_s: u64,
    },
    /// No honest file is that large.
    #[error("cannot read {path}: it is larger than {limit} bytes; it is left as it is")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most that is read.
        limit: u64,
    },
    /// The next run would not read it.
    #[error(
        "cannot write {path}: it would be larger than {limit} bytes, the most that is read; it is left \
         as it is: remove entries that are not needed"
    )]
    WouldBeTooLarge {
        /// The file.
        path: PathBuf,
        /// The most that is read.
        limit: u64,
    },
    /// A file whose content is obeyed or secret, which others can write or read.
    #[error("cannot use {path}: {problem}; {remedy}")]
    NotTrusted {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
        /// The way out.
        remedy: &'static str,
    },
    /// The system refused.
    #[error("cannot {attempt} {path}")]
    System {
        /// What was attempted, as a verb that takes the path.
        attempt: &'static str,
        /// The file, directory or link it was attempted on.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
}

impl FileError {
    /// The stable word for the error.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NotAbsolute { .. } => "not_absolute",
            Self::InTheWay { .. } => "in_the_way",
            Self::UnsafeDirectory { .. } => "unsafe_directory",
            Self::UnsafeLink { .. } | Self::HardLink { .. } => "unsafe_link",
            Self::ForeignFile { .. } | Self::GivesAway { .. } => "unsafe_owner",
            Self::LinkLoop { .. } => "link_loop",
            Self::MountPoint { .. } => "mount_point",
            Self::Locked { .. } => "locked",
            Self::TooLarge { .. } | Self::WouldBeTooLarge { .. } => "too_large",
            Self::NotTrusted { .. } => "not_trusted",
            Self::System { source, .. } => system_reason(source.kind()),
        }
    }
}

fn system_reason(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::StorageFull => "no_space",
        io::ErrorKind::QuotaExceeded => "quota_exceeded",
        io::ErrorKind::ReadOnlyFilesystem => "read_only",
        io::ErrorKind::PermissionDenied => "permission_denied",
        _ => "system_error",
    }
}

/// Adds what was attempted to the system's refusal.
pub(super) trait Attempt<T> {
    /// `attempt` is a verb that takes `path`.
    fn attempt(self, attempt: &'static str, path: &Path) -> Result<T, FileError>;
}

impl<T, E: Into<io::Error>> Attempt<T> for Result<T, E> {
    fn attempt(self, attempt: &'static str, path: &Path) -> Result<T, FileError> {
        self.map_err(|error| FileError::System {
            attempt,
            path: path.to_owned(),
            source: error.into(),
        })
    }
}
