//! A tiny image, the same bytes every time, pushed under any name with skopeo.
//!
//! It is a docker schema 2 image of one empty layer, written as a skopeo `dir:` directory: a
//! manifest, and each blob under its digest.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::registry::Registry;
use crate::scratch::Scratch;
use crate::tools;

/// 1024 zero bytes, which is an empty tar archive, compressed: docker's own empty layer.
const LAYER: [u8; 32] = [
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x09, 0x6e, 0x88, 0x00, 0xff, 0x62, 0x18, 0x05, 0xa3, 0x60, 0x14,
    0x8c, 0x58, 0x00, 0x08, 0x00, 0x00, 0xff, 0xff, 0x2e, 0xaf, 0xb5, 0xef, 0x00, 0x04, 0x00, 0x00,
];
const LAYER_CONTENTS: [u8; 1024] = [0; 1024];

const MANIFEST_TYPE: &str = "application/vnd.docker.distribution.manifest.v2+json";
const CONFIG_TYPE: &str = "application/vnd.docker.container.image.v1+json";
const LAYER_TYPE: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// Pushes the image as `name` (`repository:tag`) and returns its digest.
///
/// # Errors
/// When skopeo is not installed or the registry refuses; the message is skopeo's.
pub fn push(registry: &Registry, user: &str, password: &str, name: &str) -> Result<String> {
    let auth = STANDARD.encode(format!("{user}:{password}"));
    let auths = json!({registry.host(): {"auth": auth}});
    copy(registry.host(), registry.ca_cert(), &auths, name)
}

/// Pushes the image as `name` to a registry at `host` that speaks plain HTTP and lets everybody in,
/// and returns its digest.
///
/// # Errors
/// When skopeo is not installed or the registry refuses; the message is skopeo's.
pub fn push_openly(host: &str, name: &str) -> Result<String> {
    copy(host, None, &json!({}), name)
}

/// Copies the image by skopeo, with the credentials in a file: arguments are public.
fn copy(host: &str, ca_cert: Option<PathBuf>, auths: &Value, name: &str) -> Result<String> {
    let files = Scratch::new()?;
    let digest = write_image(&files)?;
    let auth = files.write("auth.json", json!({ "auths": auths }).to_string())?;
    let mut command = Command::new(tools::find("skopeo")?);
    command
        .args(["--insecure-policy", "copy", "--quiet", "--dest-authfile"])
        .arg(auth);
    match ca_cert {
        Some(ca_cert) => command
            .arg("--dest-cert-dir")
            // Nothing else is in that directory, as skopeo wants it.
            .arg(ca_cert.with_file_name("")),
        None => command.arg("--dest-tls-verify=false"),
    };
    command.arg(format!("dir:{}", files.file("image").display()));
    command.arg(format!("docker://{host}/{name}"));
    let output = command
        .stdin(Stdio::null())
        .output()
        .context("cannot start skopeo")?;
    if !output.status.success() {
        bail!(
            "cannot push {name}: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(digest)
}

fn write_image(files: &Scratch) -> Result<String> {
    let config = config().to_string();
    let manifest = manifest(config.as_bytes()).to_string();
    files.write("image/version", "Directory Transport Version: 1.1\n")?;
    files.write(format!("image/{}", hex_sha256(&LAYER)), LAYER)?;
    files.write(format!("image/{}", hex_sha256(config.as_bytes())), &config)?;
    files.write("image/manifest.json", &manifest)?;
    Ok(digest(manifest.as_bytes()))
}

fn config() -> Value {
    json!({
        "architecture": "amd64",
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": {"Cmd": ["/pause"]},
        "rootfs": {"type": "layers", "diff_ids": [digest(&LAYER_CONTENTS)]},
        "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "testbed"}],
    })
}

fn manifest(config: &[u8]) -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": {"mediaType": CONFIG_TYPE, "size": config.len(), "digest": digest(config)},
        "layers": [{"mediaType": LAYER_TYPE, "size": LAYER.len(), "digest": digest(&LAYER)}],
    })
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex_sha256(bytes))
}

fn hex_sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layer_is_the_well_known_one() {
        let well_known = "sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4";
        assert_eq!(digest(&LAYER), well_known);
    }
}
