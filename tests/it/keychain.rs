//! What `oreg_node_config` writes, read by other implementations: skopeo, and go-containerregistry, by
//! which many of a cluster's tools read a node's credentials.

use std::{path::PathBuf, process::Command};

use serde_json::json;

use crate::support::{module::Module, scratch::Scratch, tools};

/// Returns where the reader is.
fn reader() -> PathBuf {
    let binary = tools::cache().join("bin/keychain");
    assert!(
        binary.is_file(),
        "{} is not built: run testbed/setup tools",
        binary.display()
    );
    binary
}

#[test]
fn other_implementations_find_what_was_written() {
    let scratch = Scratch::new();
    let path = scratch.write("config.json", "{\"auths\":{\"https://docker.io\":{}}}");
    let registry =
        |host: &str, user: &str| json!({"host": host, "user": user, "password": "p:a$s"});
    let call = Module::new("oreg_node_config").args(json!({
        "paths": [path],
        "openshift_additional_registry_credentials": [
            registry("docker.io", "hub"),
            registry("https://registry.example.com:5000/", "port"),
            registry("registry.example.com", "1234567|plain"),
        ],
    }));
    assert!(call.run().changed());
    for (host, user) in [
        ("docker.io", "hub"),
        ("registry.example.com:5000", "port"),
        ("registry.example.com", "1234567|plain"),
    ] {
        let mut skopeo = Command::new(tools::find("skopeo"));
        skopeo.args(["login", "--get-login", "--authfile"]);
        let output = skopeo.arg(&path).arg(host).output().unwrap();
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            format!("{user}\n")
        );
    }
    let mut reading = Command::new(reader());
    reading.env("DOCKER_CONFIG", path.parent().unwrap()).args([
        "index.docker.io",
        "registry.example.com:5000",
        "registry.example.com",
        "other.example.com",
    ]);
    let output = reading.output().unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "hub:p:a$s\nport:p:a$s\n1234567|plain:p:a$s\n:\n"
    );
}
