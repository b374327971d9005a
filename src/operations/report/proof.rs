//! What the proof of the credentials means for the rest of a run.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{answer::Answer, document::Registry, state::State};
use crate::domain::verdict::Verdict;

/// The reason of a proxy that refuses its own login. Asking it from every node would lock its account.
const PROXY_LOGIN: &str = "proxy_authentication";

/// The findings of the proof, for the tasks after it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Proof {
    /// A line for each credential.
    pub lines: Vec<String>,
    /// The token server of each registry that was asked; empty where it has none.
    pub realm_hosts: BTreeMap<String, String>,
    /// Registries that are not asked again in this run, since each question could lock an account.
    pub refused: Vec<String>,
}

/// Reads the answer of `oreg_validate`.
#[must_use]
pub fn proof(answer: &Answer) -> Proof {
    let registries = answer.registries().unwrap_or_default();
    let asked = || registries.iter().filter(|registry| is_asked(registry));
    let realm = |registry: &Registry| {
        (
            registry.host.clone(),
            registry.realm_host.clone().unwrap_or_default(),
        )
    };
    Proof {
        lines: registries.iter().map(line).collect(),
        realm_hosts: asked().map(realm).collect(),
        refused: asked()
            .filter(|r| is_refused(r))
            .map(|r| r.host.clone())
            .collect(),
    }
}

/// Warns of secrets that were written and that image imports may not find.
#[must_use]
pub fn unknown_realms(secrets: &Answer, known: &[String]) -> Option<String> {
    let written = |action: &str| matches!(action, "created" | "updated" | "recreated");
    let mut hosts = Vec::new();
    for secret in secrets.secrets().unwrap_or_default() {
        let Some(host) = secret.host.filter(|host| !known.contains(host)) else {
            continue;
        };
        if written(&secret.action) && !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    (!hosts.is_empty()).then(|| {
        format!(
            "{}: nothing was proven, so the token server that issues tokens for it is not known, and image \
             imports look for the credential under that name, too. A run with the proof adds it, or \
             oreg_realm_hosts.",
            hosts.join(", ")
        )
    })
}

fn line(registry: &Registry) -> String {
    let user = registry.user.as_deref().filter(|user| !user.is_empty());
    let (host, verdict) = (&registry.host, registry.verdict.word());
    format!("{host} as {}: {verdict}", user.unwrap_or("anonymous"))
}

/// Returns whether requests were sent to the registry, or would have been.
fn is_asked(registry: &Registry) -> bool {
    registry.verdict != State::Proven(Verdict::Skipped)
}

fn is_refused(registry: &Registry) -> bool {
    let State::Proven(verdict) = registry.verdict else {
        return false;
    };
    match verdict {
        Verdict::InvalidCredentials | Verdict::RateLimited => true,
        Verdict::ProxyFailure => registry.reason == PROXY_LOGIN,
        Verdict::Valid
        | Verdict::Denied
        | Verdict::DeniedOrMissing
        | Verdict::ImageNotFound
        | Verdict::NotProven
        | Verdict::Unreachable
        | Verdict::TlsFailure
        | Verdict::NotARegistry
        | Verdict::RegistryError
        | Verdict::Skipped => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    fn answer(value: serde_json::Value) -> Answer {
        from_value(value).unwrap()
    }

    #[test]
    fn a_refusal_is_not_asked_for_again() {
        let registry = |host: &str, verdict: &str, reason: &str| json!({"host": host, "user": "u", "verdict": verdict, "reason": reason, "realm_host": "t.io"});
        let found = proof(&answer(json!({"registries": [
            registry("a.io", "invalid_credentials", ""),
            registry("b.io", "rate_limited", ""),
            registry("c.io", "proxy_failure", "proxy_authentication"),
            registry("d.io", "proxy_failure", "proxy_unreachable"),
            registry("e.io", "skipped", ""),
            {"host": "f.io", "verdict": "valid"},
        ]})));
        assert_eq!(found.refused, ["a.io", "b.io", "c.io"]);
        assert_eq!(found.lines[0], "a.io as u: invalid_credentials");
        assert_eq!(found.lines[5], "f.io as anonymous: valid");
        assert_eq!(found.realm_hosts.len(), 5);
        assert_eq!(
            (&*found.realm_hosts["a.io"], &*found.realm_hosts["f.io"]),
            ("t.io", "")
        );
        assert_eq!(proof(&Answer::default()), Proof::default());
    }

    #[test]
    fn secrets_written_without_a_known_token_server_are_named() {
        let secret = |host: &str, action: &str| json!({"namespace": "n", "name": "s", "host": host, "action": action});
        let secrets = answer(json!({"secrets": [
            secret("a.io", "created"), secret("a.io", "created"), secret("b.io", "updated"),
            secret("c.io", "unchanged"), secret("d.io", "recreated"),
        ]}));
        let warning = unknown_realms(&secrets, &["b.io".to_owned()]).unwrap();
        assert!(
            warning.starts_with("a.io, d.io: nothing was proven"),
            "{warning}"
        );
        assert_eq!(unknown_realms(&Answer::default(), &[]), None);
    }
}
