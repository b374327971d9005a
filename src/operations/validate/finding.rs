//! What was found about one credential, and how that is taken.

use std::{path::PathBuf, time::Duration};

use crate::{
    domain::{expiry::expiry_of, registry_credential::RegistryCredential, verdict::Verdict},
    registry::Conclusion,
};

/// What was found about one credential.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The credential.
    pub credential: RegistryCredential,
    /// Where docker keeps what it needs to trust registries, and where it was looked for.
    pub cert_dir: PathBuf,
    /// How the proof ended.
    pub conclusion: Conclusion,
    /// The host that issues tokens, if any.
    pub realm_host: Option<String>,
    /// How many requests were sent.
    pub requests: u32,
    /// How long it took.
    pub elapsed: Duration,
    /// When the client certificate expires that the registry is shown, in seconds since 1970.
    pub client_certificate_expires: Option<i64>,
}

/// How a verdict is taken that is neither plainly good nor plainly bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Not worth a word.
    Ignore,
    /// Worth a warning.
    Warn,
    /// Not acceptable.
    Fail,
}

/// How open verdicts are taken.
#[derive(Clone, Copy, Debug)]
pub struct Judgement {
    /// `image_not_found`.
    pub missing_image: Severity,
    /// `not_proven`.
    pub not_proven: Severity,
}

impl Finding {
    /// How the finding is taken.
    pub fn severity(&self, judgement: Judgement) -> Severity {
        match self.conclusion.verdict() {
            Verdict::Valid | Verdict::Skipped => Severity::Ignore,
            Verdict::ImageNotFound => judgement.missing_image,
            Verdict::NotProven => judgement.not_proven,
            Verdict::InvalidCredentials
            | Verdict::Denied
            | Verdict::DeniedOrMissing
            | Verdict::RateLimited
            | Verdict::Unreachable
            | Verdict::TlsFailure
            | Verdict::ProxyFailure
            | Verdict::NotARegistry
            | Verdict::RegistryError => Severity::Fail,
        }
    }

    /// When the credential stops working by itself, in seconds since 1970: the end of a password that states
    /// one, or of the client certificate, whichever comes first.
    pub fn expires(&self) -> Option<i64> {
        let password = expiry_of(self.credential.credential.password());
        let ends = password.into_iter().chain(self.client_certificate_expires);
        ends.min()
    }
}
