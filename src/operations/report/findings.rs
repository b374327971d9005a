//! From a finding of `validate` to its record in a report.

use jiff::Timestamp;

use super::{document::Registry, state::State};
use crate::{
    domain::{expiry::expiry_of, secret::Secret},
    inventory_vars::place_of,
    operations::validate::Finding,
};

/// Makes the record of a finding, as `oreg_validate` returns it.
#[must_use]
pub fn registry_of(finding: &Finding) -> Registry {
    let credential = &finding.credential;
    let conclusion = &finding.conclusion;
    Registry {
        host: credential.host.to_string(),
        user: Some(credential.credential.user().to_owned()),
        source: place_of(&credential.source),
        test_image: credential.test_image.as_ref().map(ToString::to_string),
        verdict: State::Proven(conclusion.verdict()),
        reason: conclusion.reason.word().to_owned(),
        message: finding.message(),
        http_status: conclusion.http_status,
        digest: conclusion.digest.clone(),
        realm_host: finding.realm_host.clone(),
        requests: finding.requests,
        elapsed_ms: u64::try_from(finding.elapsed.as_millis()).unwrap_or(u64::MAX),
        expires: expires(credential.credential.password()),
    }
}

/// The end of a password's life by RFC 3339, where it states one.
#[must_use]
pub fn expires(password: &Secret) -> Option<String> {
    let end = Timestamp::from_second(expiry_of(password)?).ok()?;
    Some(end.to_string())
}
