//! From the error of the HTTP library to what a user can act upon.

use std::{error::Error, io};

use http::HeaderMap;
use rustls::{AlertDescription, CertificateError, Error as TlsError, OtherError};

use super::{
    exchange::{Fault, FaultKind, ProxyFault, TlsFault},
    verifier::Seen,
};

/// Where the request was going.
pub(super) struct Via<'a> {
    /// `host[:port]` of the server.
    pub(super) place: String,
    /// `host[:port]` of the proxy, if there is one.
    pub(super) proxy: Option<String>,
    /// Whether there is no tunnel: a proxy passes plain HTTP on itself.
    pub(super) plain: bool,
    /// What was seen of it.
    pub(super) seen: &'a Seen,
}

/// What the library was doing.
#[derive(Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four questions that the library answers apart"
)]
pub(super) struct Phase {
    pub(super) connecting: bool,
    pub(super) timed_out: bool,
    pub(super) resolving: bool,
    pub(super) reading: bool,
}

/// Finds out what went wrong.
pub(super) fn classify(error: &(dyn Error + 'static), phase: Phase, via: &Via<'_>) -> Fault {
    let tls = causes(error).find_map(|cause| cause.downcast_ref::<TlsError>());
    if let Some(proxy) = &via.proxy
        && phase.connecting
        && is_at_proxy(error, via)
    {
        let untrusted = |_: &TlsError| ProxyFault::Untrusted;
        let fault = tls.map_or_else(|| proxy_fault(error), untrusted);
        return Fault {
            kind: FaultKind::Proxy(fault),
            detail: detail(proxy, error, tls, phase, via.seen),
        };
    }
    let kind = match phase {
        _ if let Some(tls) = tls => FaultKind::Tls(tls_fault(tls, via.seen)),
        _ if phase.resolving => FaultKind::Dns,
        _ if phase.timed_out => FaultKind::Timeout,
        _ if via.seen.wanted_client_certificate() => FaultKind::Tls(TlsFault::ClientCertificate),
        _ if phase.connecting => FaultKind::Refused,
        _ if phase.reading || is_not_http(error) => FaultKind::Garbage,
        _ => FaultKind::Lost,
    };
    let place = match &via.proxy {
        Some(proxy) if phase.connecting => format!("{} through the proxy {proxy}", via.place),
        _ => via.place.clone(),
    };
    Fault {
        kind,
        detail: detail(&place, error, tls, phase, via.seen),
    }
}

/// Returns what the status means with which a proxy answered the wish for a tunnel.
pub(super) fn answer_to_connect(status: u16) -> Fault {
    let kind = match status {
        401 | 407 => FaultKind::Proxy(ProxyFault::Authentication),
        // The proxy would, but the server behind it does not answer, or has no address.
        500..=599 => FaultKind::Refused,
        _ => FaultKind::Proxy(ProxyFault::Denied),
    };
    let detail = format!("the proxy answered {status}");
    Fault { kind, detail }
}

/// Returns what a proxy says in an answer of its own to a request that it should have passed on.
///
/// In plain HTTP only marks tell whose answer it is: those of RFC 9209, squid and tinyproxy. The last
/// answers 401 to a wrong password, which must not be taken for the registry's word on the credential.
pub(super) fn answer_of_proxy(status: u16, headers: &HeaderMap, plain: bool) -> Option<Fault> {
    let is_proxys = status == 407 || (status >= 400 && plain && is_marked(headers));
    is_proxys.then(|| answer_to_connect(status))
}

fn is_marked(headers: &HeaderMap) -> bool {
    let says = |name: &str, text: &str| {
        let values = headers.get_all(name).iter();
        values
            .flat_map(|value| value.to_str())
            .any(|value| value.contains(text))
    };
    says("proxy-status", "error=") || says("x-squid-error", "") || says("server", "tinyproxy/")
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause| inner(*cause))
}

/// An I/O error hides the library's error inside.
fn inner<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match cause
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        Some(hidden) => Some(hidden),
        None => cause.source(),
    }
}

/// What is wrong with a server's TLS, by the library's error.
pub(super) fn tls_fault(error: &TlsError, seen: &Seen) -> TlsFault {
    match error {
        // The certificate was good; what the server signed with its key cannot be verified.
        TlsError::InvalidCertificate(CertificateError::BadSignature)
            if seen.refused_subject().is_none() =>
        {
            TlsFault::UnsuitableCertificate
        }
        TlsError::InvalidCertificate(certificate) => certificate_fault(certificate),
        TlsError::InvalidMessage(_) => TlsFault::SpeaksHttp,
        TlsError::AlertReceived(AlertDescription::CertificateRequired) => {
            TlsFault::ClientCertificate
        }
        TlsError::AlertReceived(_) if seen.wanted_client_certificate() => {
            TlsFault::ClientCertificate
        }
        TlsError::AlertReceived(
            AlertDescription::ProtocolVersion | AlertDescription::HandshakeFailure,
        )
        | TlsError::PeerIncompatible(_) => TlsFault::Protocol,
        _ => TlsFault::Other,
    }
}

fn certificate_fault(error: &CertificateError) -> TlsFault {
    match error {
        CertificateError::UnknownIssuer => TlsFault::UnknownIssuer,
        CertificateError::BadSignature => TlsFault::BadSignature,
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => TlsFault::Expired,
        CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => {
            TlsFault::NoAlternativeName
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TlsFault::WrongName
        }
        CertificateError::BadEncoding
        | CertificateError::InvalidPurpose
        | CertificateError::InvalidPurposeContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. }
        | CertificateError::Other(_) => TlsFault::UnsuitableCertificate,
        _ => TlsFault::Other,
    }
}

fn detail(
    place: &str,
    error: &(dyn Error + 'static),
    tls: Option<&TlsError>,
    phase: Phase,
    seen: &Seen,
) -> String {
    let what = match (tls, seen.refused_subject()) {
        (Some(TlsError::InvalidCertificate(error)), Some(subject)) => {
            let what = certificate_detail(error);
            format!("{what} (certificate of {subject})")
        }
        (Some(error), _) => error.to_string(),
        (None, _) => words(error, phase),
    };
    format!("{place}: {what}")
}

/// The library's words, where they are for people.
fn certificate_detail(error: &CertificateError) -> String {
    match error {
        CertificateError::UnsupportedSignatureAlgorithmContext { .. } => {
            "it is signed in a way that is no longer trusted, such as with SHA-1".to_owned()
        }
        CertificateError::Other(OtherError(other)) => other.to_string(),
        other => other.to_string(),
    }
}

/// Whether no more than the way to the proxy had been made. hyper-util does not export the type of its
/// error: its words must do. Where the time ran out there are none.
fn is_at_proxy(error: &(dyn Error + 'static), via: &Via<'_>) -> bool {
    via.plain || says(error, "tunnel error")
}

fn proxy_fault(error: &(dyn Error + 'static)) -> ProxyFault {
    let no_tunnel = [
        "unsuccessful",
        "unexpected end of file",
        "io error",
        "too long",
    ];
    match () {
        () if says(error, "proxy authorization required") => ProxyFault::Authentication,
        () if no_tunnel
            .iter()
            .any(|text| says(error, &format!("tunnel error: {text}"))) =>
        {
            ProxyFault::Denied
        }
        () => ProxyFault::Unreachable,
    }
}

fn says(error: &(dyn Error + 'static), text: &str) -> bool {
    causes(error).any(|cause| cause.to_string().contains(text))
}

fn is_not_http(error: &(dyn Error + 'static)) -> bool {
    let hyper = causes(error).find_map(|cause| cause.downcast_ref::<hyper::Error>());
    hyper.is_some_and(hyper::Error::is_parse)
}

/// The innermost words: the outer ones repeat the URL.
fn words(error: &(dyn Error + 'static), phase: Phase) -> String {
    let innermost = causes(error)
        .last()
        .map_or_else(|| error.to_string(), ToString::to_string);
    match (phase.timed_out, phase.connecting) {
        (true, true) => "no connection in time".to_owned(),
        (true, false) => "no answer in time".to_owned(),
        _ => innermost,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What verification of a handshake says of an RSA key that is too short.
    #[test]
    fn a_key_that_cannot_be_verified_is_not_a_foreign_authority() {
        let error = TlsError::InvalidCertificate(CertificateError::BadSignature);
        let fault = tls_fault(&error, &Seen::default());
        assert_eq!(fault, TlsFault::UnsuitableCertificate);
    }
}
