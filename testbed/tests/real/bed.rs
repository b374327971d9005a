//! The usual set, and the command that starts it.

use std::process::Command;

use testbed::bed::{Bed, DATABASE_IMAGE, DEVELOPER, INSTALLER, POD_IMAGE, Wanted};

use crate::client;

fn run(script: &str) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_testbed"));
    let output = command
        .args(["run", "--nodes", "2", "--", "sh", "-c", script])
        .output()
        .unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

#[test]
fn holds_the_images() {
    let bed = Bed::start(Wanted::default()).unwrap();
    let installer = format!("{INSTALLER}:{}", bed.passwords.installer);
    let developer = format!("{DEVELOPER}:{}", bed.passwords.developer);
    client::inspect(&bed.token_registry, &installer, POD_IMAGE).unwrap();
    client::inspect(&bed.basic_registry, &developer, POD_IMAGE).unwrap();
    client::inspect(&bed.basic_registry, &developer, DATABASE_IMAGE).unwrap();
    assert!(
        bed.cert_dir()
            .join(bed.token_registry.host())
            .join("ca.crt")
            .is_file()
    );
}

#[test]
fn the_command_hands_on_addresses_and_the_exit_status() {
    let (status, printed) = run("echo $OREG_REGISTRY_USER; ls $OREG_NODES_DIR; exit 7");
    assert_eq!(
        (status, printed.as_str()),
        (Some(7), "1234567|installer\nnode-1\nnode-2\n")
    );
}

#[test]
fn the_command_tells_of_a_signal_as_shells_do() {
    assert_eq!(run("kill -TERM $$").0, Some(128 + 15));
}

#[test]
fn the_addresses_can_be_used() {
    let inspect = "skopeo inspect --format '{{.Digest}}' --cert-dir $OREG_CERT_DIR/$OREG_TOKEN_REGISTRY \
         --creds $OREG_REGISTRY_USER:$OREG_REGISTRY_PASSWORD \
         docker://$OREG_TOKEN_REGISTRY/openshift3/ose-pod:v3.11";
    let (status, digest) = run(inspect);
    assert_eq!((status, &digest[..7]), (Some(0), "sha256:"));
}
