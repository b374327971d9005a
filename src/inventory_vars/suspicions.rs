//! Warnings about credentials that look like mistakes but may be intended.

use super::{names, place_of};
use crate::domain::registry_credential::{RegistryCredential, Source};

/// A warning for each suspicion.
pub(super) fn suspicions(credential: &RegistryCredential) -> impl Iterator<Item = String> {
    let host = &credential.host;
    let password = credential.credential.password().expose();
    let place = match &credential.source {
        Source::Main => names::AUTH_PASSWORD.to_owned(),
        source @ (Source::Additional(_) | Source::File(_) | Source::Task | Source::Named(_)) => {
            format!("{}.password", place_of(source))
        }
    };
    // It comes from a file read with its last newline.
    let white = (password.trim() != password).then(|| {
        format!("{place} (host {host}) begins or ends with white space; it is used as it is")
    });
    [white, narrow_key(credential)].into_iter().flatten()
}

/// Readers of the files compare keys with the names of images (docs/node-files.md).
fn narrow_key(credential: &RegistryCredential) -> Option<String> {
    let (place, host) = (place_of(&credential.source), &credential.host);
    if host.to_string() != host.authority() && !host.is_docker_hub() {
        return Some(format!(
            "{place} (host {host}): docker finds no credential under a name with a path, kubelet and \
             podman do; give the credential for {} if docker is to pull with it",
            host.authority()
        ));
    }
    let bare = host.authority().strip_suffix(":443")?;
    Some(format!(
        "{place} (host {host}): it is found for images with :443 in their names only; leave the port \
         out for {bare}/..."
    ))
}
