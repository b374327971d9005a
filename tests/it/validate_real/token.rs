//! docker-registry with tokens, from a server that answers as the one of registry.redhat.io does.

use serde_json::json;
use testbed::{
    bed::{Bed, DEVELOPER, INSTALLER, NOSCOPE, STALE},
    port::free_ports,
    token_server::Account,
};

use super::{Answer, asked, bed, counts, entry, validate, verdicts};

#[test]
fn a_good_password_is_proven_in_five_requests() {
    let bed = bed();
    let answer = prove(&bed, INSTALLER, &bed.passwords.installer).ok();
    assert_eq!(verdicts(&answer), ["valid/pulled"]);
    assert_eq!(counts(&answer), [5]);
    assert_eq!(
        asked(&bed.token_registry),
        [
            "GET /v2/ 401",
            "HEAD /v2/openshift3/ose-pod/manifests/v3.11 200"
        ]
    );
    let login = "account=1234567%7Cinstaller&service=docker-registry";
    assert_eq!(
        token_requests(&bed),
        [
            format!("{login}&client_id=oreg 200"),
            format!("{login}&scope=repository%3Aopenshift3%2Fose-pod%3Apull&client_id=oreg 200"),
            // The comparison: without the credential the realm issues nothing.
            "service=docker-registry&client_id=oreg 401".to_owned(),
        ]
    );
    assert_eq!(
        answer.json["registries"][0]["realm_host"],
        bed.token_server.host()
    );
}

#[test]
fn a_wrong_password_costs_one_failed_login() {
    let bed = bed();
    let answer = prove(&bed, INSTALLER, "wrong-password");
    assert_eq!(verdicts(&answer), ["invalid_credentials/rejected"]);
    assert_eq!(counts(&answer), [2]);
    assert_eq!(asked(&bed.token_registry), ["GET /v2/ 401"]);
    assert_eq!(bed.token_server.failed_logins(), 1);
    assert!(
        answer.failure().contains("Invalid username or password."),
        "{}",
        answer.failure()
    );
}

#[test]
fn an_account_without_rights_is_distinguished_from_a_bad_password() {
    let bed = bed();
    let answer = prove(&bed, NOSCOPE, &bed.passwords.noscope);
    assert_eq!(verdicts(&answer), ["denied_or_missing/no_pull_access"]);
    assert_eq!(bed.token_server.failed_logins(), 0);
}

#[test]
fn tokens_that_have_run_out_are_the_registrys_fault() {
    let bed = bed();
    let answer = prove(&bed, STALE, &bed.passwords.stale);
    assert_eq!(verdicts(&answer), ["registry_error/token_rejected"]);
    assert_eq!(bed.token_server.failed_logins(), 0);
}

#[test]
fn a_token_server_with_a_wrong_clock_is_the_registrys_fault() {
    let bed = bed();
    let hasty = Account::new("hasty", "hasty-password").grant("*", &["pull"]);
    bed.token_server.set_account(hasty.clock_skew(3600));
    let answer = prove(&bed, "hasty", "hasty-password");
    assert_eq!(verdicts(&answer), ["registry_error/token_rejected"]);
    assert!(answer.failure().contains("clocks"), "{}", answer.failure());
}

#[test]
fn a_new_password_counts_at_once() {
    let bed = bed();
    let (old, new) = (bed.passwords.installer.as_str(), "rotated-password");
    let verdict = |password: &str| verdicts(&prove(&bed, INSTALLER, password)).concat();
    assert_eq!(verdict(old), "valid/pulled");
    bed.token_server.set_password(INSTALLER, new).unwrap();
    assert_eq!(
        [verdict(old), verdict(new)],
        ["invalid_credentials/rejected", "valid/pulled"]
    );
}

#[test]
fn every_registry_has_its_own_verdict_and_all_failures_are_reported() {
    let bed = bed();
    let [nobody] = free_ports().unwrap();
    let nobody = format!("127.0.0.1:{nobody}");
    let good = bed.token_registry.host();
    let bad = bed.basic_registry.host();
    let entries = [
        entry(bad, DEVELOPER, "wrong-password"),
        entry(good, INSTALLER, &bed.passwords.installer),
        entry(&nobody, DEVELOPER, "some-password"),
    ];
    let answer = validate(&entries, json!({"cert_dir": bed.cert_dir()}));
    assert_eq!(
        verdicts(&answer),
        [
            "invalid_credentials/rejected",
            "valid/pulled",
            "unreachable/refused"
        ]
    );
    let lines: Vec<_> = answer.failure().lines().collect();
    assert_eq!(lines[0], "2 of 3 registries cannot be used:");
    assert!(lines[1].starts_with(&format!("invalid_credentials: {bad} ")));
    assert!(lines[2].starts_with(&format!("unreachable: {nobody} ")));
    assert_eq!(lines.len(), 3, "{lines:?}");
}

fn prove(bed: &Bed, user: &str, password: &str) -> Answer {
    let entry = entry(bed.token_registry.host(), user, password);
    validate(&[entry], json!({"cert_dir": bed.cert_dir()}))
}

/// Returns `QUERY STATUS` of each request of the module to the token server.
fn token_requests(bed: &Bed) -> Vec<String> {
    let requests = bed.token_server.requests().into_iter();
    requests
        .filter(|request| request.query.contains("client_id=oreg"))
        .map(|request| format!("{} {}", request.query, request.status))
        .collect()
}
