//! The same registry twice: in `oreg_url` and in the list, or twice in the list.

use std::collections::HashMap;

use super::{VariablesError, place_of};
use crate::domain::{
    registry_credential::{RegistryCredential, Source},
    registry_host::RegistryHost,
};

/// Leaves one credential for each registry. The same registry twice with one credential is one; with
/// two it is a conflict.
pub(super) fn unite(
    credentials: Vec<RegistryCredential>,
) -> (Vec<RegistryCredential>, Vec<VariablesError>) {
    let mut first_of: HashMap<RegistryHost, usize> = HashMap::new();
    let (mut kept, mut conflicts) = (Vec::<RegistryCredential>::new(), Vec::new());
    for credential in credentials {
        match first_of.get(&credential.host) {
            None => {
                first_of.insert(credential.host.clone(), kept.len());
                kept.push(credential);
            }
            Some(&first) => conflicts.extend(merge(&mut kept[first], credential).err()),
        }
    }
    (kept, conflicts)
}

/// Merges two entries for one registry. Either test image will do. Connection settings exist only in the
/// list, so they also hold for the main registry.
fn merge(first: &mut RegistryCredential, second: RegistryCredential) -> Result<(), VariablesError> {
    if let Some(difference) = difference(first, &second) {
        return Err(VariablesError::Conflict {
            first: place_of(&first.source),
            second: place_of(&second.source),
            host: first.host.to_string(),
            difference,
        });
    }
    first.test_image = first.test_image.take().or(second.test_image);
    first.security.tls_verify = second.security.tls_verify;
    first.security.ca_cert = first.security.ca_cert.take().or(second.security.ca_cert);
    Ok(())
}

fn difference(first: &RegistryCredential, second: &RegistryCredential) -> Option<&'static str> {
    let (one, other) = (&first.security, &second.security);
    let authorities = one.ca_cert.as_ref().zip(other.ca_cert.as_ref());
    if first.credential != second.credential {
        return Some("credentials");
    }
    // The main registry has no settings that could differ.
    if first.source == Source::Main {
        return None;
    }
    if one.tls_verify != other.tls_verify {
        return Some("tls_verify");
    }
    let differ = authorities.is_some_and(|(one, other)| one != other);
    differ.then_some("ca_cert")
}
