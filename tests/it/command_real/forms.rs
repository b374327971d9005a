//! The forms of results, judged by the tools that read them.

use std::process::Command;

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
