//! What came of syncing pull secrets.

use std::path::PathBuf;

use crate::{
    cluster::{
        ClusterError,
        manifest::PlannedManifest,
        names::ObjectName,
        plan::{Action, SecretPlan},
        service_account::AccountPlan,
    },
    domain::plan::Change,
};

/// What was done, or would be.
#[derive(Debug, Default)]
pub struct Report {
    /// The secrets, by namespace.
    pub secrets: Vec<SecretReport>,
    /// The service accounts.
    pub accounts: Vec<AccountReport>,
    /// What a user should know.
    pub warnings: Vec<String>,
    /// What went wrong. Secrets that are not in the report were not touched.
    pub errors: Vec<ClusterError>,
}

/// What became of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretReport {
    /// The secret.
    pub name: ObjectName,
    /// The registry, where it is known.
    pub host: Option<String>,
    /// What happened.
    pub action: Action,
    /// What it held, without secrets.
    pub before: Vec<String>,
    /// What it holds, without secrets.
    pub after: Vec<String>,
    /// The entries that differ, of the global secret.
    pub changes: Vec<Change>,
    /// The manifest.
    pub manifest: Option<PathBuf>,
}

/// What became of a service account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountReport {
    /// The account.
    pub name: ObjectName,
    /// What happened.
    pub action: Action,
    /// The lists as they were.
    pub before: Vec<String>,
    /// The lists as they are.
    pub after: Vec<String>,
}

impl Report {
    /// Returns whether anything differs, or will.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        let secrets = self.secrets.iter().map(|secret| secret.action);
        let mut actions = secrets.chain(self.accounts.iter().map(|account| account.action));
        actions.any(|action| action != Action::Unchanged)
    }

    pub(in crate::operations) fn add_secrets(&mut self, plans: impl Iterator<Item = SecretPlan>) {
        for plan in plans {
            self.add_secret(plan, None);
        }
    }

    pub(super) fn add_manifest(&mut self, plan: PlannedManifest) {
        self.add_secret(plan.plan, Some(plan.path));
    }

    fn add_secret(&mut self, mut plan: SecretPlan, manifest: Option<PathBuf>) {
        self.warnings.append(&mut plan.warnings);
        self.secrets.push(SecretReport::of(plan, manifest));
    }

    /// Tells that nothing was done because of errors.
    #[must_use]
    pub fn of_errors(errors: Vec<ClusterError>) -> Self {
        Self {
            errors,
            ..Self::default()
        }
    }
}

impl SecretReport {
    fn of(plan: SecretPlan, manifest: Option<PathBuf>) -> Self {
        Self {
            name: plan.name,
            host: plan.host,
            action: plan.action,
            before: plan.before,
            after: plan.after,
            changes: plan.changes,
            manifest,
        }
    }
}

impl AccountReport {
    pub(super) fn of(plan: AccountPlan) -> Self {
        let action = if plan.is_empty() {
            Action::Unchanged
        } else {
            Action::Updated
        };
        Self {
            name: plan.account,
            action,
            before: plan.before,
            after: plan.after,
        }
    }
}
