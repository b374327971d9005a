//! The verifier of a TLS server's certificate, but for the one question that its users answer
//! differently: is this certificate trusted?
//!
//! The signature of the handshake is always verified: whatever is trusted, the server must own the key of
//! the certificate that it shows.

use std::{fmt, sync::Arc};

use rustls::{
    DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};

/// What a server shows of itself.
pub struct Presented<'a> {
    /// The server's own certificate.
    pub certificate: &'a CertificateDer<'a>,
    /// The certificates sent with it.
    pub intermediates: &'a [CertificateDer<'a>],
    /// The name that was connected to.
    pub name: &'a ServerName<'a>,
    /// The stapled answer of an OCSP server; empty: none.
    pub ocsp: &'a [u8],
    /// The time of the handshake.
    pub now: UnixTime,
}

/// Decides which certificates are trusted.
pub trait TrustDecision: fmt::Debug + Send + Sync {
    /// Trusts the certificate, or not.
    ///
    /// # Errors
    /// Why it is not trusted.
    fn trust(&self, presented: &Presented<'_>) -> Result<(), Error>;
}

/// A verifier that leaves the decision to a `T`.
#[derive(Debug)]
pub struct ServerVerifier<T> {
    decision: T,
    provider: Arc<CryptoProvider>,
}

impl<T: TrustDecision> ServerVerifier<T> {
    /// Makes the verifier, in the form that rustls takes.
    pub fn new(decision: T, provider: Arc<CryptoProvider>) -> Arc<Self> {
        Arc::new(Self { decision, provider })
    }
}

impl<T: TrustDecision> ServerCertVerifier for ServerVerifier<T> {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.decision.trust(&Presented {
            certificate,
            intermediates,
            name,
            ocsp,
            now,
        })?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
