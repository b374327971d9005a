//! From documents to what is to be proven: one subject for each entry, in the files' order.
//!
//! What cannot be proven is a subject too: a check names every entry that it has seen.

use serde_json::json;

use super::{
    form::Document,
    helper::{self, HelperError},
};
use crate::{
    domain::{
        credential::Credential,
        docker_config::Helpers,
        registry_credential::{RegistryCredential, Source, TransportSecurity},
        registry_host::{RegistryHost, mask_userinfo},
        stored_entry::{EntryError, StoredEntry},
        verdict::Verdict,
    },
    operations::{
        report::{Registry, State},
        validate::is_of_device_login,
    },
};

/// The host in pull secrets of Red Hat under which a token for telemetry stands. It is not a registry.
const TELEMETRY: &str = "cloud.openshift.com";

/// A `registrytoken` is for one registry, and nobody but docker shows it to one.
const REGISTRY_TOKEN: &str = "the entry holds a registry token, which docker uses and kubelet does not know; it was not examined";

/// An entry, or what a helper has for a registry.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A credential to prove.
    Credential(Box<RegistryCredential>),
    /// What stands in the results without having been asked for.
    Apart(Box<Registry>),
}

/// Lists the entries of `documents`, and what their credential helpers have.
#[must_use]
pub fn subjects(documents: &[Document]) -> Vec<Subject> {
    documents.iter().flat_map(of_document).collect()
}

fn of_document(document: &Document) -> Vec<Subject> {
    let helpers = document.config.helpers();
    let place = &document.place;
    let entries = document.config.auths().iter();
    let mut subjects: Vec<_> = entries
        .flat_map(|entry| of_entry(place, entry, &helpers))
        .collect();
    let stored: Vec<_> = document
        .config
        .auths()
        .iter()
        .map(StoredEntry::key)
        .collect();
    for (key, helper) in &helpers.per_registry {
        if !stored.contains(&key.as_str()) {
            subjects.push(of_helper(place, key, helper));
        }
    }
    if let Some(store) = &helpers.store {
        let others = helper::list(store).unwrap_or_default();
        let others = others.iter().filter(|key| !stored.contains(&key.as_str()));
        subjects.extend(others.map(|key| of_helper(place, key, store)));
    }
    subjects
}

/// Docker asks the helper where there is one, kubelet reads the entry: both are examined.
fn of_entry(place: &str, entry: &StoredEntry, helpers: &Helpers) -> Vec<Subject> {
    let key = entry.key();
    let helper = helper_for(key, helpers).map(|name| of_helper(place, key, name));
    let stored = of_stored(place, entry);
    if helper.is_none() && stored.is_none() {
        return vec![skipped(
            place,
            key,
            "no_credential",
            "the entry holds no credential",
        )];
    }
    helper.into_iter().chain(stored).collect()
}

/// `None`: the entry holds nothing, or leaves it to a helper.
fn of_stored(place: &str, entry: &StoredEntry) -> Option<Subject> {
    let key = entry.key();
    let Some(host) = entry.host() else {
        return Some(no_registry(place, key, "this key names no registry"));
    };
    if is_of_device_login(&host, key) {
        let message =
            "docker's login by device keeps a token under this key, which names no registry";
        return Some(no_registry(place, key, message));
    }
    if host.authority() == TELEMETRY {
        let message = "not a registry: Red Hat's telemetry uses this token; it was not asked";
        return Some(skipped(place, key, "telemetry", message));
    }
    let credential = match entry.credential() {
        Err(fault) => return Some(unreadable(place, key, fault)),
        // docker prefers a token to a password.
        Ok(_) if entry.has_token() => entry.identity_token(),
        Ok(credential) => credential,
    };
    match credential {
        Some(credential) => Some(prove(place, host, key, credential)),
        None if entry.has_token() => Some(skipped(place, key, "identity_token", REGISTRY_TOKEN)),
        None => None,
    }
}

fn unreadable(place: &str, key: &str, fault: EntryError) -> Subject {
    let message = if fault.stops_kubelet() {
        format!(
            "{fault}; kubelet ignores the whole file because of it: remove the entry, or log in again"
        )
    } else {
        format!("{fault}: remove the entry, or log in again")
    };
    apart(place, key, State::Unreadable, "unreadable", &message)
}

/// A helper for one registry counts more than the store for all (docker/cli
/// `cli/config/configfile/file.go`, `GetCredentialsStore`).
fn helper_for<'a>(key: &str, helpers: &'a Helpers) -> Option<&'a str> {
    let host = RegistryHost::parse(key).ok();
    let mut named = helpers.per_registry.iter();
    let named = named.find(|(other, _)| other == key || RegistryHost::parse(other).ok() == host);
    let named = named.map(|(_, helper)| helper);
    named.or(helpers.store.as_ref()).map(String::as_str)
}

fn of_helper(place: &str, key: &str, name: &str) -> Subject {
    let place = format!("{place}, docker-credential-{}", mask_userinfo(name));
    let Ok(host) = RegistryHost::parse(key) else {
        return no_registry(&place, key, "this key names no registry");
    };
    match helper::get(name, key) {
        Ok(credential) => prove(&place, host, key, credential),
        Err(HelperError::NotFound(_)) => {
            let message = "the credential helper has nothing for this registry";
            skipped(&place, key, "no_credential", message)
        }
        Err(error) => {
            let message = error.to_string();
            apart(&place, key, State::Unreadable, "helper_failed", &message)
        }
    }
}

fn prove(place: &str, host: RegistryHost, key: &str, credential: Credential) -> Subject {
    Subject::Credential(Box::new(RegistryCredential {
        host,
        written_host: key.to_owned(),
        source: Source::Named(place.to_owned()),
        credential,
        test_image: None,
        security: TransportSecurity::default(),
    }))
}

fn no_registry(place: &str, key: &str, message: &str) -> Subject {
    skipped(place, key, "no_registry", message)
}

fn skipped(place: &str, key: &str, reason: &str, message: &str) -> Subject {
    apart(place, key, State::Proven(Verdict::Skipped), reason, message)
}

fn apart(place: &str, key: &str, verdict: State, reason: &str, message: &str) -> Subject {
    let host = RegistryHost::parse(key)
        .map_or_else(|_| mask_userinfo(key).into_owned(), |host| host.to_string());
    let registry = json!({
        "host": host, "source": place, "verdict": verdict, "reason": reason,
        "message": format!("{host}: {message}"),
    });
    let registry = serde_json::from_value(registry).expect("the members are those of a registry");
    Subject::Apart(Box::new(registry))
}
