//! The exit statuses of the command. Scripts rely on them.

use std::process::ExitCode;

use crate::operations::report::{Registry, Standing};

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Everything was proven, or done.
    Proven = 0,
    /// A registry refuses a credential, or denies the image.
    Refused = 1,
    /// Wrong arguments, or a file that cannot be read or understood.
    Usage = 2,
    /// Nothing can be said about a credential.
    Unknown = 3,
    /// All proven, but one expires within `--expires-in`.
    Expires = 4,
    /// There was nothing to check.
    Nothing = 5,
}

/// The statuses as `--help` lists them.
pub const HELP: &str = "Exit status:
  0  every credential was proven
  1  a registry refuses a credential, or denies the image
  2  wrong arguments, or a file that cannot be read or understood
  3  nothing can be said: unreachable, TLS, proxy, rate limit, unreadable entry
  4  all proven, but one expires within --expires-in
  5  nothing was checked";

/// Joins the examples of a command and the statuses, for `--help`.
#[must_use]
pub fn help(examples: &str) -> String {
    format!("{examples}\n\n{HELP}")
}

impl Status {
    /// Judges proofs. `expires` says whether one of the good ones ends too soon.
    #[must_use]
    pub fn of_proofs(registries: &[Registry], expires: impl Fn(&Registry) -> bool) -> Self {
        let has = |wanted: &[Standing]| {
            let mut standings = registries.iter().map(Registry::standing);
            standings.any(|standing| wanted.contains(&standing))
        };
        if has(&[Standing::Refused]) {
            Self::Refused
        } else if has(&[Standing::Unknown, Standing::Differs]) {
            Self::Unknown
        } else if !has(&[Standing::Good]) {
            Self::Nothing
        } else if registries.iter().any(expires) {
            Self::Expires
        } else {
            Self::Proven
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}
