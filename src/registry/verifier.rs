//! Verification of a server's certificate, with a memory: when it fails, which certificate and why.
//!
//! A certificate that is itself among the trusted ones is accepted for its name and time, as docker
//! does: many private registries have a self-signed one.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore,
    SignatureScheme,
    client::{
        ResolvesClientCert, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
    sign::CertifiedKey,
};
use x509_parser::prelude::{FromDer, X509Certificate};

/// What was seen of the server during handshakes.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Subject of the certificate that was refused.
    refused: Mutex<Option<String>>,
    /// Whether the server asked for a certificate that we do not have.
    wanted_client_certificate: Mutex<bool>,
}

impl Seen {
    pub(super) fn refused_subject(&self) -> Option<String> {
        self.refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn wanted_client_certificate(&self) -> bool {
        *self
            .wanted_client_certificate
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Verifies by authorities and pinned certificates.
#[derive(Debug)]
pub(super) struct Verifier {
    authorities: Arc<WebPkiServerVerifier>,
    pinned: Vec<CertificateDer<'static>>,
    seen: Arc<Seen>,
}

impl Verifier {
    /// Makes a verifier that trusts `roots`, and `pinned` also as servers' own certificates.
    pub(super) fn new(
        roots: RootCertStore,
        pinned: Vec<CertificateDer<'static>>,
        provider: &Arc<CryptoProvider>,
        seen: Arc<Seen>,
    ) -> Option<Self> {
        let builder = WebPkiServerVerifier::builder_with_provider(roots.into(), provider.clone());
        Some(Self {
            authorities: builder.build().ok()?,
            pinned,
            seen,
        })
    }

    fn remember(&self, certificate: &CertificateDer<'_>) {
        let subject = subject_of(certificate);
        *self
            .seen
            .refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = subject;
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified =
            self.authorities
                .verify_server_cert(certificate, intermediates, name, ocsp, now);
        let verified = match verified {
            Err(Error::InvalidCertificate(
                CertificateError::UnknownIssuer | CertificateError::Other(_),
            )) if self.pinned.contains(certificate) => verify_pinned(certificate, name, now),
            other => other,
        };
        verified.inspect_err(|_| self.remember(certificate))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authorities
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authorities
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.authorities.supported_verify_schemes()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        None
    }
}

/// Takes any certificate: for registries declared insecure. The server must still own its key.
#[derive(Debug)]
pub(super) struct NoVerification(pub(super) Arc<CryptoProvider>);

impl ServerCertVerifier for NoVerification {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Has no client certificate, and remembers that one was wanted.
#[derive(Debug)]
pub(super) struct NoClientCertificate(pub(super) Arc<Seen>);

impl ResolvesClientCert for NoClientCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let wanted = &self.0.wanted_client_certificate;
        *wanted.lock().unwrap_or_else(PoisonError::into_inner) = true;
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

/// A certificate that is trusted itself needs no authority.
fn verify_pinned(
    certificate: &CertificateDer<'_>,
    name: &ServerName<'_>,
    now: UnixTime,
) -> Result<ServerCertVerified, Error> {
    verify_validity(certificate, now)?;
    verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
    Ok(ServerCertVerified::assertion())
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

// The certificates are made by openssl.
#[cfg(test)]
#[cfg(feature = "real")]
mod tests {
    use rustls::crypto::ring;
    use testbed::odd_certificates::OddIssuer;

    use super::*;
    use crate::registry::{exchange::TlsFault, fault::tls_fault};

    const NAME: &str = "subjectAltName=DNS:r.example.com";

    fn der(bytes: Vec<u8>) -> CertificateDer<'static> {
        CertificateDer::from(bytes)
    }

    /// What is found wrong with the certificate, where the authority is trusted and, if it is pinned, the
    /// certificate itself.
    fn fault(
        issuer: &OddIssuer,
        extensions: &[&str],
        digest: &str,
        pinned: bool,
    ) -> Option<TlsFault> {
        let certificate = der(issuer.certificate(extensions, digest).unwrap());
        let mut roots = RootCertStore::empty();
        roots.add(der(issuer.authority().unwrap())).unwrap();
        let provider = Arc::new(ring::default_provider());
        let seen = Arc::new(Seen::default());
        let pins = if pinned {
            vec![certificate.clone()]
        } else {
            Vec::new()
        };
        let verifier = Verifier::new(roots, pins, &provider, seen.clone()).unwrap();
        let name = ServerName::try_from("r.example.com").unwrap();
        let outcome = verifier.verify_server_cert(&certificate, &[], &name, &[], UnixTime::now());
        outcome.err().map(|error| tls_fault(&error, &seen))
    }

    #[test]
    fn an_odd_certificate_is_not_taken_for_a_foreign_one() {
        let issuer = OddIssuer::new().unwrap();
        let unsuitable = Some(TlsFault::UnsuitableCertificate);
        let nameless = Some(TlsFault::NoAlternativeName);
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
            let found = fault(&issuer, extensions, digest, false);
            assert_eq!(found, expected, "{extensions:?} {digest}");
        }
    }

    #[test]
    fn trusted_itself_a_certificate_needs_its_name_and_time_alone() {
        let issuer = OddIssuer::new().unwrap();
        for (extensions, expected) in [
            (&[NAME][..], None),
            (&[], Some(TlsFault::UnsuitableCertificate)),
            (&[NAME, "basicConstraints=critical,CA:TRUE"], None),
        ] {
            assert_eq!(
                fault(&issuer, extensions, "-sha256", true),
                expected,
                "{extensions:?}"
            );
        }
    }
}
