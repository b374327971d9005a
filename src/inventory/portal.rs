//! The files that Red Hat's portal hands out for a registry service account
//! (<https://access.redhat.com/terms-based-registry>): `<account-name>-secret.yml`, a Secret of type
//! `kubernetes.io/dockerconfigjson`, and `<account-name>-auth.json`, a docker config.
//!
//! Both hold a password. Messages quote nothing of them. Only its owner and group may read the file, and only its owner may
//! write it (docs/decisions/0005).

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use thiserror::Error;

use super::settings::PortalFile;
use crate::{
    domain::{
        credential::Credential,
        docker_config::DockerConfig,
        registry_host::{HostError, RegistryHost, mask_userinfo},
        secret::Secret,
        stored_entry::{EntryError, StoredEntry},
    },
    support::{
        errors::join_first,
        files::{
            FileError,
            trusted::{self, Content},
        },
        yaml::is_too_deep,
    },
};

/// The key of the document in a Secret.
const DOCUMENT_KEY: &str = ".dockerconfigjson";

/// The most that is read: Kubernetes takes no larger Secret.
const MAX_BYTES: u64 = 1 << 20;

/// Why a file gives no credential.
#[derive(Debug, Error)]
pub enum PortalError {
    /// It cannot be read, or others can read or write it.
    #[error(transparent)]
    File(#[from] FileError),
    /// Not text.
    #[error("is not UTF-8 text")]
    NotText,
    /// Neither of the two forms.
    #[error(
        "is neither a docker config (with `auths`) nor a Secret with `{DOCUMENT_KEY}`: \
         take the one of the portal's page OpenShift Secret or Docker Configuration"
    )]
    OtherForm,
    /// The Secret's document is not base64.
    #[error("its `{DOCUMENT_KEY}` is not base64")]
    Base64,
    /// The document is not JSON.
    #[error("its docker config cannot be read: {0}")]
    Document(String),
    /// The registry to look for is none.
    #[error("credentials.host in the settings")]
    Host(#[source] HostError),
    /// No entry.
    #[error("holds no credential{}", list(known))]
    NoEntry {
        /// The registries there are.
        known: Vec<String>,
    },
    /// Several entries.
    #[error(
        "holds several credentials: set credentials.host in the settings{}",
        list(known)
    )]
    SeveralEntries {
        /// The registries there are.
        known: Vec<String>,
    },
    /// Several entries for one registry that say different things.
    #[error("holds different credentials for one registry, under {}: keep one of them", keys.join(" and "))]
    Contradiction {
        /// The entries.
        keys: Vec<String>,
    },
    /// The entry cannot be read.
    #[error("its entry for {host}")]
    Entry {
        /// The registry.
        host: String,
        /// What is wrong.
        source: EntryError,
    },
    /// The entry names no user and password.
    #[error("its entry for {host} holds no user and password")]
    NoPair {
        /// The registry.
        host: String,
    },
}

/// A Secret, as far as it matters.
#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    data: BTreeMap<String, String>,
    #[serde(default, rename = "stringData")]
    string_data: BTreeMap<String, String>,
}

/// Reads the credential from a file.
///
/// # Errors
/// [`PortalError`] when the file does not hold exactly one credential that is meant, or others can read
/// or write it.
pub fn read(wanted: &PortalFile) -> Result<Credential, PortalError> {
    let bytes = trusted::read(&wanted.file, Content::Secrets, MAX_BYTES)?;
    let text = String::from_utf8(bytes).map_err(|_| PortalError::NotText)?;
    parse(&Secret::new(text), wanted.host.as_deref())
}

/// What [`read`] makes of a file with this text.
///
/// # Errors
/// Those of [`read`], but for the file itself.
#[cfg(fuzzing)]
pub fn read_text(text: &Secret, host: Option<&str>) -> Result<Credential, PortalError> {
    parse(text, host)
}

/// Finds the credential in a file's text.
fn parse(text: &Secret, host: Option<&str>) -> Result<Credential, PortalError> {
    let document = docker_config(text)?;
    let config = DockerConfig::parse(document.expose().as_bytes())
        .map_err(|error| PortalError::Document(error.to_string()))?;
    let entry = choose(config.auths(), host)?;
    let host = key(entry);
    match entry.credential() {
        Ok(Some(credential)) => Ok(credential),
        Ok(None) => Err(PortalError::NoPair { host }),
        Err(source) => Err(PortalError::Entry { host, source }),
    }
}

/// The docker config that the text is, or that is in the Secret that it is. JSON is YAML as well.
fn docker_config(text: &Secret) -> Result<Secret, PortalError> {
    // The YAML parser is recursive, and a deep text would end the process.
    if is_too_deep(text.expose().as_bytes()) {
        return Err(PortalError::OtherForm);
    }
    let members: BTreeMap<String, serde_yaml::Value> =
        serde_yaml::from_str(text.expose()).map_err(|_| PortalError::OtherForm)?;
    // The page Docker Configuration has the document itself, the page OpenShift Secret has it in a Secret.
    if members.contains_key("auths") {
        return Ok(text.clone());
    }
    let manifest: Manifest =
        serde_yaml::from_str(text.expose()).map_err(|_| PortalError::OtherForm)?;
    // Of both members the API server takes `stringData`.
    if let Some(document) = manifest.string_data.get(DOCUMENT_KEY) {
        return Ok(Secret::new(document.as_str()));
    }
    let encoded = manifest
        .data
        .get(DOCUMENT_KEY)
        .ok_or(PortalError::OtherForm)?;
    // YAML folds long lines, and Go skips line breaks in base64.
    let packed: String = encoded.split_whitespace().collect();
    let bytes = STANDARD.decode(packed).map_err(|_| PortalError::Base64)?;
    String::from_utf8(bytes)
        .map(Secret::new)
        .map_err(|_| PortalError::Base64)
}

fn choose<'a>(
    entries: &'a [StoredEntry],
    host: Option<&str>,
) -> Result<&'a StoredEntry, PortalError> {
    let known = || entries.iter().map(key).collect();
    let wanted = host
        .map(RegistryHost::parse)
        .transpose()
        .map_err(PortalError::Host)?;
    let is_wanted = |entry: &&StoredEntry| wanted.is_none() || entry.host() == wanted;
    let found: Vec<_> = entries.iter().filter(is_wanted).collect();
    let Some((first, others)) = found.split_first() else {
        return Err(PortalError::NoEntry { known: known() });
    };
    let host = first.host();
    if others
        .iter()
        .any(|other| host.is_none() || other.host() != host)
    {
        return Err(PortalError::SeveralEntries { known: known() });
    }
    // One registry in several spellings.
    if others
        .iter()
        .any(|other| other.credential() != first.credential())
    {
        let keys = found.into_iter().map(key).collect();
        return Err(PortalError::Contradiction { keys });
    }
    Ok(first)
}

fn key(entry: &StoredEntry) -> String {
    mask_userinfo(entry.key()).into_owned()
}

fn list(known: &[String]) -> String {
    if known.is_empty() {
        String::new()
    } else {
        format!("; it has {}", join_first(known, ", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str =
        r#"{"auths": {"registry.redhat.io": {"auth": "MTIzNDU2N3xpbnN0YWxsZXI6aHVudGVyMg=="}}}"#;

    fn found(text: &str, host: Option<&str>) -> Result<(String, String), String> {
        let join = |error: PortalError| crate::support::errors::join_causes(&error);
        let credential = parse(&Secret::new(text), host).map_err(join)?;
        Ok((
            credential.user().to_owned(),
            credential.password().expose().to_owned(),
        ))
    }

    fn pair() -> (String, String) {
        ("1234567|installer".to_owned(), "hunter2".to_owned())
    }

    fn manifest(document: &str) -> String {
        let encoded = STANDARD.encode(document);
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: 1234567-installer-pull-secret\n\
             data:\n  .dockerconfigjson: {encoded}\ntype: kubernetes.io/dockerconfigjson\n"
        )
    }

    #[test]
    fn both_forms_are_read() {
        assert_eq!(found(ONE, None), Ok(pair()));
        assert_eq!(found(&manifest(ONE), None), Ok(pair()));
        assert_eq!(
            found(
                &format!("kind: Secret\nstringData:\n  .dockerconfigjson: '{ONE}'\n"),
                None
            ),
            Ok(pair())
        );
        let json = format!(
            r#"{{"kind": "Secret", "data": {{".dockerconfigjson": "{}"}}}}"#,
            STANDARD.encode(ONE)
        );
        assert_eq!(found(&json, None), Ok(pair()));
    }

    #[test]
    fn one_of_several_is_chosen_by_its_host() {
        let two = ONE.replace(
            "}}}",
            r#"}, "https://quay.io": {"auth": "YTpi"}, "x.io": {"identitytoken": "t"}}}"#,
        );
        assert_eq!(found(&two, Some("https://registry.redhat.io/")), Ok(pair()));
        assert_eq!(
            found(&two, Some("quay.io")),
            Ok(("a".to_owned(), "b".to_owned()))
        );
        let error = |host| found(&two, host).unwrap_err();
        let known = "it has registry.redhat.io, https://quay.io, x.io";
        assert_eq!(
            error(None),
            format!("holds several credentials: set credentials.host in the settings; {known}")
        );
        assert_eq!(
            error(Some("docker.io")),
            format!("holds no credential; {known}")
        );
        assert_eq!(
            error(Some("x.io")),
            "its entry for x.io holds no user and password"
        );
        assert_eq!(
            error(Some("")),
            "credentials.host in the settings: is empty"
        );
    }

    #[test]
    fn one_registry_may_be_there_in_several_spellings() {
        let second = |auth: &str| {
            let more = format!(r#"}}, "https://registry.redhat.io": {{"auth": "{auth}"}}}}}}"#);
            ONE.replace("}}}", &more)
        };
        for host in [None, Some("registry.redhat.io")] {
            let same = second("MTIzNDU2N3xpbnN0YWxsZXI6aHVudGVyMg==");
            assert_eq!(found(&same, host), Ok(pair()));
            assert_eq!(
                found(&second("YTpi"), host).unwrap_err(),
                "holds different credentials for one registry, under registry.redhat.io and \
                 https://registry.redhat.io: keep one of them"
            );
        }
    }

    #[test]
    fn what_is_neither_is_reported_without_its_content() {
        let table = [
            ("", "is neither"),
            ("hunter2", "is neither"),
            ("kind: Secret\n", "is neither"),
            (
                "kind: Secret\ndata: {password: aHVudGVyMg==}\n",
                "is neither",
            ),
            (
                "kind: Secret\ndata: {.dockerconfigjson: 'hunter2!'}\n",
                "is not base64",
            ),
            (
                &manifest("hunter2"),
                "its docker config cannot be read: expected an object",
            ),
            (r#"{"auths": {}}"#, "holds no credential"),
            (
                r#"{"auths": {"https://u:hunter2@a.io": {}}}"#,
                "its entry for https://********@a.io holds no user and password",
            ),
            (
                r#"{"auths": {"a.io": {"auth": "hunter2"}}}"#,
                "its entry for a.io: its `auth` is not base64",
            ),
            (
                r#"{"auths": {"a.io": {}}}"#,
                "its entry for a.io holds no user and password",
            ),
        ];
        for (text, expected) in table {
            let error = found(text, None).unwrap_err();
            assert!(
                error.starts_with(expected) || error.contains(expected),
                "{text}: {error}"
            );
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn no_text_takes_long() {
        let most = usize::try_from(MAX_BYTES).unwrap();
        for (start, unit) in [
            ("auths: ", "["),
            ("x: &a [b]\ny: [", "[a,"),
            ("", "{a: "),
            ("x: &a [b]\ny: [", "*a,"),
            ("", "? "),
            ("", "- "),
        ] {
            let text = format!("{start}{}", unit.repeat((most - start.len()) / unit.len()));
            let begin = std::time::Instant::now();
            assert!(found(&text, None).is_err());
            let time = begin.elapsed();
            assert!(
                time < std::time::Duration::from_secs(10),
                "{unit}: {time:?}"
            );
        }
    }
}
