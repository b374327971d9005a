//! The result of a check with its figures: what every form of output shows.

use std::time::Duration;

use jiff::{Timestamp, Unit};
use serde::Serialize;

use crate::{
    domain::verdict::Verdict,
    operations::report::{Finding, Registry, Report, Standing, State},
    support::version::VERSION,
};

/// The result of a check.
#[derive(Clone, Debug)]
pub struct CheckResult {
    /// The proofs, with title and time.
    pub report: Report,
    /// The figures.
    pub counts: Counts,
    /// How long it took.
    pub elapsed: Duration,
    /// How soon an expiry is too soon.
    pub expires_in: Option<Duration>,
    /// What is to be done besides the credentials; the report has it as well.
    pub findings: Vec<Finding>,
}

/// The figures of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Credentials that were accepted.
    pub valid: usize,
    /// Credentials that were refused, or whose image cannot be pulled.
    pub refused: usize,
    /// Credentials about which nothing can be said.
    pub unknown: usize,
    /// Entries that were not asked for.
    pub skipped: usize,
    /// Requests sent.
    pub requests: u64,
    /// Logins that a server refused, and may have counted towards a lock-out.
    pub failed_logins: usize,
}

impl CheckResult {
    /// Makes the result of proofs that were made just now.
    #[must_use]
    pub fn new(
        title: String,
        registries: Vec<Registry>,
        elapsed: Duration,
        expires_in: Option<Duration>,
    ) -> Self {
        let now = Timestamp::now();
        let report = Report {
            title: Some(title),
            generator: Some(generator()),
            generated: Some(now.round(Unit::Second).unwrap_or(now).to_string()),
            ..Report::of_proofs(registries)
        };
        Self {
            counts: Counts::of(&report.registries),
            report,
            elapsed,
            expires_in,
            findings: Vec::new(),
        }
    }

    /// Adds what is to be done besides the credentials.
    #[must_use]
    pub fn with_findings(mut self, findings: Vec<Finding>) -> Self {
        self.report.findings.extend(findings.iter().cloned());
        self.report = self.report.summarized();
        Self { findings, ..self }
    }

    /// Returns whether a credential is good, but not for long enough.
    #[must_use]
    pub fn expires_soon(&self, registry: &Registry) -> bool {
        let expires = registry.expires.as_deref();
        let (Some(limit), Some(expires)) = (self.expires_in, expires) else {
            return false;
        };
        let now = self.report.generated.as_deref().and_then(seconds);
        let left = seconds(expires).zip(now).map(|(end, now)| end - now);
        let limit = i64::try_from(limit.as_secs()).unwrap_or(i64::MAX);
        registry.standing() == Standing::Good && left.is_some_and(|left| left <= limit)
    }
}

impl Counts {
    fn of(registries: &[Registry]) -> Self {
        let count = |wanted: &[Standing]| {
            let standings = registries.iter().map(Registry::standing);
            standings
                .filter(|standing| wanted.contains(standing))
                .count()
        };
        let is_failed_login = |registry: &&Registry| {
            registry.verdict == State::Proven(Verdict::InvalidCredentials) && registry.requests > 0
        };
        Self {
            valid: count(&[Standing::Good]),
            refused: count(&[Standing::Refused]),
            unknown: count(&[Standing::Unknown, Standing::Differs]),
            skipped: count(&[Standing::Apart]),
            requests: registries.iter().map(|one| u64::from(one.requests)).sum(),
            failed_logins: registries.iter().filter(is_failed_login).count(),
        }
    }
}

/// The program and its version.
#[must_use]
pub fn generator() -> String {
    format!("oreg {VERSION}")
}

fn seconds(time: &str) -> Option<i64> {
    time.parse::<Timestamp>().ok().map(Timestamp::as_second)
}
