//! Verification of servers' certificates, with a memory: when it fails, which certificate and why.
//!
//! A certificate that is itself among the trusted ones is accepted for its name and time, as docker
//! does: many private registries have a self-signed one. It does not become an authority for others.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::{
    CertificateError, Error, SignatureScheme,
    client::{
        ResolvesClientCert, WebPkiServerVerifier, danger::ServerCertVerifier, verify_server_name,
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
    sign::CertifiedKey,
};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::support::server_verifier::{Presented, TrustDecision};

/// Observations on the server during one handshake.
#[derive(Debug, Default)]
pub(super) struct HandshakeRecord {
    /// Subject of the certificate that was refused.
    refused: Mutex<Option<String>>,
    /// Whether the server asked for a certificate that is not there.
    wanted_client_certificate: Mutex<bool>,
}

impl HandshakeRecord {
    pub(super) fn refused_subject(&self) -> Option<String> {
        let refused = self.refused.lock();
        refused.unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn wanted_client_certificate(&self) -> bool {
        let wanted = self.wanted_client_certificate.lock();
        *wanted.unwrap_or_else(PoisonError::into_inner)
    }

    fn refuse(&self, certificate: &CertificateDer<'_>) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        *refused = subject_of(certificate);
    }
}

/// Trusts authorities and pinned certificates.
#[derive(Debug)]
pub(super) struct TrustKnown {
    /// `None`: no authority is trusted.
    pub(super) authorities: Option<Arc<WebPkiServerVerifier>>,
    /// Trusted as servers' own certificates.
    pub(super) pinned: Arc<[CertificateDer<'static>]>,
    pub(super) record: Arc<HandshakeRecord>,
}

impl TrustDecision for TrustKnown {
    fn trust(&self, presented: &Presented<'_>) -> Result<(), Error> {
        let verified = match &self.authorities {
            Some(all) => all
                .verify_server_cert(
                    presented.certificate,
                    presented.intermediates,
                    presented.name,
                    presented.ocsp,
                    presented.now,
                )
                .map(|_| ()),
            None => Err(CertificateError::UnknownIssuer.into()),
        };
        let verified = match verified {
            // Only for want of an authority: a wrong name or time is wrong for a pinned certificate, too.
            Err(Error::InvalidCertificate(
                CertificateError::UnknownIssuer
                | CertificateError::BadSignature
                | CertificateError::Other(_),
            )) if self.pinned.contains(presented.certificate) => verify_pinned(presented),
            other => other,
        };
        verified.inspect_err(|_| self.record.refuse(presented.certificate))
    }
}

/// Trusts any certificate of one server: a registry that was declared insecure, or its realm. The waiver
/// holds for no other name.
#[derive(Debug)]
pub(super) struct Waiver {
    pub(super) name: ServerName<'static>,
}

impl TrustDecision for Waiver {
    fn trust(&self, presented: &Presented<'_>) -> Result<(), Error> {
        // `insecure` is about one registry. A redirect leads the same connection settings to other hosts.
        if *presented.name == self.name {
            return Ok(());
        }
        Err(CertificateError::ApplicationVerificationFailure.into())
    }
}

/// Has no client certificate, and remembers that one was wanted.
#[derive(Debug)]
pub(super) struct NoClientCertificate(pub(super) Arc<HandshakeRecord>);

impl ResolvesClientCert for NoClientCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let wanted = &self.0.wanted_client_certificate;
        // A server that wants a certificate and gets none often ends the handshake with an alert that says
        // something else.
        *wanted.lock().unwrap_or_else(PoisonError::into_inner) = true;
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

/// A certificate that is trusted itself needs no authority.
fn verify_pinned(presented: &Presented<'_>) -> Result<(), Error> {
    // webpki verifies time only along a path to an authority, and here is none.
    verify_validity(presented.certificate, presented.now)?;
    let certificate = ParsedCertificate::try_from(presented.certificate)?;
    verify_server_name(&certificate, presented.name)
}

fn verify_validity(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
    let (_, parsed) = X509Certificate::from_der(certificate)
        .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let validity = parsed.validity();
    if now < validity.not_before.timestamp() {
        return Err(CertificateError::NotValidYet.into());
    }
    if now > validity.not_after.timestamp() {
        return Err(CertificateError::Expired.into());
    }
    Ok(())
}

fn subject_of(certificate: &CertificateDer<'_>) -> Option<String> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    Some(parsed.subject().to_string())
}

#[cfg(test)]
#[cfg(feature = "real")]
mod tests {
    use rustls::{RootCertStore, crypto::ring};
    use testbed::odd_certificates::OddIssuer;

    use super::*;
    use crate::support::{server_verifier::ServerVerifier, tls::TlsError, trust::may_sign};

    const NAME: &str = "subjectAltName=DNS:r.example.com";

    fn der(bytes: Vec<u8>) -> CertificateDer<'static> {
        CertificateDer::from(bytes)
    }

    /// The error for the certificate, where its authority is trusted and, if it is pinned, the certificate
    /// itself.
    fn error_of(
        issuer: &OddIssuer,
        extensions: &[&str],
        digest: &str,
        pinned: bool,
    ) -> Option<TlsError> {
        let certificate = der(issuer.certificate(extensions, digest).unwrap());
        let mut roots = RootCertStore::empty();
        roots.add(der(issuer.authority().unwrap())).unwrap();
        let provider = Arc::new(ring::default_provider());
        let record = Arc::new(HandshakeRecord::default());
        let pins = if pinned {
            vec![certificate.clone()]
        } else {
            Vec::new()
        };
        let authorities =
            WebPkiServerVerifier::builder_with_provider(roots.into(), provider.clone());
        let decision = TrustKnown {
            authorities: authorities.build().ok(),
            pinned: pins.into(),
            record,
        };
        let verifier = ServerVerifier::new(decision, provider);
        let name = ServerName::try_from("r.example.com").unwrap();
        let outcome = verifier.verify_server_cert(&certificate, &[], &name, &[], UnixTime::now());
        outcome.err().map(|error| TlsError::of(&error))
    }

    #[test]
    fn an_odd_certificate_is_not_taken_for_a_foreign_one() {
        let issuer = OddIssuer::new().unwrap();
        let unsuitable = Some(TlsError::UnsuitableCertificate);
        let nameless = Some(TlsError::NoAlternativeName);
        for (extensions, digest, expected) in [
            (&[NAME][..], "-sha256", None),
            (&[], "-sha256", unsuitable),
            (
                &[NAME, "basicConstraints=critical,CA:TRUE"],
                "-sha256",
                unsuitable,
            ),
            (&["basicConstraints=CA:FALSE"], "-sha256", nameless),
            (
                &[NAME, "extendedKeyUsage=clientAuth"],
                "-sha256",
                unsuitable,
            ),
            (&[NAME], "-sha1", unsuitable),
        ] {
            let found = error_of(&issuer, extensions, digest, false);
            assert_eq!(found, expected, "{extensions:?} {digest}");
        }
    }

    #[test]
    fn trusted_itself_a_certificate_needs_its_name_and_time_alone() {
        let issuer = OddIssuer::new().unwrap();
        for (extensions, expected) in [
            (&[NAME][..], None),
            (&[], Some(TlsError::UnsuitableCertificate)),
            (&[NAME, "basicConstraints=critical,CA:TRUE"], None),
        ] {
            assert_eq!(
                error_of(&issuer, extensions, "-sha256", true),
                expected,
                "{extensions:?}"
            );
        }
    }

    #[test]
    fn a_certificate_that_is_no_authority_signs_no_other() {
        let issuer = OddIssuer::new().unwrap();
        let with = |extensions: &[&str]| der(issuer.certificate(extensions, "-sha256").unwrap());
        assert!(may_sign(&der(issuer.authority().unwrap())));
        assert!(may_sign(&with(&[
            NAME,
            "basicConstraints=critical,CA:TRUE"
        ])));
        for extensions in [&[NAME][..], &[NAME, "basicConstraints=CA:FALSE"], &[]] {
            assert!(!may_sign(&with(extensions)), "{extensions:?}");
        }
    }

    #[test]
    fn a_waiver_holds_for_one_name() {
        let waiver = Waiver {
            name: ServerName::try_from("r.example.com").unwrap(),
        };
        let verifier = ServerVerifier::new(waiver, Arc::new(ring::default_provider()));
        let passes = |name: &str| {
            let name = ServerName::try_from(name).unwrap();
            verifier
                .verify_server_cert(&der(Vec::new()), &[], &name, &[], UnixTime::now())
                .is_ok()
        };
        assert!(passes("r.example.com") && !passes("proxy.example.com"));
    }
}
