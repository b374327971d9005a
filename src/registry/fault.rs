//! From the error of the HTTP library to what a user can act upon.

use std::{error::Error, io};

use http::HeaderMap;
use rustls::{AlertDescription, CertificateError, Error as TlsError, OtherError};

use super::{
    envelope::clean,
    exchange::{Fault, FaultKind, ProxyFault, TlsFault},
    verifier::Seen,
};

/// Where the request was going.
pub(super) struct Via<'a> {
    /// Whether through a proxy.
    pub(super) proxied: bool,
    /// `host[:port]` of the server.
    pub(super) place: String,
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
    let fault = |kind, detail: String| Fault {
        kind,
        detail: clean(&detail),
    };
    if let Some(tls) = tls {
        return fault(
            FaultKind::Tls(tls_fault(tls, via.seen)),
            tls_detail(tls, via),
        );
    }
    let kind = match phase {
        _ if via.proxied && phase.connecting => FaultKind::Proxy(proxy_fault(error, phase)),
        _ if phase.resolving => FaultKind::Dns,
        _ if phase.timed_out => FaultKind::Timeout,
        _ if via.seen.wanted_client_certificate() => FaultKind::Tls(TlsFault::ClientCertificate),
        _ if phase.connecting => FaultKind::Refused,
        _ if phase.reading || is_not_http(error) => FaultKind::Garbage,
        _ => FaultKind::Lost,
    };
    fault(kind, format!("{}: {}", via.place, words(error, phase)))
}

/// Returns what a proxy says in an answer of its own to a request that it should have passed on.
///
/// In plain HTTP only marks tell whose answer it is: those of RFC 9209, squid and tinyproxy. The last
/// answers 401 to a wrong password, which must not be taken for the registry's word on the credential.
pub(super) fn answer_of_proxy(status: u16, headers: &HeaderMap, plain: bool) -> Option<Fault> {
    let kind = match status {
        407 => FaultKind::Proxy(ProxyFault::Authentication),
        _ if !(plain && is_marked(headers)) => return None,
        401 => FaultKind::Proxy(ProxyFault::Authentication),
        400..=499 => FaultKind::Proxy(ProxyFault::Denied),
        500..=599 => FaultKind::Refused,
        _ => return None,
    };
    let detail = format!("the proxy answered {status}");
    Some(Fault { kind, detail })
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

fn tls_detail(error: &TlsError, via: &Via<'_>) -> String {
    match (error, via.seen.refused_subject()) {
        (TlsError::InvalidCertificate(error), Some(subject)) => {
            let what = certificate_detail(error);
            format!("{}: {what} (certificate of {subject})", via.place)
        }
        (error, _) => format!("{}: {error}", via.place),
    }
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

/// hyper-util does not export its type: its words must do.
fn proxy_fault(error: &(dyn Error + 'static), phase: Phase) -> ProxyFault {
    let said = |text: &str| causes(error).any(|cause| cause.to_string().contains(text));
    match () {
        () if said("proxy authorization required") => ProxyFault::Authentication,
        () if phase.timed_out || phase.resolving => ProxyFault::Unreachable,
        () if said("unsuccessful") || said("unexpected end of file") => ProxyFault::Denied,
        () => ProxyFault::Unreachable,
    }
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
