//! `oreg login` and `oreg logout`.

use serde_json::{Value, json};

use super::{PASSWORD, USER, assert_hidden, logins, registry};
use crate::support::{
    command::Account,
    scratch::{mode, read},
};

fn login(
    account: &Account,
    host: &str,
    password: &str,
    more: &[&str],
) -> crate::support::command::Outcome {
    let mut arguments = vec!["login", host, "-u", USER, "--insecure", host];
    arguments.extend(more);
    let outcome = account.run_with_input(&arguments, format!("{password}\n"));
    assert_hidden(password, USER, &[&outcome.stdout, &outcome.stderr]);
    outcome
}

#[test]
fn what_is_proven_is_stored_where_podman_stores() {
    let (account, registry) = (Account::new(), registry());
    let host = registry.host();
    let first = login(&account, &host, PASSWORD, &[]);
    assert!(first.ends_with(0).contains("stored in"), "{first:#?}");
    let file = account.home.path("run/containers/auth.json");
    assert_eq!(mode(&file), 0o600);
    let stored = read(&file);
    assert!(stored.contains(&host));
    let second = login(&account, &host, PASSWORD, &["--password-stdin"]);
    assert!(second.ends_with(0).contains("already"), "{second:#?}");
    assert_eq!(read(&file), stored);
    account.run(&["check", "--insecure", &host]).ends_with(0);
}

#[test]
fn every_spelling_of_docker_hub_is_removed() {
    for (file, key) in [
        ("auth.json", "https://index.docker.io/v1/"),
        ("config.json", "docker.io"),
    ] {
        let account = Account::new();
        account.config(file, &[(key, "u", "p"), ("other.io", "u", "p")]);
        let arguments = ["logout", "docker.io", "--authfile", file];
        account.run(&arguments).ends_with(0);
        let left = read(&account.home.path(file));
        assert!(
            !left.contains("docker.io") && left.contains("other.io"),
            "{left}"
        );
    }
}

#[test]
fn what_is_not_proven_is_not_stored() {
    let (account, registry) = (Account::new(), registry());
    let host = registry.host();
    let refused = login(&account, &host, "wrong-password", &[]);
    assert!(refused.ends_with(1).contains("not stored"), "{refused:#?}");
    assert_eq!(logins(&registry), 1);
    let unknown = login(&account, "127.0.0.1:1", PASSWORD, &[]);
    assert!(unknown.ends_with(3).contains("not stored"), "{unknown:#?}");
    assert!(!account.home.path("run/containers").exists());
}

#[test]
fn others_entries_stay_as_they_are() {
    let (account, registry) = (Account::new(), registry());
    let host = registry.host();
    let before = "{\n  \"HttpHeaders\": {\"X\":  1.50},\n  \"auths\": {\n    \"other.io\": {\"auth\":\"YTpi\",\"x\":[1]}\n  }\n}\n";
    account.home.write("auth.json", before);
    login(&account, &host, PASSWORD, &["--authfile", "auth.json"]).ends_with(0);
    let text = read(&account.home.path("auth.json"));
    assert!(
        text.contains("\"other.io\": {\"auth\":\"YTpi\",\"x\":[1]}")
            && text.contains("{\"X\":  1.50}"),
        "{text}"
    );
    let logout = account.run(&[
        "logout",
        &format!("https://{host}/"),
        "--authfile",
        "auth.json",
    ]);
    assert!(logout.ends_with(0).contains("removed"), "{logout:#?}");
    let left: Value = serde_json::from_str(&read(&account.home.path("auth.json"))).unwrap();
    assert_eq!(
        left["auths"],
        json!({"other.io": {"auth": "YTpi", "x": [1]}})
    );
    account
        .run(&["logout", &host, "--authfile", "auth.json"])
        .ends_with(5);
}

#[test]
fn a_file_that_cannot_be_understood_costs_no_login() {
    let (account, registry) = (Account::new(), registry());
    account
        .home
        .write("auth.json", "{\"auths\": [\"hunter2\"]}");
    let outcome = login(
        &account,
        &registry.host(),
        PASSWORD,
        &["--authfile", "auth.json"],
    );
    outcome.ends_with(2);
    assert!(
        !outcome.stderr.contains("hunter2") && outcome.stderr.contains("auth.json"),
        "{outcome:#?}"
    );
    assert_eq!(logins(&registry), 0);
}

#[test]
fn a_password_is_never_an_argument_and_never_empty() {
    let account = Account::new();
    let argument = account.run(&["login", "r.io", "-u", "u", "-p", "hunter2"]);
    assert_eq!(argument.status, Some(2));
    assert!(argument.stderr.contains("-p"));
    let empty = account.run_with_input(&["login", "r.io", "-u", "u"], "\n");
    assert_eq!(empty.status, Some(2));
    assert!(empty.stderr.contains("there is no password"), "{empty:#?}");
    let colon = account.run_with_input(&["login", "r.io", "-u", "a:b"], "p\n");
    assert_eq!(colon.status, Some(2));
    assert!(colon.stderr.contains("--user"), "{colon:#?}");
}
