//! The main registry: that of `oreg_url`, with `oreg_auth_user` and `oreg_auth_password`.

use super::{
    DeploymentType, Variables, VariablesError, names,
    registry::{InventoryRegistry, NamedRegistry},
};
use crate::domain::{
    credential::Credential,
    image::ImageReference,
    registry_credential::{RegistryCredential, Source, TransportSecurity},
    registry_host::RegistryHost,
    secret::Secret,
};

/// The main registry, which has defaults where the variables say nothing of it.
#[derive(Clone, Debug)]
pub(super) struct MainRegistry {
    /// [`VariablesError::UnnamedRegistry`] where neither `oreg_url` nor a deployment type is given.
    registry: Result<InventoryRegistry, VariablesError>,
    /// Whether user and password are given; an error for one without the other.
    has_credential: Result<bool, VariablesError>,
    has_user: bool,
    has_url: bool,
}

/// What `oreg_url` consists of.
struct ImagePattern {
    host: RegistryHost,
    written_host: String,
    /// What stands behind the host, with `${component}` and `${version}`.
    rest: String,
}

impl MainRegistry {
    pub(super) fn read(variables: &Variables) -> Self {
        let pair = pair(variables);
        Self {
            registry: registry(variables, pair.as_ref().ok().copied().flatten()),
            has_credential: pair.map(|pair| pair.is_some()),
            has_user: variables.auth_user.is_some(),
            has_url: variables.oreg_url.is_some(),
        }
    }

    /// The credential; none where neither user nor password is given.
    pub(super) fn credential(self) -> Result<Option<RegistryCredential>, Vec<VariablesError>> {
        let has_credential = self.has_credential.map_err(|error| vec![error])?;
        match self.registry {
            Ok(registry) => registry.credential(),
            Err(VariablesError::UnnamedRegistry) if !has_credential => Ok(None),
            Err(error) => Err(vec![error]),
        }
    }

    /// The registry where the variables are about it. A default alone is not: on the many clusters that pull
    /// anonymously it names a registry for which no credential exists.
    pub(super) fn if_meant(self) -> Option<Result<InventoryRegistry, VariablesError>> {
        (self.has_url || self.has_user).then_some(self.registry)
    }

    /// The name of the registry, also where only the deployment type gives it.
    pub(super) fn if_named(self) -> Option<Result<NamedRegistry, VariablesError>> {
        match self.registry {
            Err(VariablesError::UnnamedRegistry) => None,
            registry => Some(registry.map(|registry| registry.name)),
        }
    }

    pub(super) fn has_user(&self) -> bool {
        self.has_user
    }
}

fn registry(
    variables: &Variables,
    pair: Option<(&str, &Secret)>,
) -> Result<InventoryRegistry, VariablesError> {
    let pattern = image_pattern(variables)?;
    let host = pattern.host.clone();
    let credential = match pair {
        Some((user, password)) => credential(user, password).map(Some),
        // Installs from there fail late, at the first pull: say so before anything is changed.
        None if host.to_string() == names::RED_HAT_REGISTRY => {
            Err(VariablesError::RedHatNeedsCredential)
        }
        None => Ok(None),
    };
    Ok(InventoryRegistry {
        credential,
        test_image: test_image(variables, &pattern),
        // Its own variables say nothing of TLS; an entry of the list may (`unite`).
        security: TransportSecurity::default(),
        name: NamedRegistry {
            source: Source::Main,
            host,
            written: pattern.written_host,
        },
    })
}

/// Splits `oreg_url`, or the default of the deployment type, at its first slash.
fn image_pattern(variables: &Variables) -> Result<ImagePattern, VariablesError> {
    let default = || variables.deployment_type.map(DeploymentType::default_url);
    let url = variables.oreg_url.as_deref().or_else(default);
    let url = url.ok_or(VariablesError::UnnamedRegistry)?;
    // openshift-ansible takes the text before the first slash, so a scheme makes `https:` the host there.
    let bare = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (host, rest) = bare.split_once('/').ok_or(VariablesError::UrlWithoutHost)?;
    let place = names::OREG_URL.to_owned();
    Ok(ImagePattern {
        host: RegistryHost::parse(host).map_err(|error| VariablesError::Host { place, error })?,
        written_host: host.to_owned(),
        rest: rest.to_owned(),
    })
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

fn credential(user: &str, password: &Secret) -> Result<Credential, VariablesError> {
    Credential::new(user, password.clone()).map_err(|error| {
        let places = [names::AUTH_USER, names::AUTH_PASSWORD];
        VariablesError::of_credential(error, places.map(str::to_owned))
    })
}

fn test_image(
    variables: &Variables,
    pattern: &ImagePattern,
) -> Result<Option<ImageReference>, VariablesError> {
    if !variables.test_login {
        return Ok(None);
    }
    let (place, text) = match &variables.test_image {
        Some(text) => (names::TEST_IMAGE, text.as_str()),
        None => (names::OREG_URL, pattern.rest.as_str()),
    };
    // Every node runs the pod image, so every cluster of this registry has it.
    let text = text
        .replace("${component}", "pod")
        .replace("${version}", &variables.image_tag);
    let place = place.to_owned();
    let image = ImageReference::parse(&text, &pattern.host);
    image
        .map(Some)
        .map_err(|error| VariablesError::Image { place, error })
}
