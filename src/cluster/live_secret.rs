//! A secret as the server has it, and what can be read from it.

use std::{collections::BTreeMap, fmt};

use k8s_openapi::{ByteString, api::core::v1::Secret};
use serde::de::IgnoredAny;
use serde_json::Value;

use super::{
    document::{entry_lines, unreadable_line},
    names::{
        DOCUMENT_KEY, MAIN_SECRET, MANAGER, MANAGER_LABEL, OLD_SECRET_TYPE, ObjectName,
        REALM_HOSTS, SECRET_TYPE, additional_secret, is_additional_secret,
    },
};
use crate::domain::{
    credential::Credential,
    docker_config::{DockerConfig, DocumentError},
    registry_host::RegistryHost,
    secret::Secret as Sensitive,
    stored_entry::StoredEntry,
};

/// The members of an entry that are secret (docker/cli `config/types/authconfig.go`).
const PASSWORD_MEMBERS: [&str; 4] = ["auth", "password", "identitytoken", "registrytoken"];

const PULL_SECRETS: [&str; 2] = [SECRET_TYPE, OLD_SECRET_TYPE];

/// A secret as the server has it.
#[derive(Clone)]
pub struct LiveSecret(pub(super) Secret);

/// Without the content, which a derived one would print.
impl fmt::Debug for LiveSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "LiveSecret({})", self.name())
    }
}

/// Exactly this object in exactly this state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) uid: Option<String>,
    pub(super) resource_version: Option<String>,
}

impl LiveSecret {
    /// Takes a secret. What others keep in secrets of other types is let go: nothing here needs it.
    pub(super) fn new(mut secret: Secret) -> Self {
        let is_pull_secret = PULL_SECRETS.contains(&secret.type_.as_deref().unwrap_or_default());
        if !is_pull_secret {
            secret.data = None;
        }
        Self(secret)
    }

    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> ObjectName {
        let metadata = &self.0.metadata;
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        ObjectName::new(text(&metadata.namespace), text(&metadata.name))
    }

    /// Returns whether oreg or openshift-ansible made it: a pull secret with oreg's label, or with a name
    /// that openshift-ansible gives and no label of somebody else. A label alone proves nothing: anybody
    /// can put it on a token or a certificate.
    #[must_use]
    pub fn is_managed(&self) -> bool {
        self.is_pull_secret()
            && match self.manager() {
                Some(manager) => manager == MANAGER,
                None => is_additional_secret(&self.name().name),
            }
    }

    /// Returns whether the server is about to remove it.
    pub(super) fn is_being_deleted(&self) -> bool {
        self.0.metadata.deletion_timestamp.is_some()
    }

    /// Returns what must let go of it before it can be removed.
    pub(super) fn finalizers(&self) -> Option<String> {
        let finalizers = self.0.metadata.finalizers.as_deref().unwrap_or_default();
        (!finalizers.is_empty()).then(|| finalizers.join(", "))
    }

    /// Returns whether its content can never be changed (Kubernetes 1.19 and newer).
    pub(super) fn is_immutable(&self) -> bool {
        self.0.immutable.unwrap_or_default()
    }

    /// Returns the token servers whose entries follow the credential, as an earlier run noted them.
    pub(super) fn realm_hosts(&self) -> Vec<RegistryHost> {
        let annotations = self.0.metadata.annotations.as_ref();
        let noted = annotations.and_then(|annotations| annotations.get(REALM_HOSTS));
        let hosts = noted.map(String::as_str).unwrap_or_default().split(',');
        hosts
            .filter_map(|host| RegistryHost::parse(host.trim()).ok())
            .collect()
    }

    /// Returns what it holds, one line per entry.
    pub(super) fn entry_lines(&self) -> Vec<String> {
        match self.document() {
            Ok(Some(document)) => entry_lines(&document),
            _ if self.kind() == SECRET_TYPE => unreadable_line(),
            _ => vec![format!("type: {}", self.kind())],
        }
    }

    /// Returns the registries of which it holds credentials; `None` when it is a pull secret that
    /// no reader understands.
    #[must_use]
    pub fn registries(&self) -> Option<Vec<RegistryHost>> {
        if self.kind() != SECRET_TYPE {
            return Some(Vec::new());
        }
        let document = self.document().ok()??;
        let readable = document
            .auths()
            .iter()
            .all(|entry| entry.credential().is_ok());
        readable.then(|| {
            document
                .auths()
                .iter()
                .filter_map(StoredEntry::host)
                .collect()
        })
    }

    /// Returns whether it was made for one of `registries`, however they were written then: it is
    /// ours, or has the name of the main registry's secret and nobody claims it.
    #[must_use]
    pub fn is_for(&self, registries: &[RegistryHost]) -> bool {
        let is_main = || self.name().name == MAIN_SECRET && self.is_pull_secret();
        let may_be = self.is_managed() || self.manager().is_none() && is_main();
        may_be
            && self
                .own_registry()
                .is_some_and(|own| registries.contains(&own))
    }

    /// The registry it was made for: that of its name, else that of its first entry.
    pub(super) fn own_registry(&self) -> Option<RegistryHost> {
        let document = self.document().ok()??;
        let name = self.name().name;
        let gives_name = |entry: &&StoredEntry| {
            let host = entry.host().map(|host| host.to_string());
            let written = [Some(entry.key()), host.as_deref()];
            written
                .into_iter()
                .flatten()
                .any(|host| additional_secret(host) == name)
        };
        let entries = document.auths();
        let own = entries.iter().find(gives_name).or(entries.first());
        own.and_then(StoredEntry::host)
    }

    /// Returns the passwords and tokens that it holds, for whoever: a server may quote what it stores.
    pub(super) fn passwords(&self) -> Vec<Sensitive> {
        let mut found = Vec::new();
        for ByteString(bytes) in self.0.data.iter().flat_map(BTreeMap::values) {
            if let Ok(document) = serde_json::from_slice(bytes) {
                collect_passwords(&document, &mut found);
            }
        }
        found
    }

    pub(super) fn has_label(&self, (name, value): (&str, &str)) -> bool {
        let labels = self.0.metadata.labels.as_ref();
        labels.is_some_and(|labels| labels.get(name).is_some_and(|found| found == value))
    }

    fn manager(&self) -> Option<&str> {
        let labels = self.0.metadata.labels.as_ref()?;
        labels.get(MANAGER_LABEL).map(String::as_str)
    }

    pub(super) fn kind(&self) -> &str {
        self.0.type_.as_deref().unwrap_or("Opaque")
    }

    pub(super) fn is_pull_secret(&self) -> bool {
        PULL_SECRETS.contains(&self.kind())
    }

    /// Returns the document; `None` when there is none, or nothing that any reader can use.
    ///
    /// # Errors
    /// [`DocumentError`] for an object that we do not understand and other readers may: Go takes one
    /// with a name twice.
    pub(super) fn document(&self) -> Result<Option<DockerConfig>, DocumentError> {
        let data = self.0.data.as_ref();
        let Some(ByteString(bytes)) = data.and_then(|data| data.get(DOCUMENT_KEY)) else {
            return Ok(None);
        };
        match DockerConfig::parse(bytes) {
            Err(error) if is_object(bytes) => Err(error),
            result => Ok(result.ok()),
        }
    }

    pub(super) fn identity(&self) -> Identity {
        Identity {
            uid: self.0.metadata.uid.clone(),
            resource_version: self.0.metadata.resource_version.clone(),
        }
    }
}

/// Finds them wherever they stand: the two types of pull secrets nest entries at different depths.
fn collect_passwords(value: &Value, found: &mut Vec<Sensitive>) {
    let Value::Object(members) = value else {
        return;
    };
    for (key, member) in members {
        match member {
            Value::String(text) if PASSWORD_MEMBERS.contains(&key.as_str()) => {
                found.push(Sensitive::new(text.as_str()));
                found.extend(Credential::decode(text).map(|pair| pair.password().clone()));
            }
            member => collect_passwords(member, found),
        }
    }
}

/// Whether the bytes are a JSON object for a lenient reader: Go replaces what is not UTF-8.
fn is_object(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.trim_start().starts_with('{') && serde_json::from_str::<IgnoredAny>(&text).is_ok()
}

#[cfg(test)]
pub(super) mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

    use super::*;
    use crate::cluster::names::LAST_APPLIED;

    /// Named `imagestreamsecret`.
    pub(in crate::cluster) fn live(kind: &str, document: &str) -> LiveSecret {
        let data = BTreeMap::from([(DOCUMENT_KEY.to_owned(), ByteString(document.into()))]);
        LiveSecret(Secret {
            metadata: ObjectMeta {
                name: Some("imagestreamsecret".to_owned()),
                namespace: Some("openshift".to_owned()),
                uid: Some("u-1".to_owned()),
                resource_version: Some("7".to_owned()),
                labels: Some(BTreeMap::from([("team".to_owned(), "a".to_owned())])),
                annotations: Some(BTreeMap::from([(LAST_APPLIED.to_owned(), "{}".to_owned())])),
                ..ObjectMeta::default()
            },
            type_: Some(kind.to_owned()),
            data: Some(data),
            ..Secret::default()
        })
    }

    #[test]
    fn a_secret_is_for_the_registry_of_its_name_or_of_its_first_entry() {
        let registries = ["r.example.com", "docker.io"].map(|h| RegistryHost::parse(h).unwrap());
        let with = |name: &str, manager: Option<&str>, document: &str| {
            let mut secret = live(SECRET_TYPE, document);
            secret.0.metadata.name = Some(name.to_owned());
            let label = manager.map(|m| (MANAGER_LABEL.to_owned(), m.to_owned()));
            secret.0.metadata.labels = Some(label.into_iter().collect());
            secret.is_for(&registries)
        };
        let own = r#"{"auths":{"r.example.com":{},"q":{}}}"#;
        let second = r#"{"auths":{"q":{},"r.example.com":{}}}"#;
        let hub = r#"{"auths":{"q":{},"https://index.docker.io/v1/":{}}}"#;
        let (of_r, of_hub) = (
            &*additional_secret("r.example.com"),
            &*additional_secret("docker.io"),
        );
        let of_other_spelling = &*additional_secret("https://r.example.com");
        let table = [
            (MAIN_SECRET, None, own, true),
            (MAIN_SECRET, Some("Helm"), own, false),
            (MAIN_SECRET, None, second, false),
            ("x", None, own, false),
            ("x", Some(MANAGER), own, true),
            (of_other_spelling, None, own, true),
            (of_other_spelling, None, second, false),
            (of_r, None, second, true),
            (of_hub, None, hub, true),
            (of_r, Some("Helm"), own, false),
            (of_r, None, "[]", false),
        ];
        for (name, manager, document, expected) in table {
            assert_eq!(
                with(name, manager, document),
                expected,
                "{name} {manager:?} {document}"
            );
        }
    }

    #[test]
    fn all_passwords_of_a_document_are_known() {
        let document = r#"{"auths":{"r":{"auth":"dTpvbGQ=","username":"u"},"s":{"password":"p","identitytoken":"t"}}}"#;
        let found = live(SECRET_TYPE, document).passwords();
        let found: Vec<_> = found.iter().map(Sensitive::expose).collect();
        assert_eq!(found, ["dTpvbGQ=", "old", "p", "t"]);
        let old = live(OLD_SECRET_TYPE, r#"{"r":{"auth":"dTpvbGQ="}}"#);
        assert_eq!(old.passwords().len(), 2);
    }

    #[test]
    fn own_secrets_are_labelled_or_inherited() {
        let with = |name: &str, kind: &str, manager: Option<&str>| {
            let mut secret = live(kind, "{}");
            secret.0.metadata.name = Some(name.to_owned());
            let label = manager.map(|m| (MANAGER_LABEL.to_owned(), m.to_owned()));
            secret.0.metadata.labels = Some(label.into_iter().collect());
            secret.is_managed()
        };
        let inherited = "o-a-0cc175b9c0f1b6a831c399e269772661";
        let table = [
            ("x", SECRET_TYPE, Some("oreg"), true),
            ("x", SECRET_TYPE, None, false),
            ("imagestreamsecret", SECRET_TYPE, None, false),
            (inherited, SECRET_TYPE, None, true),
            (inherited, OLD_SECRET_TYPE, None, true),
            (inherited, "Opaque", None, false),
            (inherited, "Opaque", Some("oreg"), false),
            (
                "default-token",
                "kubernetes.io/service-account-token",
                Some("oreg"),
                false,
            ),
            (inherited, SECRET_TYPE, Some("Helm"), false),
        ];
        for (name, kind, manager, expected) in table {
            assert_eq!(
                with(name, kind, manager),
                expected,
                "{name} {kind} {manager:?}"
            );
        }
    }
}
