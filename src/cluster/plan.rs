//! What is wanted of one secret, and the way there: pure planning, no I/O.

use std::fmt;

use k8s_openapi::api::core::v1::Secret;

use super::{
    error::ClusterError,
    live_secret::{Identity, LiveSecret},
    names::ObjectName,
    pull_secret::{DOCUMENT_KEY, PullSecret, SECRET_TYPE},
    removal::{Removal, deletion},
};
use crate::domain::docker_config::DockerConfig;

/// What the API server takes (`MaxSecretSize`, Kubernetes `pkg/apis/core/types.go`).
const MAX_BYTES: usize = 1 << 20;

/// What is wanted of one secret.
#[derive(Clone, Debug)]
pub enum Goal {
    /// It holds this.
    Present(PullSecret),
    /// It holds nothing for some registries, and is not there when nothing is left.
    Absent(Removal),
    /// It is not there, as long as it is one of ours.
    Pruned(ObjectName),
}

/// What becomes of a secret that has our name and another type, or a document that we cannot read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strangers {
    /// It stays, and that is an error.
    Refuse,
    /// Ours takes its place.
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
pub struct Plan {
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

impl Goal {
    /// Returns the secret's name.
    #[must_use]
    pub fn name(&self) -> &ObjectName {
        match self {
            Self::Present(secret) => &secret.name,
            Self::Absent(removal) => &removal.name,
            Self::Pruned(name) => name,
        }
    }

    /// Plans the way from `live` to this goal.
    ///
    /// # Errors
    /// [`ClusterError::WrongType`], [`ClusterError::Malformed`] and [`ClusterError::TooLarge`].
    pub fn plan(
        &self,
        live: Option<&LiveSecret>,
        strangers: Strangers,
    ) -> Result<Plan, ClusterError> {
        match (self, live) {
            (Self::Absent(_) | Self::Pruned(_), None) => Ok(Plan::nothing(self.name())),
            (Self::Absent(removal), Some(live)) => removal.plan(live, strangers),
            (Self::Pruned(_), Some(live)) if live.is_ours() => Ok(deletion(live)),
            (Self::Pruned(name), Some(_)) => Ok(Plan::nothing(name)),
            (Self::Present(wanted), None) => wanted.plan_creation(),
            (Self::Present(wanted), Some(live)) if live.kind() == SECRET_TYPE => {
                wanted.plan_update(live, strangers)
            }
            (Self::Present(wanted), Some(live)) => match strangers {
                Strangers::Replace => wanted.plan_replacement(live),
                Strangers::Refuse => Err(ClusterError::WrongType {
                    secret: wanted.name.clone(),
                    found: live.kind().to_owned(),
                }),
            },
        }
    }
}

impl Plan {
    pub(super) fn nothing(name: &ObjectName) -> Self {
        Self {
            name: name.clone(),
            host: None,
            action: Action::Unchanged,
            before: Vec::new(),
            after: Vec::new(),
            warnings: Vec::new(),
            step: Step::Nothing,
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

    /// Returns whether nothing is to be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.action == Action::Unchanged
    }
}

/// The document of a secret; one that others may read and we cannot stays, unless it may be replaced.
pub(super) fn document_of(
    live: &LiveSecret,
    strangers: Strangers,
) -> Result<Option<DockerConfig>, ClusterError> {
    match live.document() {
        Err(fault) if strangers == Strangers::Refuse => Err(ClusterError::Malformed {
            secret: live.name(),
            fault: fault.to_string(),
        }),
        result => Ok(result.ok().flatten()),
    }
}

fn size(secret: &Secret) -> usize {
    let values = secret.data.iter().flat_map(|data| data.values());
    values.map(|value| value.0.len()).sum()
}
