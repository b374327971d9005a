//! Credential helpers, as docker's protocol has them.

use serde_json::json;

use super::{PASSWORD, USER, assert_hidden, logins, registry};
use crate::support::command::Account;

/// A helper that has [`USER`] and [`PASSWORD`] for one registry. The password is in a file of its own.
fn helper(account: &Account, host: &str) {
    let answer = json!({"ServerURL": host, "Username": USER, "Secret": PASSWORD});
    account.home.write("answer", answer.to_string());
    let home = account.home.path("");
    let home = home.display();
    account.program(
        "docker-credential-vault",
        &format!(
            "#!/bin/sh\ncase $1 in\n  list) echo '{{\"{host}\": \"u\"}}' ;;\n  get) read -r server\n    \
             [ \"$server\" = '{host}' ] || {{ echo 'credentials not found in native keychain'; exit 1; }}\n    \
             cat '{home}/answer' ;;\nesac\n"
        ),
    );
}

#[test]
fn helpers_are_asked_for_what_the_file_leaves_to_them() {
    let (account, registry) = (Account::new(), registry());
    let host = registry.host();
    helper(&account, &host);
    let empty_entry = json!({host.as_str(): {}});
    for document in [
        json!({"credHelpers": {host.as_str(): "vault"}}),
        json!({"credsStore": "vault"}),
        json!({"credsStore": "vault", "auths": empty_entry}),
    ] {
        account.home.write("config.json", document.to_string());
        let outcome = account.run(&["check", "config.json", "--insecure", &host, "-o", "json"]);
        outcome.ends_with(0);
        let rows = outcome.json()["registries"].as_array().unwrap().clone();
        assert_eq!(rows.len(), 1, "{document}");
        assert_eq!(rows[0]["source"], "config.json, docker-credential-vault");
        assert_hidden(PASSWORD, USER, &[&outcome.stdout, &outcome.stderr]);
    }
    assert_eq!(logins(&registry), 3);
}

#[test]
fn a_helper_that_fails_is_named() {
    let account = Account::new();
    account.program(
        "docker-credential-broken",
        "#!/bin/sh\necho hunter2; exit 1\n",
    );
    account.program("docker-credential-chatty", "#!/bin/sh\necho hunter2\n");
    for (helper, expected, status) in [
        ("broken", "docker-credential-broken failed", 3),
        ("chatty", "not of the credential helper protocol", 3),
        ("absent", "cannot run docker-credential-absent", 3),
        ("../../bin/sh", "holds other characters", 3),
    ] {
        account.home.write(
            "config.json",
            json!({"credHelpers": {"r.io": helper}}).to_string(),
        );
        let outcome = account.run(&["check", "config.json"]);
        let text = outcome.ends_with(status);
        assert!(
            text.contains(expected) && !text.contains("hunter2"),
            "{text}"
        );
    }
}

#[test]
fn what_a_helper_does_not_have_is_skipped() {
    let account = Account::new();
    helper(&account, "a.io");
    account.home.write(
        "config.json",
        json!({"credHelpers": {"b.io": "vault"}}).to_string(),
    );
    let outcome = account.run(&["check", "config.json"]);
    assert!(
        outcome.ends_with(5).contains("no credential"),
        "{outcome:#?}"
    );
}
