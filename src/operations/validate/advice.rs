//! Sentences for people: what a finding means, and what to do (docs/verdicts.md has the long form).

use super::{finding::Finding, options::OptionNames};
use crate::{
    domain::verdict::Verdict,
    registry::{Reason, Speaker, Words},
};

impl Finding {
    /// Says in one sentence what was found and what to do, with the words of the server or the system as
    /// a quotation.
    #[must_use]
    pub fn message(&self) -> String {
        let advice = advice(self);
        match &self.conclusion.words {
            Some(Words::Quoted(Speaker::Server, words)) => {
                format!("{advice} (the server said: \"{words}\")")
            }
            Some(Words::Quoted(Speaker::System, words)) => {
                format!("{advice} (details: \"{words}\")")
            }
            Some(Words::Own(detail)) => format!("{advice} ({detail})"),
            // Words that nothing has cleaned yet may hold a secret.
            Some(Words::Foreign(..)) | None => advice,
        }
    }
}

fn advice(finding: &Finding) -> String {
    let credential = &finding.credential;
    let (host, user) = (&credential.host, credential.credential.user());
    let image = credential
        .test_image
        .as_ref()
        .map_or_else(|| "the image".to_owned(), ToString::to_string);
    let options = OptionNames::of(&credential.source);
    match finding.conclusion.verdict() {
        Verdict::Valid => format!("{host} accepted user {user}{}", seen(finding, &image)),
        Verdict::InvalidCredentials => rejected(finding, &options),
        Verdict::Denied => format!(
            "{host} accepted user {user} but forbids {image}: give the account the right to pull it, or set another {}",
            options.image
        ),
        Verdict::DeniedOrMissing => format!(
            "{host} gives user {user} no access to {image}, or the image does not exist (the registry does not say which): check the account's rights and the image's name"
        ),
        Verdict::ImageNotFound => format!(
            "{host} accepted user {user} but has no {image}: set {} to an image that exists there{}",
            options.image,
            alternative(options.severities.map(|[missing_image, _]| missing_image))
        ),
        Verdict::NotProven => unproven(finding, &image, &options),
        Verdict::RateLimited => limited(finding),
        Verdict::Unreachable => unreachable(finding, &options),
        Verdict::TlsFailure => tls(finding, &options),
        Verdict::ProxyFailure => proxy(finding, &options),
        Verdict::NotARegistry => not_a_registry(finding),
        Verdict::RegistryError => registry_error(finding),
        Verdict::Skipped => skipped(finding),
    }
}

fn skipped(finding: &Finding) -> String {
    let host = &finding.credential.host;
    let why = match finding.conclusion.reason {
        Reason::Unlisted => "the options do not name it, and unlisted is skip",
        Reason::IdentityToken => {
            "its entry holds an identity token and no password, which kubelet cannot use either"
        }
        Reason::NoRegistry => {
            "its key is not that of a registry: docker's login by device keeps a token there"
        }
        Reason::Telemetry => "it is not a registry: Red Hat's telemetry has a token there",
        _ => "no test login is wanted",
    };
    format!("{host} was not asked: {why}")
}

/// Another way out, where there is one.
fn alternative(option: Option<impl std::fmt::Display>) -> String {
    option.map_or_else(String::new, |option| format!(", or {option}"))
}

fn seen(finding: &Finding, image: &str) -> String {
    match finding.conclusion.reason {
        Reason::LoggedIn => String::new(),
        _ => format!(" and showed {image}"),
    }
}

fn rejected(finding: &Finding, options: &OptionNames) -> String {
    let place = &options.login;
    let (host, user) = (
        &finding.credential.host,
        finding.credential.credential.user(),
    );
    match finding.conclusion.reason {
        Reason::Expired => format!(
            "the credential of user {user} for {host} has expired: put a new token into {place}"
        ),
        Reason::RejectedOrNoPermission => format!(
            "{host} refused user {user}: wrong user or password, or no permission at all; check {place}"
        ),
        _ => format!("{host} refused user {user}: wrong user or password, check {place}"),
    }
}

fn unproven(finding: &Finding, image: &str, options: &OptionNames) -> String {
    let (host, user) = (
        &finding.credential.host,
        finding.credential.credential.user(),
    );
    let why = match finding.conclusion.reason {
        Reason::PublicImage => format!("{image} can be pulled there without one"),
        Reason::ImageMissing => {
            format!("there is no {image}, and the registry also answers without a credential")
        }
        Reason::ComparisonFailed => {
            return format!(
                "nothing shows that {host} examined user {user}: the same request without a credential failed, so that there is nothing to compare with; try again later{}",
                alternative(options.severities.map(|[_, not_proven]| not_proven))
            );
        }
        _ => "it requires no credential".to_owned(),
    };
    format!(
        "nothing shows that {host} examined user {user}: {why}; set {} to an image that only this account may pull{}",
        options.image,
        alternative(options.severities.map(|[_, not_proven]| not_proven))
    )
}

fn limited(finding: &Finding) -> String {
    let host = &finding.credential.host;
    match finding.conclusion.reason {
        Reason::LoginLockout => format!(
            "{host} has locked the account or this address after failed logins: wait (often 15 minutes), correct the password, then try again"
        ),
        _ => format!("{host} limits the number of requests: try again later"),
    }
}

fn unreachable(finding: &Finding, options: &OptionNames) -> String {
    let host = &finding.credential.host;
    let what = match finding.conclusion.reason {
        Reason::Dns => "a name does not resolve: check the host's spelling and this node's DNS",
        Reason::Timeout => {
            let option = options.timeout;
            return format!(
                "{host} cannot be reached, no answer in time: check firewalls and proxies, or set a larger {option}"
            );
        }
        Reason::RunTimeout => {
            return format!(
                "{host} was not examined to the end, the time for all registries together is over: set a larger {}, or look at the registries that took it",
                options.run_timeout
            );
        }
        Reason::Refused => "no connection: check host, port and firewalls",
        _ => "the connection broke: check firewalls and proxies",
    };
    format!("{host} cannot be reached, {what}")
}

fn tls(finding: &Finding, options: &OptionNames) -> String {
    let host = &finding.credential.host;
    let what = match finding.conclusion.reason {
        Reason::UnknownIssuer => unknown_issuer(finding, options),
        Reason::CertificateExpired => {
            "its certificate is not valid at this time: renew it, and check this node's clock"
                .to_owned()
        }
        Reason::WrongName => {
            "its certificate is for another name: use the name in the certificate".to_owned()
        }
        Reason::NoAlternativeName => {
            "its certificate names no host in subjectAltName, and a common name alone is not looked at: have it issued with subjectAltName"
                .to_owned()
        }
        Reason::BadSignature => bad_signature(finding, options),
        Reason::UnsuitableCertificate => {
            "its certificate is not fit for a server: have one issued as X.509 version 3, for servers, without CA:TRUE, signed with SHA-256 or better, for an RSA key of 2048 bits or more"
                .to_owned()
        }
        Reason::SpeaksHttp => speaks_http(options),
        Reason::ClientCertificate => format!(
            "it wants a client certificate: put client.cert and client.key into {}/",
            certs(finding)
        ),
        Reason::ClientCertificateRefused => format!(
            "it refuses the client certificate: put one that its operators accept into {}/",
            certs(finding)
        ),
        Reason::TlsFiles => "files for TLS cannot be used: repair or remove them".to_owned(),
        Reason::TlsProtocol => {
            "it accepts no version or cipher of TLS that is still safe: its operators must enable TLS 1.2 or newer"
                .to_owned()
        }
        _ => "no TLS connection could be made: see the details".to_owned(),
    };
    format!("{host} cannot be trusted, {what}")
}

/// Where docker, and we, look for what the registry needs to be trusted.
fn certs(finding: &Finding) -> String {
    let place = finding.cert_dir.join(finding.credential.host.authority());
    place.display().to_string()
}

fn unknown_issuer(finding: &Finding, options: &OptionNames) -> String {
    let place = format!("{}/ca.crt", certs(finding));
    let option = options.authority.as_ref();
    let option = option.map_or_else(String::new, |option| format!("set {option}, or "));
    format!(
        "its certificate comes from an unknown authority: {option}put the authority into {place}"
    )
}

fn bad_signature(finding: &Finding, options: &OptionNames) -> String {
    let place = format!("{}/", certs(finding));
    let option = options.authority.as_ref();
    let option = option.map_or_else(String::new, |option| format!("the file of {option}, or "));
    format!(
        "its certificate comes from an authority that is trusted by name but has another key, a renewed or a foreign one: put its present certificate into {option}{place}"
    )
}

fn speaks_http(options: &OptionNames) -> String {
    match options.plain_http {
        Some(option) => format!("it answers in plain HTTP: list it in {option} if that is meant"),
        None => "it answers in plain HTTP, in which no credential is sent".to_owned(),
    }
}

fn proxy(finding: &Finding, options: &OptionNames) -> String {
    let host = &finding.credential.host;
    let what = match finding.conclusion.reason {
        Reason::ProxyAuthentication => {
            "the proxy requires a user and a password, or refuses those it was sent: write the right ones into its address".to_owned()
        }
        Reason::ProxyDenied => format!(
            "the proxy does not connect to it: allow the host in the proxy, check the user and password in the proxy's address, or add the host to {}",
            options.no_proxy
        ),
        Reason::ProxyUntrusted => {
            "the proxy is not trusted: begin its address with http:// if that is what it speaks, or add the authority of its certificate to those of this node's system"
                .to_owned()
        }
        _ => "the proxy cannot be reached: check its address".to_owned(),
    };
    format!("{host} cannot be reached, {what}")
}

fn not_a_registry(finding: &Finding) -> String {
    let host = &finding.credential.host;
    let what = match finding.conclusion.reason {
        Reason::RedirectElsewhere => {
            "it redirects to another host: write that host if the registry has moved"
        }
        Reason::NoApi => "it has no /v2/: check the host's spelling and port",
        _ => "it answers with a page for people: a portal or proxy in between, or the wrong host",
    };
    format!("{host} is not a registry, {what}")
}

fn registry_error(finding: &Finding) -> String {
    let host = &finding.credential.host;
    let what = match finding.conclusion.reason {
        Reason::UnsafeRealm => {
            "its challenge names a realm to which no credential is sent: its operators must name one in https, on a public address"
        }
        Reason::MalformedChallenge => "its challenge names no usable realm: ask its operators",
        Reason::UnsupportedScheme => {
            "it requires a kind of login that has no user and password: its operators must offer Basic or Bearer"
        }
        Reason::NoToken => {
            "its token server accepted the login and issued no token that can be read: ask its operators"
        }
        Reason::TokenRejected => {
            "it rejects the tokens of its own token server: its operators must compare the clocks and keys of both"
        }
        Reason::Blocked => {
            "something in front of it refuses every request, a firewall or a block by country: ask to be let through"
        }
        Reason::ServerError => {
            return format!(
                "{host} allows no verdict, it fails{}: try again later, or ask its operators",
                status(finding)
            );
        }
        Reason::RedirectToHttp => {
            "it redirects to plain HTTP, where no credential is sent: its operators must correct that"
        }
        Reason::UnsafeRedirect => {
            "it redirects into a private network: its operators must correct that"
        }
        Reason::TokenRedirect => {
            "its token server redirects to another host, where no credential is sent: its operators must name that host as the realm"
        }
        Reason::RedirectLoop => "it redirects without end: ask its operators",
        Reason::Garbage => {
            "its answer is not that of a registry: check host and port, and proxies in between"
        }
        _ => {
            return format!(
                "{host} allows no verdict, its answer{} means nothing here: ask its operators",
                status(finding)
            );
        }
    };
    format!("{host} allows no verdict, {what}")
}

fn status(finding: &Finding) -> String {
    let status = finding.conclusion.http_status;
    status.map_or_else(String::new, |status| format!(" with status {status}"))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, time::Duration};

    use super::*;
    use crate::{
        domain::{
            credential::Credential,
            image::ImageReference,
            registry_credential::{RegistryCredential, Source, TransportSecurity},
            registry_host::RegistryHost,
            secret::Secret,
        },
        registry::Conclusion,
    };

    const PAGE: &str = include_str!("../../../docs/verdicts.md");

    /// The rows of the page's tables with this head, as cells.
    fn table(head: &str) -> Vec<Vec<&'static str>> {
        let lines = PAGE.lines().skip_while(|line| !line.starts_with(head));
        let rows = lines.skip(2).take_while(|line| line.starts_with('|'));
        // The command has words of its own for entries that it did not hand on.
        let rows = rows.filter(|line| !line.contains("| Of the command: "));
        rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
            .collect()
    }

    /// What stands between back quotes.
    fn names(cell: &str) -> Vec<&str> {
        cell.split('`').skip(1).step_by(2).collect()
    }

    /// Every verdict of the page with each of its reasons.
    fn pairs() -> Vec<(&'static str, &'static str)> {
        let mut verdict = "";
        let rows = table("| verdict | reason |").into_iter();
        rows.map(|row| {
            verdict = names(row[0]).first().copied().unwrap_or(verdict);
            (verdict, names(row[1])[0])
        })
        .collect()
    }

    fn message(verdict: &str, reason: &str, source: &Source) -> String {
        let reason = Reason::ALL.iter().find(|one| one.word() == reason).unwrap();
        assert_eq!(reason.verdict().word(), verdict);
        let host = RegistryHost::parse("registry.example.com").unwrap();
        Finding {
            credential: RegistryCredential {
                test_image: Some(ImageReference::parse("a/b:c", &host).unwrap()),
                written_host: host.to_string(),
                host,
                source: source.clone(),
                credential: Credential::new("name", Secret::new("pass1")).unwrap(),
                security: TransportSecurity::default(),
            },
            cert_dir: "/own/certs.d".into(),
            conclusion: Conclusion::new(*reason),
            realm_host: None,
            requests: 1,
            elapsed: Duration::ZERO,
            client_certificate_expires: None,
        }
        .message()
    }

    fn sources() -> [Source; 4] {
        let file = Source::File("/root/.docker/config.json".into());
        [Source::Main, Source::Additional(3), file, Source::Task]
    }

    #[test]
    fn the_page_explains_every_verdict_and_reason_once() {
        let explained: Vec<_> = table("| verdict | what it proves")
            .iter()
            .map(|row| names(row[0])[0])
            .collect();
        assert_eq!(explained, Verdict::ALL.map(Verdict::word));
        let pairs = pairs();
        let verdicts: BTreeSet<_> = pairs.iter().map(|(verdict, _)| *verdict).collect();
        assert_eq!(verdicts, Verdict::ALL.map(Verdict::word).into());
        let reasons: BTreeSet<_> = pairs.iter().map(|(_, reason)| *reason).collect();
        assert_eq!(
            reasons,
            Reason::ALL.iter().map(|reason| reason.word()).collect()
        );
        assert_eq!(pairs.iter().collect::<BTreeSet<_>>().len(), pairs.len());
    }

    /// What the page tells to set, the message tells to set, for one source or another.
    #[test]
    fn message_and_page_name_the_same_options() {
        let rows = table("| verdict | what it proves");
        let failures = rows.iter().filter(|row| row[2] != "Nothing.");
        for row in failures {
            let verdict = names(row[0])[0];
            let own = pairs().into_iter().filter(|(one, _)| *one == verdict);
            let said: Vec<_> = own
                .flat_map(|(_, reason)| sources().map(|source| message(verdict, reason, &source)))
                .collect();
            for name in names(row[2]).into_iter().filter(|name| *name != "fail") {
                assert!(
                    said.iter().any(|message| message.contains(name)),
                    "{verdict}: no message names {name}: {said:#?}"
                );
            }
            for message in said {
                assert!(message.contains("registry.example.com"), "{message}");
                assert!(
                    message.contains([':', ';', ',']) && !message.contains('\n'),
                    "{message}"
                );
            }
        }
    }

    #[test]
    fn files_belong_where_they_are_looked_for() {
        let place = "/own/certs.d/registry.example.com/";
        for reason in [
            "unknown_issuer",
            "bad_signature",
            "client_certificate_required",
        ] {
            let message = message("tls_failure", reason, &Source::Main);
            assert!(message.contains(place), "{message}");
        }
    }

    #[test]
    fn each_source_has_options_of_its_own() {
        let strangers: [&[&str]; 4] = [
            &["ca_cert", "[3]", "config.json", "username", "proxy_vars"],
            &["oreg_", "config.json", "username", "proxy_vars"],
            &["oreg_", "ca_cert", "[3]", "username", "proxy_vars"],
            &[
                "oreg_",
                "openshift_",
                "ca_cert",
                "missing_image",
                "not_proven",
                "config.json",
                " no_proxy",
            ],
        ];
        for (source, strangers) in sources().iter().zip(strangers) {
            for (verdict, reason) in pairs() {
                let message = message(verdict, reason, source);
                let found: Vec<_> = strangers
                    .iter()
                    .filter(|name| message.contains(**name))
                    .collect();
                assert!(found.is_empty(), "{message}: {found:?}");
            }
        }
        let refused = |source: &Source| message("invalid_credentials", "rejected", source);
        assert!(refused(&Source::Task).ends_with("check username and password"));
        assert!(refused(&Source::Main).ends_with("check oreg_auth_user and oreg_auth_password"));
    }
}
