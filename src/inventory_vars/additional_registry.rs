//! One entry of `openshift_additional_registry_credentials`.

use super::{
    AdditionalRegistry, VariablesError, names,
    registry::{InventoryRegistry, NamedRegistry},
};
use crate::domain::{
    credential::Credential,
    image::ImageReference,
    registry_credential::{Source, TransportSecurity},
    registry_host::RegistryHost,
};

/// Reads the entry at `index`.
///
/// Without a host nothing else of the entry can be named, so this error is the only one of it.
pub(super) fn read(
    index: usize,
    given: &AdditionalRegistry,
) -> Result<InventoryRegistry, VariablesError> {
    let host = RegistryHost::parse(&given.host).map_err(|error| VariablesError::Host {
        place: format!("{}[{index}].host", names::ADDITIONAL),
        error,
    })?;
    Ok(InventoryRegistry {
        credential: credential(index, given, &host).map(Some),
        test_image: test_image(index, given, &host),
        security: TransportSecurity {
            tls_verify: given.tls_verify,
            ca_cert: given.ca_cert.clone(),
            ..TransportSecurity::default()
        },
        name: NamedRegistry {
            source: Source::Additional(index),
            host,
            written: given.host.clone(),
        },
    })
}

fn credential(
    index: usize,
    given: &AdditionalRegistry,
    host: &RegistryHost,
) -> Result<Credential, VariablesError> {
    let Some(password) = &given.password else {
        let place = place(index, "password", host);
        return Err(VariablesError::NoPassword { place });
    };
    Credential::new(given.user.clone(), password.clone()).map_err(|error| {
        let places = ["user", "password"].map(|member| place(index, member, host));
        VariablesError::of_credential(error, places)
    })
}

fn test_image(
    index: usize,
    given: &AdditionalRegistry,
    host: &RegistryHost,
) -> Result<Option<ImageReference>, VariablesError> {
    if !given.test_login {
        return Ok(None);
    }
    let image = ImageReference::parse(&given.test_image, host);
    image.map(Some).map_err(|error| {
        let place = place(index, "test_image", host);
        VariablesError::Image { place, error }
    })
}

fn place(index: usize, member: &str, host: &RegistryHost) -> String {
    format!("{}[{index}].{member} (host {host})", names::ADDITIONAL)
}
