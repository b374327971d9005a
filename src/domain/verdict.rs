//! What was concluded about a credential. Meaning of each word: docs/verdicts.md.

use std::fmt;

/// The conclusion about one credential. The words are part of the module's contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// The credential was examined and accepted, and the image can be pulled.
    Valid,
    /// The registry refused user and password.
    InvalidCredentials,
    /// The credential is good, but this image may not be pulled with it.
    Denied,
    /// The credential is good; the registry hides whether the image is missing or forbidden.
    DeniedOrMissing,
    /// The credential is good; there is no such image.
    ImageNotFound,
    /// Everything answers, but nothing shows that the credential was examined.
    NotProven,
    /// The registry asks to come back later.
    RateLimited,
    /// No answer from the registry or its token server.
    Unreachable,
    /// No trusted TLS connection could be made.
    TlsFailure,
    /// A proxy stood in the way.
    ProxyFailure,
    /// Something answers there, but it is not a registry.
    NotARegistry,
    /// The registry answered in a way that allows no conclusion.
    RegistryError,
    /// No test was asked for.
    Skipped,
}

impl Verdict {
    /// Every verdict, in the order of the documentation.
    pub const ALL: [Self; 13] = [
        Self::Valid,
        Self::InvalidCredentials,
        Self::Denied,
        Self::DeniedOrMissing,
        Self::ImageNotFound,
        Self::NotProven,
        Self::RateLimited,
        Self::Unreachable,
        Self::TlsFailure,
        Self::ProxyFailure,
        Self::NotARegistry,
        Self::RegistryError,
        Self::Skipped,
    ];

    /// Returns the word by which the verdict is known in results and documentation.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::InvalidCredentials => "invalid_credentials",
            Self::Denied => "denied",
            Self::DeniedOrMissing => "denied_or_missing",
            Self::ImageNotFound => "image_not_found",
            Self::NotProven => "not_proven",
            Self::RateLimited => "rate_limited",
            Self::Unreachable => "unreachable",
            Self::TlsFailure => "tls_failure",
            Self::ProxyFailure => "proxy_failure",
            Self::NotARegistry => "not_a_registry",
            Self::RegistryError => "registry_error",
            Self::Skipped => "skipped",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}
