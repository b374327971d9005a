//! What secrets of pull credentials are called and marked with: openshift-ansible's names, so that its
//! secrets are taken over.

use std::fmt;

use md5::{Digest, Md5};

/// The secret for the registry of the cluster's own images.
pub const MAIN_SECRET: &str = "imagestreamsecret";

/// The type of a pull secret.
pub const SECRET_TYPE: &str = "kubernetes.io/dockerconfigjson";
/// The older type of pull secrets.
pub const OLD_SECRET_TYPE: &str = "kubernetes.io/dockercfg";
/// The key of a pull secret's document.
pub const DOCUMENT_KEY: &str = ".dockerconfigjson";

/// The label that says who manages a secret.
pub const MANAGER_LABEL: &str = "app.kubernetes.io/managed-by";
/// The value of [`MANAGER_LABEL`] on secrets that oreg made.
pub const MANAGER: &str = "oreg";

/// The annotation with the hosts of token servers under which oreg stored the credential, too, separated
/// by commas. Rotation follows no others: whoever once added an entry with the same login would receive
/// every later password.
pub const REALM_HOSTS: &str = "oreg.openshift/realm-hosts";

/// kubectl's copy of the object it applied last, credentials and type included.
pub(super) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

const ADDITIONAL_PREFIX: &str = "o-a-";
const MD5_DIGITS: usize = 32;

/// An object in a namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectName {
    /// The namespace.
    pub namespace: String,
    /// The name within it.
    pub name: String,
}

impl ObjectName {
    /// Joins both.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
        }
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.namespace, self.name)
    }
}

/// Returns the name of the secret for an additional registry: the digest is of the host exactly as
/// the inventory has it (openshift-ansible `stream_secrets.yml`: `item.host | hash('md5')`).
#[must_use]
pub fn additional_secret(written_host: &str) -> String {
    let digest = Md5::digest(written_host.as_bytes());
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let hex = digits.filter_map(|digit| char::from_digit(digit.into(), 16));
    format!("{ADDITIONAL_PREFIX}{}", hex.collect::<String>())
}

/// Returns whether `name` is one that [`additional_secret`] gives.
#[must_use]
pub fn is_additional_secret(name: &str) -> bool {
    let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    name.strip_prefix(ADDITIONAL_PREFIX)
        .is_some_and(|hex| hex.len() == MD5_DIGITS && hex.chars().all(is_digit))
}

/// Returns whether `name` can be a namespace (RFC 1123 label, as the API server checks it).
#[must_use]
pub fn is_namespace(name: &str) -> bool {
    name.len() <= 63 && is_label(name)
}

/// Returns whether `name` can be a service account (RFC 1123 subdomain).
#[must_use]
pub fn is_service_account(name: &str) -> bool {
    name.len() <= 253 && name.split('.').all(is_label)
}

fn is_label(name: &str) -> bool {
    let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !name.is_empty() && !name.starts_with('-') && !name.ends_with('-') && name.chars().all(is_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn additional_secrets_are_named_as_openshift_ansible_does() {
        let name = additional_secret("registry.example.com");
        assert_eq!(name, "o-a-35bc994a01106a687ad02f9440f57b80");
        assert!(is_additional_secret(&name));
    }

    #[test]
    fn other_names_are_foreign() {
        for name in [
            "o-a-",
            "o-a-0cc175b9c0f1b6a831c399e26977266",
            "o-a-0CC175B9C0F1B6A831C399E269772661",
            "x-o-a-0cc175b9c0f1b6a831c399e269772661",
        ] {
            assert!(!is_additional_secret(name), "{name}");
        }
    }

    #[test]
    fn names_that_would_change_the_path_are_refused() {
        for name in ["", "a/b", "..", "A", "-a", "a-", "a b", "a?b"] {
            assert!(!is_namespace(name), "{name}");
            assert!(!is_service_account(name), "{name}");
        }
        assert!(is_namespace("openshift-infra"));
        assert!(is_service_account("build.controller"));
        assert!(!is_namespace("build.controller"));
    }
}
