//! Errors of docker config files. Every message names the path and what was attempted.

use std::path::PathBuf;

use thiserror::Error;

use crate::{domain::docker_config::DocumentError, support::files::FileError};

/// Why a docker config file was left as it was.
#[derive(Debug, Error)]
pub enum AuthFileError {
    /// The file, not its content.
    #[error(transparent)]
    File(#[from] FileError),
    /// Not a docker config document.
    #[error(
        "cannot read docker config {path}; it is left as it is, because its content would be lost: \
         repair it, or move it away"
    )]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        source: DocumentError,
    },
}

impl AuthFileError {
    /// The stable word for the error.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::File(error) => error.reason(),
            Self::Malformed { .. } => "malformed",
        }
    }
}
