//! `oreg_pull_secrets` at a real API server.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::support::{
    cluster::{cluster, exists, namespace, object, requests},
    module::{Answer, Module},
    scratch::{Scratch, read},
};

const MAIN: &str = "imagestreamsecret";
const EXAMPLE: &str = "o-a-35bc994a01106a687ad02f9440f57b80"; // registry.example.com
const USER: &str = "1234567|installer";
const PASSWORD: &str = "first-password-1";
const ROTATED: &str = "second-password-2";

/// The main registry and one more, in this namespace.
fn options(namespace: &str, password: &str) -> Value {
    json!({
        "kubeconfig": cluster().kubeconfig(),
        "namespaces": [namespace],
        "openshift_deployment_type": "openshift-enterprise",
        "oreg_auth_user": USER,
        "oreg_auth_password": password,
        "openshift_additional_registry_credentials":
            [{"host": "registry.example.com", "user": "name", "password": password}],
    })
}

fn module(options: &Value) -> Module {
    Module::new("oreg_pull_secrets").args(options.clone())
}

fn with(mut options: Value, more: Value) -> Value {
    let Value::Object(more) = more else {
        panic!("{more}")
    };
    options.as_object_mut().unwrap().extend(more);
    options
}

/// Check, apply, again, and again in check: the first two see the change, the others none.
fn four_steps(options: &Value) -> Value {
    let first = module(options).check().diff().run();
    let second = module(options).diff().run();
    assert_eq!(first.json, second.json, "check mode tells what is done");
    for answer in [module(options).run(), module(options).check().run()] {
        let answer = answer.ok();
        assert_eq!(answer.json["changed"], false, "{}", answer.stdout);
    }
    let answer = second.ok();
    assert_eq!(answer.json["changed"], true, "{}", answer.stdout);
    no_secret_in(&answer);
    answer.json
}

fn no_secret_in(answer: &Answer) {
    for password in [PASSWORD, ROTATED] {
        for form in [
            password.to_owned(),
            STANDARD.encode(password),
            STANDARD.encode(format!("{USER}:{password}")),
        ] {
            assert!(!answer.stdout.contains(&form), "{}", answer.stdout);
        }
    }
}

fn actions(answer: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let secrets = answer["secrets"].as_array().unwrap().iter();
    secrets
        .map(|secret| (text(&secret["name"]), text(&secret["action"])))
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|&(a, b)| (a.to_owned(), b.to_owned()))
        .collect()
}

fn document(namespace: &str, name: &str) -> Value {
    let secret = object(namespace, "secret", name);
    assert_eq!(secret["type"], "kubernetes.io/dockerconfigjson");
    let text = secret["data"][".dockerconfigjson"].as_str().unwrap();
    serde_json::from_slice(&STANDARD.decode(text).unwrap()).unwrap()
}

fn entry(user: &str, password: &str) -> Value {
    let auth = STANDARD.encode(format!("{user}:{password}"));
    json!({"username": user, "password": password, "auth": auth})
}

fn kubectl_secret(namespace: &str, name: &str, kind: &str, key: &str, text: &str) {
    let kind = format!("--type={kind}");
    let literal = format!("--from-literal={key}={text}");
    let args = [
        "create", "-n", namespace, "secret", "generic", name, &kind, &literal,
    ];
    cluster().kubectl(&args).unwrap();
}

#[test]
fn creates_what_kubectl_then_shows() {
    let options = with(
        options("openshift", PASSWORD),
        json!({"realm_hosts": {
        "registry.redhat.io": "sso.redhat.com", "registry.example.com": "", "other": "x"}}),
    );
    let answer = four_steps(&options);
    assert_eq!(
        answer["secrets"],
        json!([
            {"namespace": "openshift", "name": MAIN, "host": "registry.redhat.io", "action": "created"},
            {"namespace": "openshift", "name": EXAMPLE, "host": "registry.example.com", "action": "created"},
        ])
    );
    let diff = &answer["diff"][0];
    assert_eq!(diff["before_header"], "secret openshift/imagestreamsecret");
    let after = diff["after"].as_str().unwrap();
    assert!(
        after.starts_with("registry.redhat.io: user=1234567|installer password=sha256:"),
        "{after}"
    );
    assert_eq!(
        document("openshift", MAIN)["auths"],
        json!({"registry.redhat.io": entry(USER, PASSWORD), "sso.redhat.com": entry(USER, PASSWORD)})
    );
    let yaml = cluster()
        .kubectl(&["get", "secret", MAIN, "-n", "openshift", "-o", "yaml"])
        .unwrap();
    assert!(
        yaml.contains("type: kubernetes.io/dockerconfigjson"),
        "{yaml}"
    );
    assert!(
        yaml.contains("app.kubernetes.io/managed-by: oreg"),
        "{yaml}"
    );
}

#[test]
fn rotation_updates_in_place_and_keeps_what_others_added() {
    let namespace = namespace();
    module(&options(&namespace, PASSWORD)).run().ok();
    let uid = object(&namespace, "secret", MAIN)["metadata"]["uid"].clone();
    let patch = json!({"metadata": {"labels": {"team": "a"}, "annotations": {"note": "b"}},
        "data": {"extra": "Yw=="}});
    let args = [
        "patch",
        "-n",
        &namespace,
        "secret",
        MAIN,
        "-p",
        &patch.to_string(),
    ];
    cluster().kubectl(&args).unwrap();

    let answer = four_steps(&options(&namespace, ROTATED));
    assert_eq!(
        actions(&answer),
        pairs(&[(MAIN, "updated"), (EXAMPLE, "updated")])
    );
    let secret = object(&namespace, "secret", MAIN);
    assert_eq!(secret["metadata"]["uid"], uid);
    assert_eq!(secret["metadata"]["labels"]["team"], "a");
    assert_eq!(secret["metadata"]["annotations"]["note"], "b");
    assert_eq!(secret["data"]["extra"], "Yw==");
    assert_eq!(
        document(&namespace, MAIN)["auths"]["registry.redhat.io"],
        entry(USER, ROTATED)
    );
}

#[test]
fn what_kubectl_made_with_the_same_credential_is_unchanged() {
    let namespace = namespace();
    let user = format!("--docker-username={USER}");
    let password = format!("--docker-password={PASSWORD}");
    let server = "--docker-server=registry.redhat.io";
    let args = [
        "create",
        "-n",
        &namespace,
        "secret",
        "docker-registry",
        MAIN,
        server,
        &user,
        &password,
    ];
    cluster().kubectl(&args).unwrap();
    let options = with(
        options(&namespace, PASSWORD),
        json!({"openshift_additional_registry_credentials": []}),
    );
    let answer = module(&options).run().ok();
    assert_eq!(answer.json["changed"], false, "{}", answer.stdout);
}

#[test]
fn an_unchanged_run_is_one_list_per_namespace_and_no_write() {
    let (one, two) = (namespace(), namespace());
    let options = with(
        options(&one, PASSWORD),
        json!({"namespaces": [one, two, one]}),
    );
    let answer = four_steps(&options);
    assert_eq!(answer["secrets"].as_array().unwrap().len(), 4);
    let count = || requests(&format!("/{one}/")).len() + requests(&format!("/{two}/")).len();
    let before = count();
    module(&options).run().ok();
    assert_eq!(count(), before + 2);
    let last = |namespace: &str| requests(&format!("/{namespace}/")).pop().unwrap();
    assert_eq!(last(&one), format!("list /api/v1/namespaces/{one}/secrets"));
    assert_eq!(last(&two), format!("list /api/v1/namespaces/{two}/secrets"));
}

#[test]
fn another_type_needs_recreate() {
    let namespace = namespace();
    let old = r#"{"registry.redhat.io":{"auth":"eDp5"}}"#;
    kubectl_secret(
        &namespace,
        MAIN,
        "kubernetes.io/dockercfg",
        ".dockercfg",
        old,
    );
    kubectl_secret(&namespace, EXAMPLE, "Opaque", "a", "b");
    let options = options(&namespace, PASSWORD);
    for answer in [module(&options).check().run(), module(&options).run()] {
        let message = answer.failure();
        assert!(message.contains("`recreate: true`"), "{message}");
        assert!(
            message.contains(MAIN) && message.contains("kubernetes.io/dockercfg"),
            "{message}"
        );
        assert!(
            message.contains(EXAMPLE) && message.contains("Opaque"),
            "{message}"
        );
        assert_eq!(
            (&answer.json["reason"], &answer.json["changed"]),
            (&json!("wrong_type"), &json!(false))
        );
    }
    let answer = four_steps(&with(options, json!({"recreate": true})));
    assert_eq!(
        actions(&answer),
        pairs(&[(MAIN, "recreated"), (EXAMPLE, "recreated")])
    );
    assert_eq!(
        document(&namespace, MAIN)["auths"]["registry.redhat.io"],
        entry(USER, PASSWORD)
    );
}

#[test]
fn a_document_that_others_can_read_needs_recreate() {
    let namespace = namespace();
    let (kind, key) = ("kubernetes.io/dockerconfigjson", ".dockerconfigjson");
    let twice = format!(
        r#"{{"auths":{{"registry.redhat.io":{{}},"https://u:{ROTATED}@team":{{"auth":"eDp5"}},"https://u:{ROTATED}@team":{{}}}}}}"#
    );
    kubectl_secret(&namespace, MAIN, kind, key, &twice);
    let stored = object(&namespace, "secret", MAIN);
    let options = options(&namespace, PASSWORD);
    for answer in [module(&options).check().run(), module(&options).run()] {
        assert_eq!(answer.json["reason"], "malformed", "{}", answer.stdout);
        let start = format!("secret {namespace}/{MAIN} holds a docker config that cannot be read");
        assert!(answer.failure().starts_with(&start), "{}", answer.failure());
        no_secret_in(&answer);
    }
    assert_eq!(object(&namespace, "secret", MAIN), stored);
    let answer = four_steps(&with(options, json!({"recreate": true})));
    assert_eq!(
        actions(&answer),
        pairs(&[(MAIN, "updated"), (EXAMPLE, "created")])
    );
}

#[test]
fn prune_removes_own_and_inherited_secrets_of_the_namespaces() {
    let (ours, other) = (namespace(), namespace());
    let inherited = "o-a-0cc175b9c0f1b6a831c399e269772661";
    for namespace in [&ours, &other] {
        module(&options(namespace, PASSWORD)).run().ok();
        let document = r#"{"auths":{"a":{"auth":"eDp5"}}}"#;
        kubectl_secret(
            namespace,
            inherited,
            "kubernetes.io/dockerconfigjson",
            ".dockerconfigjson",
            document,
        );
        kubectl_secret(
            namespace,
            "theirs",
            "kubernetes.io/dockerconfigjson",
            ".dockerconfigjson",
            document,
        );
        kubectl_secret(namespace, "o-a-opaque", "Opaque", "a", "b");
    }
    let fewer = with(
        options(&ours, PASSWORD),
        json!({"openshift_additional_registry_credentials": []}),
    );
    assert!(
        !module(&fewer).run().changed(),
        "nothing is removed without prune"
    );
    let answer = four_steps(&with(fewer, json!({"prune": true})));
    assert_eq!(
        actions(&answer),
        pairs(&[
            (MAIN, "unchanged"),
            (inherited, "deleted"),
            (EXAMPLE, "deleted")
        ])
    );
    assert_eq!(answer["secrets"][1]["host"], "a");
    for (name, there) in [
        (MAIN, true),
        (EXAMPLE, false),
        (inherited, false),
        ("theirs", true),
        ("o-a-opaque", true),
    ] {
        assert_eq!(exists(&ours, "secret", name), there, "{name}");
        assert!(exists(&other, "secret", name), "{name}");
    }
}

#[test]
fn absent_removes_the_named_registries_and_needs_no_password() {
    let namespace = namespace();
    module(&options(&namespace, PASSWORD)).run().ok();
    let absent = json!({
        "kubeconfig": cluster().kubeconfig(), "namespaces": [namespace], "state": "absent",
        "openshift_additional_registry_credentials": [{"host": "registry.example.com"}],
    });
    let answer = four_steps(&absent);
    assert_eq!(actions(&answer), pairs(&[(EXAMPLE, "deleted")]));
    assert_eq!(answer["secrets"][0]["host"], "registry.example.com");
    assert!(exists(&namespace, "secret", MAIN));
    let main = with(
        absent,
        json!({"oreg_url": "registry.redhat.io/openshift3/ose-${component}:${version}"}),
    );
    let answer = four_steps(&main);
    assert_eq!(
        actions(&answer),
        pairs(&[(MAIN, "deleted"), (EXAMPLE, "unchanged")])
    );
    let gone = with(main, json!({"namespaces": ["no-such-namespace"]}));
    assert!(!module(&gone).run().changed());
}

#[test]
fn absent_finds_a_registry_however_it_was_written() {
    let (namespace, scratch) = (namespace(), Scratch::new());
    let hosts = [
        "https://registry.example.com/",
        "docker.io",
        "q.example.com",
    ];
    let [written, hub, other] = hosts.map(|host| json!({"host": host, "password": PASSWORD}));
    for more in [json!({}), json!({"manifest_dir": scratch.path("")})] {
        let present = json!({"openshift_additional_registry_credentials": [written, hub, other]});
        let present = with(options(&namespace, PASSWORD), present);
        let answer = module(&with(present, more.clone())).run().ok();
        let names = actions(&answer.json).into_iter().map(|(name, _)| name);
        let names: Vec<_> = names.collect();
        let absent = json!({
            "kubeconfig": cluster().kubeconfig(), "namespaces": [namespace], "state": "absent",
            "openshift_additional_registry_credentials": [{"host": "REGISTRY.example.com"},
                {"host": "index.docker.io"}, {"host": "registry.redhat.io"}],
        });
        let answer = four_steps(&with(absent, more));
        let done = actions(&answer).into_iter();
        let done = done.filter(|(_, action)| action == "deleted");
        let mut deleted: Vec<_> = done.map(|(name, _)| name).collect();
        let mut expected = names[..3].to_vec();
        deleted.sort();
        expected.sort();
        assert_eq!(deleted, expected, "{answer}");
    }
}

#[test]
fn absent_keeps_entries_for_other_registries() {
    let (namespace, scratch) = (namespace(), Scratch::new());
    let realm = json!({"realm_hosts": {"registry.redhat.io": "sso.redhat.com"}});
    let options = with(options(&namespace, PASSWORD), realm);
    let more = json!({"auths": {
        "registry.redhat.io": entry(USER, PASSWORD), "sso.redhat.com": entry(USER, PASSWORD),
        "team.example.com": {"auth": "eDp5"}}});
    let data = json!({"data": {".dockerconfigjson": STANDARD.encode(more.to_string())}});

    module(&options).run().ok();
    let text = data.to_string();
    let arguments = ["patch", "-n", &namespace, "secret", MAIN, "-p", &text];
    cluster().kubectl(&arguments).unwrap();
    let in_files = with(options, json!({"manifest_dir": scratch.path("")}));
    module(&in_files).run().ok();
    let path = scratch.path(&format!("{namespace}-{MAIN}.json"));
    let mut manifest: Value = serde_json::from_str(&read(&path)).unwrap();
    manifest["data"] = data["data"].clone();
    scratch.write(&format!("{namespace}-{MAIN}.json"), manifest.to_string());

    let absent = json!({
        "kubeconfig": cluster().kubeconfig(), "namespaces": [namespace], "state": "absent",
        "oreg_url": "registry.redhat.io/a:b", "service_accounts": [],
    });
    let left = json!({"auths": {"team.example.com": {"auth": "eDp5"}}});
    for more in [json!({}), json!({"manifest_dir": scratch.path("")})] {
        let first = module(&with(absent.clone(), more.clone())).run().ok();
        assert_eq!(actions(&first.json), pairs(&[(MAIN, "updated")]));
        let again = module(&with(absent.clone(), more)).run().ok();
        assert_eq!(again.json["changed"], false);
        let warnings = again.json["warnings"].to_string();
        assert!(
            warnings.contains("holds other registries only"),
            "{warnings}"
        );
    }
    assert_eq!(document(&namespace, MAIN), left);
    let manifest: Value = serde_json::from_str(&read(&path)).unwrap();
    let text = manifest["data"][".dockerconfigjson"].as_str().unwrap();
    let stored: Value = serde_json::from_slice(&STANDARD.decode(text).unwrap()).unwrap();
    assert_eq!(stored, left);
}

#[test]
fn a_registry_may_be_named_twice() {
    let (namespace, scratch) = (namespace(), Scratch::new());
    let twice = json!([{"host": "registry.example.com"}, {"host": "registry.example.com"}]);
    for more in [json!({}), json!({"manifest_dir": scratch.path("")})] {
        let present = with(options(&namespace, PASSWORD), more.clone());
        module(&present).run().ok();
        let absent = json!({
            "kubeconfig": cluster().kubeconfig(), "namespaces": [namespace], "state": "absent",
            "openshift_additional_registry_credentials": twice,
        });
        let answer = four_steps(&with(absent, more));
        assert_eq!(actions(&answer), pairs(&[(EXAMPLE, "deleted")]));
    }
}

#[test]
fn service_accounts_are_appended_to_and_never_replaced() {
    let namespace = namespace();
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": "default", "namespace": namespace},
        "imagePullSecrets": [{"name": "default-dockercfg-x"}],
        "secrets": [{"name": "default-token-x"}, {"name": "default-dockercfg-x"}]});
    cluster()
        .kubectl_with_input(&["create", "-f", "-"], &account.to_string())
        .unwrap();
    let options = with(
        options(&namespace, PASSWORD),
        json!({"service_accounts": ["default"]}),
    );
    let answer = four_steps(&options);
    assert_eq!(
        answer["service_accounts"],
        json!([{"namespace": namespace, "name": "default", "action": "updated"}])
    );
    let live = object(&namespace, "serviceaccount", "default");
    assert_eq!(
        live["imagePullSecrets"],
        json!([{"name": "default-dockercfg-x"}, {"name": MAIN}, {"name": EXAMPLE}])
    );
    assert_eq!(live["secrets"].as_array().unwrap().len(), 4);

    let absent = with(
        options,
        json!({"state": "absent", "service_accounts": [format!("{namespace}/default")]}),
    );
    four_steps(&absent);
    let live = object(&namespace, "serviceaccount", "default");
    assert_eq!(live["imagePullSecrets"], account["imagePullSecrets"]);
    assert_eq!(live["secrets"], account["secrets"]);
}

#[test]
fn a_service_account_keeps_the_name_of_a_secret_that_is_left_alone() {
    let namespace = namespace();
    kubectl_secret(&namespace, MAIN, "Opaque", "a", "b");
    let names = json!([{"name": MAIN}, {"name": EXAMPLE}]);
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": "default", "namespace": namespace},
        "imagePullSecrets": names, "secrets": names});
    cluster()
        .kubectl_with_input(&["create", "-f", "-"], &account.to_string())
        .unwrap();
    let absent = json!({
        "kubeconfig": cluster().kubeconfig(), "namespaces": [namespace], "state": "absent",
        "oreg_url": "registry.redhat.io/a:b", "service_accounts": ["default"],
        "openshift_additional_registry_credentials": [{"host": "registry.example.com"}],
    });
    let answer = four_steps(&absent);
    assert_eq!(
        actions(&answer),
        pairs(&[(MAIN, "unchanged"), (EXAMPLE, "unchanged")])
    );
    let live = object(&namespace, "serviceaccount", "default");
    assert_eq!(live["imagePullSecrets"], json!([{"name": MAIN}]));
}

#[test]
fn a_service_account_that_is_changed_all_the_time_gets_our_names_and_loses_none() {
    let namespace = namespace();
    cluster()
        .kubectl(&["create", "-n", &namespace, "serviceaccount", "busy"])
        .unwrap();
    let others: Vec<String> = (0..12).map(|number| format!("other-{number}")).collect();
    let answer = std::thread::scope(|scope| {
        for names in others.chunks(3) {
            let namespace = &namespace;
            scope.spawn(move || {
                for name in names {
                    let add = json!([{"op": "add", "path": "/secrets/-", "value": {"name": name}}]);
                    let init = json!({"secrets": [{"name": name}]}).to_string();
                    let patch = [
                        "patch",
                        "-n",
                        namespace,
                        "serviceaccount",
                        "busy",
                        "-p",
                        &init,
                    ];
                    // A strategic merge by name; the JSON patch is for servers without it.
                    cluster()
                        .kubectl(&patch)
                        .or_else(|_| {
                            let add = add.to_string();
                            cluster().kubectl(&[
                                "patch",
                                "-n",
                                namespace,
                                "serviceaccount",
                                "busy",
                                "--type=json",
                                "-p",
                                &add,
                            ])
                        })
                        .unwrap();
                }
            });
        }
        let options = with(
            options(&namespace, PASSWORD),
            json!({"service_accounts": ["busy"]}),
        );
        module(&options).run().ok()
    });
    assert_eq!(answer.json["changed"], true);
    let live = object(&namespace, "serviceaccount", "busy");
    let secrets = live["secrets"].as_array().unwrap();
    for name in others.iter().map(String::as_str).chain([MAIN, EXAMPLE]) {
        assert!(secrets.contains(&json!({"name": name})), "{name}: {live:#}");
    }
}

#[test]
fn a_service_account_that_is_not_there_is_named_before_anything_is_written() {
    let namespace = namespace();
    let options = with(
        options(&namespace, PASSWORD),
        json!({"service_accounts": ["nobody"]}),
    );
    let answer = module(&options).run();
    let expected = format!("service account {namespace}/nobody does not exist");
    assert_eq!(answer.failure(), expected);
    assert!(!exists(&namespace, "secret", MAIN));
}

#[test]
fn a_namespace_that_is_not_there_is_named() {
    let options = options("no-such-namespace", PASSWORD);
    for answer in [module(&options).check().run(), module(&options).run()] {
        let message = answer.failure();
        assert!(
            message.starts_with("namespace no-such-namespace does not exist on https://"),
            "{message}"
        );
        assert_eq!(answer.json["reason"], "namespace_missing");
    }
}

#[test]
fn a_refusal_names_verb_resource_namespace_and_user() {
    let namespace = namespace();
    let options = with(
        options(&namespace, PASSWORD),
        json!({"kubeconfig": cluster().limited_kubeconfig()}),
    );
    let refused = |verb: &str| {
        let answer = module(&options).run();
        assert_eq!(answer.json["reason"], "forbidden", "{}", answer.stdout);
        let message = answer.failure().to_owned();
        let expected = format!("user limited may not {verb} secrets");
        assert!(message.starts_with(&expected), "{message}");
        assert!(
            message.contains(&format!("in namespace {namespace}")),
            "{message}"
        );
        assert!(message.contains("(context limited)"), "{message}");
        no_secret_in(&answer);
    };
    refused("list");
    let role = [
        "create",
        "-n",
        &namespace,
        "role",
        "looker",
        "--verb=list",
        "--resource=secrets",
    ];
    cluster().kubectl(&role).unwrap();
    let binding = [
        "create",
        "-n",
        &namespace,
        "rolebinding",
        "looker",
        "--role=looker",
        "--user=limited",
    ];
    cluster().kubectl(&binding).unwrap();
    refused("create");
}

#[test]
fn a_secret_that_is_too_large_is_not_sent() {
    let namespace = namespace();
    let options = options(&namespace, &"x".repeat(600_000));
    let answer = module(&options).run();
    assert!(
        answer
            .failure()
            .contains("Kubernetes stores 1048576 at most"),
        "{}",
        answer.failure()
    );
    let sent = requests(&format!("/{namespace}/"));
    assert!(
        sent.iter().all(|request| request.starts_with("list ")),
        "{sent:?}"
    );
}

#[test]
fn two_runs_at_once_end_in_the_same_state() {
    let namespace = namespace();
    let options = many(&namespace, 20, PASSWORD);
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| module(&options).run().ok()))
            .collect();
        for run in runs {
            run.join().unwrap();
        }
    });
    assert!(!module(&options).run().changed());
}

/// As many additional registries.
fn many(namespace: &str, count: usize, password: &str) -> Value {
    let registries: Vec<_> = (0..count)
        .map(|number| json!({"host": format!("r{number}.example.com"), "password": password}))
        .collect();
    with(
        options(namespace, password),
        json!({"openshift_additional_registry_credentials": registries}),
    )
}

#[test]
fn two_hundred_secrets_are_one_task() {
    let namespace = namespace();
    let answer = module(&many(&namespace, 200, PASSWORD)).run().ok();
    assert_eq!(answer.json["secrets"].as_array().unwrap().len(), 201);
    assert!(!module(&many(&namespace, 200, PASSWORD)).run().changed());
    assert!(module(&many(&namespace, 200, ROTATED)).run().changed());
    let lists = requests(&format!("/{namespace}/secrets"));
    assert_eq!(
        lists
            .iter()
            .filter(|request| request.starts_with("list "))
            .count(),
        3
    );
}

#[test]
fn others_secrets_that_disturb_imports_are_reported() {
    let namespace = namespace();
    let kind = "kubernetes.io/dockerconfigjson";
    kubectl_secret(
        &namespace,
        "broken",
        kind,
        ".dockerconfigjson",
        r#"{"auths":{"a":{"auth":"!"}}}"#,
    );
    let rival = r#"{"auths":{"registry.redhat.io":{"auth":"eDp5"}}}"#;
    kubectl_secret(&namespace, "rival", kind, ".dockerconfigjson", rival);
    let answer = module(&options(&namespace, PASSWORD)).run().ok();
    let warnings = answer.json["warnings"].to_string();
    assert!(
        warnings.contains(&format!(
            "secret {namespace}/broken is a pull secret that cannot be read"
        )),
        "{warnings}"
    );
    assert!(
        warnings.contains(&format!(
            "secret {namespace}/rival also holds a credential for registry.redhat.io"
        )),
        "{warnings}"
    );
}

/// Everything above, seen from the server: what Kubernetes 1.11 has, and nothing else.
#[test]
fn asks_for_nothing_newer_than_kubernetes_1_11() {
    let namespace = namespace();
    cluster()
        .kubectl(&["create", "-n", &namespace, "serviceaccount", "default"])
        .unwrap();
    let first = with(
        options(&namespace, PASSWORD),
        json!({"service_accounts": ["default"]}),
    );
    module(&first).run().ok();
    module(&with(options(&namespace, ROTATED), json!({"prune": true})))
        .run()
        .ok();
    module(&with(
        first,
        json!({"state": "absent", "oreg_url": "registry.redhat.io/a:b"}),
    ))
    .run()
    .ok();
    let seen = requests(&format!("/api/v1/namespaces/{namespace}/"));
    let mut verbs: Vec<_> = seen
        .iter()
        .filter_map(|request| request.split(' ').next())
        .collect();
    verbs.sort_unstable();
    verbs.dedup();
    assert_eq!(verbs, ["create", "delete", "get", "list", "update"]);
    for request in requests("") {
        let (verb, uri) = request.split_once(' ').unwrap();
        // `oreg secret --apply` sends a merge patch, which Kubernetes has had since 1.2.
        assert!(
            ["get", "list", "create", "update", "patch", "delete"].contains(&verb),
            "{request}"
        );
        // Playbooks ask what kind of cluster it is (oreg_cluster_info): by the list of groups, which
        // Kubernetes has had since 1.0, and by resources of OKD 4, for which 3.11 answers 404.
        let is_of_okd4 = uri == "/apis"
            || uri.starts_with("/apis/config.openshift.io/")
            || uri.starts_with("/apis/machineconfiguration.openshift.io/");
        if is_of_okd4 && ["get", "list"].contains(&verb) {
            continue;
        }
        assert!(uri.starts_with("/api/v1/"), "{request}");
        let query = uri
            .split_once('?')
            .map(|(_, query)| query)
            .unwrap_or_default();
        assert!(
            !query.contains("fieldManager") && !query.contains("dryRun"),
            "{request}"
        );
    }
}

#[test]
fn options_that_cannot_be_met_are_named() {
    let base = options("a", PASSWORD);
    for (more, expected) in [
        (json!({"namespaces": []}), "namespaces: must name"),
        (
            json!({"namespaces": ["a/b"]}),
            "namespaces[0]: \"a/b\" cannot be a namespace",
        ),
        (
            json!({"service_accounts": ["b/x"]}),
            "service_accounts[0]: namespace \"b\" is not among",
        ),
        (
            json!({"realm_hosts": {"a b": "x"}}),
            "realm_hosts: a b is not a host",
        ),
        (
            json!({"realm_hosts": {"a": format!("https://svc:{ROTATED}@sso.example.com")}}),
            "realm_hosts: https://********@sso.example.com holds a user before `@`",
        ),
        (
            json!({"service_accounts": ["x"], "manifest_dir": "/tmp/x"}),
            "service_accounts: cannot be done with manifest_dir",
        ),
        (
            json!({"state": "absent", "prune": true}),
            "prune: means nothing with state=absent",
        ),
        (
            json!({"state": "absent", "prune": true, "manifest_dir": "/tmp/x"}),
            "prune: means nothing with state=absent",
        ),
    ] {
        let answer = module(&with(base.clone(), more)).run();
        assert!(
            answer.failure().starts_with(expected),
            "{}",
            answer.failure()
        );
        no_secret_in(&answer);
    }
}

mod manifests {
    //! The same secrets as files.

    use super::{
        EXAMPLE, MAIN, PASSWORD, ROTATED, Scratch, actions, cluster, four_steps, json, module,
        options, pairs, read, with,
    };
    use crate::support::{
        cluster::{namespace, object},
        scratch::{mode, names, set_mode, write},
    };

    #[test]
    fn are_stable_private_and_accepted_by_kubectl() {
        let (scratch, namespace) = (Scratch::new(), namespace());
        let directory = scratch.path("manifests");
        let options = with(
            options(&namespace, PASSWORD),
            json!({
            "manifest_dir": directory, "kubeconfig": "/nonexistent"}),
        );
        let answer = four_steps(&options);
        let main = directory.join(format!("{namespace}-{MAIN}.json"));
        assert_eq!(answer["secrets"][0]["path"], json!(main));
        assert_eq!(names(&directory).len(), 2);
        assert_eq!((mode(&directory), mode(&main)), (0o700, 0o600));
        let bytes = read(&main);

        let apply = [
            "apply",
            "--dry-run=server",
            "-f",
            directory.to_str().unwrap(),
        ];
        let applied = cluster().kubectl(&apply).unwrap();
        assert_eq!(
            applied.matches("created (server dry run)").count(),
            2,
            "{applied}"
        );
        cluster()
            .kubectl(&["apply", "-f", directory.to_str().unwrap()])
            .unwrap();
        assert_eq!(
            object(&namespace, "secret", MAIN)["type"],
            "kubernetes.io/dockerconfigjson"
        );
        let live = with(super::options(&namespace, PASSWORD), json!({}));
        assert!(
            !module(&live).run().changed(),
            "what was applied is what the module would write"
        );

        four_steps(&with(
            options.clone(),
            json!({"oreg_auth_password": ROTATED}),
        ));
        assert_ne!(read(&main), bytes);
        assert!(module(&options).run().changed());
        assert_eq!(read(&main), bytes);
    }

    #[test]
    fn show_in_a_diff_what_differs_beside_the_entries() {
        let scratch = Scratch::new();
        let options = with(
            options("ns", PASSWORD),
            json!({"manifest_dir": scratch.path("")}),
        );
        module(&options).run().ok();
        let main = scratch.path(&format!("ns-{MAIN}.json"));
        let sides = || {
            let answer = four_steps(&options);
            assert_eq!(
                actions(&answer),
                pairs(&[(MAIN, "updated"), (EXAMPLE, "unchanged")])
            );
            ["before", "after"].map(|side| answer["diff"][0][side].as_str().unwrap().to_owned())
        };
        set_mode(&main, 0o644);
        for (text, mode) in sides().iter().zip(["0644", "0600"]) {
            let start = format!("mode: {mode}\nregistry.redhat.io: user=1234567|installer");
            assert!(text.starts_with(&start), "{text}");
        }
        assert_eq!(mode(&main), 0o600);
        write(&main, read(&main).replace("  ", " "));
        set_mode(&main, 0o600);
        let [before, after] = sides();
        assert_eq!(before, format!("{after}other members, or another layout\n"));
    }

    #[test]
    fn of_others_stay() {
        let scratch = Scratch::new();
        let options = with(
            options("ns", PASSWORD),
            json!({"manifest_dir": scratch.path("")}),
        );
        let theirs = scratch.path(&format!("ns-{MAIN}.json"));
        write(
            &theirs,
            r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"x"}}"#,
        );
        write(&scratch.path("kustomization.yaml"), "resources: []\n");
        let answer = module(&options).run();
        assert!(
            answer
                .failure()
                .contains("is not a manifest that oreg made"),
            "{}",
            answer.failure()
        );
        assert_eq!(answer.json["reason"], "foreign_file");
        assert_eq!(scratch.names().len(), 2);
        let answer = four_steps(&with(options, json!({"recreate": true})));
        assert_eq!(
            actions(&answer),
            pairs(&[(MAIN, "recreated"), (EXAMPLE, "created")])
        );
    }

    #[test]
    fn keep_realm_hosts_of_earlier_runs() {
        let scratch = Scratch::new();
        let options = |password: &str, realm_hosts| {
            with(
                options("ns", password),
                json!({"manifest_dir": scratch.path(""), "realm_hosts": realm_hosts}),
            )
        };
        let realm = json!({"registry.redhat.io": "sso.redhat.com"});
        module(&options(PASSWORD, realm.clone())).run().ok();
        assert!(!module(&options(PASSWORD, json!({}))).run().changed());
        let answer = four_steps(&options(ROTATED, json!({})));
        assert_eq!(
            actions(&answer),
            pairs(&[(MAIN, "updated"), (EXAMPLE, "updated")])
        );
        assert!(!module(&options(ROTATED, realm)).run().changed());
    }

    #[test]
    fn must_be_files_of_their_own() {
        let scratch = Scratch::new();
        let options = with(
            options("ns", PASSWORD),
            json!({"manifest_dir": scratch.path(""), "recreate": true}),
        );
        let (main, elsewhere) = (
            scratch.path(&format!("ns-{MAIN}.json")),
            scratch.path("target"),
        );
        module(&options).run().ok();
        std::fs::rename(&main, &elsewhere).unwrap();
        let stored = read(&elsewhere);
        let absent = with(
            options.clone(),
            json!({"state": "absent", "oreg_url": "registry.redhat.io/a"}),
        );
        let rotated = with(options, json!({"oreg_auth_password": ROTATED}));
        let refused = |kind: &str| {
            for answer in [module(&rotated).run(), module(&absent).run()] {
                let obstacle = format!("{} is {kind}", main.display());
                assert!(answer.failure().contains(&obstacle), "{}", answer.failure());
                assert_eq!(answer.json["reason"], "in_the_way");
            }
        };
        std::os::unix::fs::symlink(&elsewhere, &main).unwrap();
        refused("a symbolic link");
        assert_eq!(read(&elsewhere), stored);
        std::fs::remove_file(&main).unwrap();
        let made = std::process::Command::new("mkfifo").arg(&main).status();
        assert!(made.unwrap().success());
        refused("a FIFO");
    }

    #[test]
    fn are_not_written_where_others_could_replace_them() {
        let scratch = Scratch::new();
        let directory = scratch.path("open");
        std::fs::create_dir(&directory).unwrap();
        set_mode(&directory, 0o777);
        let options = with(options("ns", PASSWORD), json!({"manifest_dir": directory}));
        for call in [module(&options), module(&options).check()] {
            let answer = call.run();
            assert!(answer.failure().contains("is writable by everybody"));
            assert_eq!(answer.json["reason"], "unsafe_directory");
        }
        assert_eq!(names(&directory).len(), 0);

        // A second name of a file of ours, under the name of the manifest and of its neighbor.
        set_mode(&directory, 0o700);
        let own = scratch.write("own", "kept");
        for name in [
            format!("ns-{MAIN}.json"),
            format!(".ns-{MAIN}.json.oreg-new"),
        ] {
            let second = directory.join(&name);
            std::fs::hard_link(&own, &second).unwrap();
            let answer = module(&with(options.clone(), json!({"recreate": true}))).run();
            assert_eq!(read(&own), "kept", "{}", answer.stdout);
            let _ = std::fs::remove_file(second);
        }
    }

    #[test]
    fn of_killed_runs_are_tidied_away() {
        let scratch = Scratch::new();
        let options = with(
            options("ns", PASSWORD),
            json!({"manifest_dir": scratch.path("")}),
        );
        module(&options).run().ok();
        scratch.write(".ns-o-a-of-an-earlier-inventory.json.oreg-new", "half");
        assert!(!module(&options).check().run().changed());
        assert_eq!(scratch.names().len(), 3);
        assert!(!module(&options).run().changed());
        assert_eq!(scratch.names().len(), 2);
    }

    #[test]
    fn that_are_not_wanted_go_only_when_asked() {
        let scratch = Scratch::new();
        let base = with(
            options("one", PASSWORD),
            json!({"manifest_dir": scratch.path("")}),
        );
        module(&with(base.clone(), json!({"namespaces": ["one", "two"]})))
            .run()
            .ok();
        write(&scratch.path("note.json"), "{}");
        let fewer = with(
            base,
            json!({"openshift_additional_registry_credentials": []}),
        );
        assert!(!module(&fewer).run().changed());
        let answer = four_steps(&with(fewer.clone(), json!({"prune": true})));
        assert_eq!(
            actions(&answer),
            pairs(&[(MAIN, "unchanged"), (EXAMPLE, "deleted")])
        );
        let absent = with(fewer, json!({"state": "absent", "namespaces": ["two"]}));
        let answer = four_steps(&absent);
        assert_eq!(actions(&answer), pairs(&[(MAIN, "deleted")]));
        let left = [
            "note.json".to_owned(),
            format!("one-{MAIN}.json"),
            format!("two-{EXAMPLE}.json"),
        ];
        assert_eq!(scratch.names(), left);
    }
}
