//! What is to change in a docker config document, and what it will be then.

use super::{
    credential::Credential, docker_config::DockerConfig, stored_entry::StoredEntry,
    warning::Warning,
};

/// The way from one document to another.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What differs, in the order of the new document, removals last.
    pub changes: Vec<Change>,
    /// What a user should know about the new document.
    pub warnings: Vec<Warning>,
    pub(super) document: DockerConfig,
}

/// One entry that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The key in `auths`.
    pub key: String,
    /// Other keys for the same registry that this change removes.
    pub folded: Vec<String>,
    /// What stood there; `None` when nothing did.
    pub before: Option<EntrySummary>,
    /// What will stand there; `None` when nothing will.
    pub after: Option<EntrySummary>,
}

/// What an entry holds, in words that may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntrySummary {
    /// A credential.
    Credential {
        /// The user name.
        user: String,
        /// The fingerprint of the password.
        fingerprint: String,
    },
    /// No credential, or a token.
    Other,
    /// Something no reader can decode.
    Unreadable,
}

impl Plan {
    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The document as it will be.
    pub fn document(&self) -> &DockerConfig {
        &self.document
    }
}

impl Change {
    /// Whether there was nothing before.
    pub fn is_addition(&self) -> bool {
        self.before.is_none()
    }

    /// Whether there will be nothing after.
    pub fn is_removal(&self) -> bool {
        self.after.is_none()
    }
}

impl EntrySummary {
    /// What `entry` holds.
    pub fn of(entry: &StoredEntry) -> Self {
        match entry.credential() {
            Ok(Some(credential)) => Self::of_credential(&credential),
            Ok(None) => Self::Other,
            Err(_) => Self::Unreadable,
        }
    }

    pub(super) fn of_credential(credential: &Credential) -> Self {
        Self::Credential {
            user: credential.user().to_owned(),
            fingerprint: credential.password().fingerprint(),
        }
    }
}
