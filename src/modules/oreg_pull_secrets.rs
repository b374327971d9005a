//! The module `oreg_pull_secrets`: brings pull secrets, and the service accounts that name them, to
//! the wanted state, at an API server or as manifests; or the global pull secret of OKD 4.

mod answer;
mod global_secret;
mod option_rows;

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::Arc,
};

pub use self::option_rows::{DOCUMENTED, OPTIONS};
use self::{
    answer::answer,
    option_rows::{
        BACKUP, COPY, GLOBAL, MANIFEST_DIR, NAMESPACES, PRUNE, REALM_HOSTS, RECREATE,
        SERVICE_ACCOUNTS, STATE,
    },
};
use super::{
    cluster_answer::{CONTEXT, KUBECONFIG},
    credential_options::{CREDENTIAL_OPTIONS, credentials},
    effect::effect_of,
    removals::{check_registries, removals},
    state::State,
};
use crate::{
    ansible::{Call, Failure, Module, Options, Response},
    cluster::{
        Cluster,
        manifest::ManifestDir,
        names::{MAIN_SECRET, ObjectName, additional_secret, is_namespace, is_service_account},
        plan::OnConflict,
        pull_secret::Content,
    },
    domain::{
        registry_credential::{RegistryCredential, Source},
        registry_host::{RegistryHost, mask_userinfo},
        secret::Secret,
    },
    operations::{
        Effect,
        sync_pull_secrets::{
            Prune, RegistrySecret, Report, Request, Secrets, sync_cluster, sync_manifests,
        },
    },
};

/// The module.
pub const MODULE: Module = Module::new(
    "oreg_pull_secrets",
    "Brings pull secrets, and service accounts that name them, to the wanted state",
    &[CREDENTIAL_OPTIONS, OPTIONS],
    run,
);

/// The input: what the options ask for, and what goes with it into the answer.
struct Input {
    secrets: Secrets,
    warnings: Vec<String>,
}

fn run(call: &Call) -> Result<Response, Failure> {
    let options = &call.options;
    if options.get(GLOBAL) {
        return global_secret::run(call);
    }
    for (name, given) in [("backup", BACKUP), ("copy", COPY)] {
        if options.get(given) {
            return Err(Failure::new(format!(
                "{name}: is for the global pull secret; set global=true"
            )));
        }
    }
    let input = match options.get(STATE) {
        State::Present => present(options)?,
        State::Absent => absent(options)?,
    };
    let concealed = concealed(&input.secrets);
    let request = request(options, input.secrets)?;
    let effect = effect_of(call);
    let report = match options.get(MANIFEST_DIR) {
        Some(path) => manifests(&request, path, effect)?,
        None => cluster(call, &request, effect),
    };
    Ok(answer(&report, call)
        .warn(input.warnings)
        .conceal(concealed))
}

fn cluster(call: &Call, request: &Request, effect: Effect) -> Report {
    let options = &call.options;
    let kubeconfig = Path::new(options.get(KUBECONFIG));
    let report = Cluster::connect(&[kubeconfig], options.get(CONTEXT))
        .map(|cluster| cluster.with_cleaner(&call.cleaner))
        .and_then(|cluster| sync_cluster(request, &cluster, effect));
    report.unwrap_or_else(|error| Report::of_errors(vec![error]))
}

fn manifests(request: &Request, path: &str, effect: Effect) -> Result<Report, Failure> {
    if !request.accounts.is_empty() {
        return Err(Failure::new(
            "service_accounts: cannot be done with manifest_dir, because a manifest of a service \
             account would replace its lists; apply the manifests, then use `oc secrets link`",
        ));
    }
    let report = sync_manifests(request, &ManifestDir::new(path), effect);
    Ok(report.unwrap_or_else(|error| Report::of_errors(vec![error])))
}

fn present(options: &Options) -> Result<Input, Failure> {
    check_registries(options)?;
    let resolved = credentials(options)?;
    let realms = realms(options)?;
    let secrets = resolved.credentials.into_iter();
    let secrets = secrets.map(|credential| registry_secret(credential, &realms));
    let prune = if options.get(PRUNE) {
        Prune::Managed
    } else {
        Prune::Nothing
    };
    Ok(Input {
        secrets: Secrets::Present(secrets.collect(), prune),
        warnings: resolved.warnings,
    })
}

fn absent(options: &Options) -> Result<Input, Failure> {
    if options.get(PRUNE) {
        return Err(Failure::new(
            "prune: means nothing with state=absent; to keep only some secrets, give their \
             credentials with state=present and prune=true",
        ));
    }
    let mut named: Vec<(String, RegistryHost)> = Vec::new();
    let mut known = HashSet::new();
    for registry in removals(options)? {
        let name = secret_name(&registry.source, &registry.written);
        if known.insert(name.clone()) {
            named.push((name, registry.host));
        }
    }
    Ok(Input {
        secrets: Secrets::Absent(named),
        warnings: Vec::new(),
    })
}

fn registry_secret(
    credential: RegistryCredential,
    realms: &HashMap<RegistryHost, Vec<RegistryHost>>,
) -> RegistrySecret {
    let name = secret_name(&credential.source, &credential.written_host);
    let realm_hosts = realms.get(&credential.host).cloned().unwrap_or_default();
    let content = Content::new(credential.host, credential.credential, realm_hosts);
    RegistrySecret {
        name,
        content: Arc::new(content),
    }
}

fn secret_name(source: &Source, written_host: &str) -> String {
    match source {
        Source::Main => MAIN_SECRET.to_owned(),
        Source::Additional(_) | Source::File(_) | Source::Task | Source::Named(_) => {
            additional_secret(written_host)
        }
    }
}

/// The token servers of registries; one that has none is written with an empty value.
fn realms(options: &Options) -> Result<HashMap<RegistryHost, Vec<RegistryHost>>, Failure> {
    let given = options.get(REALM_HOSTS).iter();
    let given = given.filter(|(_, realm)| !realm.is_empty());
    let parse = |text: &str| {
        RegistryHost::parse(text)
            .map_err(|error| Failure::new(format!("realm_hosts: {} {error}", mask_userinfo(text))))
    };
    let mut realms: HashMap<_, Vec<_>> = HashMap::new();
    for (host, realm) in given {
        realms.entry(parse(host)?).or_default().push(parse(realm)?);
    }
    Ok(realms)
}

fn request(options: &Options, secrets: Secrets) -> Result<Request, Failure> {
    let namespaces = namespaces(options)?;
    let on_conflict = if options.get(RECREATE) {
        OnConflict::Replace
    } else {
        OnConflict::Refuse
    };
    Ok(Request {
        accounts: accounts(options, &namespaces)?,
        namespaces,
        secrets,
        on_conflict,
    })
}

fn namespaces(options: &Options) -> Result<Vec<String>, Failure> {
    let given = options.get(NAMESPACES);
    if given.is_empty() {
        return Err(Failure::new("namespaces: must name at least one namespace"));
    }
    let mut namespaces: Vec<String> = Vec::new();
    for (index, name) in given.iter().enumerate() {
        if !is_namespace(name) {
            return Err(Failure::new(format!(
                "namespaces[{index}]: {name:?} cannot be a namespace: lower-case letters, digits \
                 and -, at most 63"
            )));
        }
        if !namespaces.contains(name) {
            namespaces.push(name.clone());
        }
    }
    Ok(namespaces)
}

/// `NAME` is meant in every namespace, `NAMESPACE/NAME` in that one.
fn accounts(options: &Options, namespaces: &[String]) -> Result<Vec<ObjectName>, Failure> {
    let mut accounts: Vec<ObjectName> = Vec::new();
    for (index, text) in options.get(SERVICE_ACCOUNTS).iter().enumerate() {
        let named = account(text, namespaces)
            .map_err(|error| Failure::new(format!("service_accounts[{index}]: {error}")))?;
        let new: Vec<_> = named
            .into_iter()
            .filter(|a| !accounts.contains(a))
            .collect();
        accounts.extend(new);
    }
    Ok(accounts)
}

fn account(text: &str, namespaces: &[String]) -> Result<Vec<ObjectName>, String> {
    let (namespace, name) = match text.split_once('/') {
        Some((namespace, name)) => (Some(namespace), name),
        None => (None, text),
    };
    if !is_service_account(name) {
        return Err(format!(
            "{text:?} is not NAME or NAMESPACE/NAME of a service account"
        ));
    }
    match namespace {
        None => Ok(namespaces
            .iter()
            .map(|ns| ObjectName::new(ns, name))
            .collect()),
        Some(one) if namespaces.iter().any(|namespace| namespace == one) => {
            Ok(vec![ObjectName::new(one, name)])
        }
        Some(other) => Err(format!(
            "namespace {other:?} is not among namespaces, so the secrets are not in it"
        )),
    }
}

/// What must not leave, besides the passwords of the options: encoded pairs and whole documents.
fn concealed(secrets: &Secrets) -> Vec<Secret> {
    let Secrets::Present(secrets, _) = secrets else {
        return Vec::new();
    };
    let forms = secrets.iter().flat_map(|secret| {
        let pairs = secret.content.entries.iter();
        pairs
            .map(|(_, credential)| credential.encode())
            .chain([secret.content.document()])
    });
    forms.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Result<Vec<String>, String> {
        let namespaces = ["one".to_owned(), "two".to_owned()];
        let accounts = account(text, &namespaces)?;
        Ok(accounts.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_service_account_is_meant_everywhere_or_in_one_place() {
        assert_eq!(named("default").unwrap(), ["one/default", "two/default"]);
        assert_eq!(named("two/builder").unwrap(), ["two/builder"]);
        assert!(
            named("three/builder")
                .unwrap_err()
                .contains("not among namespaces")
        );
        assert!(named("a/b/c").unwrap_err().contains("is not NAME"));
    }
}
