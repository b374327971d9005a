//! Certificate authorities: the system's bundle, PEM files, and which certificates may sign others.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use rustix::fs::OFlags;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use x509_parser::prelude::{FromDer, X509Certificate, X509Version};

/// Where systems keep their bundle; the first that exists counts (Go, `crypto/x509/root_linux.go`).
const SYSTEM_FILES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Where single certificates are, on systems without a bundle.
const SYSTEM_DIRECTORIES: [&str; 2] = ["/etc/ssl/certs", "/etc/pki/tls/certs"];

/// Bytes of the largest file that is read; the bundles of systems have less than 1 MiB.
const LARGEST_FILE: u64 = 16 << 20;

/// Where trusted authorities are read from.
///
/// Programs that Ansible starts use [`Bundle::system`] alone: whoever sets the environment of a task must
/// not decide which servers it trusts. A command for people may honor `SSL_CERT_FILE` and
/// `SSL_CERT_DIR` by [`Bundle::new`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    files: Vec<PathBuf>,
    directories: Vec<PathBuf>,
}

impl Default for Bundle {
    fn default() -> Self {
        Self::system()
    }
}

impl Bundle {
    /// The system's authorities, by the paths that systems are known to use.
    pub fn system() -> Self {
        Self::new(
            SYSTEM_FILES.map(PathBuf::from).into(),
            SYSTEM_DIRECTORIES.map(PathBuf::from).into(),
        )
    }

    /// Takes the first of `files` that holds a certificate, else all files of `directories`.
    pub fn new(files: Vec<PathBuf>, directories: Vec<PathBuf>) -> Self {
        Self { files, directories }
    }

    /// Reads the certificates. What cannot be read is passed over, as every TLS library does: the result is
    /// empty where nothing can be read.
    pub fn load(&self) -> Vec<CertificateDer<'static>> {
        let in_file = |path: &PathBuf| read_certificates(path).ok().filter(|all| !all.is_empty());
        // The first that holds certificates, as in Go (crypto/x509).
        let bundle = self.files.iter().find_map(in_file);
        bundle.unwrap_or_else(|| {
            let directories = self
                .directories
                .iter()
                .filter_map(|path| path.read_dir().ok());
            let files = directories
                .flatten()
                .filter_map(|entry| Some(entry.ok()?.path()));
            files.filter_map(|path| in_file(&path)).flatten().collect()
        })
    }
}

/// Reads the certificates of a PEM file; other text between them is passed over (RFC 7468 §2).
///
/// # Errors
/// When the file cannot be read, is not a regular file, or holds a broken PEM section.
pub fn read_certificates(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let bytes = read_file(path)?;
    let certificates: Result<_, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    certificates.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not valid PEM"))
}

/// Reads a file of certificates or keys.
///
/// # Errors
/// When it cannot be read, is not a regular file (a FIFO would block), or is larger than 16 MiB.
pub fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let invalid = |words| io::Error::new(io::ErrorKind::InvalidInput, words);
    // Opening a pipe without a writer would wait for ever.
    let nonblocking = OFlags::NONBLOCK.bits().cast_signed();
    let file: File = OpenOptions::new()
        .read(true)
        .custom_flags(nonblocking)
        .open(path)?;
    let metadata: fs::Metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(invalid("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(invalid("it is larger than 16 MiB"));
    }
    Ok(bytes)
}

/// Whether the certificate may sign others: `CA:TRUE` in version 3, self-issued in version 1,
/// which has no such mark (RFC 5280 §4.2.1.9; Go's `CheckSignatureFrom`).
///
/// webpki trusts whatever it is given as an authority. A server's own certificate, trusted for that
/// server, must not become one.
pub fn may_sign(certificate: &CertificateDer<'_>) -> bool {
    let Ok((_, parsed)) = X509Certificate::from_der(certificate) else {
        return false;
    };
    match parsed.basic_constraints() {
        Ok(Some(constraints)) => constraints.value.ca,
        // Version 1 knows no extensions: old authorities of companies are self-signed and have none.
        Ok(None) => parsed.version() != X509Version::V3 && parsed.subject() == parsed.issuer(),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(directory: &Path, name: &str, text: &str) -> PathBuf {
        use std::io::Write;
        let path = directory.join(name);
        let mut file = File::create_new(&path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        path
    }

    const PEM: &str = "a comment\n-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";

    #[test]
    fn a_bundle_is_the_first_file_with_a_certificate_else_the_directories() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let bundle = write(path, "bundle.pem", &PEM.repeat(3));
        let empty = write(path, "empty.pem", "nothing");
        let missing = path.join("none.pem");
        let load = |files: &[&PathBuf]| {
            let files = files.iter().copied().cloned().collect();
            Bundle::new(files, vec![path.to_owned()]).load().len()
        };
        assert_eq!(load(&[&missing, &empty, &bundle]), 3);
        write(path, "one.crt", PEM);
        assert_eq!(load(&[&missing]), 4);
    }

    #[test]
    fn a_pipe_is_refused_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR);
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, mode, 0).unwrap();
        let error = read_certificates(&pipe).unwrap_err();
        assert_eq!(error.to_string(), "it is not a regular file");
    }
}
