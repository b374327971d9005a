//! What a docker config document holds, in lines that a diff may show: users and fingerprints of
//! passwords, never a password.

use crate::domain::{
    docker_config::DockerConfig, plan::Holding, registry_host::shown, stored_entry::StoredEntry,
};

/// Returns a line for each entry.
pub(super) fn lines(document: &DockerConfig) -> Vec<String> {
    document.auths().iter().map(line).collect()
}

/// Makes sure that a diff shows something when what differs is beside the entries.
pub(super) fn differing(before: &mut Vec<String>, after: &[String]) {
    if before == after {
        before.push("other members, or another layout".to_owned());
    }
}

fn line(entry: &StoredEntry) -> String {
    let holding = match Holding::of(entry) {
        Holding::Credential { user, fingerprint } => format!("user={user} password={fingerprint}"),
        Holding::Other => "no user and password".to_owned(),
        Holding::Unreadable => "unreadable".to_owned(),
    };
    let token = if entry.has_token() {
        " and a token"
    } else {
        ""
    };
    format!("{}: {holding}{token}", shown(entry.key()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_shows_no_password() {
        let text = br#"{"auths":{"https://u:hunter2@r":{"auth":"dTpodW50ZXIy"},"x":{"identitytoken":"t"},"y":7}}"#;
        assert_eq!(
            lines(&DockerConfig::parse(text).unwrap()),
            [
                "https://********@r: user=u password=sha256:f52fbd",
                "x: no user and password and a token",
                "y: unreadable"
            ]
        );
    }
}
