//! Whom to trust on a connection: the system's authorities, a file of the inventory, docker's
//! `certs.d/<host>/` (`*.crt`: authorities; `NAME.cert` with `NAME.key`: our own certificate;
//! docker/docs `engine/security/certificates`).

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use rustls::{
    ClientConfig, ConfigBuilder, RootCertStore,
    client::WantsClientCert,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use thiserror::Error;

use super::verifier::{NoClientCertificate, NoVerification, Seen, Verifier};
use crate::domain::{registry_credential::TransportSecurity, registry_host::RegistryHost};

/// A file that cannot be used.
#[derive(Debug, Error)]
pub enum TrustError {
    /// It cannot be read.
    #[error("cannot read {0}: {1}")]
    Read(PathBuf, std::io::Error),
    /// It holds no certificate or key in PEM.
    #[error("{0} holds no {1} in PEM form")]
    Pem(PathBuf, &'static str),
    /// Certificate and key do not belong together, or the key is of an unknown kind.
    #[error("{0} and its key cannot be used as a client certificate")]
    ClientCertificate(PathBuf),
    /// A certificate is there without its key.
    #[error("{0} has no key beside it ({1} is missing)")]
    NoKey(PathBuf, PathBuf),
    /// There is nobody to trust.
    #[error(
        "no certificate authority is known on this host: install ca-certificates, or set ca_cert"
    )]
    NoAuthorities,
}

/// The authorities of the system, read once for all registries of a run.
#[derive(Debug, Default)]
pub struct Trust {
    cert_dir: PathBuf,
    system: OnceLock<RootCertStore>,
}

/// What `certs.d/<host>/` holds.
#[derive(Default)]
struct HostFiles {
    authorities: Vec<PathBuf>,
    client: Option<PathBuf>,
}

impl Trust {
    /// Looks for files of registries below `cert_dir`.
    #[must_use]
    pub fn new(cert_dir: PathBuf) -> Self {
        Self {
            cert_dir,
            system: OnceLock::new(),
        }
    }

    /// Returns the TLS settings for `host`, and what will be seen under them.
    pub(super) fn client_config(
        &self,
        host: &RegistryHost,
        security: &TransportSecurity,
    ) -> Result<(ClientConfig, Arc<Seen>), TrustError> {
        let provider = Arc::new(ring::default_provider());
        let seen = Arc::new(Seen::default());
        let files = self.host_files(host)?;
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .expect("the provider supports the default versions");
        let builder = if security.tls_verify {
            let verifier = self.verifier(&files, security, &provider, seen.clone())?;
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verifier))
        } else {
            let verifier = Arc::new(NoVerification(provider));
            builder
                .dangerous()
                .with_custom_certificate_verifier(verifier)
        };
        Ok((
            with_client_certificate(builder, &files, seen.clone())?,
            seen,
        ))
    }

    fn verifier(
        &self,
        files: &HostFiles,
        security: &TransportSecurity,
        provider: &Arc<CryptoProvider>,
        seen: Arc<Seen>,
    ) -> Result<Verifier, TrustError> {
        let mut own = Vec::new();
        for path in files.authorities.iter().chain(&security.ca_cert) {
            own.extend(certificates(path)?);
        }
        let mut roots = self.system().clone();
        roots.add_parsable_certificates(own.iter().cloned());
        Verifier::new(roots, own, provider, seen).ok_or(TrustError::NoAuthorities)
    }

    fn system(&self) -> &RootCertStore {
        self.system.get_or_init(|| {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            roots
        })
    }

    /// A directory that is not there holds nothing; one that cannot be read is an error.
    fn host_files(&self, host: &RegistryHost) -> Result<HostFiles, TrustError> {
        let directory = self.cert_dir.join(host.authority());
        let entries = match fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(HostFiles::default());
            }
            Err(error) => return Err(TrustError::Read(directory, error)),
        };
        let mut paths: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        paths.sort();
        let with = |extension: &str| {
            let paths = paths
                .iter()
                .filter(|path| path.extension().is_some_and(|e| e == extension));
            paths.cloned().collect::<Vec<_>>()
        };
        Ok(HostFiles {
            authorities: with("crt"),
            client: with("cert").into_iter().next(),
        })
    }
}

fn with_client_certificate(
    builder: ConfigBuilder<ClientConfig, WantsClientCert>,
    files: &HostFiles,
    seen: Arc<Seen>,
) -> Result<ClientConfig, TrustError> {
    let Some(path) = &files.client else {
        return Ok(builder.with_client_cert_resolver(Arc::new(NoClientCertificate(seen))));
    };
    let key_path = path.with_extension("key");
    if !key_path.exists() {
        return Err(TrustError::NoKey(path.clone(), key_path));
    }
    let key = PrivateKeyDer::from_pem_slice(&read(&key_path)?)
        .map_err(|_| TrustError::Pem(key_path, "private key"))?;
    let chain = certificates(path)?;
    builder
        .with_client_auth_cert(chain, key)
        .map_err(|_| TrustError::ClientCertificate(path.clone()))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let bytes = read(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match found {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(TrustError::Pem(path.to_owned(), "certificate")),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TrustError> {
    fs::read(path).map_err(|error| TrustError::Read(path.to_owned(), error))
}
