//! A certificate authority of our own: good certificates, and odd ones for TLS tests.
//!
//! Everything is made at run time; no key is ever committed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, date_time_ymd,
};

use crate::scratch::Scratch;

/// `0.0.0.0` leads to this host as well, and is no loopback address to a client: what goes through a
/// proxy is called so.
const LOOPBACK: [&str; 4] = ["localhost", "127.0.0.1", "::1", "0.0.0.0"];
const CA_FILE: &str = "ca/ca.crt";

/// A certificate authority with its files.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    files: Arc<Scratch>,
    issued: AtomicUsize,
}

/// A certificate with its key, as text and as files that live as long as any clone.
#[derive(Clone)]
pub struct Identity {
    files: Arc<Scratch>,
    cert: PathBuf,
    key: PathBuf,
    cert_pem: String,
    key_pem: String,
}

impl Authority {
    /// Makes an authority that nobody trusts yet.
    ///
    /// # Errors
    /// When a key cannot be made or a file cannot be written.
    pub fn new() -> Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name = name("testbed CA", None);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let files = Arc::new(Scratch::new()?);
        files.write(CA_FILE, issuer.pem())?;
        Ok(Self {
            issuer,
            files,
            issued: AtomicUsize::new(0),
        })
    }

    /// Returns the file with the authority's certificate.
    #[must_use]
    pub fn ca_cert(&self) -> PathBuf {
        self.files.file(CA_FILE)
    }

    /// Returns a directory with nothing but the authority's certificate, as skopeo's `--cert-dir`
    /// wants it.
    #[must_use]
    pub fn cert_dir(&self) -> PathBuf {
        self.files.file("ca")
    }

    /// Issues a server certificate for loopback and the given names.
    ///
    /// # Errors
    /// When a name is not one or a file cannot be written.
    pub fn server(&self, extra_names: &[&str]) -> Result<Identity> {
        self.issue(server_params(&[&LOOPBACK[..], extra_names].concat())?)
    }

    /// Issues a server certificate for these names only; give names that are not the server's.
    ///
    /// # Errors
    /// When a name is not one or a file cannot be written.
    pub fn server_for_only(&self, names: &[&str]) -> Result<Identity> {
        self.issue(server_params(names)?)
    }

    /// Issues a server certificate for loopback that ended years ago.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn expired_server(&self) -> Result<Identity> {
        self.issue(expired(server_params(&LOOPBACK)?))
    }

    /// Issues a client certificate: `common_name` is a user, `organisation` a group.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn client(&self, common_name: &str, organisation: Option<&str>) -> Result<Identity> {
        self.issue(client_params(common_name, organisation))
    }

    /// Issues a client certificate that ended years ago.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn expired_client(
        &self,
        common_name: &str,
        organisation: Option<&str>,
    ) -> Result<Identity> {
        self.issue(expired(client_params(common_name, organisation)))
    }

    fn issue(&self, mut params: CertificateParams) -> Result<Identity> {
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate()?;
        let cert_pem = params.signed_by(&key, &self.issuer)?.pem();
        let key_pem = key.serialize_pem();
        let dir = PathBuf::from(self.issued.fetch_add(1, Ordering::Relaxed).to_string());
        self.files.write(dir.join("ca.crt"), self.issuer.pem())?;
        let cert = self.files.write(dir.join("tls.crt"), &cert_pem)?;
        let key = self.files.write(dir.join("tls.key"), &key_pem)?;
        Ok(Identity {
            files: Arc::clone(&self.files),
            cert,
            key,
            cert_pem,
            key_pem,
        })
    }
}

impl Identity {
    /// Returns the file with the certificate.
    #[must_use]
    pub fn cert(&self) -> &Path {
        &self.cert
    }

    /// Returns the file with the private key.
    #[must_use]
    pub fn key(&self) -> &Path {
        &self.key
    }

    /// Returns the file with the certificate of the authority that issued this one.
    #[must_use]
    pub fn ca_cert(&self) -> PathBuf {
        self.files.file(CA_FILE)
    }

    /// Returns the certificate as PEM text.
    #[must_use]
    pub fn cert_pem(&self) -> &str {
        &self.cert_pem
    }

    /// Returns the private key as PEM text.
    #[must_use]
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }
}

fn server_params(names: &[&str]) -> Result<CertificateParams> {
    let names: Vec<String> = names.iter().copied().map(str::to_owned).collect();
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = name("testbed server", None);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

fn client_params(common_name: &str, organisation: Option<&str>) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name(common_name, organisation);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

fn expired(mut params: CertificateParams) -> CertificateParams {
    params.not_before = date_time_ymd(2018, 10, 11);
    params.not_after = date_time_ymd(2020, 10, 11);
    params
}

fn name(common_name: &str, organisation: Option<&str>) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    if let Some(organisation) = organisation {
        name.push(DnType::OrganizationName, organisation);
    }
    name
}
