//! The main registry: that of `oreg_url`, with `oreg_auth_user` and `oreg_auth_password`.

use super::{
    DeploymentType, Variables, VariablesError, names,
    resolve::{Faults, RegistryTest},
};
use crate::domain::{
    credential::Credential,
    faults,
    image::ImageReference,
    registry_credential::{RegistryCredential, Source, TransportSecurity},
    registry_host::RegistryHost,
    secret::Secret,
};

/// Returns the credential; none where neither user nor password is given.
pub(super) fn credential(variables: &Variables) -> Result<Option<RegistryCredential>, Faults> {
    let Some((user, password)) = pair(variables).map_err(|fault| vec![fault])? else {
        return check_anonymous(variables).map_err(|fault| vec![fault]);
    };
    let (host, written_host, pattern) = split_url(variables).map_err(|fault| vec![fault])?;
    let image = test_image(variables, &pattern, &host);
    let (credential, test_image) = faults::both(checked(user, password), image)?;
    Ok(Some(RegistryCredential {
        host,
        written_host,
        source: Source::Main,
        credential,
        test_image,
        security: TransportSecurity::default(),
    }))
}

/// Without a credential, the main registry is any but the one that serves nobody without.
fn check_anonymous(variables: &Variables) -> Result<Option<RegistryCredential>, VariablesError> {
    match split_url(variables) {
        Ok((host, ..)) if host.to_string() == names::RED_HAT_REGISTRY => {
            Err(VariablesError::RedHatNeedsCredential)
        }
        Ok(_) | Err(VariablesError::UnnamedRegistry) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Returns the registry and, as written, what it is called.
pub(super) fn host(variables: &Variables) -> Result<(RegistryHost, String), VariablesError> {
    split_url(variables).map(|(host, written, _)| (host, written))
}

/// Returns how the registry is to be tested.
pub(super) fn test(variables: &Variables) -> Result<RegistryTest, VariablesError> {
    let (host, _, pattern) = split_url(variables)?;
    let image = test_image(variables, &pattern, &host)?;
    Ok((host, image, TransportSecurity::default()))
}

/// Splits `oreg_url`, or the default of the deployment type, at its first slash: the registry, the
/// registry as written, and the rest.
fn split_url(variables: &Variables) -> Result<(RegistryHost, String, String), VariablesError> {
    let default = || variables.deployment_type.map(DeploymentType::default_url);
    let url = variables.oreg_url.as_deref().or_else(default);
    let url = url.ok_or(VariablesError::UnnamedRegistry)?;
    let bare = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (host, rest) = bare.split_once('/').ok_or(VariablesError::UrlWithoutHost)?;
    let place = names::OREG_URL.to_owned();
    let parsed =
        RegistryHost::parse(host).map_err(|error| VariablesError::Host { place, error })?;
    Ok((parsed, host.to_owned(), rest.to_owned()))
}

fn pair(variables: &Variables) -> Result<Option<(&str, &Secret)>, VariablesError> {
    let half = |given, missing| Err(VariablesError::Half { given, missing });
    match (&variables.auth_user, &variables.auth_password) {
        (Some(user), Some(password)) => Ok(Some((user, password))),
        (None, None) => Ok(None),
        (Some(_), None) => half(names::AUTH_USER, names::AUTH_PASSWORD),
        (None, Some(_)) => half(names::AUTH_PASSWORD, names::AUTH_USER),
    }
}

fn checked(user: &str, password: &Secret) -> Result<Credential, VariablesError> {
    Credential::new(user, password.clone()).map_err(|error| {
        let places = [names::AUTH_USER, names::AUTH_PASSWORD];
        VariablesError::of_credential(error, places.map(str::to_owned))
    })
}

fn test_image(
    variables: &Variables,
    pattern: &str,
    host: &RegistryHost,
) -> Result<Option<ImageReference>, VariablesError> {
    if !variables.test_login {
        return Ok(None);
    }
    let (place, text) = match &variables.test_image {
        Some(text) => (names::TEST_IMAGE, text.as_str()),
        None => (names::OREG_URL, pattern),
    };
    let text = text
        .replace("${component}", "pod")
        .replace("${version}", &variables.image_tag);
    let place = place.to_owned();
    let image = ImageReference::parse(&text, host);
    image
        .map(Some)
        .map_err(|error| VariablesError::Image { place, error })
}
