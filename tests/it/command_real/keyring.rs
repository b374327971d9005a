//! Debian's credential helper for pass, with a key of its own: the protocol as docker speaks it.

use std::process::{Command, Output, Stdio};

use serde_json::json;
use testbed::bed::{Bed, DEVELOPER, Wanted};

use crate::support::{command::Account, tools};

/// Runs a program of the user, with this on its standard input.
fn run(account: &Account, program: &str, arguments: &[&str], input: &str) -> Output {
    let file = account.home.write("input", input);
    let output = Command::new(tools::find(program))
        .args(arguments)
        .env("HOME", account.home.path(""))
        .env("PATH", "/usr/bin:/bin")
        .stdin(Stdio::from(std::fs::File::open(file).unwrap()))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{program}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

#[test]
fn what_pass_keeps_is_proven() {
    let account = Account::new();
    let bed = Bed::start(Wanted::default()).unwrap_or_else(|error| panic!("{error:#}"));
    let host = bed.basic_registry.host();
    let gpg = [
        "--batch",
        "--passphrase",
        "",
        "--quick-gen-key",
        "test",
        "default",
        "default",
        "never",
    ];
    run(&account, "gpg", &gpg, "");
    run(&account, "pass", &["init", "test"], "");
    let kept = |server: &str, password: &str| {
        let secret = json!({"ServerURL": server, "Username": DEVELOPER, "Secret": password});
        run(
            &account,
            "docker-credential-pass",
            &["store"],
            &secret.to_string(),
        );
    };
    kept(host, &bed.passwords.developer);
    let certs = bed.cert_dir();
    let check = |status: i32| {
        let arguments = [
            "check",
            "config.json",
            "--cert-dir",
            certs.to_str().unwrap(),
            "-o",
            "json",
        ];
        let outcome = account.run(&arguments);
        outcome.ends_with(status);
        assert!(!outcome.stdout.contains(&bed.passwords.developer));
        outcome.json()["registries"].as_array().unwrap().clone()
    };
    // Listed by the store, or named for one registry.
    for config in [
        json!({"credsStore": "pass"}),
        json!({"credHelpers": {host: "pass"}}),
    ] {
        account.home.write("config.json", config.to_string());
        let rows = check(0);
        assert_eq!(rows.len(), 1, "{rows:?}");
        assert_eq!(rows[0]["source"], "config.json, docker-credential-pass");
        assert_eq!(
            (&rows[0]["user"], &rows[0]["verdict"]),
            (&json!(DEVELOPER), &json!("valid"))
        );
    }
    kept(host, "wrong-password");
    assert_eq!(check(1)[0]["verdict"], "invalid_credentials");
    let nothing = json!({"credHelpers": {"other.example.com": "pass"}});
    account.home.write("config.json", nothing.to_string());
    assert_eq!(check(5)[0]["reason"], "no_credential");
    // The agent would outlive its directory.
    run(&account, "gpgconf", &["--kill", "gpg-agent"], "");
}
