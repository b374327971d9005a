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
        expires: finding.expires().and_then(rfc3339),
    }
}

/// The end of a password's life by RFC 3339, where it states one.
#[must_use]
pub fn expires(password: &Secret) -> Option<String> {
    rfc3339(expiry_of(password)?)
}

/// A time in seconds since 1970, in the form of RFC 3339.
#[must_use]
pub fn rfc3339(seconds: i64) -> Option<String> {
    Some(Timestamp::from_second(seconds).ok()?.to_string())
}
