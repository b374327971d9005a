//! Credential helpers, as docker's protocol has them.

use serde_json::json;

use super::{PASSWORD, USER, assert_hidden, logins, registry};
use crate::support::{
    command::Account,
    scripted::{Reaction, Scripted},
};

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

const TOKEN: &str = "identity-token-of-the-helper+/=";

/// A registry whose token server takes [`TOKEN`] and issues nothing to others.
fn registry_of_tokens() -> Scripted {
    Scripted::plain(|heard| {
        let is_ours = heard
            .body
            .contains("refresh_token=identity-token-of-the-helper%2B%2F%3D");
        let (status, header, body) = match (heard.method.as_str(), heard.path.as_str()) {
            ("POST", "/token") if is_ours => (200, "", r#"{"access_token":"issued"}"#),
            ("POST", "/token") => (400, "", r#"{"error":"invalid_grant"}"#),
            (_, path) if path.starts_with("/token") => (401, "", "{}"),
            _ => (
                401,
                "WWW-Authenticate: Bearer realm=\"/token\",service=\"s\"\r\n",
                "{}",
            ),
        };
        let length = body.len();
        let head = format!("HTTP/1.1 {status} X\r\n{header}Content-Length: {length}\r\n\r\n");
        Reaction::Say((head + body).into_bytes())
    })
}

/// What is sent to exchange a token, and that nothing else holds it.
fn exchanges(registry: &Scripted) -> Vec<String> {
    let heard = registry.heard();
    for request in &heard {
        assert!(!request.text.contains("identity-token"), "{request:?}");
        assert_eq!(request.authorization, None, "{request:?}");
    }
    let forms = heard.into_iter().filter(|request| request.method == "POST");
    forms
        .map(|request| {
            let form = "content-type: application/x-www-form-urlencoded";
            assert!(
                request.text.to_ascii_lowercase().contains(form),
                "{request:?}"
            );
            request.body
        })
        .collect()
}

#[test]
fn an_identity_token_is_exchanged_and_never_shown_as_a_password() {
    let account = Account::new();
    let registry = registry_of_tokens();
    let host = registry.host();
    let answer = json!({"ServerURL": host, "Username": "<token>", "Secret": TOKEN});
    account.program(
        "docker-credential-tokens",
        &format!("#!/bin/sh\ncat <<'E'\n{answer}\nE\n"),
    );
    // docker prefers the token to what stands beside it.
    let entry = json!({host.as_str(): {"auth": "MDAwMDo=", "identitytoken": TOKEN}});
    for document in [
        json!({"credHelpers": {host.as_str(): "tokens"}}),
        json!({"auths": entry}),
    ] {
        account.home.write("config.json", document.to_string());
        let outcome = account.run(&["check", "config.json", "--insecure", &host, "-o", "json"]);
        outcome.ends_with(0);
        let row = &outcome.json()["registries"][0];
        assert_eq!(row["user"], "<token>");
        assert_eq!(row["reason"], "logged_in");
        assert_hidden(TOKEN, "<token>", &[&outcome.stdout, &outcome.stderr]);
    }
    let form = "grant_type=refresh_token&service=s&client_id=oreg&refresh_token=identity-token-of-the-helper%2B%2F%3D";
    assert_eq!(exchanges(&registry), [form, form]);
}

#[test]
fn an_identity_token_that_is_refused_costs_one_request() {
    let account = Account::new();
    let registry = registry_of_tokens();
    let host = registry.host();
    let document = json!({"auths": {host.as_str(): {"identitytoken": "an-old-one"}}});
    account.home.write("config.json", document.to_string());
    let outcome = account.run(&["check", "config.json", "--insecure", &host]);
    assert!(outcome.ends_with(1).contains("refused"), "{outcome:#?}");
    assert_hidden("an-old-one", "<token>", &[&outcome.stdout, &outcome.stderr]);
    assert_eq!(exchanges(&registry).len(), 1);
}

/// The token for one registry is shown to it by docker alone.
#[test]
fn a_registry_token_is_left_alone() {
    let (account, registry) = (Account::new(), registry());
    let host = registry.host();
    let document = json!({"auths": {host.as_str(): {"registrytoken": "hunter2"}}});
    account.home.write("config.json", document.to_string());
    let outcome = account.run(&["check", "config.json", "--insecure", &host]);
    assert!(
        outcome.ends_with(5).contains("skipped, identity token"),
        "{outcome:#?}"
    );
    assert!(registry.heard().is_empty());
}
