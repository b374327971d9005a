//! `oreg_pull_secrets` and secrets that cannot simply be changed: of others, on their way out, immutable.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::support::{
    cluster::{cluster, exists, namespace, object},
    module::{Answer, Module},
};

const MAIN: &str = "imagestreamsecret";
const HOLD: &str = "example.com/hold";

fn run(namespace: &str, more: &Value) -> Answer {
    module(namespace, more).run()
}

fn module(namespace: &str, more: &Value) -> Module {
    let options = json!({
        "kubeconfig": cluster().kubeconfig(),
        "namespaces": [namespace],
        "openshift_deployment_type": "openshift-enterprise",
        "oreg_auth_user": "installer",
        "oreg_auth_password": "first-password-1",
    });
    Module::new("oreg_pull_secrets")
        .args(options)
        .args(more.clone())
}

fn kubectl(args: &[&str]) {
    cluster().kubectl(args).unwrap();
}

fn patch(namespace: &str, name: &str, patch: &Value) {
    let patch = patch.to_string();
    kubectl(&[
        "patch",
        "secret",
        name,
        "-n",
        namespace,
        "--type=merge",
        "-p",
        &patch,
    ]);
}

fn document(namespace: &str, name: &str) -> Value {
    let secret = object(namespace, "secret", name);
    let text = secret["data"][".dockerconfigjson"].as_str().unwrap();
    serde_json::from_slice(&STANDARD.decode(text).unwrap()).unwrap()
}

fn password_of<'a>(document: &'a Value, host: &str) -> &'a str {
    document["auths"][host]["password"].as_str().unwrap()
}

#[test]
fn prune_removes_pull_secrets_alone() {
    let namespace = namespace();
    for name in ["token", "web"] {
        kubectl(&[
            "create",
            "secret",
            "generic",
            name,
            "-n",
            &namespace,
            "--from-literal=a=b",
        ]);
        kubectl(&[
            "label",
            "secret",
            name,
            "-n",
            &namespace,
            "app.kubernetes.io/managed-by=oreg",
        ]);
    }
    let docker = [
        "create",
        "secret",
        "docker-registry",
        "old",
        "-n",
        &namespace,
    ];
    let login = [
        "--docker-server=r",
        "--docker-username=u",
        "--docker-password=p",
    ];
    kubectl(&[&docker[..], &login].concat());
    kubectl(&[
        "label",
        "secret",
        "old",
        "-n",
        &namespace,
        "app.kubernetes.io/managed-by=oreg",
    ]);
    run(&namespace, &json!({"prune": true})).ok();
    assert!(exists(&namespace, "secret", "token") && exists(&namespace, "secret", "web"));
    assert!(!exists(&namespace, "secret", "old"));
}

#[test]
fn rotation_follows_what_was_noted_and_nobody_else() {
    let namespace = namespace();
    let realm = json!({"realm_hosts": {"registry.redhat.io": "sso.redhat.com"}});
    run(&namespace, &realm).ok();
    let mut stored = document(&namespace, MAIN);
    stored["auths"]["evil.example.com"] = stored["auths"]["registry.redhat.io"].clone();
    let data = STANDARD.encode(stored.to_string());
    patch(
        &namespace,
        MAIN,
        &json!({"data": {".dockerconfigjson": data}}),
    );

    let answer = run(
        &namespace,
        &json!({"oreg_auth_password": "second-password-2"}),
    )
    .ok();
    let stored = document(&namespace, MAIN);
    assert_eq!(
        password_of(&stored, "registry.redhat.io"),
        "second-password-2"
    );
    assert_eq!(password_of(&stored, "sso.redhat.com"), "second-password-2");
    assert_eq!(password_of(&stored, "evil.example.com"), "first-password-1");
    assert!(
        answer
            .stdout
            .contains("evil.example.com, too, and it is not renewed"),
        "{}",
        answer.stdout
    );
}

#[test]
fn a_secret_on_its_way_out_is_reported_in_every_state() {
    let namespace = namespace();
    run(&namespace, &json!({})).ok();
    patch(
        &namespace,
        MAIN,
        &json!({"metadata": {"finalizers": [HOLD]}}),
    );
    let first = run(&namespace, &json!({"state": "absent"})).ok();
    assert!(
        first.json["changed"] == true && first.stdout.contains(HOLD),
        "{}",
        first.stdout
    );
    let absent = run(&namespace, &json!({"state": "absent"})).ok();
    assert!(
        absent.json["changed"] == false && absent.stdout.contains(HOLD),
        "{}",
        absent.stdout
    );
    for more in [
        json!({}),
        json!({"recreate": true}),
        json!({"oreg_auth_password": "other-password"}),
    ] {
        let present = run(&namespace, &more);
        assert_eq!(present.json["reason"], "being_deleted");
        assert!(present.failure().contains(HOLD), "{}", present.failure());
        assert_eq!(present.json["changed"], false);
    }
    patch(&namespace, MAIN, &json!({"metadata": {"finalizers": null}}));
    assert!(run(&namespace, &json!({})).changed());
}

#[test]
fn what_finalizers_would_hold_is_not_deleted_to_be_replaced() {
    let namespace = namespace();
    kubectl(&[
        "create",
        "secret",
        "generic",
        MAIN,
        "-n",
        &namespace,
        "--from-literal=a=b",
    ]);
    patch(
        &namespace,
        MAIN,
        &json!({"metadata": {"finalizers": [HOLD]}}),
    );
    let answer = run(&namespace, &json!({"recreate": true}));
    assert_eq!(answer.json["reason"], "held_by_finalizers");
    let metadata = object(&namespace, "secret", MAIN)["metadata"].clone();
    assert!(metadata.get("deletionTimestamp").is_none(), "{metadata}");
    patch(&namespace, MAIN, &json!({"metadata": {"finalizers": null}}));
}

#[test]
fn an_immutable_secret_is_replaced_on_request() {
    let namespace = namespace();
    run(&namespace, &json!({})).ok();
    patch(&namespace, MAIN, &json!({"immutable": true}));
    assert!(!run(&namespace, &json!({})).changed());
    let rotated = json!({"oreg_auth_password": "second-password-2"});
    let refused = run(&namespace, &rotated);
    assert_eq!(refused.json["reason"], "immutable");
    assert!(
        refused.failure().contains("recreate: true"),
        "{}",
        refused.failure()
    );
    let rotated = json!({"oreg_auth_password": "second-password-2", "recreate": true});
    let check = module(&namespace, &rotated).check().run().ok();
    let answer = run(&namespace, &rotated).ok();
    assert_eq!(check.json["secrets"], answer.json["secrets"]);
    assert_eq!(answer.json["secrets"][0]["action"], "recreated");
    assert!(!run(&namespace, &rotated).changed());
}

#[test]
fn all_namespaces_are_looked_at_before_the_first_write() {
    let (good, going) = (namespace(), namespace());
    kubectl(&["delete", "namespace", &going, "--wait=false"]);
    let options = json!({"namespaces": [good, going, "no-such-namespace"]});
    for answer in [module(&good, &options).check().run(), run(&good, &options)] {
        assert_eq!(
            answer.json["reason"], "namespace_terminating",
            "{}",
            answer.stdout
        );
        assert!(
            answer
                .failure()
                .contains("namespace no-such-namespace does not exist")
        );
    }
    assert!(!exists(&good, "secret", MAIN));
}
