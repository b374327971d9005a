//! Brings the global pull secret of OKD 4 to the wanted entries.

use super::{
    Effect,
    sync_pull_secrets::{Report, SecretReport},
};
use crate::cluster::{
    Cluster, ClusterError,
    global_secret::{GlobalGoal, GlobalSecret},
    names::ObjectName,
    plan::Action,
};

/// What is wanted of the global pull secret.
#[derive(Debug)]
pub struct GlobalRequest {
    /// Which one.
    pub target: GlobalSecret,
    /// The entries.
    pub goal: GlobalGoal,
    /// What becomes of the content before the change.
    pub backup: Backup,
}

/// What becomes of the content before the change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backup {
    /// It is gone.
    None,
    /// It is kept in a secret beside it.
    Secret,
}

/// Merges the entries into the secret: one list, and at most one update.
///
/// # Errors
/// [`ClusterError`] when the secret cannot be read, or is not to be written by hand; nothing was written
/// then.
pub fn sync_global_secret(
    request: &GlobalRequest,
    cluster: &Cluster,
    effect: Effect,
) -> Result<Report, ClusterError> {
    let mut report = Report::default();
    let plan = cluster.plan_global_secret(request.target, &request.goal)?;
    if plan.is_empty() || effect == Effect::Preview {
        report.add_secrets([plan].into_iter());
        return Ok(report);
    }
    // Before the change, so that a run that is killed has lost nothing.
    if request.backup == Backup::Secret {
        let kept = cluster.keep_global_secret(&plan.name)?;
        report.secrets.push(backup_report(kept));
    }
    match cluster.change_global_secret(&request.goal, plan) {
        Ok(plan) => report.add_secrets([plan].into_iter()),
        // The copy was made, and the report must name it.
        Err(error) => report.errors.push(error),
    }
    Ok(report)
}

fn backup_report(name: ObjectName) -> SecretReport {
    SecretReport {
        name,
        host: None,
        action: Action::Created,
        before: Vec::new(),
        after: Vec::new(),
        changes: Vec::new(),
        manifest: None,
    }
}
