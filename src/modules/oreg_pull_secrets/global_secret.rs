//! `global: true`: the entries go into the secret that OKD 4 gives to every node.

use std::path::Path;

use serde_json::{Value, json};

use super::{
    answer::answer,
    option_rows::{
        BACKUP, COPY, GLOBAL_SECRET, MANIFEST_DIR, NAMESPACES, PRUNE, REALM_HOSTS, RECREATE,
        SERVICE_ACCOUNTS, STATE,
    },
};
use crate::{
    ansible::{Call, Choice, Failure, Options, Response},
    cluster::{
        Cluster, ClusterError,
        global_copy::GlobalCopy,
        global_secret::{GlobalGoal, GlobalSecret, TELEMETRY},
    },
    domain::registry_host::RegistryHost,
    modules::{
        cluster_answer::{self, CONTEXT, KUBECONFIG},
        credential_options::credentials,
        effect::effect_of,
        removals::{check_registries, removals},
        state::State,
    },
    operations::{
        sync_global_secret::{Backup, GlobalRequest, sync_global_secret},
        sync_pull_secrets::Report,
    },
    support::errors::join_causes,
};

pub(super) fn run(call: &Call) -> Result<Response, Failure> {
    let options = &call.options;
    reject_foreign_options(options)?;
    let (goal, warnings) = goal(options)?;
    let request = GlobalRequest {
        target: options.get(GLOBAL_SECRET),
        goal,
        backup: backup(options),
    };
    let kubeconfig = Path::new(options.get(KUBECONFIG));
    let cluster = Cluster::connect(&[kubeconfig], options.get(CONTEXT));
    let cluster = match cluster {
        Ok(cluster) => cluster.with_cleaner(&call.cleaner),
        Err(error) => return Ok(answer(&Report::of_errors(vec![error]), call)),
    };
    let report = sync_global_secret(&request, &cluster, effect_of(call));
    let report = report.unwrap_or_else(|error| Report::of_errors(vec![error]));
    let response = answer(&report, call).warn(warnings);
    if !options.get(COPY) {
        return Ok(response);
    }
    Ok(with_copy(response, cluster.global_copy(), call))
}

/// The cluster makes the copy itself, so a copy that cannot be read does not fail the run.
fn with_copy(
    response: Response,
    copy: Result<Option<GlobalCopy>, ClusterError>,
    call: &Call,
) -> Response {
    match copy {
        Ok(copy) => {
            let copies: Vec<Value> = copy.iter().map(|copy| copy_value(copy, call)).collect();
            response.with("copies", copies)
        }
        Err(error) => {
            let text = join_causes(&error);
            let text = cluster_answer::visible(&text, &call.cleaner);
            response.warn([format!(
                "the copy of the global pull secret was not looked at: {text}"
            )])
        }
    }
}

fn copy_value(copy: &GlobalCopy, call: &Call) -> Value {
    let stale = copy.stale.iter();
    let stale: Vec<_> = stale
        .map(|host| cluster_answer::visible(host, &call.cleaner))
        .collect();
    json!({"namespace": copy.name.namespace, "name": copy.name.name, "stale": stale})
}

/// Options about secrets in namespaces, of which this one is not.
fn reject_foreign_options(options: &Options) -> Result<(), Failure> {
    let foreign = [
        ("namespaces", *options.get(NAMESPACES) != ["openshift"]),
        (
            "service_accounts",
            !options.get(SERVICE_ACCOUNTS).is_empty(),
        ),
        ("realm_hosts", !options.get(REALM_HOSTS).is_empty()),
        ("recreate", options.get(RECREATE)),
        ("prune", options.get(PRUNE)),
        ("manifest_dir", options.get(MANIFEST_DIR).is_some()),
    ];
    match foreign.iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((name, _)) => Err(Failure::new(format!(
            "{name}: means nothing with global=true, which merges into one secret of the cluster and \
             keeps everything else in it; leave it out"
        ))),
    }
}

impl Choice for GlobalSecret {
    const ALL: &'static [Self] = &[Self::Cluster, Self::Additional];

    fn word(self) -> &'static str {
        match self {
            Self::Cluster => "openshift-config/pull-secret",
            Self::Additional => "kube-system/additional-pull-secret",
        }
    }
}

fn backup(options: &Options) -> Backup {
    if options.get(BACKUP) {
        Backup::Secret
    } else {
        Backup::None
    }
}

fn goal(options: &Options) -> Result<(GlobalGoal, Vec<String>), Failure> {
    if options.get(STATE) == State::Absent {
        let hosts: Vec<_> = removals(options)?
            .into_iter()
            .map(|registry| registry.host)
            .collect();
        require_registries(hosts.iter())?;
        return Ok((GlobalGoal::Absent(hosts), Vec::new()));
    }
    check_registries(options)?;
    let resolved = credentials(options)?;
    let entries = resolved.credentials.into_iter();
    let entries: Vec<_> = entries.map(|one| (one.host, one.credential)).collect();
    require_registries(entries.iter().map(|(host, _)| host))?;
    Ok((GlobalGoal::Present(entries), resolved.warnings))
}

fn require_registries<'a>(
    mut hosts: impl Iterator<Item = &'a RegistryHost>,
) -> Result<(), Failure> {
    if hosts.any(|host| host.hostname() == TELEMETRY) {
        return Err(Failure::new(format!(
            "openshift_additional_registry_credentials: {TELEMETRY} is not a registry: its entry is the \
             cluster's telemetry token, which is never changed here; leave it out"
        )));
    }
    Ok(())
}
