//! Whom to trust on a connection, and the certificate to show there.

use std::sync::Arc;

use rustls::{
    ClientConfig, ConfigBuilder, Error, RootCertStore, client::WantsClientCert, crypto::ring,
    pki_types::CertificateDer,
};

use super::{
    kubeconfig::{Server, Trust, User},
    proxy::ClusterProxy,
};
use crate::support::{
    server_verifier::{Presented, ServerVerifier, TrustDecision},
    trust::Bundle,
};

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
    let verifier = ServerVerifier::new(TrustAnybody, Arc::new(ring::default_provider()));
    builder()
        .dangerous()
        .with_custom_certificate_verifier(verifier)
}

fn builder() -> ConfigBuilder<ClientConfig, rustls::WantsVerifier> {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider supports the default versions")
}

/// Trusts every certificate: `insecure-skip-tls-verify`.
#[derive(Debug)]
struct TrustAnybody;

impl TrustDecision for TrustAnybody {
    fn trust(&self, _: &Presented<'_>) -> Result<(), Error> {
        Ok(())
    }
}
