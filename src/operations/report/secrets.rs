//! How pull secrets stand: those of namespaces, each for one registry, and the global one of OKD 4, which
//! holds all of them and has a copy.

use super::{
    answer::{Answer, Copy, Secret},
    document::{Finding, Namespace, PullSecret},
    state::State,
};
use crate::domain::registry_host::DOCKER_HUB_KEY;

/// What has the registry's operator copy the global pull secret again.
const COPY_AGAIN: &str =
    "oc rollout restart deployment/cluster-image-registry-operator -n openshift-image-registry";

/// Makes a row for each namespace; `registries` are those of the inventory.
pub(super) fn namespaces(answer: &Answer, registries: &[&str]) -> Vec<Namespace> {
    let mut namespaces: Vec<Namespace> = Vec::new();
    let secrets = answer.secrets().unwrap_or_default();
    for secret in &secrets {
        let stored = match &secret.host {
            Some(host) => vec![pull_secret(host, &secret.name, state_of(&secret.action))],
            None => {
                let hosts = registries.iter();
                hosts
                    .map(|host| pull_secret(host, &secret.name, state_in(secret, host)))
                    .collect()
            }
        };
        add(&mut namespaces, &secret.namespace, stored);
    }
    for copy in answer.copies() {
        let state = |host: &str| {
            if copy.stale.iter().any(|stale| stale == host) {
                State::Differs
            } else {
                State::InPlace
            }
        };
        let stored = registries.iter();
        let stored = stored.map(|host| pull_secret(host, &copy.name, state(host)));
        add(&mut namespaces, &copy.namespace, stored.collect());
    }
    namespaces
}

fn add(namespaces: &mut Vec<Namespace>, name: &str, mut secrets: Vec<PullSecret>) {
    match namespaces.iter_mut().find(|known| known.name == name) {
        Some(known) => known.secrets.append(&mut secrets),
        None => namespaces.push(Namespace {
            name: name.to_owned(),
            secrets,
        }),
    }
}

fn pull_secret(host: &str, name: &str, state: State) -> PullSecret {
    PullSecret {
        host: host.to_owned(),
        name: name.to_owned(),
        state,
    }
}

/// How a registry stands in the global secret.
fn state_in(secret: &Secret, host: &str) -> State {
    let names = |keys: &[String]| keys.iter().any(|key| key_of(host) == key);
    if names(&secret.added) {
        State::Missing
    } else if names(&secret.updated) {
        State::Differs
    } else {
        State::InPlace
    }
}

/// Docker Hub has a key of its own.
pub(super) fn key_of(host: &str) -> &str {
    if host == "docker.io" {
        DOCKER_HUB_KEY
    } else {
        host
    }
}

/// Makes a finding for each registry that is not as wanted.
pub(super) fn findings(secret: &Secret) -> Vec<Finding> {
    let state = state_of(&secret.action);
    if state == State::InPlace {
        return Vec::new();
    }
    let place = format!("secret {}/{}", secret.namespace, secret.name);
    let finding = |host: &str, text: String| Finding {
        namespace: Some(secret.namespace.clone()),
        registry: Some(host.to_owned()),
        text,
        ..Finding::default()
    };
    if let Some(host) = &secret.host {
        return vec![finding(host, format!("{place} ({host}): {state}"))];
    }
    let added = secret.added.iter();
    let added = added.map(|key| finding(key, format!("{place} has no entry for {key}")));
    let updated = secret.updated.iter().map(|key| {
        let text = format!("{place} differs from the inventory in the entry for {key}");
        finding(key, text)
    });
    added.chain(updated).collect()
}

/// Makes a finding for each registry whose entry in the copy is stale.
pub(super) fn copy_findings(copy: &Copy) -> Vec<Finding> {
    let stale = copy.stale.iter();
    let findings = stale.map(|host| stale_copy(&copy.namespace, &copy.name, host));
    findings.collect()
}

/// Makes the finding that a registry's entry in the copy of the global pull secret is stale.
#[must_use]
pub fn stale_copy(namespace: &str, name: &str, host: &str) -> Finding {
    Finding {
        namespace: Some(namespace.to_owned()),
        registry: Some(host.to_owned()),
        text: format!(
            "secret {namespace}/{name} does not have the credential for {host} that the global pull secret has, so \
             the cluster's own image registry does not pull through with it: its operator has not copied the secret yet"
        ),
        command: Some(COPY_AGAIN.to_owned()),
        ..Finding::default()
    }
}

/// What the module would do says how the secret stands.
fn state_of(action: &str) -> State {
    match action {
        "created" => State::Missing,
        "updated" => State::Differs,
        "recreated" => State::WrongType,
        "deleted" => State::NotWanted,
        "unchanged" => State::InPlace,
        _ => State::Failed,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    fn answer() -> Answer {
        let secret = json!({
            "namespace": "openshift-config", "name": "pull-secret", "host": null, "action": "updated",
            "added": ["https://index.docker.io/v1/"], "updated": ["b.io"], "removed": [],
        });
        let copy = json!({
            "namespace": "openshift-image-registry", "name": "installation-pull-secrets", "stale": ["c.io\n* x"],
        });
        from_value(json!({"secrets": [secret], "copies": [copy]})).unwrap()
    }

    #[test]
    fn the_global_secret_is_judged_registry_by_registry() {
        let rows = namespaces(&answer(), &["a.io", "b.io", "docker.io", "c.io * x"]);
        let states: Vec<Vec<_>> = rows
            .iter()
            .map(|row| row.secrets.iter().map(|one| one.state.word()).collect())
            .collect();
        assert_eq!(states[0], ["in_place", "differs", "missing", "in_place"]);
        assert_eq!(states[1], ["in_place", "in_place", "in_place", "differs"]);
    }

    #[test]
    fn each_registry_that_differs_is_a_finding() {
        let answer = answer();
        let secrets = answer.secrets().unwrap();
        let found: Vec<_> = secrets
            .iter()
            .flat_map(findings)
            .map(|one| one.text)
            .collect();
        assert_eq!(
            found,
            [
                "secret openshift-config/pull-secret has no entry for https://index.docker.io/v1/",
                "secret openshift-config/pull-secret differs from the inventory in the entry for b.io",
            ]
        );
        let [stale] = copy_findings(&answer.copies()[0]).try_into().unwrap();
        assert!(
            stale.text.contains("for c.io * x that the global"),
            "{}",
            stale.text
        );
        assert_eq!(stale.command.as_deref(), Some(COPY_AGAIN));
    }
}
