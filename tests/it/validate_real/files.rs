//! Credentials as a node's docker config files hold them.

use std::path::Path;

use serde_json::{Value, json};
use testbed::bed::{Bed, DEVELOPER, INSTALLER};

use super::{
    Answer, Module, STANDARD, asked, assert_hidden, bed, entry, validate, verdicts, warnings,
};
use crate::support::scratch::Scratch;
use base64::Engine;

#[test]
fn good_and_bad_entries_have_their_verdicts() {
    let bed = bed();
    let path = Scratch::new();
    let (good, bad) = (bed.token_registry.host(), bed.basic_registry.host());
    let file = path.write(
        "config.json",
        json!({"auths": {
            good: auth(INSTALLER, &bed.passwords.installer),
            bad: auth(DEVELOPER, "wrong-password"),
        }})
        .to_string(),
    );
    let answer = prove(&bed, &[&file]);
    assert_eq!(
        verdicts(&answer),
        ["valid/logged_in", "invalid_credentials/rejected"]
    );
    assert_eq!(bed.basic_registry.failed_logins(), 1);
    let place = format!("check {}", file.display());
    assert!(answer.failure().contains(&place), "{}", answer.failure());
    assert_hidden(&answer, INSTALLER, &bed.passwords.installer);
    assert_hidden(&answer, DEVELOPER, "wrong-password");
}

#[test]
fn an_entry_is_tested_with_the_inventorys_image() {
    let bed = bed();
    let scratch = Scratch::new();
    let (host, password) = (bed.token_registry.host(), &bed.passwords.installer);
    let file = config(&scratch, &json!({host: auth(INSTALLER, password)}));
    let options = json!({"cert_dir": bed.cert_dir(), "auth_files": [file]});
    let answer = validate(&[entry(host, INSTALLER, "not-in-the-file")], options).ok();
    assert_eq!(verdicts(&answer), ["valid/pulled"]);
    assert_hidden(&answer, INSTALLER, password);
}

#[test]
fn one_credential_in_two_files_is_proven_once() {
    let bed = bed();
    let (kubelets, roots) = (Scratch::new(), Scratch::new());
    let auths = json!({bed.basic_registry.host(): auth(DEVELOPER, &bed.passwords.developer)});
    let files = [config(&kubelets, &auths), config(&roots, &auths)];
    let answer = prove(&bed, &[&files[0], &files[1]]).ok();
    assert_eq!(verdicts(&answer), ["valid/logged_in"]);
    assert_eq!(asked(&bed.basic_registry), ["GET /v2/ 401", "GET /v2/ 200"]);
}

#[test]
fn what_cannot_be_examined_is_a_warning_each() {
    let bed = bed();
    let scratch = Scratch::new();
    let file = config(
        &scratch,
        &json!({
            "garbled.example.com": {"auth": "bm90LWJhc2U2NA=!"},
            "token.example.com": {"auth": "", "identitytoken": "identity-token"},
        }),
    );
    let options = json!({"cert_dir": bed.cert_dir(), "auth_files": [file], "missing_file": "warn"});
    let missing = entry("missing.example.com", DEVELOPER, "not-in-the-file");
    let answer = validate(&[missing], options).ok();
    assert_eq!(verdicts(&answer), [""; 0]);
    let place = file.display();
    assert_eq!(
        warnings(&answer).lines().collect::<Vec<_>>(),
        [
            format!(
                "{place}: entry garbled.example.com: its `auth` is not base64; kubelet ignores the whole file because of it"
            ),
            format!(
                "{place}: entry token.example.com holds an identity token, which docker uses and kubelet does not know; it was not examined"
            ),
            format!("{place}: no entry for missing.example.com"),
        ]
    );
    for secret in ["bm90LWJhc2U2NA", "identity-token"] {
        assert!(!answer.stdout.contains(secret), "{}", answer.stdout);
    }
}

#[test]
fn an_entry_behind_a_credential_helper_is_examined_with_a_warning() {
    let bed = bed();
    let scratch = Scratch::new();
    let (host, password) = (bed.basic_registry.host(), &bed.passwords.developer);
    let document = json!({
        "auths": {host: auth(DEVELOPER, password)},
        "credHelpers": {host: "pass"},
    });
    let file = scratch.write("config.json", document.to_string());
    let answer = prove(&bed, &[&file]).ok();
    assert_eq!(verdicts(&answer), ["valid/logged_in"]);
    let helper = format!("entry {host}: docker asks the credential helper pass for it");
    assert!(warnings(&answer).contains(&helper), "{}", answer.stdout);
    assert_hidden(&answer, DEVELOPER, password);
}

fn auth(user: &str, password: &str) -> Value {
    json!({"auth": STANDARD.encode(format!("{user}:{password}"))})
}

fn config(scratch: &Scratch, auths: &Value) -> std::path::PathBuf {
    scratch.write("config.json", json!({ "auths": auths }).to_string())
}

/// Proves what the files hold; the inventory names no registry.
fn prove(bed: &Bed, files: &[&Path]) -> Answer {
    Module::new("oreg_validate")
        .args(json!({"auth_files": files, "cert_dir": bed.cert_dir(), "delay": 0}))
        .run()
}
