//! Conclusions about a credential. The meaning of each word: docs/verdicts.md.

use std::fmt;

macro_rules! verdicts {
    ($($(#[$doc:meta])+ $name:ident = $word:literal,)+) => {
        /// The conclusion about one credential. The words are part of the module's contract.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Verdict { $($(#[$doc])+ $name,)+ }

        impl Verdict {
            /// Every verdict, in the order of the documentation.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$name),+];

            /// The word that names the verdict in results and documentation.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }
        }
    };
}

verdicts! {
    /// The credential was examined and accepted, and the image can be pulled.
    Valid = "valid",
    /// The registry refused user and password.
    InvalidCredentials = "invalid_credentials",
    /// The credential is good, but this image may not be pulled with it.
    Denied = "denied",
    /// The registry does not say whether the image is missing or forbidden.
    DeniedOrMissing = "denied_or_missing",
    /// The credential is good; there is no such image.
    ImageNotFound = "image_not_found",
    /// Everything answers, but nothing shows that the credential was examined.
    NotProven = "not_proven",
    /// The registry asks to come back later.
    RateLimited = "rate_limited",
    /// No answer from the registry or its token server.
    Unreachable = "unreachable",
    /// No trusted TLS connection could be made.
    TlsFailure = "tls_failure",
    /// A proxy stood in the way.
    ProxyFailure = "proxy_failure",
    /// Something answers there, but it is not a registry.
    NotARegistry = "not_a_registry",
    /// The registry answered in a way that allows no conclusion.
    RegistryError = "registry_error",
    /// The registry was not asked.
    Skipped = "skipped",
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}
