//! What can go wrong with a docker config file. Every message names the path and what was
//! attempted; the system's own words are the source.

use std::{io, path::PathBuf};

use thiserror::Error;

use crate::domain::docker_config::DocumentError;

/// Why a docker config file was left as it was.
#[derive(Debug, Error)]
pub enum AuthFileError {
    /// Where a relative path leads depends on who runs us.
    #[error("cannot use docker config {path}: not an absolute path")]
    NotAbsolute {
        /// The path as given.
        path: PathBuf,
    },
    /// Not a regular file, or not a directory where one must be.
    #[error(
        "cannot use docker config {path}: {obstacle} is {kind}; remove it, or name another path"
    )]
    InTheWay {
        /// The path as given.
        path: PathBuf,
        /// What stands in the way.
        obstacle: PathBuf,
        /// What it is, with its article.
        kind: &'static str,
    },
    /// Somebody else could put a file or a link of theirs in the place of ours.
    #[error(
        "cannot use docker config {path}: {directory} {fault}, so others could read or replace the \
         credentials; name a path that only its owner can write to"
    )]
    UnsafeDirectory {
        /// The path as given.
        path: PathBuf,
        /// The directory in question.
        directory: PathBuf,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// Somebody else's link would have us write, and give away, what is not theirs.
    #[error(
        "cannot use docker config {path}: {link} is a link of another user, or in a directory of \
         theirs, and leads to {target}, which is not theirs; name that file itself if it is meant"
    )]
    UnsafeLink {
        /// The path as given.
        path: PathBuf,
        /// The link.
        link: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// Symbolic links without end.
    #[error("cannot use docker config {path}: its symbolic links lead in a circle")]
    LinkLoop {
        /// The path as given.
        path: PathBuf,
    },
    /// Another run holds the lock and does not let go.
    #[error(
        "cannot change docker config {path}: another run has held the lock {lock} for \
         {waited_s} seconds; see what it is doing (fuser -v {lock}) and run again"
    )]
    Locked {
        /// The file.
        path: PathBuf,
        /// The lock file.
        lock: PathBuf,
        /// How long we waited.
        waited_s: u64,
    },
    /// No honest file is that large.
    #[error(
        "cannot read docker config {path}: it is larger than {limit} bytes; it is left as it is"
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most that is read.
        limit: u64,
    },
    /// It could be written, but never be read again.
    #[error(
        "cannot write docker config {path}: it would be larger than {limit} bytes, more than is read; \
         it is left as it is: remove entries that nobody needs"
    )]
    WouldBeTooLarge {
        /// The file.
        path: PathBuf,
        /// The most that is read.
        limit: u64,
    },
    /// Not a docker config document.
    #[error(
        "cannot read docker config {path}; it is left as it is, because what it holds would be lost: \
         repair it, or move it away"
    )]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        source: DocumentError,
    },
    /// No such user or group.
    #[error(
        "{option}: {database} has no {kind} \"{name}\"; create it, or write its number (names known \
         only to a directory service such as LDAP are not looked up)"
    )]
    UnknownName {
        /// The option that names it.
        option: &'static str,
        /// The file that was searched.
        database: &'static str,
        /// `user` or `group`.
        kind: &'static str,
        /// The name.
        name: String,
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

impl AuthFileError {
    /// Returns the stable word for the error.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NotAbsolute { .. } => "not_absolute",
            Self::InTheWay { .. } => "in_the_way",
            Self::UnsafeDirectory { .. } => "unsafe_directory",
            Self::UnsafeLink { .. } => "unsafe_link",
            Self::LinkLoop { .. } => "link_loop",
            Self::Locked { .. } => "locked",
            Self::TooLarge { .. } | Self::WouldBeTooLarge { .. } => "too_large",
            Self::Malformed { .. } => "malformed",
            Self::UnknownName { .. } => "unknown_name",
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

/// Says what was attempted when the system refuses.
pub(super) trait Attempt<T> {
    /// Turns the system's refusal into an [`AuthFileError`].
    fn attempt(self, attempt: &'static str, path: &std::path::Path) -> Result<T, AuthFileError>;
}

impl<T, E: Into<io::Error>> Attempt<T> for Result<T, E> {
    fn attempt(self, attempt: &'static str, path: &std::path::Path) -> Result<T, AuthFileError> {
        self.map_err(|error| AuthFileError::System {
            attempt,
            path: path.to_owned(),
            source: error.into(),
        })
    }
}
