//! docker-registry with HTTP Basic.

use serde_json::{Value, json};
use testbed::bed::{Bed, DEVELOPER, POD_IMAGE};

use super::{
    Answer, Module, asked, assert_hidden, bed, counts, entry, validate, verdicts, warnings, with,
};

const PING_REFUSED: &str = "GET /v2/ 401";
const PING: &str = "GET /v2/ 200";
const IMAGE_SEEN: &str = "HEAD /v2/openshift3/ose-pod/manifests/v3.11 200";

#[test]
fn a_good_password_is_proven_in_three_requests() {
    let bed = bed();
    let answer = prove(&bed, &bed.passwords.developer, json!({})).ok();
    assert_eq!(verdicts(&answer), ["valid/pulled"]);
    assert_eq!(counts(&answer), [3]);
    assert_eq!(asked(&bed.basic_registry), [PING_REFUSED, PING, IMAGE_SEEN]);
    assert_eq!(bed.basic_registry.failed_logins(), 0);
}

#[test]
fn a_wrong_password_costs_one_failed_login() {
    let bed = bed();
    let answer = prove(&bed, "wrong-password", json!({}));
    assert_eq!(verdicts(&answer), ["invalid_credentials/rejected"]);
    assert_eq!(counts(&answer), [2]);
    assert_eq!(asked(&bed.basic_registry), [PING_REFUSED, PING_REFUSED]);
    assert_eq!(bed.basic_registry.failed_logins(), 1);
    let place = "check openshift_additional_registry_credentials[0]";
    assert!(answer.failure().contains(place), "{}", answer.failure());
}

#[test]
fn a_missing_tag_is_distinguished_from_a_bad_password() {
    let bed = bed();
    let other = json!({"test_image": "openshift3/ose-pod:v3.12"});
    let answer = prove(&bed, &bed.passwords.developer, other);
    assert_eq!(verdicts(&answer), ["image_not_found/no_image"]);
    assert!(
        answer.failure().contains("openshift3/ose-pod:v3.12"),
        "{}",
        answer.failure()
    );
    assert_eq!(bed.basic_registry.failed_logins(), 0);
}

#[test]
fn a_missing_image_may_be_a_mere_warning() {
    let bed = bed();
    let (host, password) = (bed.basic_registry.host(), &bed.passwords.developer);
    let entry = with(
        entry(host, DEVELOPER, password),
        json!({"test_image": "openshift3/none"}),
    );
    let options = json!({"cert_dir": bed.cert_dir(), "missing_image": "warn"});
    let answer = validate(&[entry], options).ok();
    assert_eq!(verdicts(&answer), ["image_not_found/no_image"]);
    let warnings = warnings(&answer);
    assert!(
        warnings.starts_with("image_not_found: ") && warnings.contains(host),
        "{warnings}"
    );
}

#[test]
fn a_new_password_counts_at_once() {
    let bed = bed();
    let (old, new) = (bed.passwords.developer.as_str(), "rotated-password");
    let verdict = |password: &str| verdicts(&prove(&bed, password, json!({}))).concat();
    assert_eq!(verdict(old), "valid/pulled");
    bed.basic_registry.set_password(DEVELOPER, new).unwrap();
    assert_eq!(
        [verdict(old), verdict(new)],
        ["invalid_credentials/rejected", "valid/pulled"]
    );
}

#[test]
fn a_credential_that_is_listed_twice_is_proven_once() {
    let bed = bed();
    let host = bed.basic_registry.host();
    let once = entry(host, DEVELOPER, &bed.passwords.developer);
    let again = with(once.clone(), json!({"host": format!("https://{host}/")}));
    let answer = validate(&[once, again], json!({"cert_dir": bed.cert_dir()})).ok();
    assert_eq!(verdicts(&answer), ["valid/pulled"]);
    assert_eq!(asked(&bed.basic_registry).len(), 3);
}

#[test]
fn the_main_registry_is_tested_with_the_image_that_nodes_pull() {
    let bed = bed();
    let (host, password) = (bed.basic_registry.host(), &bed.passwords.developer);
    let answer = Module::new("oreg_validate")
        .args(json!({
            "oreg_url": format!("{host}/openshift3/ose-${{component}}:${{version}}"),
            "oreg_auth_user": DEVELOPER,
            "oreg_auth_password": password,
            "cert_dir": bed.cert_dir(),
        }))
        .run()
        .ok();
    assert_hidden(&answer, DEVELOPER, password);
    assert_eq!(verdicts(&answer), ["valid/pulled"]);
    assert_eq!(answer.json["registries"][0]["test_image"], POD_IMAGE);
}

fn prove(bed: &Bed, password: &str, more: Value) -> Answer {
    let entry = entry(bed.basic_registry.host(), DEVELOPER, password);
    validate(&[with(entry, more)], json!({"cert_dir": bed.cert_dir()}))
}
