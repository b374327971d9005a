//! Brings pull secrets, and the service accounts that name them, to the wanted state: at an API
//! server, or as manifests in a directory.
//!
//! Everything is read and planned before anything is written; a preview ends there. A fault of the
//! plan keeps everything from being written. Order of writing: secrets, then the accounts that name
//! them, then removals, so that no account ever names a secret that is not there.

mod report;

pub use report::{AccountReport, Report, SecretReport};

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::Effect;
use crate::{
    cluster::{
        Cluster, ClusterError,
        live_secret::LiveSecret,
        manifest::ManifestDir,
        names::ObjectName,
        plan::{Action, Goal, Strangers},
        pull_secret::PullSecret,
        removal::Removal,
        secret_calls::Change,
        service_account::{AccountGoal, AccountPlan},
    },
    domain::{credential::Credential, registry_host::RegistryHost},
};

/// What is wanted.
#[derive(Debug)]
pub struct Request {
    /// The namespaces, each once.
    pub namespaces: Vec<String>,
    /// The secrets in each of them.
    pub secrets: Secrets,
    /// What becomes of secrets of another type, and of files that others made.
    pub strangers: Strangers,
    /// Service accounts that are to name the secrets; their namespaces are among `namespaces`.
    pub accounts: Vec<ObjectName>,
}

/// Which secrets each namespace is to have.
#[derive(Debug)]
pub enum Secrets {
    /// These, and what becomes of others that we made.
    Present(Vec<RegistrySecret>, Leftovers),
    /// None with these names, nor any that was made for these registries.
    Absent(Vec<(String, RegistryHost)>),
}

/// The secret for one registry, the same in every namespace.
#[derive(Clone, Debug)]
pub struct RegistrySecret {
    /// Its name.
    pub name: String,
    /// The registry.
    pub host: RegistryHost,
    /// The credential.
    pub credential: Credential,
    /// Hosts of token servers under which image imports look for the credential.
    pub realm_hosts: Vec<RegistryHost>,
}

/// What becomes of secrets that we made and that nobody wants now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftovers {
    /// They stay.
    Keep,
    /// They go.
    Remove,
}

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
    request.require_namespaces(cluster, &live)?;
    let changes = match request.changes(&live) {
        Ok(changes) => changes,
        Err(faults) => return Ok(Report::of_faults(faults)),
    };
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
        .map(|goal| directory.plan(goal, request.strangers));
    let plans = match all_or_faults(plans) {
        Ok(plans) => plans,
        Err(faults) => return Ok(Report::of_faults(faults)),
    };
    if effect == Effect::Apply {
        directory.tidy();
    }
    let mut report = Report::default();
    for plan in plans {
        if effect == Effect::Apply
            && let Err(fault) = directory.carry_out(&plan)
        {
            report.faults.push(fault);
            break;
        }
        report.add_manifest(plan);
    }
    request.name_hosts(&mut report);
    Ok(report)
}

impl Request {
    /// What is wanted of the secrets that are named, and of others that are there.
    fn goals(&self, live: &[LiveSecret]) -> Vec<Goal> {
        let goals = self.namespaces.iter();
        let goals = goals.flat_map(|namespace| self.secrets.goals(namespace));
        let mut goals: Vec<_> = goals.collect();
        let named: HashSet<&ObjectName> = goals.iter().map(Goal::name).collect();
        let others = live.iter().filter(|secret| {
            let name = secret.name();
            self.namespaces.contains(&name.namespace) && !named.contains(&name)
        });
        let further = self.secrets.further_goals(others);
        goals.extend(further);
        goals
    }

    fn looks_further(&self) -> bool {
        !matches!(self.secrets, Secrets::Present(_, Leftovers::Keep))
    }

    fn changes(&self, live: &[LiveSecret]) -> Result<Vec<Change>, Vec<ClusterError>> {
        let by_name: HashMap<ObjectName, &LiveSecret> =
            live.iter().map(|secret| (secret.name(), secret)).collect();
        let changes = self.goals(live).into_iter().map(|goal| {
            let live = by_name.get(goal.name()).copied();
            let plan = goal.plan(live, self.strangers)?;
            Ok(Change { goal, plan })
        });
        all_or_faults(changes)
    }

    /// A list of secrets is empty in a namespace that does not exist, too.
    fn require_namespaces(
        &self,
        cluster: &Cluster,
        live: &[LiveSecret],
    ) -> Result<(), ClusterError> {
        if matches!(self.secrets, Secrets::Absent(_)) {
            return Ok(());
        }
        let filled: HashSet<String> = live.iter().map(|secret| secret.name().namespace).collect();
        let mut empty = self
            .namespaces
            .iter()
            .filter(|namespace| !filled.contains(*namespace));
        empty.try_for_each(|namespace| cluster.require_namespace(namespace))
    }

    /// What is left alone may be named as before.
    fn account_goals(&self, changes: &[Change], live: &[LiveSecret]) -> Vec<AccountGoal> {
        let there: HashSet<ObjectName> = live.iter().map(LiveSecret::name).collect();
        let is_wanted = |change: &Change| matches!(change.goal, Goal::Present(_));
        let is_gone = |change: &Change| {
            let is_there = there.contains(change.goal.name());
            !is_wanted(change) && (!is_there || change.plan.action == Action::Deleted)
        };
        let goals = self.accounts.iter().map(|account| {
            let names = |chosen: &dyn Fn(&Change) -> bool| {
                let changes = changes.iter().filter(|change| chosen(change));
                changes
                    .map(|change| change.goal.name())
                    .filter(|name| name.namespace == account.namespace)
                    .map(|name| name.name.clone())
                    .collect()
            };
            AccountGoal {
                account: account.clone(),
                add: names(&is_wanted),
                remove: names(&is_gone),
            }
        });
        goals.collect()
    }

    /// The 3.x image importer takes the first credential it finds for a host, and one pull secret
    /// that it cannot read disables all of the namespace.
    fn warnings(&self, live: &[LiveSecret], changes: &[Change]) -> Vec<String> {
        let Secrets::Present(wanted, _) = &self.secrets else {
            return Vec::new();
        };
        let ours: HashSet<&ObjectName> = changes.iter().map(|change| &change.plan.name).collect();
        let others = live.iter().filter(|secret| !ours.contains(&secret.name()));
        others
            .filter_map(|secret| warning(secret, wanted))
            .collect()
    }

    /// Removals are told with the registry that was named, not with what the secret held.
    fn name_hosts(&self, report: &mut Report) {
        let Secrets::Absent(named) = &self.secrets else {
            return;
        };
        let host_of: HashMap<&String, &RegistryHost> =
            named.iter().map(|(name, host)| (name, host)).collect();
        for secret in &mut report.secrets {
            if let Some(host) = host_of.get(&secret.name.name) {
                secret.host = Some(host.to_string());
            }
        }
    }
}

impl Secrets {
    fn goals(&self, namespace: &str) -> Vec<Goal> {
        let present = |secret: &RegistrySecret| {
            Goal::Present(PullSecret {
                name: ObjectName::new(namespace, &secret.name),
                host: secret.host.clone(),
                credential: secret.credential.clone(),
                realm_hosts: secret.realm_hosts.clone(),
            })
        };
        match self {
            Self::Present(secrets, _) => secrets.iter().map(present).collect(),
            // A registry may be named twice.
            Self::Absent(revoked) => {
                let (mut seen, registries) = (HashSet::new(), self.revoked());
                let names = revoked.iter().map(|(name, _)| name);
                names
                    .filter(|name| seen.insert(*name))
                    .map(|name| ObjectName::new(namespace, name))
                    .map(|name| removal(name, &registries))
                    .collect()
            }
        }
    }

    /// What becomes of secrets that are not named: leftovers go, and so does what was made for a
    /// registry that goes, however it was written then.
    fn further_goals<'a>(&self, others: impl Iterator<Item = &'a LiveSecret>) -> Vec<Goal> {
        match self {
            Self::Present(_, Leftovers::Keep) => Vec::new(),
            Self::Present(_, Leftovers::Remove) => {
                let ours = others.filter(|secret| secret.is_ours());
                ours.map(|secret| Goal::Pruned(secret.name())).collect()
            }
            Self::Absent(_) => {
                let registries = self.revoked();
                let made_for = others.filter(|secret| secret.is_for(&registries));
                made_for
                    .map(|secret| removal(secret.name(), &registries))
                    .collect()
            }
        }
    }

    fn revoked(&self) -> Arc<[RegistryHost]> {
        match self {
            Self::Present(..) => Arc::new([]),
            Self::Absent(revoked) => revoked.iter().map(|(_, host)| host.clone()).collect(),
        }
    }
}

fn removal(name: ObjectName, registries: &Arc<[RegistryHost]>) -> Goal {
    Goal::Absent(Removal {
        name,
        registries: Arc::clone(registries),
    })
}

fn warning(secret: &LiveSecret, wanted: &[RegistrySecret]) -> Option<String> {
    let name = secret.name();
    let Some(hosts) = secret.registries() else {
        return Some(format!(
            "secret {name} is a pull secret that cannot be read: image imports in this namespace \
             may ignore all pull secrets because of it"
        ));
    };
    let rival = wanted.iter().find(|wanted| hosts.contains(&wanted.host))?;
    Some(format!(
        "secret {name} also holds a credential for {}: image imports in this namespace may use \
         it instead of {}",
        rival.host, rival.name
    ))
}

/// All values, or all faults.
fn all_or_faults<T>(
    results: impl Iterator<Item = Result<T, ClusterError>>,
) -> Result<Vec<T>, Vec<ClusterError>> {
    let (mut values, mut faults) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(value) => values.push(value),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() {
        Ok(values)
    } else {
        Err(faults)
    }
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
        if self.faults.is_empty() {
            let outcome = cluster.change_secrets(changes, request.strangers);
            self.add_secrets(outcome.done.into_iter());
            self.faults.extend(outcome.faults);
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
            let (true, Some(goal)) = (self.faults.is_empty(), goal) else {
                return;
            };
            match cluster.change_account(goal, plan) {
                Ok(plan) => self.accounts.push(AccountReport::of(plan)),
                Err(fault) => self.faults.push(fault),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::secret::Secret;

    fn request(leftovers: Leftovers) -> Request {
        request_for(&["one", "two"], &["a", "b"], leftovers)
    }

    fn request_for(namespaces: &[&str], names: &[&str], leftovers: Leftovers) -> Request {
        let secret = |name: &&str| RegistrySecret {
            name: (*name).to_owned(),
            host: RegistryHost::parse("r").unwrap(),
            credential: Credential::new("u", Secret::new("p")).unwrap(),
            realm_hosts: Vec::new(),
        };
        Request {
            namespaces: namespaces.iter().map(|&name| name.to_owned()).collect(),
            secrets: Secrets::Present(names.iter().map(secret).collect(), leftovers),
            strangers: Strangers::Refuse,
            accounts: vec![ObjectName::new("two", "default")],
        }
    }

    #[test]
    fn every_namespace_gets_every_secret() {
        let names: Vec<_> = request(Leftovers::Keep)
            .goals(&[])
            .iter()
            .map(|goal| goal.name().to_string())
            .collect();
        assert_eq!(names, ["one/a", "one/b", "two/a", "two/b"]);
    }

    #[test]
    fn leftovers_are_ours_unnamed_and_in_our_namespaces() {
        let directory = tempfile::tempdir().unwrap();
        let manifests = ManifestDir::new(directory.path());
        let all = request_for(&["one", "two", "three"], &["a", "b", "z"], Leftovers::Keep);
        sync_manifests(&all, &manifests, Effect::Apply).unwrap();
        let fewer = request(Leftovers::Remove);
        let report = sync_manifests(&fewer, &manifests, Effect::Apply).unwrap();
        let deleted = report.secrets.iter();
        let deleted = deleted.filter(|secret| secret.action == Action::Deleted);
        let deleted: Vec<_> = deleted.map(|secret| secret.name.to_string()).collect();
        assert_eq!(deleted, ["one/z", "two/z"]);
        assert_eq!(report.secrets.len(), 6);
    }

    #[test]
    fn accounts_name_the_secrets_of_their_namespace() {
        let request = request(Leftovers::Keep);
        let changes = request.changes(&[]).unwrap();
        let goals = request.account_goals(&changes, &[]);
        assert_eq!(goals.len(), 1);
        assert_eq!(goals[0].add, ["a", "b"]);
        assert_eq!(goals[0].remove, Vec::<String>::new());
    }

    #[test]
    fn a_preview_of_manifests_writes_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new");
        let manifests = ManifestDir::new(&path);
        let request = request(Leftovers::Keep);
        let report = sync_manifests(&request, &manifests, Effect::Preview).unwrap();
        assert!(report.is_changed() && !path.exists());
        let report = sync_manifests(&request, &manifests, Effect::Apply).unwrap();
        assert_eq!(report.secrets.len(), 4);
        let report = sync_manifests(&request, &manifests, Effect::Apply).unwrap();
        assert!(!report.is_changed(), "{report:?}");
    }
}
