//! Proves credentials to their registries: each once, all at the same time, within limits.

mod advice;
mod demands;
mod logins;
mod options;
mod stored;
mod watch;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use futures_util::{StreamExt, stream};

use self::logins::{Login, holds_for_all, logins};
pub use self::{
    demands::{Demands, Unlisted},
    stored::{StoredCredentials, read_stored},
    watch::{Unwatched, Watch},
};
use crate::{
    domain::{registry_credential::RegistryCredential, verdict::Verdict},
    registry::{
        Conclusion, Reason, Target,
        transport::{Network, Proof, prove},
        trust::Trust,
    },
};

/// What is to be proven, and how.
#[derive(Clone, Debug)]
pub struct Request {
    /// The credentials.
    pub credentials: Vec<Examination>,
    /// Limits, tries and proxies.
    pub network: Network,
    /// Where files for TLS are looked for, as docker does (`/etc/docker/certs.d`).
    pub cert_dir: PathBuf,
    /// How many registries are asked at the same time; at least 1.
    pub parallelism: usize,
}

/// One credential, and how deep it is examined.
#[derive(Clone, Debug)]
pub struct Examination {
    /// The credential. Its test image is looked at where there is one.
    pub credential: RegistryCredential,
    /// Whether a credential without test image has its login examined, or is left alone.
    pub without_image: WithoutImage,
}

/// What becomes of a credential without test image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithoutImage {
    /// It is not tested, for this reason.
    Skip(Reason),
    /// Its login is examined: nothing is known about its images.
    LogIn,
}

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
    /// Returns how the finding is taken.
    #[must_use]
    pub fn severity(&self, judgement: Judgement) -> Severity {
        match self.conclusion.verdict {
            Verdict::Valid | Verdict::Skipped => Severity::Ignore,
            Verdict::ImageNotFound => judgement.missing_image,
            Verdict::NotProven => judgement.not_proven,
            _ => Severity::Fail,
        }
    }

    /// Returns one sentence that says what was found and what to do, with the server's own words
    /// behind it.
    #[must_use]
    pub fn message(&self) -> String {
        advice::sentence(self)
    }
}

/// Proves every credential, and returns the findings in the order of the request.
///
/// # Errors
/// When the system does not give what is needed to wait for several connections.
pub fn validate(request: Request) -> std::io::Result<Vec<Finding>> {
    validate_watched(request, &Unwatched)
}

/// Proves as [`validate`] does, while `watch` hears which registries are being asked.
///
/// # Errors
/// As [`validate`].
pub fn validate_watched(request: Request, watch: &dyn Watch) -> std::io::Result<Vec<Finding>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let trust = Trust::new(request.cert_dir.clone());
    let network = &request.network;
    let proofs = logins(request.credentials)
        .into_iter()
        .map(|login| examine(login, &trust, network, watch));
    // In the order in which they end: one that takes long must not hold up those behind it.
    let proofs = stream::iter(proofs)
        .buffer_unordered(request.parallelism.max(1))
        .concat();
    let mut proofs = runtime.block_on(proofs);
    proofs.sort_unstable_by_key(|(position, ..)| *position);
    // A name lookup that hangs must not hold the answer back.
    runtime.shutdown_background();
    let proofs = proofs.into_iter();
    Ok(proofs
        .map(|(_, credential, proof)| finding(credential, proof, &request.cert_dir))
        .collect())
}

/// Examines one after the other, until a conclusion holds for all that are left.
async fn examine(
    login: Login,
    trust: &Trust,
    network: &Network,
    watch: &dyn Watch,
) -> Vec<(usize, RegistryCredential, Proof)> {
    let mut proofs = Vec::new();
    let mut settled = None;
    for (position, examination) in login {
        let credential = examination.credential;
        let proof = match (examination.without_image, settled.clone()) {
            (WithoutImage::Skip(reason), _) if credential.test_image.is_none() => {
                Proof::without_request(Conclusion::new(Verdict::Skipped, reason))
            }
            (_, Some(conclusion)) => Proof::without_request(conclusion),
            (_, None) => {
                watch.started(&credential);
                let proof = prove_one(&credential, trust, network).await;
                watch.finished(&credential);
                proof
            }
        };
        if holds_for_all(&proof.conclusion) {
            settled = Some(proof.conclusion.clone());
        }
        proofs.push((position, credential, proof));
    }
    proofs
}

fn finding(credential: RegistryCredential, proof: Proof, cert_dir: &Path) -> Finding {
    Finding {
        credential,
        cert_dir: cert_dir.to_owned(),
        conclusion: proof.conclusion,
        realm_host: proof.realm_host,
        requests: proof.requests,
        elapsed: proof.elapsed,
    }
}

async fn prove_one(credential: &RegistryCredential, trust: &Trust, network: &Network) -> Proof {
    let target = Target {
        host: credential.host.clone(),
        credential: credential.credential.clone(),
        image: credential.test_image.clone(),
        plain_http: credential.security.plain_http,
    };
    prove(target, &credential.security, trust, network).await
}
