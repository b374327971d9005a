//! One registry of the inventory, read once. What is wrong with a part of it counts only for those who
//! need that part: removing an entry needs no password, testing a stored one no credential.

use super::VariablesError;
use crate::domain::{
    collect,
    credential::Credential,
    image::ImageReference,
    registry_credential::{RegistryCredential, Source, TransportSecurity},
    registry_host::RegistryHost,
};

/// A registry, where the inventory names it, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedRegistry {
    /// The variable.
    pub source: Source,
    /// The registry.
    pub host: RegistryHost,
    /// The host exactly as the inventory has it: secret names are derived from it.
    pub written: String,
}

/// How a registry is to be tested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryTest {
    /// The registry.
    pub host: RegistryHost,
    /// The image that proves a credential for it; `None`: no test is wanted.
    pub image: Option<ImageReference>,
    /// The demands on the connection.
    pub security: TransportSecurity,
}

/// Everything that the variables say of one registry.
#[derive(Clone, Debug)]
pub(super) struct InventoryRegistry {
    pub(super) name: NamedRegistry,
    /// `None`: nothing to log in with is given, and nothing is needed.
    pub(super) credential: Result<Option<Credential>, VariablesError>,
    pub(super) test_image: Result<Option<ImageReference>, VariablesError>,
    pub(super) security: TransportSecurity,
}

impl InventoryRegistry {
    /// The credential, if there is one, with everything that proves it.
    pub(super) fn credential(self) -> Result<Option<RegistryCredential>, Vec<VariablesError>> {
        if let Ok(None) = self.credential {
            return Ok(None);
        }
        let (credential, test_image) = collect::both(self.credential, self.test_image)?;
        let NamedRegistry {
            source,
            host,
            written,
        } = self.name;
        Ok(credential.map(|credential| RegistryCredential {
            host,
            written_host: written,
            source,
            credential,
            test_image,
            security: self.security,
        }))
    }

    /// How the registry is to be tested, whatever its credential is.
    pub(super) fn test(self) -> Result<RegistryTest, VariablesError> {
        Ok(RegistryTest {
            host: self.name.host,
            image: self.test_image?,
            security: self.security,
        })
    }
}
