//! Brings pull secrets, and the service accounts that name them, to the wanted state: at an API
//! server, or as manifests in a directory.
//!
//! Everything is read and planned before anything is written; a preview ends there. An error of the
//! plan keeps everything from being written. Order of writing: secrets, then the accounts that name
//! them, then removals, so that no account ever names a secret that is not there.

mod report;
mod request;

pub use report::{AccountReport, Report, SecretReport};
pub use request::{Prune, RegistrySecret, Request, Secrets};

use std::collections::HashMap;

use super::Effect;
use crate::{
    cluster::{
        Cluster, ClusterError,
        manifest::ManifestDir,
        names::ObjectName,
        plan::Action,
        secret_calls::Change,
        service_account::{AccountGoal, AccountPlan},
    },
    domain::collect,
};

/// Syncs the secrets at an API server.
///
/// # Errors
/// [`ClusterError`] when the state there cannot be read; nothing was written then.
pub fn sync_cluster(
    request: &Request,
    cluster: &Cluster,
    effect: Effect,
) -> Result<Report, ClusterError> {
    let live = cluster.secrets(&request.namespaces)?;
    let changes = match request.changes(&live) {
        Ok(changes) => changes,
        Err(errors) => return Ok(Report::of_errors(errors)),
    };
    if let Err(errors) = Request::require_namespaces(cluster, &changes) {
        return Ok(Report::of_errors(errors));
    }
    let goals = request.account_goals(&changes, &live);
    let accounts = cluster.plan_accounts(&goals)?;
    let mut report = match effect {
        Effect::Preview => preview(&changes, accounts),
        Effect::Apply => apply(request, cluster, &changes, &goals, accounts),
    };
    report.warnings.extend(request.warnings(&live, &changes));
    request.name_hosts(&mut report);
    Ok(report)
}

/// Syncs the manifests in a directory.
///
/// # Errors
/// [`ClusterError`] when the directory cannot be read; nothing was written then.
pub fn sync_manifests(
    request: &Request,
    directory: &ManifestDir,
    effect: Effect,
) -> Result<Report, ClusterError> {
    let ours = if request.looks_further() {
        directory.ours()?
    } else {
        Vec::new()
    };
    let goals = request.goals(&ours);
    let plans = goals
        .iter()
        .map(|goal| directory.plan(goal, request.on_conflict));
    let plans = match collect::all(plans) {
        Ok(plans) => plans,
        Err(errors) => return Ok(Report::of_errors(errors)),
    };
    if effect == Effect::Apply {
        directory.tidy();
    }
    let mut report = Report::default();
    for plan in plans {
        if effect == Effect::Apply
            && let Err(error) = directory.carry_out(&plan)
        {
            report.errors.push(error);
            break;
        }
        report.add_manifest(plan);
    }
    request.name_hosts(&mut report);
    Ok(report)
}

fn preview(changes: &[Change], accounts: Vec<AccountPlan>) -> Report {
    let plans = changes.iter().map(|change| change.plan.clone());
    let mut report = Report::default();
    report.add_secrets(plans);
    report.accounts = accounts.into_iter().map(AccountReport::of).collect();
    report
}

fn apply(
    request: &Request,
    cluster: &Cluster,
    changes: &[Change],
    goals: &[AccountGoal],
    accounts: Vec<AccountPlan>,
) -> Report {
    let (removals, writes): (Vec<_>, Vec<_>) = changes
        .iter()
        .cloned()
        .partition(|change| change.plan.action == Action::Deleted);
    let mut report = Report::default();
    report.change_secrets(request, cluster, &writes);
    report.change_accounts(cluster, goals, accounts);
    report.change_secrets(request, cluster, &removals);
    let names = changes.iter().map(|change| change.goal.name());
    let position: HashMap<&ObjectName, usize> = names.zip(0..).collect();
    report
        .secrets
        .sort_by_key(|secret| position.get(&secret.name).copied());
    report
}

impl Report {
    fn change_secrets(&mut self, request: &Request, cluster: &Cluster, changes: &[Change]) {
        if self.errors.is_empty() {
            let outcome = cluster.change_secrets(changes, request.on_conflict);
            self.add_secrets(outcome.done.into_iter());
            self.errors.extend(outcome.errors);
        }
    }

    fn change_accounts(
        &mut self,
        cluster: &Cluster,
        goals: &[AccountGoal],
        plans: Vec<AccountPlan>,
    ) {
        for plan in plans {
            let goal = goals.iter().find(|goal| goal.account == plan.account);
            let (true, Some(goal)) = (self.errors.is_empty(), goal) else {
                return;
            };
            match cluster.change_account(goal, plan) {
                Ok(plan) => self.accounts.push(AccountReport::of(plan)),
                Err(error) => self.errors.push(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        cluster::{plan::OnConflict, pull_secret::Content},
        domain::{credential::Credential, registry_host::RegistryHost, secret::Secret},
    };

    pub(super) fn request(prune: Prune) -> Request {
        request_for(&["one", "two"], &["a", "b"], prune)
    }

    fn request_for(namespaces: &[&str], names: &[&str], prune: Prune) -> Request {
        let secret = |name: &&str| RegistrySecret {
            name: (*name).to_owned(),
            content: Arc::new(Content::new(
                RegistryHost::parse("r").unwrap(),
                Credential::new("u", Secret::new("p")).unwrap(),
                [],
            )),
        };
        Request {
            namespaces: namespaces.iter().map(|&name| name.to_owned()).collect(),
            secrets: Secrets::Present(names.iter().map(secret).collect(), prune),
            on_conflict: OnConflict::Refuse,
            accounts: vec![ObjectName::new("two", "default")],
        }
    }

    #[test]
    fn leftovers_are_own_secrets_unnamed_and_in_the_namespaces() {
        let directory = tempfile::tempdir().unwrap();
        let manifests = ManifestDir::new(directory.path());
        let all = request_for(&["one", "two", "three"], &["a", "b", "z"], Prune::Nothing);
        sync_manifests(&all, &manifests, Effect::Apply).unwrap();
        let fewer = request(Prune::Managed);
        let report = sync_manifests(&fewer, &manifests, Effect::Apply).unwrap();
        let deleted = report.secrets.iter();
        let deleted = deleted.filter(|secret| secret.action == Action::Deleted);
        let deleted: Vec<_> = deleted.map(|secret| secret.name.to_string()).collect();
        assert_eq!(deleted, ["one/z", "two/z"]);
        assert_eq!(report.secrets.len(), 6);
    }

    #[test]
    fn a_preview_of_manifests_writes_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new");
        let manifests = ManifestDir::new(&path);
        let request = request(Prune::Nothing);
        let report = sync_manifests(&request, &manifests, Effect::Preview).unwrap();
        assert!(report.is_changed() && !path.exists());
        let report = sync_manifests(&request, &manifests, Effect::Apply).unwrap();
        assert_eq!(report.secrets.len(), 4);
        let report = sync_manifests(&request, &manifests, Effect::Apply).unwrap();
        assert!(!report.is_changed(), "{report:?}");
    }
}
