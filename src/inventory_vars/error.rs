//! What can be wrong with the variables. Every message names variable, place and way out.

use thiserror::Error;

use super::names;
use crate::domain::{credential::CredentialError, image::ImageError, registry_host::HostError};

/// One error of the inventory variables.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum VariablesError {
    /// User without password or the reverse.
    #[error("{given} is given without {missing}: give both, or neither")]
    Half {
        /// The variable that is there.
        given: &'static str,
        /// The variable that is not.
        missing: &'static str,
    },
    /// The registry serves no anonymous request.
    #[error(
        "{}: {} needs a credential: set {} and {} (a registry service account from \
         https://access.redhat.com/terms-based-registry)",
        names::OREG_URL,
        names::RED_HAT_REGISTRY,
        names::AUTH_USER,
        names::AUTH_PASSWORD
    )]
    RedHatNeedsCredential,
    /// The text names no registry.
    #[error("{place}: {error}")]
    Host {
        /// The variable, with index.
        place: String,
        /// What is wrong.
        error: HostError,
    },
    /// A credential of the main registry without a variable that names the registry. A guess could send a
    /// password of Red Hat to quay.io.
    #[error(
        "{} and {} are given, and nothing names their registry: set {} (or its old name {}), or {}",
        names::AUTH_USER,
        names::AUTH_PASSWORD,
        names::DEPLOYMENT_TYPE,
        names::OLD_DEPLOYMENT_TYPE,
        names::OREG_URL
    )]
    UnnamedRegistry,
    /// The old name of the deployment type has a value that it never had.
    #[error(
        "{}: must be {} or {}",
        names::OLD_DEPLOYMENT_TYPE,
        names::ORIGIN,
        names::ENTERPRISE
    )]
    OldDeploymentType,
    /// The image pattern has no registry.
    #[error(
        "{}: has no registry before its first `/`: write HOST/PATH-${{component}}:${{version}}",
        names::OREG_URL
    )]
    UrlWithoutHost,
    /// A user or password that cannot be sent.
    #[error("{place}: {error}")]
    Credential {
        /// The variable, with index and host.
        place: String,
        /// What is wrong.
        error: CredentialError,
    },
    /// The text is not an image reference.
    #[error("{place}: {error}")]
    Image {
        /// The variable, with index and host.
        place: String,
        /// What is wrong.
        error: ImageError,
    },
    /// The password is missing.
    #[error("{place}: is required")]
    NoPassword {
        /// The variable, with index and host.
        place: String,
    },
    /// Two entries for one registry that differ in credential or connection. Readers of config.json see only
    /// one of them.
    #[error(
        "{second} and {first} are the same registry {host} with different {difference}: keep one"
    )]
    Conflict {
        /// Where the first stands.
        first: String,
        /// Where the second stands.
        second: String,
        /// The registry.
        host: String,
        /// In what they differ.
        difference: &'static str,
    },
}

impl VariablesError {
    /// Names of the places of user and password the one that is at fault.
    pub(super) fn of_credential(error: CredentialError, [user, password]: [String; 2]) -> Self {
        let place = if error.is_in_password() {
            password
        } else {
            user
        };
        Self::Credential { place, error }
    }
}
