//! Whoever wants to hear of proofs while they run.

use crate::domain::registry_credential::RegistryCredential;

/// Hears which registries are being asked. Each start has its end; several overlap.
pub trait Watch {
    /// The first request for this credential goes out.
    fn started(&self, credential: &RegistryCredential);
    /// The proof of this credential has ended.
    fn finished(&self, credential: &RegistryCredential);
}

/// Watches nothing.
#[derive(Clone, Copy, Debug)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn started(&self, _: &RegistryCredential) {}
    fn finished(&self, _: &RegistryCredential) {}
}
