//! Kubeconfig files that hold everything in themselves, so that they can be copied anywhere.

use std::fs;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::pki::Identity;

const CLUSTER: &str = "testbed";

/// Returns the text of a kubeconfig: JSON, which is YAML too.
pub(super) fn for_user(user: &str, identity: &Identity, server: &str) -> Result<String> {
    let ca_cert = fs::read(identity.ca_cert()).context("the authority's certificate is gone")?;
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": CLUSTER, "cluster": {
            "server": server,
            "certificate-authority-data": STANDARD.encode(ca_cert),
        }}],
        "users": [{"name": user, "user": {
            "client-certificate-data": STANDARD.encode(identity.cert_pem()),
            "client-key-data": STANDARD.encode(identity.key_pem()),
        }}],
        "contexts": [{"name": user, "context": {"cluster": CLUSTER, "user": user}}],
        "current-context": user,
    });
    serde_json::to_string_pretty(&config).context("a kubeconfig cannot be written")
}
