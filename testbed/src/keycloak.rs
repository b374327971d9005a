//! A real Keycloak as token server: the software and the protocol (docker-v2) behind
//! registry.redhat.io.
//!
//! It keeps its data in a directory of its own. Realm, client and account come from a file that
//! Keycloak imports when it starts, so no administrator is needed and no password is an argument.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::port;
use crate::process::{Logs, Process, read_settled};
use crate::registry::{SERVICE, TokenIssuer};
use crate::scratch::Scratch;
use crate::tools;

const BOUND: Duration = Duration::from_mins(5);

/// A running Keycloak; it stops when dropped.
pub struct Keycloak {
    host: String,
    token_bundle: PathBuf,
    log: PathBuf,
    _process: Process,
    _files: Scratch,
}

impl Keycloak {
    /// Starts one that knows this account, on a free port of 127.0.0.1, and waits until it issues
    /// tokens. That takes it half a minute.
    ///
    /// # Errors
    /// When it is not installed or does not start; the message holds the end of its log.
    pub fn start(user: &str, password: &str) -> Result<Self> {
        let files = Scratch::new()?;
        files.write(
            "data/import/registry-realm.json",
            realm(user, password).to_string(),
        )?;
        let (host, process) = port::on_free_ports(|ports| start(ports, &files))?;
        let certificate = token_certificate(&host)?;
        Ok(Self {
            token_bundle: files.write("tokens.crt", certificate)?,
            log: logs(&files).stderr,
            host,
            _process: process,
            _files: files,
        })
    }

    /// Returns how many logins Keycloak has counted as failed.
    #[must_use]
    pub fn failed_logins(&self) -> usize {
        read_settled(&self.log).matches("LOGIN_ERROR").count()
    }
}

impl TokenIssuer for Keycloak {
    fn realm(&self) -> String {
        format!("{}/protocol/docker-v2/auth", self.issuer())
    }

    fn issuer(&self) -> String {
        format!("http://{}/realms/registry", self.host)
    }

    fn token_bundle(&self) -> &Path {
        &self.token_bundle
    }
}

/// The realm that Keycloak imports. Users without name and mail would have to complete their profile first.
fn realm(user: &str, password: &str) -> Value {
    json!({
        "realm": "registry",
        "enabled": true,
        "sslRequired": "none",
        "clients": [{"clientId": SERVICE, "protocol": "docker-v2", "enabled": true}],
        "users": [{
            "username": user,
            "enabled": true,
            "email": "user@example.com",
            "emailVerified": true,
            "firstName": "A",
            "lastName": "User",
            "credentials": [{"type": "password", "value": password, "temporary": false}],
        }],
    })
}

fn start([port, management]: [u16; 2], files: &Scratch) -> Result<(String, Process)> {
    let host = format!("127.0.0.1:{port}");
    let args = [
        "start".to_owned(),
        "--optimized".to_owned(),
        "--import-realm".to_owned(),
        "--cache=local".to_owned(),
        "--http-enabled=true".to_owned(),
        "--http-host=127.0.0.1".to_owned(),
        format!("--http-port={port}"),
        format!("--http-management-port={management}"),
        "--hostname-strict=false".to_owned(),
        // Data and imports are looked for below; the program stays where it was installed.
        format!("-Dkc.home.dir={}", files.path().display()),
        "-Dquarkus.log.console.stderr=true".to_owned(),
    ];
    let mut process = Process::start(&tools::keycloak()?, args, &logs(files))?;
    process.wait_for_message(&format!("Listening on: http://{host}"), BOUND)?;
    Ok((host, process))
}

fn logs(files: &Scratch) -> Logs {
    Logs {
        stdout: files.file("stdout.log"),
        stderr: files.file("keycloak.log"),
    }
}

/// Returns the certificate of the key that signs tokens, which Keycloak makes anew when it starts.
fn token_certificate(host: &str) -> Result<String> {
    let keys = get(host, "/realms/registry/protocol/openid-connect/certs")?;
    let keys: Value = serde_json::from_str(&keys).context("Keycloak's keys are not JSON")?;
    let keys = keys["keys"].as_array().map_or(&[][..], Vec::as_slice);
    let certificate = keys
        .iter()
        .find(|key| key["alg"] == "RS256")
        .and_then(|key| key["x5c"][0].as_str())
        .context("Keycloak names no key for tokens")?;
    Ok(format!(
        "-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----\n"
    ))
}

/// Gets a document by HTTP/1.0, whose end is that of the connection.
fn get(host: &str, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(host).with_context(|| format!("cannot reach {host}"))?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (_, body) = answer
        .split_once("\r\n\r\n")
        .with_context(|| format!("{host} does not answer in HTTP"))?;
    Ok(body.to_owned())
}
