//! The forms of results, judged by the tools that read them.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use crate::support::{command::Account, tools};

#[test]
fn junit_is_valid_by_its_schema() {
    let account = Account::new();
    account.config(
        "auth.json",
        &[
            ("127.0.0.1:1", "u<&>\"", "p"),
            ("cloud.openshift.com", "u", "p"),
            ("b.invalid", "\u{1}", "p"),
        ],
    );
    let junit = account.run(&["check", "auth.json", "-o", "junit"]);
    let file = account.home.write("junit.xml", junit.ends_with(3));
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/junit-10.xsd");
    let mut lint = Command::new(tools::find("xmllint"));
    let output = lint
        .args(["--noout", "--nonet", "--schema", schema])
        .arg(file)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// As `promtool check metrics` judges it, by the same library.
#[test]
fn metrics_are_as_prometheus_wants_them() {
    let judged = |metrics: &str| {
        let program = tools::cache().join("bin/metrics");
        let mut lint = Command::new(&program);
        lint.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut lint = lint
            .spawn()
            .unwrap_or_else(|_| panic!("{}: run testbed/setup tools", program.display()));
        let mut stdin = lint.stdin.take().unwrap();
        stdin.write_all(metrics.as_bytes()).unwrap();
        drop(stdin);
        let output = lint.wait_with_output().unwrap();
        (
            output.status.success(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    let account = Account::new();
    account.config(
        "auth.json",
        &[
            ("127.0.0.1:1", "u\"\\ü", "p"),
            ("cloud.openshift.com", "u", "p"),
            ("b.invalid", "u", "e30.eyJleHAiOjIwMDAwMDAwMDB9.x"),
        ],
    );
    let metrics = account.run(&["check", "auth.json", "-o", "prom", "--timeout", "5"]);
    let metrics = metrics.ends_with(3);
    assert!(metrics.contains("oreg_credential_expiry_timestamp_seconds{"));
    assert_eq!(judged(metrics), (true, String::new()), "{metrics}");
    // Else the judgement would be worth nothing.
    assert!(!judged("a{b=\"c} 1\n").0);
    assert!(judged("no_help 1\n").1.contains("no help text"));
}
