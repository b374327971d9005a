//! What is wanted of one secret: which way leads there is decided by what it is and what it is to be.

use super::{
    error::ClusterError,
    live_secret::LiveSecret,
    names::{ObjectName, SECRET_TYPE},
    plan::{OnConflict, SecretPlan, require_lasting},
    pull_secret::PullSecret,
    removal::{Removal, going},
};

/// What is wanted of one secret.
#[derive(Clone, Debug)]
pub enum Goal {
    /// It holds this.
    Present(PullSecret),
    /// It holds nothing for some registries, and is not there when nothing is left.
    Absent(Removal),
    /// It is not there, as long as oreg made it.
    Pruned(ObjectName),
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
    /// [`ClusterError`] when the secret cannot be changed to what is wanted, or would be too large.
    pub fn plan(
        &self,
        live: Option<&LiveSecret>,
        on_conflict: OnConflict,
    ) -> Result<SecretPlan, ClusterError> {
        match (self, live) {
            (Self::Absent(_) | Self::Pruned(_), None) => Ok(SecretPlan::nothing(self.name())),
            (Self::Absent(removal), Some(live)) => removal.plan(live, on_conflict),
            (Self::Pruned(_), Some(live)) => Ok(plan_pruning(live)),
            (Self::Present(wanted), None) => wanted.plan_creation(),
            (Self::Present(wanted), Some(live)) if live.kind() == SECRET_TYPE => {
                wanted.plan_update(live, on_conflict)
            }
            (Self::Present(wanted), Some(live)) => match on_conflict {
                OnConflict::Replace => wanted.plan_replacement(live),
                OnConflict::Refuse => {
                    // "Delete it" would be the wrong advice for a secret that is being deleted.
                    require_lasting(live)?;
                    Err(ClusterError::WrongType {
                        secret: wanted.name.clone(),
                        found: live.kind().to_owned(),
                    })
                }
            },
        }
    }
}

/// Somebody else may have taken the secret over since it was listed.
fn plan_pruning(live: &LiveSecret) -> SecretPlan {
    if !live.is_managed() {
        SecretPlan::nothing(&live.name())
    } else if live.is_being_deleted() {
        going(live)
    } else {
        SecretPlan::deletion(live)
    }
}
