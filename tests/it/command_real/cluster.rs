//! Secrets of a real API server: `check --secret`, `secret --apply`, `diff`.

use serde_json::json;
use testbed::bed::{Bed, DEVELOPER, Wanted};

use crate::support::{
    cluster::{cluster, namespace, object},
    command::{Account, Outcome},
};

/// A user who reaches the cluster by a kubeconfig in the usual place.
fn account() -> Account {
    let account = Account::new();
    let config = std::fs::read(cluster().kubeconfig()).unwrap();
    account.home.write(".kube/config", config);
    account
}

fn apply(account: &Account, namespace: &str, file: &str) -> Outcome {
    account.run(&[
        "secret",
        file,
        "--name",
        "pull",
        "--namespace",
        namespace,
        "--apply",
    ])
}

#[test]
fn a_secret_is_created_once_and_changed_only_where_it_differs() {
    let (account, namespace) = (account(), namespace());
    account.config("one.json", &[("a.io", "u", "hunter2"), ("b.io", "v", "q")]);
    let version = || object(&namespace, "secret", "pull")["metadata"]["resourceVersion"].clone();
    let ends = |file: &str, word: &str| {
        let outcome = apply(&account, &namespace, file);
        let expected = format!("secret {namespace}/pull {word}\n");
        assert_eq!(outcome.ends_with(0), expected, "{outcome:#?}");
    };
    ends("one.json", "created");
    let created = version();
    ends("one.json", "unchanged");
    assert_eq!(version(), created);
    // Only one entry is given: the other stays.
    account.config("two.json", &[("https://b.io/v1/", "v", "rotated")]);
    ends("two.json", "updated");
    let updated = version();
    assert_ne!(updated, created);
    ends("two.json", "unchanged");
    assert_eq!(version(), updated);
    let secret = object(&namespace, "secret", "pull");
    assert_eq!(secret["type"], "kubernetes.io/dockerconfigjson");

    account.home.write("secret.json", secret.to_string());
    account.config(
        "now.json",
        &[("a.io", "u", "hunter2"), ("b.io", "v", "rotated")],
    );
    account
        .run(&["diff", "secret.json", "now.json"])
        .ends_with(0);
    let differing = account.run(&["diff", "secret.json", "one.json"]);
    let text = differing.ends_with(1);
    assert!(text.contains("b.io") && !text.contains("a.io"), "{text}");
    assert!(
        !text.contains("rotated") && !text.contains("hunter2"),
        "{text}"
    );
}

#[test]
fn a_secret_of_the_cluster_is_proven() {
    let (account, namespace) = (account(), namespace());
    let bed = Bed::start(Wanted::default()).unwrap_or_else(|error| panic!("{error:#}"));
    let (host, certs) = (bed.basic_registry.host(), bed.cert_dir());
    let name = format!("{namespace}/pull");
    let check = |name: &str| {
        let certs = certs.to_str().unwrap();
        account.run(&["check", "--secret", name, "--cert-dir", certs])
    };
    let missing = check(&name);
    assert_eq!(missing.status, Some(2));
    let expected = format!("oreg: the cluster has no secret {name}\n");
    assert_eq!(missing.stderr, expected);
    for (password, status, word) in [
        (bed.passwords.developer.as_str(), 0, "1 valid"),
        ("wrong-password", 1, "1 refused"),
    ] {
        account.config("auth.json", &[(host, DEVELOPER, password)]);
        apply(&account, &namespace, "auth.json").ends_with(0);
        let outcome = check(&name);
        let text = outcome.ends_with(status);
        assert!(
            text.contains(&format!("secret {name}")) && text.contains(word),
            "{text}"
        );
        assert!(!text.contains(password), "{text}");
    }
}

#[test]
fn a_secret_of_another_kind_is_not_taken_for_a_pull_secret() {
    let (account, namespace) = (account(), namespace());
    let opaque = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"name": "pull", "namespace": namespace}, "stringData": {"a": "hunter2"},
    });
    cluster()
        .kubectl_with_input(&["create", "-f", "-"], &opaque.to_string())
        .unwrap();
    account.config("auth.json", &[("a.io", "u", "p")]);
    let before = object(&namespace, "secret", "pull");
    for outcome in [
        account.run(&["check", "--secret", &format!("{namespace}/pull")]),
        apply(&account, &namespace, "auth.json"),
    ] {
        assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(2), ""));
        assert!(!outcome.stderr.contains("hunter2"), "{outcome:#?}");
    }
    assert_eq!(object(&namespace, "secret", "pull"), before);
}
