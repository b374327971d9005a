//! One entry of `openshift_additional_registry_credentials`.

use super::{
    AdditionalRegistry, VariablesError, names,
    resolve::{Faults, RegistryTest},
};
use crate::domain::{
    credential::Credential,
    faults,
    image::ImageReference,
    registry_credential::{RegistryCredential, Source, TransportSecurity},
    registry_host::RegistryHost,
};

/// Returns the credential of the entry at `index`.
pub(super) fn credential(
    index: usize,
    given: &AdditionalRegistry,
) -> Result<RegistryCredential, Faults> {
    let host = host(index, given).map_err(|fault| vec![fault])?;
    let image = test_image(index, given, &host);
    let (credential, test_image) = faults::both(pair(index, given, &host), image)?;
    Ok(RegistryCredential {
        host,
        written_host: given.host.clone(),
        source: Source::Additional(index),
        credential,
        test_image,
        security: security(given),
    })
}

/// Returns the registry.
pub(super) fn host(
    index: usize,
    given: &AdditionalRegistry,
) -> Result<RegistryHost, VariablesError> {
    RegistryHost::parse(&given.host).map_err(|error| VariablesError::Host {
        place: format!("{}[{index}].host", names::ADDITIONAL),
        error,
    })
}

/// Returns how the registry is to be tested.
pub(super) fn test(
    index: usize,
    given: &AdditionalRegistry,
) -> Result<RegistryTest, VariablesError> {
    let host = host(index, given)?;
    let image = test_image(index, given, &host)?;
    Ok((host, image, security(given)))
}

fn pair(
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

fn security(given: &AdditionalRegistry) -> TransportSecurity {
    TransportSecurity {
        tls_verify: given.tls_verify,
        ca_cert: given.ca_cert.clone(),
        ..TransportSecurity::default()
    }
}

fn place(index: usize, member: &str, host: &RegistryHost) -> String {
    format!("{}[{index}].{member} (host {host})", names::ADDITIONAL)
}
