//! The same registry twice: in `oreg_url` and in the list, or twice in the list.

use std::collections::HashMap;

use super::{VariablesError, place_of, resolve::Faults};
use crate::domain::{
    registry_credential::{RegistryCredential, Source},
    registry_host::RegistryHost,
};

/// Leaves one credential for each registry. The same registry twice with one credential is one; with
/// two it is a conflict.
pub(super) fn unite(credentials: Vec<RegistryCredential>) -> (Vec<RegistryCredential>, Faults) {
    let mut first_of: HashMap<RegistryHost, usize> = HashMap::new();
    let (mut kept, mut conflicts) = (Vec::<RegistryCredential>::new(), Faults::new());
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

/// Makes one of two for the same registry. The test of either is enough. How to connect can be said in
/// the list only, so what the list says holds for the main registry, too.
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
    let cas = one.ca_cert.as_ref().zip(other.ca_cert.as_ref());
    match () {
        () if first.credential != second.credential => Some("credentials"),
        () if first.source == Source::Main => None,
        () if one.tls_verify != other.tls_verify => Some("tls_verify"),
        () if cas.is_some_and(|(one, other)| one != other) => Some("ca_cert"),
        () => None,
    }
}
