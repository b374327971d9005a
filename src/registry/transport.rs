//! Carries proofs out: sends the flow's requests within their time.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use ipnet::IpNet;
use url::Url;

use super::{
    client::Client,
    conclusion::{Conclusion, Reason},
    connect::{Addresses, resolve},
    exchange::{Answer, Request, Target, WireError, WireErrorKind},
    flow::{Flow, Step},
    network::{Network, Shared},
    proxy_login::ProxyLogins,
    trust::{TlsSettings, Trust, TrustError},
};
use crate::{
    domain::registry_credential::TransportSecurity,
    support::{text::Cleaner, trust::Bundle},
};

/// Time for drawing a conclusion when none is left for requests.
const LAST_WORD: Duration = Duration::from_secs(1);

/// What the proofs of a run share.
#[derive(Debug)]
pub struct Transport {
    shared: Shared,
    trust: Trust,
    cleaner: Cleaner,
}

/// The end of a proof and its cost.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The conclusion.
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

impl Proof {
    /// Concludes without a request.
    pub fn without_request(conclusion: Conclusion) -> Self {
        Self {
            conclusion,
            realm_host: None,
            requests: 0,
            elapsed: Duration::ZERO,
            client_certificate_expires: None,
        }
    }
}

impl Transport {
    /// Prepares a run. Files for TLS of registries are looked for in `cert_dir`, authorities in `bundle`.
    pub fn new(network: Network, cert_dir: PathBuf, bundle: Bundle) -> Self {
        let trust = Trust::new(cert_dir, bundle);
        Self {
            cleaner: Cleaner::new(network.proxies.secrets()),
            shared: Shared {
                tls_for_others: trust.for_others().map_err(|error| unusable(&error)),
                network,
                proxy_logins: ProxyLogins::default(),
            },
            trust,
        }
    }

    /// Time for one registry.
    pub fn timeout(&self) -> Duration {
        self.shared.network.timeout
    }

    /// Proves one credential within `limit`.
    pub async fn prove(
        &self,
        target: Target,
        security: &TransportSecurity,
        limit: Duration,
    ) -> Proof {
        let begin = Instant::now();
        let Some(url) = target.base_url("https") else {
            return Proof::without_request(no_name(&target));
        };
        let networks = self.insecure_addresses(&url, security).await;
        let (security, addresses) = match networks {
            Some(networks) => (security.waived(), Addresses::Within(networks)),
            None => (security.clone(), Addresses::Any),
        };
        let target = Target {
            plain_http: security.plain_http,
            ..target
        };
        let tls = self.trust.for_registry(&target.host, &security);
        let expires = tls
            .as_ref()
            .ok()
            .and_then(TlsSettings::client_certificate_expires);
        let Some((flow, step)) =
            Flow::start(target.clone(), self.shared.network.retry, &self.cleaner)
        else {
            return Proof::without_request(no_name(&target));
        };
        let client = Client::new(
            &self.shared,
            tls.map_err(|error| unusable(&error)),
            url,
            addresses,
        );
        let mut run = Run {
            client,
            begin,
            limit,
            requests: 0,
            realm_host: None,
        };
        let conclusion = run.carry_out(flow, step).await;
        Proof {
            conclusion,
            realm_host: run.realm_host,
            requests: run.requests,
            elapsed: begin.elapsed(),
            client_certificate_expires: expires,
        }
    }

    /// The networks that make the registry an insecure one by an address of its name, as docker has it
    /// (`docker info`, insecure registries). Behind a proxy the name is looked up elsewhere.
    async fn insecure_addresses(
        &self,
        url: &Url,
        security: &TransportSecurity,
    ) -> Option<Vec<IpNet>> {
        let networks = &security.insecure_networks;
        if networks.is_empty()
            || security.plain_http
            || self.shared.network.proxies.proxy_for(url).is_some()
        {
            return None;
        }
        // A name that does not resolve waives nothing; the proof itself reports it.
        let lookup = tokio::time::timeout(self.shared.network.connect_timeout, resolve(url));
        let addresses = lookup.await.ok()?.ok()?;
        let within = Addresses::Within(networks.clone())
            .filter(&addresses, url)
            .ok()?;
        (!within.is_empty()).then(|| networks.clone())
    }
}

/// A proof being carried out.
struct Run<'run> {
    client: Client<'run>,
    begin: Instant,
    limit: Duration,
    requests: u32,
    realm_host: Option<String>,
}

impl Run<'_> {
    async fn carry_out(&mut self, mut flow: Flow, mut step: Step) -> Conclusion {
        loop {
            let (request, after) = match step {
                Step::Done(conclusion) => return conclusion,
                Step::Send { request, after } => (request, after),
            };
            // Zero, but for a repeated request.
            tokio::time::sleep(after).await;
            let answer = self.send(&request).await;
            let Some(advanced) = advance(flow, answer, self.remaining()).await else {
                return Conclusion::new(Reason::Timeout)
                    .saying("its answer takes too long to read");
            };
            (flow, step) = advanced;
            self.realm_host = flow.realm_host();
        }
    }

    async fn send(&mut self, request: &Request) -> Answer {
        let remaining = self.remaining();
        // Counted before it is sent: a request without an answer may have cost a failed login, too.
        self.requests += 1;
        match tokio::time::timeout(remaining, self.client.send(request)).await {
            Ok(Ok(reply)) => Answer::Reply(reply),
            Ok(Err(error)) => {
                // Nothing was sent where the files for TLS cannot be used.
                self.requests -= u32::from(error.kind == WireErrorKind::TlsFiles);
                Answer::Error(error)
            }
            Err(_) => {
                let host = request.url.host_str().unwrap_or_default();
                let details = format!("no answer from {host} in time");
                Answer::Error(WireErrorKind::Timeout.because(details))
            }
        }
    }

    fn remaining(&self) -> Duration {
        self.limit.saturating_sub(self.begin.elapsed())
    }
}

/// Takes the flow's next step on a thread of its own, within the time: reading what a hostile server says
/// must not hold up the other registries. `None`: the time ran out.
async fn advance(mut flow: Flow, answer: Answer, remaining: Duration) -> Option<(Flow, Step)> {
    let work = tokio::task::spawn_blocking(move || {
        let step = flow.next(&answer, remaining);
        (flow, step)
    });
    let advanced = tokio::time::timeout(remaining.max(LAST_WORD), work).await;
    advanced.ok()?.ok()
}

fn no_name(target: &Target) -> Conclusion {
    let details = format!("{} is not a valid name", target.host.hostname());
    Conclusion::new(Reason::Dns).saying(details)
}

fn unusable(error: &TrustError) -> WireError {
    WireErrorKind::TlsFiles.because(error.to_string())
}
