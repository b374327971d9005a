//! What is to be proven: one credential, and how deep it is examined.

use crate::{domain::registry_credential::RegistryCredential, registry::Reason};

/// One credential, and how deep it is examined.
#[derive(Clone, Debug)]
pub struct Examination {
    /// The credential. Its test image is looked at where there is one.
    pub credential: RegistryCredential,
    /// Whether a credential without test image has its login examined, or is left alone.
    pub without_image: WithoutImage,
}

/// Treatment of a credential without test image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithoutImage {
    /// It is not tested, for this reason.
    Skip(Reason),
    /// Its login is examined: nothing is known about its images.
    LogIn,
}
