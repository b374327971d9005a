//! The way from one state of a secret to another.

use std::fmt;

use k8s_openapi::api::core::v1::Secret;

use super::{
    error::ClusterError,
    live_secret::{Identity, LiveSecret},
    names::{DOCUMENT_KEY, ObjectName},
};
use crate::domain::{docker_config::DockerConfig, plan::Change};

/// What the API server takes (`MaxSecretSize`, Kubernetes `pkg/apis/core/types.go`).
const MAX_BYTES: usize = 1 << 20;

/// What becomes of a secret that cannot be changed to what is wanted: it has another type, is immutable,
/// or holds a document that only others can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnConflict {
    /// It stays, and that is an error.
    Refuse,
    /// A new one takes its place.
    Replace,
}

/// What happens, or happened, to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It was not there.
    Created,
    /// It was changed in place.
    Updated,
    /// It was deleted and created.
    Recreated,
    /// It was as wanted.
    Unchanged,
    /// It was there.
    Deleted,
}

/// The way from one state of a secret to another.
#[derive(Clone, Debug)]
pub struct SecretPlan {
    /// The secret.
    pub name: ObjectName,
    /// The first registry it is, or was, for.
    pub host: Option<String>,
    /// What happens.
    pub action: Action,
    /// What it holds, one line per entry, without secrets.
    pub before: Vec<String>,
    /// What it will hold.
    pub after: Vec<String>,
    /// The entries that differ, of the global secret, which holds many registries.
    pub changes: Vec<Change>,
    /// What a user should know.
    pub warnings: Vec<String>,
    pub(super) step: Step,
}

/// What is to be sent.
#[derive(Clone)]
pub(super) enum Step {
    Nothing,
    Create(Box<Secret>),
    Replace(Box<Secret>),
    Recreate(Identity, Box<Secret>),
    Delete(Identity),
}

/// Without the credentials, which a derived one would print.
impl fmt::Debug for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Create(_) => "Create",
            Self::Replace(_) => "Replace",
            Self::Recreate(..) => "Recreate",
            Self::Delete(_) => "Delete",
        })
    }
}

impl SecretPlan {
    pub(super) fn nothing(name: &ObjectName) -> Self {
        Self {
            name: name.clone(),
            host: None,
            action: Action::Unchanged,
            before: Vec::new(),
            after: Vec::new(),
            changes: Vec::new(),
            warnings: Vec::new(),
            step: Step::Nothing,
        }
    }

    /// Plans that a secret stays as it is, and says why.
    pub(super) fn left_alone(live: &LiveSecret, why: &str) -> Self {
        let name = live.name();
        Self {
            warnings: vec![format!("secret {name} {why}")],
            ..Self::nothing(&name)
        }
    }

    /// Plans that a secret is not there, whatever it holds.
    pub(super) fn deletion(live: &LiveSecret) -> Self {
        let held = live.finalizers().map(|finalizers| {
            let name = live.name();
            format!("secret {name} is deleted once its finalizers let it go: {finalizers}")
        });
        Self {
            host: live.own_registry().map(|host| host.to_string()),
            action: Action::Deleted,
            before: live.entry_lines(),
            warnings: held.into_iter().collect(),
            step: Step::Delete(live.identity()),
            ..Self::nothing(&live.name())
        }
    }

    /// Adds the step, unless the server would find it too large.
    pub(super) fn checked(mut self, step: Step) -> Result<Self, ClusterError> {
        let bytes = match &step {
            Step::Create(secret) | Step::Replace(secret) | Step::Recreate(_, secret) => {
                size(secret)
            }
            Step::Nothing | Step::Delete(_) => 0,
        };
        if bytes > MAX_BYTES {
            let secret = self.name;
            return Err(ClusterError::TooLarge { secret, bytes });
        }
        self.step = step;
        Ok(self)
    }

    /// Returns the document that an existing secret gets.
    pub(super) fn document(&self) -> Option<&[u8]> {
        let Step::Replace(secret) = &self.step else {
            return None;
        };
        let document = secret.data.as_ref()?.get(DOCUMENT_KEY)?;
        Some(&document.0)
    }

    /// Returns whether an object is made, which needs a namespace that takes one.
    #[must_use]
    pub fn creates(&self) -> bool {
        matches!(self.step, Step::Create(_) | Step::Recreate(..))
    }

    /// Returns whether nothing is to be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.action == Action::Unchanged
    }
}

/// Returns the document of a secret; one that others may read and this program cannot stays, unless it may
/// be replaced.
pub(super) fn document_of(
    live: &LiveSecret,
    on_conflict: OnConflict,
) -> Result<Option<DockerConfig>, ClusterError> {
    match live.document() {
        Err(error) if on_conflict == OnConflict::Refuse => Err(ClusterError::Malformed {
            secret: live.name(),
            problem: error.to_string(),
        }),
        result => Ok(result.ok().flatten()),
    }
}

/// Rejects a secret that is on its way out, or would be held on it: it would be gone after the change, or
/// in the way of its successor, in this run and in every later one.
pub(super) fn require_lasting(live: &LiveSecret) -> Result<(), ClusterError> {
    if !live.is_being_deleted() {
        return Ok(());
    }
    Err(ClusterError::BeingDeleted {
        secret: live.name(),
        finalizers: live.finalizers().unwrap_or_else(|| "none".to_owned()),
    })
}

/// Rejects a replacement that finalizers would not let through.
pub(super) fn require_deletable(live: &LiveSecret) -> Result<(), ClusterError> {
    match live.finalizers() {
        None => Ok(()),
        Some(finalizers) => Err(ClusterError::HeldByFinalizers {
            secret: live.name(),
            finalizers,
        }),
    }
}

fn size(secret: &Secret) -> usize {
    let values = secret.data.iter().flat_map(|data| data.values());
    values.map(|value| value.0.len()).sum()
}
