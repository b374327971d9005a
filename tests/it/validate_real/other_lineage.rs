//! go-containerregistry's registry, which lets everybody in, over plain HTTP.

use serde_json::{Value, json};
use testbed::{bed::POD_IMAGE, image, other_registry::OtherRegistry};

use super::{Answer, entry, started, validate, verdicts, warnings};

#[test]
fn where_everybody_is_let_in_nothing_is_proven() {
    let registry = registry();
    let host = registry.host();
    let answer = prove(
        &registry,
        json!({"openshift_docker_insecure_registries": [host]}),
    )
    .ok();
    assert_eq!(verdicts(&answer), ["not_proven/public_image"]);
    let warnings = warnings(&answer);
    assert!(
        warnings.starts_with("not_proven: ") && warnings.contains(host),
        "{warnings}"
    );
}

#[test]
fn what_is_not_proven_may_be_a_failure() {
    let registry = registry();
    let options = json!({
        "openshift_docker_insecure_registries": [registry.host()],
        "not_proven": "fail",
    });
    let answer = prove(&registry, options);
    assert_eq!(verdicts(&answer), ["not_proven/public_image"]);
    assert!(
        answer.failure().contains("not_proven: "),
        "{}",
        answer.failure()
    );
}

#[test]
fn nothing_is_sent_in_clear_unless_it_was_asked_for() {
    let registry = registry();
    let pushed = registry.requests().len();
    let answer = prove(&registry, json!({}));
    assert_eq!(verdicts(&answer), ["tls_failure/speaks_http"]);
    assert_eq!(registry.requests()[pushed..], [""; 0]);
}

fn registry() -> OtherRegistry {
    let registry = started(OtherRegistry::start());
    started(image::push_openly(registry.host(), POD_IMAGE));
    registry
}

fn prove(registry: &OtherRegistry, options: Value) -> Answer {
    let entry = entry(registry.host(), "somebody", "some-password");
    validate(&[entry], options)
}
