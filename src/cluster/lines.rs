//! What a docker config document holds, in lines that a diff may show: users and fingerprints of
//! passwords, never a password.

use super::shown::shown;
use crate::domain::{docker_config::DockerConfig, merge::Holding, stored_entry::StoredEntry};

/// Returns a line for each entry.
pub(super) fn lines(document: &DockerConfig) -> Vec<String> {
    document.auths().iter().map(line).collect()
}

fn line(entry: &StoredEntry) -> String {
    let holding = match Holding::of(entry) {
        Holding::Credential { user, fingerprint } => format!("user={user} password={fingerprint}"),
        Holding::Other => "no user and password".to_owned(),
        Holding::Unreadable => "unreadable".to_owned(),
    };
    format!("{}: {holding}", shown(entry.key()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_shows_no_password() {
        let text = br#"{"auths":{"https://u:hunter2@r":{"auth":"dTpodW50ZXIy"},"x":{},"y":7}}"#;
        assert_eq!(
            lines(&DockerConfig::parse(text).unwrap()),
            [
                "https://r: user=u password=sha256:f52fbd",
                "x: no user and password",
                "y: unreadable"
            ]
        );
    }
}
