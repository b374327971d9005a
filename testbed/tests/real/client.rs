//! The clients that the tests look through: an HTTP client, and skopeo.

use std::path::Path;
use std::process::Command;

use reqwest::Certificate;
use reqwest::blocking::{Client, ClientBuilder};
use testbed::registry::Registry;

/// Returns an HTTP client that trusts the authority in this file, and no other.
pub(crate) fn trusting(ca_cert: &Path) -> Client {
    let ca_cert = Certificate::from_pem(&std::fs::read(ca_cert).unwrap()).unwrap();
    builder().tls_certs_only([ca_cert]).build().unwrap()
}

/// Returns an HTTP client that trusts no authority.
pub(crate) fn plain() -> Client {
    builder().tls_certs_only([]).build().unwrap()
}

fn builder() -> ClientBuilder {
    // Fails when another test was faster, with the same provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy()
}

/// Runs `skopeo inspect` and returns the digest, or what skopeo complains about.
pub(crate) fn inspect(registry: &Registry, login: &str, image: &str) -> Result<String, String> {
    let mut command = Command::new("skopeo");
    command.args(["inspect", "--format", "{{.Digest}}", "--creds", login]);
    match registry.ca_cert() {
        Some(ca_cert) => command.arg("--cert-dir").arg(ca_cert.parent().unwrap()),
        None => command.arg("--tls-verify=false"),
    };
    let output = command
        .arg(format!("docker://{}/{image}", registry.host()))
        .output()
        .unwrap();
    if !output.status.success() {
        return Err(String::from_utf8(output.stderr).unwrap());
    }
    Ok(String::from_utf8(output.stdout).unwrap().trim().to_owned())
}
