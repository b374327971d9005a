//! Sentences for people: what a finding means, and what to do (docs/verdicts.md has the long form).

use super::{Finding, source_name};
use crate::{domain::verdict::Verdict, registry::Reason};

/// Returns what was found, in one sentence, and the server's or system's own words as a quotation.
pub(super) fn sentence(finding: &Finding) -> String {
    let advice = advice(finding);
    match &finding.conclusion.words {
        Some(words) => format!("{advice} ({}: \"{words}\")", speaker(finding)),
        None => advice,
    }
}

/// Whose words are quoted.
fn speaker(finding: &Finding) -> &'static str {
    match finding.conclusion.verdict {
        Verdict::Unreachable | Verdict::TlsFailure | Verdict::ProxyFailure => "details",
        _ if finding.conclusion.http_status.is_some() => "the server said",
        _ => "details",
    }
}

fn advice(finding: &Finding) -> String {
    let credential = &finding.credential;
    let (host, user) = (&credential.host, credential.credential.user());
    let image = credential
        .test_image
        .as_ref()
        .map_or_else(|| "the image".to_owned(), ToString::to_string);
    let place = source_name(&credential.source);
    match finding.conclusion.verdict {
        Verdict::Valid => format!("{host} accepted user {user}{}", seen(finding, &image)),
        Verdict::InvalidCredentials => rejected(finding, &place),
        Verdict::Denied => format!(
            "{host} accepted user {user} but forbids {image}: give the account the right to pull it, or set another test image"
        ),
        Verdict::DeniedOrMissing => format!(
            "{host} gives user {user} no access to {image}, or the image does not exist (the registry does not tell which): check the account's rights and the image's name"
        ),
        Verdict::ImageNotFound => format!(
            "{host} accepted user {user} but has no {image}: set a test image that exists there, or missing_image: warn"
        ),
        Verdict::NotProven => unproven(finding, &image),
        Verdict::RateLimited => limited(finding),
        Verdict::Unreachable => unreachable(finding),
        Verdict::TlsFailure => tls(finding, &place),
        Verdict::ProxyFailure => proxy(finding),
        Verdict::NotARegistry => not_a_registry(finding),
        Verdict::RegistryError => registry_error(finding),
        Verdict::Skipped => format!("{host} was not asked: no test login is wanted"),
    }
}

fn seen(finding: &Finding, image: &str) -> String {
    match finding.conclusion.reason {
        Reason::LoggedIn => String::new(),
        _ => format!(" and showed {image}"),
    }
}

fn rejected(finding: &Finding, place: &str) -> String {
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

fn unproven(finding: &Finding, image: &str) -> String {
    let (host, user) = (
        &finding.credential.host,
        finding.credential.credential.user(),
    );
    let why = match finding.conclusion.reason {
        Reason::PublicImage => format!("anybody may pull {image} there"),
        Reason::ImageMissing => {
            format!("there is no {image}, and nobody is asked for a credential")
        }
        _ => "it asks nobody for a credential".to_owned(),
    };
    format!(
        "nothing shows that {host} examined user {user}: {why}; set a test image that only this account may pull, or not_proven: ignore"
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

fn unreachable(finding: &Finding) -> String {
    let host = &finding.credential.host;
    let what = match finding.conclusion.reason {
        Reason::Dns => "a name does not resolve: check the host's spelling and this node's DNS",
        Reason::Timeout => "no answer in time: check firewalls, proxies and the timeout option",
        Reason::Refused => "no connection: check host, port and firewalls",
        _ => "the connection broke: check firewalls and proxies",
    };
    format!("{host} cannot be reached, {what}")
}

fn tls(finding: &Finding, place: &str) -> String {
    let host = &finding.credential.host;
    let what = match finding.conclusion.reason {
        Reason::UnknownIssuer => format!("its certificate comes from an unknown authority: set ca_cert in {place}, or put the authority into /etc/docker/certs.d/{}/ca.crt", host.authority()),
        Reason::CertificateExpired => "its certificate is not valid at this time: renew it, and check this node's clock".to_owned(),
        Reason::WrongName => "its certificate is for another name: use the name in the certificate".to_owned(),
        Reason::SpeaksHttp => "it answers in plain HTTP: list it in openshift_docker_insecure_registries if that is meant".to_owned(),
        Reason::ClientCertificate => format!("it wants a client certificate: put client.cert and client.key into /etc/docker/certs.d/{}/", host.authority()),
        Reason::TlsFiles => "files for TLS cannot be used".to_owned(),
        _ => "no TLS connection could be made".to_owned(),
    };
    format!("{host} cannot be trusted, {what}")
}

fn proxy(finding: &Finding) -> String {
    let host = &finding.credential.host;
    let what = match finding.conclusion.reason {
        Reason::ProxyAuthentication => {
            "wants a user and a password: write them into the proxy's address"
        }
        Reason::ProxyDenied => {
            "does not let the connection through: allow the host there, check the user and password in the proxy's address, or add the host to no_proxy"
        }
        _ => "is not there: check its address",
    };
    format!("{host} cannot be reached, the proxy {what}")
}

fn not_a_registry(finding: &Finding) -> String {
    let host = &finding.credential.host;
    let what = match finding.conclusion.reason {
        Reason::RedirectElsewhere => {
            "it sends its visitors to another host: write that host if the registry has moved"
        }
        Reason::NoApi => "it has no /v2/: check the host's spelling and port",
        _ => "it answers with a page for people: a portal or proxy in between, or the wrong host",
    };
    format!("{host} is not a registry, {what}")
}

fn registry_error(finding: &Finding) -> String {
    let host = &finding.credential.host;
    let what = match finding.conclusion.reason {
        Reason::UnsafeRealm => "its challenge names a realm to which no credential is sent",
        Reason::MalformedChallenge => "its challenge names no realm",
        Reason::UnsupportedScheme => "it asks for a kind of login that takes no user and password",
        Reason::NoToken => "its token server accepted the login and issued no token",
        Reason::TokenRejected => {
            "it rejects the tokens of its own token server: compare the clocks and keys of both"
        }
        Reason::Blocked => {
            "something in front of it refuses everybody: a firewall or a block by country"
        }
        Reason::ServerError => "it fails: try again later, or ask its operators",
        Reason::RedirectToHttp => "it redirects to plain HTTP, where no credential is sent",
        Reason::RedirectElsewhere => {
            "its token server redirects to another host, where no credential is sent"
        }
        Reason::RedirectLoop => "it redirects without end",
        Reason::Garbage => "what it sends is not what a registry sends",
        _ => "its answer allows no conclusion",
    };
    format!("{host} allows no verdict, {what}")
}
