//! Proves credentials to their registries: each once, all at the same time, within limits.

mod advice;
mod demands;
mod examination;
mod finding;
mod logins;
mod options;
mod stored;
mod watch;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};

use self::logins::{Login, Settled, logins};
pub use self::{
    demands::{Demands, Unlisted},
    examination::{Examination, WithoutImage},
    finding::{Finding, Judgement, Severity},
    stored::{StoredCredentials, is_of_device_login, read_stored},
    watch::{Unwatched, Watch},
};
use crate::{
    domain::registry_credential::RegistryCredential,
    registry::{
        Conclusion, Reason, Target,
        network::Network,
        transport::{Proof, Transport},
    },
    support::trust::Bundle,
};

/// Credentials to be proven, and how.
#[derive(Clone, Debug)]
pub struct Request {
    /// The credentials.
    pub credentials: Vec<Examination>,
    /// Limits, tries and proxies.
    pub network: Network,
    /// Time for all credentials together.
    pub run_timeout: Duration,
    /// Where files for TLS are looked for, as docker does (`/etc/docker/certs.d`).
    pub cert_dir: PathBuf,
    /// The authorities that are trusted everywhere.
    pub authorities: Bundle,
    /// How many registries are asked at the same time; at least 1.
    pub parallelism: usize,
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
    let run = Run {
        transport: Transport::new(
            request.network,
            request.cert_dir.clone(),
            request.authorities,
        ),
        deadline: Instant::now() + request.run_timeout,
        watch,
    };
    let proofs = logins(request.credentials)
        .into_iter()
        .map(|login| run.examine(login));
    // In the order in which they end: one that takes long must not hold up those behind it.
    let proofs = stream::iter(proofs)
        .buffer_unordered(request.parallelism.max(1))
        .concat();
    let mut proofs = runtime.block_on(proofs);
    proofs.sort_unstable_by_key(|(position, ..)| *position);
    // A name lookup that hangs must not hold the answer back.
    runtime.shutdown_background();
    let findings = proofs.into_iter().map(|(_, credential, proof)| Finding {
        credential,
        cert_dir: request.cert_dir.clone(),
        conclusion: proof.conclusion,
        realm_host: proof.realm_host,
        requests: proof.requests,
        elapsed: proof.elapsed,
        client_certificate_expires: proof.client_certificate_expires,
    });
    Ok(findings.collect())
}

/// Proofs that share proxies, trust and time.
struct Run<'watch> {
    transport: Transport,
    deadline: Instant,
    watch: &'watch dyn Watch,
}

impl Run<'_> {
    /// Examines one after the other, until a conclusion holds for all that are left.
    async fn examine(&self, login: Login) -> Vec<(usize, RegistryCredential, Proof)> {
        let mut proofs = Vec::new();
        let mut settled = Settled::default();
        for (position, examination) in login {
            let credential = examination.credential;
            let known = settled.conclusion_for(&credential.security);
            // What is settled is not asked again: a refused login would count as one more failure on the account.
            let proof = match (examination.without_image, known) {
                (WithoutImage::Skip(reason), _) if credential.test_image.is_none() => {
                    Proof::without_request(Conclusion::new(reason))
                }
                (_, Some(conclusion)) => Proof::without_request(conclusion.clone()),
                (_, None) => {
                    self.watch.started(&credential);
                    let proof = self.prove(&credential).await;
                    self.watch.finished(&credential);
                    proof
                }
            };
            settled.note(&credential.security, &proof.conclusion);
            proofs.push((position, credential, proof));
        }
        proofs
    }

    async fn prove(&self, credential: &RegistryCredential) -> Proof {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Proof::without_request(Conclusion::new(Reason::RunTimeout));
        }
        let target = Target {
            host: credential.host.clone(),
            credential: credential.credential.clone(),
            image: credential.test_image.clone(),
            plain_http: credential.security.plain_http,
        };
        // The smaller limit decides below which of the two options is named.
        let limit = left.min(self.transport.timeout());
        let proof = self
            .transport
            .prove(target, &credential.security, limit)
            .await;
        if proof.conclusion.reason == Reason::Timeout && limit == left {
            let conclusion = Conclusion::new(Reason::RunTimeout);
            return Proof {
                conclusion,
                ..proof
            };
        }
        proof
    }
}
