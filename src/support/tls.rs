//! TLS errors in words, and client certificates.
//!
//! rustls names most of its errors by their Rust identifiers. Messages for people need a cause that
//! can be acted upon, so this file is the one table from the library's errors to causes and words.

use std::{error::Error as StdError, io, sync::Arc};

use rustls::{
    AlertDescription, CertificateError, Error, OtherError, PeerIncompatible,
    crypto::ring::sign::any_supported_type,
    pki_types::{CertificateDer, PrivateKeyDer},
    sign::{CertifiedKey, SingleCertAndKey},
};
use x509_parser::prelude::{FromDer, X509Certificate};

/// Why no trusted TLS connection came about, by what its user can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TlsError {
    /// No trusted authority signed the certificate.
    UnknownIssuer,
    /// An authority with a trusted name and another key signed the certificate.
    BadSignature,
    /// The certificate has expired, or is not valid yet.
    Expired,
    /// The certificate is for another name.
    WrongName,
    /// The certificate has no name in `subjectAltName`.
    NoAlternativeName,
    /// The certificate, or its key, is of a kind that no server should have.
    UnsuitableCertificate,
    /// The server does not speak TLS.
    NotTls,
    /// Client and server have no version or cipher in common.
    Protocol,
    /// The server does not know the name that it was asked for (RFC 6066 §3).
    UnknownName,
    /// The server wants a client certificate and got none.
    ClientCertificateRequired,
    /// The server does not accept the client certificate.
    ClientCertificateRefused,
    /// Anything else.
    Other,
}

impl TlsError {
    /// Classifies the library's error.
    pub fn of(error: &Error) -> Self {
        match error {
            Error::InvalidCertificate(certificate) => Self::of_certificate(certificate),
            Error::InvalidMessage(_) => Self::NotTls,
            Error::PeerIncompatible(_) => Self::Protocol,
            Error::AlertReceived(alert) => Self::of_alert(*alert),
            _ => Self::Other,
        }
    }

    fn of_certificate(error: &CertificateError) -> Self {
        match error {
            CertificateError::UnknownIssuer => Self::UnknownIssuer,
            CertificateError::BadSignature => Self::BadSignature,
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Self::Expired,
            CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => {
                Self::NoAlternativeName
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Self::WrongName
            }
            CertificateError::BadEncoding
            | CertificateError::InvalidPurpose
            | CertificateError::InvalidPurposeContext { .. }
            | CertificateError::UnhandledCriticalExtension
            | CertificateError::UnsupportedSignatureAlgorithmContext { .. }
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. }
            | CertificateError::Other(_) => Self::UnsuitableCertificate,
            _ => Self::Other,
        }
    }

    fn of_alert(alert: AlertDescription) -> Self {
        match alert {
            AlertDescription::CertificateRequired | AlertDescription::NoCertificate => {
                Self::ClientCertificateRequired
            }
            AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied => Self::ClientCertificateRefused,
            AlertDescription::ProtocolVersion
            | AlertDescription::HandshakeFailure
            | AlertDescription::InsufficientSecurity => Self::Protocol,
            AlertDescription::UnrecognisedName => Self::UnknownName,
            _ => Self::Other,
        }
    }
}

/// Finds the TLS error among the causes of `error`. `std::io::Error` does not report the error that it
/// wraps as its source, so it is opened.
pub fn find_tls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Error> {
    let mut current = Some(error);
    while let Some(error) = current {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        current = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}

/// Describes the error in one clause. Names in a server's certificate are the server's text: clean the
/// result before it is shown.
pub fn describe(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(certificate) => describe_certificate(certificate),
        Error::AlertReceived(alert) => describe_alert(*alert).to_owned(),
        Error::InvalidMessage(_) => "the server does not speak TLS on this port".to_owned(),
        Error::PeerIncompatible(incompatible) => describe_incompatible(incompatible).to_owned(),
        Error::InappropriateMessage { .. }
        | Error::InappropriateHandshakeMessage { .. }
        | Error::PeerMisbehaved(_)
        | Error::PeerSentOversizedRecord => "the server breaks the rules of TLS".to_owned(),
        Error::NoCertificatesPresented => "the server sent no certificate".to_owned(),
        Error::DecryptError => "the server's encrypted message cannot be read".to_owned(),
        Error::NoApplicationProtocol => "the server speaks another protocol over TLS".to_owned(),
        Error::FailedToGetCurrentTime => "the system's clock cannot be read".to_owned(),
        Error::General(text) => text.clone(),
        Error::Other(OtherError(other)) => other.to_string(),
        _ => "the TLS handshake failed".to_owned(),
    }
}

fn describe_certificate(error: &CertificateError) -> String {
    let words = match error {
        CertificateError::UnknownIssuer => "the certificate comes from an unknown authority",
        CertificateError::BadSignature => {
            "the certificate's signature does not fit the trusted authority of that name"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the certificate has expired"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the certificate is not valid yet"
        }
        CertificateError::NotValidForName => "the certificate is for another name",
        CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => {
            "the certificate has no name in subjectAltName"
        }
        CertificateError::NotValidForNameContext { presented, .. } => {
            return format!("the certificate is for {}", presented.join(", "));
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "the certificate is not for servers"
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "the certificate is signed in a way that is no longer trusted, such as with SHA-1"
        }
        CertificateError::BadEncoding => "the certificate cannot be read",
        CertificateError::UnhandledCriticalExtension => {
            "the certificate has a critical extension that is not supported"
        }
        CertificateError::Revoked => "the certificate is revoked",
        CertificateError::Other(OtherError(other)) => return describe_other(&other.to_string()),
        _ => "the certificate cannot be verified",
    };
    words.to_owned()
}

/// webpki names these by their Rust identifiers.
fn describe_other(name: &str) -> String {
    let words = match name {
        "CaUsedAsEndEntity" => "the certificate is that of an authority (CA:TRUE)",
        "UnsupportedCertVersion" => "the certificate is of X.509 version 1",
        "EndEntityUsedAsCa" => "the certificate is signed by one that is not an authority",
        _ => "the certificate cannot be verified",
    };
    words.to_owned()
}

fn describe_incompatible(error: &PeerIncompatible) -> &'static str {
    match error {
        PeerIncompatible::NoCipherSuitesInCommon
        | PeerIncompatible::NoKxGroupsInCommon
        | PeerIncompatible::NoSignatureSchemesInCommon
        | PeerIncompatible::NoCertificateRequestSignatureSchemesInCommon => {
            "the server has no cipher in common with this program"
        }
        PeerIncompatible::ServerDoesNotSupportTls12Or13
        | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig => {
            "the server does not speak TLS 1.2 or newer"
        }
        _ => "the server lacks a part of TLS that is needed for safety",
    }
}

/// Alerts of RFC 8446 §6.
fn describe_alert(alert: AlertDescription) -> &'static str {
    match alert {
        AlertDescription::ProtocolVersion => "the server refuses this version of TLS",
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => {
            "the server accepts none of the ciphers offered"
        }
        AlertDescription::UnrecognisedName => "the server does not know this name",
        AlertDescription::CertificateRequired | AlertDescription::NoCertificate => {
            "the server requires a client certificate"
        }
        AlertDescription::CertificateExpired => "the client certificate has expired",
        AlertDescription::CertificateRevoked => "the client certificate is revoked",
        AlertDescription::UnknownCA => {
            "the client certificate comes from an authority that the server does not know"
        }
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::AccessDenied => "the server refuses the client certificate",
        AlertDescription::DecryptError => "the server cannot verify the handshake",
        AlertDescription::NoApplicationProtocol => "the server speaks another protocol over TLS",
        AlertDescription::InternalError => "the server has an internal error",
        AlertDescription::CloseNotify | AlertDescription::UserCanceled => {
            "the server closed the connection"
        }
        _ => "the server ended the TLS handshake",
    }
}

/// Joins a client certificate with its key; `None` when they do not belong together, or the key is of
/// an unknown kind. Certificates of any X.509 version are accepted: the server is the one to judge.
pub fn client_certificate(
    chain: Vec<CertificateDer<'static>>,
    key: &PrivateKeyDer<'_>,
) -> Option<Arc<SingleCertAndKey>> {
    let key = any_supported_type(key).ok()?;
    // rustls compares the two itself, but reads version 3 only.
    let (_, certificate) = X509Certificate::from_der(chain.first()?).ok()?;
    let belongs = key.public_key()?.as_ref() == certificate.public_key().raw;
    belongs.then(|| Arc::new(CertifiedKey::new(chain, key).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_have_causes_and_words_of_their_own() {
        let table = [
            (
                AlertDescription::ProtocolVersion,
                TlsError::Protocol,
                "version",
            ),
            (
                AlertDescription::HandshakeFailure,
                TlsError::Protocol,
                "ciphers",
            ),
            (
                AlertDescription::UnrecognisedName,
                TlsError::UnknownName,
                "name",
            ),
            (
                AlertDescription::CertificateRequired,
                TlsError::ClientCertificateRequired,
                "requires",
            ),
            (
                AlertDescription::UnknownCA,
                TlsError::ClientCertificateRefused,
                "authority",
            ),
        ];
        for (alert, cause, word) in table {
            let error = Error::AlertReceived(alert);
            assert_eq!(TlsError::of(&error), cause);
            assert!(describe(&error).contains(word), "{}", describe(&error));
        }
    }

    #[test]
    fn words_are_not_identifiers() {
        let errors = [
            Error::PeerIncompatible(PeerIncompatible::NoCipherSuitesInCommon),
            Error::PeerMisbehaved(rustls::PeerMisbehaved::IllegalMiddleboxChangeCipherSpec),
            Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType),
            Error::InvalidCertificate(CertificateError::InvalidPurpose),
            Error::AlertReceived(AlertDescription::Unknown(200)),
            Error::InappropriateMessage {
                expect_types: Vec::new(),
                got_type: rustls::ContentType::Alert,
            },
        ];
        for error in errors {
            let words = describe(&error);
            let camel_case = |word: &str| {
                let inner = word.chars().skip(1);
                word != "TLS" && inner.clone().any(char::is_uppercase) && inner.count() > 3
            };
            assert!(!words.split(' ').any(camel_case), "{words}");
        }
    }

    #[test]
    fn the_error_is_found_inside_an_io_error() {
        let wrapped = io::Error::other(io::Error::other(Error::DecryptError));
        assert_eq!(find_tls_error(&wrapped), Some(&Error::DecryptError));
        assert_eq!(find_tls_error(&io::Error::other("no TLS here")), None);
    }
}
