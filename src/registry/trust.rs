//! TLS settings: the system's authorities for everybody; for a registry and its realm also the file of the
//! inventory and docker's `certs.d/<host>/` (`*.crt`: authorities; `NAME.cert` with `NAME.key`: a client
//! certificate; docker/docs `engine/security/certificates`).

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use rustls::{
    ClientConfig, RootCertStore,
    client::{Resumption, WebPkiServerVerifier},
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
    sign::SingleCertAndKey,
};
use thiserror::Error;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::verifier::{HandshakeRecord, NoClientCertificate, TrustKnown, Waiver};
use crate::{
    domain::{registry_credential::TransportSecurity, registry_host::RegistryHost},
    support::{
        server_verifier::ServerVerifier,
        tls::client_certificate,
        trust::{Bundle, may_sign, read_certificates, read_file},
    },
};

/// The only protocol that is spoken (RFC 7301).
const PROTOCOL: &[u8] = b"http/1.1";

/// A file that cannot be used.
#[derive(Debug, Error)]
pub enum TrustError {
    /// It cannot be read.
    #[error("cannot read {0}: {1}")]
    Read(PathBuf, io::Error),
    /// It holds no certificate or key in PEM.
    #[error("{0} holds no {1} in PEM form")]
    Pem(PathBuf, &'static str),
    /// Certificate and key do not belong together, or the key is of an unknown kind.
    #[error("{0} and its key cannot be used as a client certificate")]
    ClientCertificate(PathBuf),
    /// A certificate is there without its key.
    #[error("{0} has no key beside it ({1} is missing)")]
    NoKey(PathBuf, PathBuf),
    /// No authority is known.
    #[error(
        "no certificate authority is known on this host: install ca-certificates, or set ca_cert"
    )]
    NoAuthorities,
}

/// Where authorities and client certificates are, and the system's authorities, read once in a run.
#[derive(Debug)]
pub struct Trust {
    cert_dir: PathBuf,
    bundle: Bundle,
    system: OnceLock<RootCertStore>,
    provider: Arc<CryptoProvider>,
}

/// TLS settings for servers of one kind.
#[derive(Clone, Debug)]
pub(super) struct TlsSettings {
    verification: Verification,
    client: Option<ClientCertificate>,
    provider: Arc<CryptoProvider>,
}

#[derive(Clone, Debug)]
enum Verification {
    /// The server was declared insecure.
    Waived,
    Required {
        authorities: Option<Arc<WebPkiServerVerifier>>,
        pinned: Arc<[CertificateDer<'static>]>,
    },
}

#[derive(Clone, Debug)]
struct ClientCertificate {
    key: Arc<SingleCertAndKey>,
    /// In seconds since 1970.
    not_after: Option<i64>,
}

/// Files in `certs.d/<host>/`.
#[derive(Default)]
struct HostFiles {
    authorities: Vec<PathBuf>,
    client: Option<PathBuf>,
}

impl Trust {
    /// Looks for files of registries below `cert_dir`, and for the system's authorities in `bundle`.
    pub fn new(cert_dir: PathBuf, bundle: Bundle) -> Self {
        Self {
            cert_dir,
            bundle,
            system: OnceLock::new(),
            provider: Arc::new(ring::default_provider()),
        }
    }

    /// The settings for proxies, and for servers that a redirect named: what was said of a registry does not
    /// hold for them.
    pub(super) fn for_others(&self) -> Result<TlsSettings, TrustError> {
        let verification = self.required(&[])?;
        Ok(self.settings(verification, None))
    }

    /// The settings for a registry and, as docker has it, for its realm.
    pub(super) fn for_registry(
        &self,
        host: &RegistryHost,
        security: &TransportSecurity,
    ) -> Result<TlsSettings, TrustError> {
        let files = self.host_files(host)?;
        let verification = if security.tls_verify {
            let mut own = Vec::new();
            for path in &files.authorities {
                match certificates(path) {
                    Ok(found) => own.extend(found),
                    // docker passes over files of other formats here.
                    Err(TrustError::Pem(..)) => {}
                    Err(error) => return Err(error),
                }
            }
            if let Some(path) = &security.ca_cert {
                own.extend(certificates(path)?);
            }
            self.required(&own)?
        } else {
            Verification::Waived
        };
        let client = files.client.as_deref().map(read_client_certificate);
        Ok(self.settings(verification, client.transpose()?))
    }

    fn settings(
        &self,
        verification: Verification,
        client: Option<ClientCertificate>,
    ) -> TlsSettings {
        TlsSettings {
            verification,
            client,
            provider: self.provider.clone(),
        }
    }

    fn required(&self, own: &[CertificateDer<'static>]) -> Result<Verification, TrustError> {
        let mut roots = self.system().clone();
        // A server's own certificate, pinned in `certs.d`, must not become an authority that signs for other
        // names.
        roots.add_parsable_certificates(own.iter().filter(|one| may_sign(one)).cloned());
        let builder =
            WebPkiServerVerifier::builder_with_provider(roots.into(), self.provider.clone());
        let authorities = builder.build().ok();
        // Servers whose own certificate is trusted need no authority.
        if authorities.is_none() && own.is_empty() {
            return Err(TrustError::NoAuthorities);
        }
        Ok(Verification::Required {
            authorities,
            pinned: own.into(),
        })
    }

    fn system(&self) -> &RootCertStore {
        self.system.get_or_init(|| {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(self.bundle.load());
            roots
        })
    }

    /// A directory that is not there holds nothing; one that cannot be read is an error.
    fn host_files(&self, host: &RegistryHost) -> Result<HostFiles, TrustError> {
        let directory = self.cert_dir.join(host.authority());
        let entries = match directory.read_dir() {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // docker makes no difference between a missing and an empty directory.
                return Ok(HostFiles::default());
            }
            Err(error) => return Err(TrustError::Read(directory, error)),
        };
        let mut paths: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        // Of several client certificates the first by name is used, on every node the same.
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

impl TlsSettings {
    /// The configuration of one connection to `name`, and what will be seen on it.
    pub(super) fn for_connection(
        &self,
        name: &ServerName<'static>,
    ) -> (Arc<ClientConfig>, Arc<HandshakeRecord>) {
        let record = Arc::new(HandshakeRecord::default());
        let builder = ClientConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()
            .expect("the provider supports the default versions")
            .dangerous();
        let builder = match &self.verification {
            Verification::Waived => {
                let waiver = Waiver { name: name.clone() };
                builder.with_custom_certificate_verifier(ServerVerifier::new(
                    waiver,
                    self.provider.clone(),
                ))
            }
            Verification::Required {
                authorities,
                pinned,
            } => {
                let known = TrustKnown {
                    authorities: authorities.clone(),
                    pinned: pinned.clone(),
                    record: record.clone(),
                };
                builder.with_custom_certificate_verifier(ServerVerifier::new(
                    known,
                    self.provider.clone(),
                ))
            }
        };
        let mut config = match &self.client {
            Some(client) => builder.with_client_cert_resolver(client.key.clone()),
            None => {
                builder.with_client_cert_resolver(Arc::new(NoClientCertificate(record.clone())))
            }
        };
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        // Each connection has a configuration of its own, so that no ticket could ever be used.
        config.resumption = Resumption::disabled();
        (Arc::new(config), record)
    }

    /// When the client certificate expires, in seconds since 1970.
    pub(super) fn client_certificate_expires(&self) -> Option<i64> {
        self.client.as_ref()?.not_after
    }
}

fn read_client_certificate(path: &Path) -> Result<ClientCertificate, TrustError> {
    let key_path = path.with_extension("key");
    if !key_path.exists() {
        return Err(TrustError::NoKey(path.to_owned(), key_path));
    }
    let pem = read_file(&key_path).map_err(|error| TrustError::Read(key_path.clone(), error))?;
    let key = PrivateKeyDer::from_pem_slice(&pem)
        .map_err(|_| TrustError::Pem(key_path, "private key"))?;
    let chain = certificates(path)?;
    let not_after = chain.first().and_then(not_after);
    let key = client_certificate(chain, &key)
        .ok_or_else(|| TrustError::ClientCertificate(path.to_owned()))?;
    Ok(ClientCertificate { key, not_after })
}

fn not_after(certificate: &CertificateDer<'_>) -> Option<i64> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    Some(parsed.validity().not_after.timestamp())
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    match read_certificates(path) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Err(error) if error.kind() != io::ErrorKind::InvalidData => {
            Err(TrustError::Read(path.to_owned(), error))
        }
        _ => Err(TrustError::Pem(path.to_owned(), "certificate")),
    }
}
