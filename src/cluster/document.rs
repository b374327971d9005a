//! The document in a pull secret: put there, searched, and in lines that a diff may show.

use std::collections::BTreeMap;

use k8s_openapi::{ByteString, api::core::v1::Secret};

use super::names::DOCUMENT_KEY;
use crate::domain::{
    docker_config::DockerConfig,
    plan::EntrySummary,
    registry_host::{RegistryHost, mask_userinfo},
    secret::Secret as Sensitive,
    stored_entry::StoredEntry,
};

pub(super) fn empty_document() -> DockerConfig {
    DockerConfig::parse(br#"{"auths":{}}"#).expect("the text is a document")
}

/// Puts the document into the secret, beside whatever else is in it.
pub(super) fn put_document(secret: &mut Secret, document: &Sensitive) {
    let bytes = ByteString(document.expose().as_bytes().to_vec());
    let data = secret.data.get_or_insert_with(BTreeMap::new);
    data.insert(DOCUMENT_KEY.to_owned(), bytes);
}

/// Returns the other hosts whose entries hold the same credential as that of `registry`.
pub(super) fn hosts_with_credential_of(
    document: &DockerConfig,
    registry: &RegistryHost,
) -> Vec<RegistryHost> {
    let credential = |entry: &StoredEntry| entry.credential().ok().flatten();
    let Some(held) = document.entry(registry).and_then(credential) else {
        return Vec::new();
    };
    let entries = document.auths().iter();
    let alike = entries.filter(|entry| credential(entry).as_ref() == Some(&held));
    let hosts = alike.filter_map(StoredEntry::host);
    hosts.filter(|host| host != registry).collect()
}

/// Returns a line for each entry: users and fingerprints of passwords, never a password.
pub(super) fn entry_lines(document: &DockerConfig) -> Vec<String> {
    document.auths().iter().map(entry_line).collect()
}

pub(super) fn unreadable_line() -> Vec<String> {
    vec![format!("{DOCUMENT_KEY}: not a docker config")]
}

/// Makes sure that a diff shows something when what differs is beside the entries.
pub(super) fn mark_difference(before: &mut Vec<String>, after: &[String]) {
    if before == after {
        before.push("other members, or another layout".to_owned());
    }
}

fn entry_line(entry: &StoredEntry) -> String {
    let holding = match EntrySummary::of(entry) {
        EntrySummary::Credential { user, fingerprint } => {
            format!("user={user} password={fingerprint}")
        }
        EntrySummary::Other => "no user and password".to_owned(),
        EntrySummary::Unreadable => "unreadable".to_owned(),
    };
    let token = if entry.has_token() {
        " and a token"
    } else {
        ""
    };
    format!("{}: {holding}{token}", mask_userinfo(entry.key()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_shows_no_password() {
        let text = br#"{"auths":{"https://u:hunter2@r":{"auth":"dTpodW50ZXIy"},"x":{"identitytoken":"t"},"y":7}}"#;
        assert_eq!(
            entry_lines(&DockerConfig::parse(text).unwrap()),
            [
                "https://********@r: user=u password=sha256:f52fbd",
                "x: no user and password and a token",
                "y: unreadable"
            ]
        );
    }
}
