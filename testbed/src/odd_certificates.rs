//! Certificates of kinds that no library issues today, but old registries have: made by openssl.

use std::process::{Command, Stdio};

use anyhow::{Result, ensure};

use crate::scratch::Scratch;
use crate::tools;

const KEY: [&str; 5] = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
];

/// An authority that certifies one key in whatever way it is told.
#[derive(Debug)]
pub struct OddIssuer {
    files: Scratch,
}

impl OddIssuer {
    /// Makes an authority and the key that it certifies.
    ///
    /// # Errors
    /// When openssl is missing or fails.
    pub fn new() -> Result<Self> {
        let issuer = Self {
            files: Scratch::new()?,
        };
        let authority = [
            "req",
            "-x509",
            "-subj",
            "/CN=authority",
            "-days",
            "2",
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
        ];
        issuer.openssl(&[&authority[..], &KEY].concat())?;
        let request = [
            "req",
            "-subj",
            "/CN=server",
            "-keyout",
            "server.key",
            "-out",
            "server.csr",
        ];
        issuer.openssl(&[&request[..], &KEY].concat())?;
        Ok(issuer)
    }

    /// Returns the file with the key that is certified, in PEM.
    #[must_use]
    pub fn key(&self) -> std::path::PathBuf {
        self.files.path().join("server.key")
    }

    /// Returns the authority's own certificate, as DER.
    ///
    /// # Errors
    /// When openssl fails.
    pub fn authority(&self) -> Result<Vec<u8>> {
        self.openssl(&["x509", "-in", "ca.pem", "-outform", "DER"])
    }

    /// Returns a certificate with these extensions, as DER; without any it is of version 1. `digest` is
    /// an option of openssl, such as `-sha1`.
    ///
    /// # Errors
    /// When openssl fails.
    pub fn certificate(&self, extensions: &[&str], digest: &str) -> Result<Vec<u8>> {
        self.files.write("extensions", extensions.join("\n"))?;
        let mut arguments = vec![
            "x509",
            "-req",
            "-in",
            "server.csr",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            "2",
            "-outform",
            "DER",
            digest,
        ];
        if !extensions.is_empty() {
            arguments.extend(["-extfile", "extensions"]);
        }
        self.openssl(&arguments)
    }

    /// Returns a client certificate of X.509 version 1 and its key, both in PEM.
    ///
    /// # Errors
    /// When openssl fails.
    pub fn version_1_client(&self) -> Result<(Vec<u8>, Vec<u8>)> {
        let request = [
            "x509",
            "-req",
            "-in",
            "server.csr",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
        ];
        let certificate =
            self.openssl(&[&request[..], &["-CAcreateserial", "-days", "2"]].concat())?;
        let key = std::fs::read(self.files.file("server.key"))?;
        Ok((certificate, key))
    }

    fn openssl(&self, arguments: &[&str]) -> Result<Vec<u8>> {
        let mut command = Command::new(tools::find("openssl")?);
        command
            .args(arguments)
            .current_dir(self.files.path())
            .stdin(Stdio::null());
        let output = command.output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "openssl {} failed: {said}",
            arguments[0]
        );
        Ok(output.stdout)
    }
}
