//! Whom to trust on a connection, and the certificate to show there.

use std::sync::Arc;

use rustls::{
    ClientConfig, ConfigBuilder, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WantsClientCert,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use super::{
    kubeconfig::{Server, Trust, User},
    proxy::ClusterProxy,
};
use crate::support::trust::Bundle;

/// Returns the settings for the API server.
pub(super) fn for_server(server: &Server, user: &User) -> ClientConfig {
    let builder = match &server.trust {
        Trust::System => trusting(Bundle::system().load()),
        Trust::Authorities(own) => trusting(own.clone()),
        Trust::Anybody => anybody(),
    };
    match &user.certificate {
        Some(certificate) => builder.with_client_cert_resolver(certificate.clone()),
        None => builder.with_no_client_auth(),
    }
}

/// Returns the settings for a proxy: the authorities of the system, and those of the kubeconfig if it is
/// the kubeconfig that names the proxy.
pub(super) fn for_proxy(server: &Server, proxy: &ClusterProxy) -> ClientConfig {
    let mut authorities = Bundle::system().load();
    if let Trust::Authorities(own) = &server.trust
        && proxy.is_of_kubeconfig()
    {
        authorities.extend(own.iter().cloned());
    }
    trusting(authorities).with_no_client_auth()
}

fn trusting(
    authorities: Vec<CertificateDer<'static>>,
) -> ConfigBuilder<ClientConfig, WantsClientCert> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(authorities);
    builder().with_root_certificates(roots)
}

fn anybody() -> ConfigBuilder<ClientConfig, WantsClientCert> {
    let verifier = Arc::new(NoVerification(ring::default_provider()));
    builder()
        .dangerous()
        .with_custom_certificate_verifier(verifier)
}

fn builder() -> ConfigBuilder<ClientConfig, rustls::WantsVerifier> {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider supports the default versions")
}

/// Takes every certificate: `insecure-skip-tls-verify`.
#[derive(Debug)]
struct NoVerification(CryptoProvider);

impl ServerCertVerifier for NoVerification {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
