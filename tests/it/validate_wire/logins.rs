//! Several namespaces of one registry, each in the inventory with a credential.

use super::*;

/// Proves user `somebody` with these passwords, one for each namespace.
fn prove(registry: &Scripted, passwords: &[&str]) -> Value {
    let host = registry.host();
    let namespaces = ["", "/team", "/other"].into_iter().zip(passwords);
    let entries: Vec<_> = namespaces
        .map(|(namespace, password)| {
            json!({"host": format!("{host}{namespace}"), "user": "somebody", "password": password})
        })
        .collect();
    let answer = Module::new("oreg_validate")
        .args(json!({
            "openshift_additional_registry_credentials": entries,
            "openshift_docker_insecure_registries": [host],
            "delay": 0,
        }))
        .run();
    answer.json["registries"].clone()
}

fn of_each<'a>(found: &'a Value, member: &str) -> Vec<&'a Value> {
    let each = found.as_array().unwrap().iter();
    each.map(|one| &one[member]).collect()
}

fn logins(registry: &Scripted) -> usize {
    let heard = registry.heard();
    heard
        .iter()
        .filter(|one| one.authorization.is_some())
        .count()
}

#[test]
fn a_wrong_password_for_many_namespaces_is_one_failed_login() {
    let registry = Scripted::plain(htpasswd);
    let found = prove(&registry, &["wrong-password"; 3]);
    assert_eq!(of_each(&found, "verdict"), ["invalid_credentials"; 3]);
    assert_eq!(of_each(&found, "requests"), [3, 0, 0]);
    let host = registry.host();
    let hosts = ["", "/team", "/other"].map(|namespace| format!("{host}{namespace}"));
    assert_eq!(of_each(&found, "host"), hosts.each_ref());
    assert_eq!(logins(&registry), 1);
}

#[test]
fn a_locked_account_is_not_tried_again() {
    let registry = Scripted::plain(|request| match request.authorization {
        Some(_) => reply(429, &[], "too many failed login attempts for username"),
        None => asks_for_basic(),
    });
    let found = prove(&registry, &["wrong-password"; 3]);
    assert_eq!(of_each(&found, "reason"), ["login_lockout"; 3]);
    assert_eq!(logins(&registry), 1);
}

/// Locks are signalled in many ways; none of them is a wrong password, and none is tried twice.
#[test]
fn a_lock_out_is_known_by_its_words() {
    for (status, words) in [
        (401, "Your account has been locked"),
        (
            403,
            "This request is blocked due to recurrent login failures, please try again in 40 seconds",
        ),
        (423, ""),
        (429, "Too many login attempts"),
    ] {
        let registry = Scripted::plain(move |request| match request.authorization {
            Some(_) => reply(status, &[], words),
            None => asks_for_basic(),
        });
        assert_eq!(
            verdict(&registry, json!({"retries": 2})),
            ("rate_limited", "login_lockout")
        );
        assert_eq!(logins(&registry), 1, "{status}");
    }
}

#[test]
fn a_token_server_refuses_a_login_by_400_as_well() {
    for body in [
        r#"{"error":"invalid_grant"}"#,
        r#"{"error":"invalid_client","error_description":"no"}"#,
        "Incorrect username or password",
    ] {
        let registry = Scripted::plain(move |request| match request.authorization {
            Some(_) => reply(400, &[], body),
            None => asks_for_token(),
        });
        assert_eq!(
            verdict(&registry, json!({})),
            ("invalid_credentials", "rejected"),
            "{body}"
        );
        assert_eq!(logins(&registry), 1, "{body}");
    }
}

/// Demands on TLS differ; the account is one.
#[test]
fn a_refusal_holds_whatever_the_demands_on_tls() {
    let authority = Authority::new().unwrap();
    let registry = Scripted::tls(server(&authority.server(&[]).unwrap()), htpasswd);
    let entry = |namespace: &str, more: Value| {
        let mut entry =
            json!({"host": format!("{}{namespace}", registry.host()), "password": "wrong"});
        entry
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().cloned().unwrap());
        entry
    };
    let entries = json!([
        entry("/strict", json!({})),
        entry("", trusting(&authority)),
        entry("/team", json!({"tls_verify": false})),
    ]);
    let options = json!({"openshift_additional_registry_credentials": entries, "retries": 0});
    let found = Module::new("oreg_validate").args(options).run().json["registries"].clone();
    assert_eq!(
        of_each(&found, "reason"),
        ["unknown_issuer", "rejected", "rejected"]
    );
    assert_eq!(logins(&registry), 1);
}

#[test]
fn every_namespace_of_a_good_password_is_examined() {
    let registry = Scripted::plain(htpasswd);
    let found = prove(&registry, &[PASSWORD; 3]);
    assert_eq!(of_each(&found, "verdict"), ["valid"; 3]);
    assert_eq!(of_each(&found, "requests"), [4; 3]);
}

#[test]
fn another_password_is_another_login() {
    let registry = Scripted::plain(htpasswd);
    let found = prove(&registry, &["wrong-password", PASSWORD, "wrong-too"]);
    let expected = ["invalid_credentials", "valid", "invalid_credentials"];
    assert_eq!(of_each(&found, "verdict"), expected);
}

#[test]
fn a_host_that_no_url_can_name_keeps_no_other_from_its_verdict() {
    let registry = Scripted::plain(htpasswd);
    let entries = [
        json!({"host": "xn--a", "password": "p"}),
        credential(&registry, json!({})),
    ];
    let answer = Module::new("oreg_validate")
        .args(json!({
            "openshift_additional_registry_credentials": entries,
            "openshift_docker_insecure_registries": [registry.host()],
        }))
        .run();
    assert!(answer.failure().contains("xn--a is not a valid name"));
    let verdicts = [0, 1].map(|n| answer.json["registries"][n]["verdict"].clone());
    assert_eq!(verdicts, ["unreachable", "valid"]);
}
