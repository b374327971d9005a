//! What is wanted of pull secrets, and what that means for those that are there.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::Report;
use crate::{
    cluster::{
        Cluster, ClusterError,
        goal::Goal,
        live_secret::LiveSecret,
        names::ObjectName,
        plan::{Action, OnConflict},
        pull_secret::{Content, PullSecret},
        removal::Removal,
        secret_calls::Change,
        service_account::AccountGoal,
    },
    domain::{collect, registry_host::RegistryHost},
};

/// What is wanted.
#[derive(Debug)]
pub struct Request {
    /// The namespaces, each once.
    pub namespaces: Vec<String>,
    /// The secrets in each of them.
    pub secrets: Secrets,
    /// What becomes of secrets that cannot be changed to what is wanted, and of files that others made.
    pub on_conflict: OnConflict,
    /// Service accounts that are to name the secrets; their namespaces are among `namespaces`.
    pub accounts: Vec<ObjectName>,
}

/// Which secrets each namespace is to have.
#[derive(Debug)]
pub enum Secrets {
    /// These, and what goes besides.
    Present(Vec<RegistrySecret>, Prune),
    /// None with these names, nor any that was made for these registries.
    Absent(Vec<(String, RegistryHost)>),
}

/// The secret for one registry, the same in every namespace.
#[derive(Clone, Debug)]
pub struct RegistrySecret {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub content: Arc<Content>,
}

/// What goes besides, in the namespaces of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prune {
    /// Nothing.
    Nothing,
    /// The pull secrets that an earlier run made and this one does not name.
    Managed,
}

impl Request {
    /// What is wanted of the secrets that are named, and of others that are there.
    pub(super) fn goals(&self, live: &[LiveSecret]) -> Vec<Goal> {
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

    pub(super) fn looks_further(&self) -> bool {
        !matches!(self.secrets, Secrets::Present(_, Prune::Nothing))
    }

    pub(super) fn changes(&self, live: &[LiveSecret]) -> Result<Vec<Change>, Vec<ClusterError>> {
        let by_name: HashMap<ObjectName, &LiveSecret> =
            live.iter().map(|secret| (secret.name(), secret)).collect();
        let changes = self.goals(live).into_iter().map(|goal| {
            let live = by_name.get(goal.name()).copied();
            let plan = goal.plan(live, self.on_conflict)?;
            Ok(Change { goal, plan })
        });
        collect::all(changes)
    }

    /// Looks at every namespace that gets a new object: a list of secrets is empty in a namespace that does
    /// not exist, and full in one that is being deleted.
    pub(super) fn require_namespaces(
        cluster: &Cluster,
        changes: &[Change],
    ) -> Result<(), Vec<ClusterError>> {
        let mut seen = HashSet::new();
        let creations = changes.iter().filter(|change| change.plan.creates());
        let namespaces = creations.map(|change| change.goal.name().namespace.as_str());
        cluster.require_namespaces(namespaces.filter(|name| seen.insert(*name)))
    }

    /// What is left alone may be named as before.
    pub(super) fn account_goals(
        &self,
        changes: &[Change],
        live: &[LiveSecret],
    ) -> Vec<AccountGoal> {
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
    pub(super) fn warnings(&self, live: &[LiveSecret], changes: &[Change]) -> Vec<String> {
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
    pub(super) fn name_hosts(&self, report: &mut Report) {
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
                content: Arc::clone(&secret.content),
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

    /// What becomes of secrets that are not named: a run may prune them, and what was made for a registry
    /// that goes, goes too, however that registry was written then.
    fn further_goals<'a>(&self, others: impl Iterator<Item = &'a LiveSecret>) -> Vec<Goal> {
        match self {
            Self::Present(_, Prune::Nothing) => Vec::new(),
            Self::Present(_, Prune::Managed) => {
                let ours = others.filter(|secret| secret.is_managed());
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
    let rival = wanted
        .iter()
        .find(|wanted| hosts.contains(wanted.content.registry()))?;
    Some(format!(
        "secret {name} also holds a credential for {}: image imports in this namespace may use \
         it instead of {}",
        rival.content.registry(),
        rival.name
    ))
}

#[cfg(test)]
mod tests {
    use super::{super::tests::request, *};

    #[test]
    fn every_namespace_gets_every_secret() {
        let names: Vec<_> = request(Prune::Nothing)
            .goals(&[])
            .iter()
            .map(|goal| goal.name().to_string())
            .collect();
        assert_eq!(names, ["one/a", "one/b", "two/a", "two/b"]);
    }

    #[test]
    fn accounts_name_the_secrets_of_their_namespace() {
        let request = request(Prune::Nothing);
        let changes = request.changes(&[]).unwrap();
        let goals = request.account_goals(&changes, &[]);
        assert_eq!(goals.len(), 1);
        assert_eq!(goals[0].add, ["a", "b"]);
        assert_eq!(goals[0].remove, Vec::<String>::new());
    }
}
