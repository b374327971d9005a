//! OKD 4 on a real API server with custom resources of the documentation's shape: the global pull secret, and
//! pools that a stand-in of the operator rolls. What rests on documentation alone is in docs/okd4.md.

mod playbooks;

use std::{
    path::Path,
    process::Command,
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use testbed::{
    cluster::Cluster,
    okd4::{self, Pool},
};

use crate::support::{
    cluster::cluster,
    command::Account,
    module::{Answer, Module},
    scratch::read,
};

const NAMESPACE: &str = "openshift-config";
const NAME: &str = "pull-secret";
const COPY: [&str; 2] = ["openshift-image-registry", "installation-pull-secrets"];
const RELEASE: &str = "quay.io/openshift-release-dev/ocp-release@sha256:7a1bd0e0f5";
const STORED: &str = r#"{"auths":{"cloud.openshift.com":{"auth":"dGVsZW1ldHJ5OnRva2Vu", "email":"e@example.com"},"quay.io":{"auth":"dTpvbGQtcGFzc3dvcmQ="},"registry.redhat.io":{ "auth" : "eDp5LXBhc3N3b3Jk" }}}"#;

static OKD4: LazyLock<Mutex<Cluster>> = LazyLock::new(|| {
    let cluster = Cluster::start().unwrap();
    okd4::install(&cluster).unwrap();
    Mutex::new(cluster)
});

/// The cluster, with the secret as it was installed. Tests take turns: there is one global secret.
fn okd4() -> MutexGuard<'static, Cluster> {
    let cluster = OKD4.lock().unwrap_or_else(PoisonError::into_inner);
    let all = ["delete", "secret", "--all", "-n", NAMESPACE];
    cluster.kubectl(&all).unwrap();
    for kind in ["machineconfigpools", "nodes"] {
        cluster.kubectl(&["delete", kind, "--all"]).unwrap();
    }
    okd4::set_topology(&cluster, "HighlyAvailable").unwrap();
    okd4::set_release_image(&cluster, RELEASE).unwrap();
    let copies = ["delete", "secret", "--all", "-n", COPY[0]];
    cluster.kubectl(&copies).unwrap();
    store(&cluster, [NAMESPACE, NAME], STORED);
    cluster
}

fn store(cluster: &Cluster, [namespace, name]: [&str; 2], document: &str) {
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
        "metadata": {"name": name, "namespace": namespace},
        "data": {".dockerconfigjson": STANDARD.encode(document)},
    });
    cluster
        .kubectl_with_input(&["apply", "-f", "-"], &secret.to_string())
        .unwrap();
}

fn stored(cluster: &Cluster, namespace: &str, name: &str) -> String {
    let path = r"jsonpath={.data.\.dockerconfigjson}";
    let data = cluster
        .kubectl(&["get", "secret", name, "-n", namespace, "-o", path])
        .unwrap();
    String::from_utf8(STANDARD.decode(data.trim()).unwrap()).unwrap()
}

fn module(cluster: &Cluster, more: &Value) -> Module {
    let options = json!({
        "kubeconfig": cluster.kubeconfig(), "global": true,
        "openshift_additional_registry_credentials":
            [{"host": "quay.io", "user": "u", "password": "new-password"}],
    });
    Module::new("oreg_pull_secrets")
        .args(options)
        .args(more.clone())
}

/// `VERB NAME` of what is asked about secrets of the namespace, as the server noted it.
fn asked(cluster: &Cluster) -> Vec<String> {
    let requests = cluster.requests().into_iter();
    let requests = requests.filter(|request| request.uri.contains("openshift-config/secrets"));
    requests.map(|request| request.verb.clone()).collect()
}

#[test]
fn entries_are_merged_and_everything_else_stays() {
    let cluster = okd4();
    let before = asked(&cluster).len();
    let check = module(&cluster, &json!({})).check().diff().run().ok();
    let answer = module(&cluster, &json!({})).diff().run().ok();
    assert_eq!(check.json, answer.json);
    assert_eq!(answer.json["secrets"][0]["action"], "updated");
    let after = answer.json["diff"][0]["after"].as_str().unwrap();
    assert!(
        after.contains("quay.io: user=u password=sha256:"),
        "{after}"
    );
    let auth = STANDARD.encode("u:new-password");
    assert_eq!(
        stored(&cluster, NAMESPACE, NAME),
        STORED.replace("dTpvbGQtcGFzc3dvcmQ=", &auth)
    );
    for answer in [
        module(&cluster, &json!({})).run(),
        module(&cluster, &json!({})).check().run(),
    ] {
        assert!(!answer.changed());
    }
    // One list for each run, and one update in all.
    assert_eq!(
        asked(&cluster)[before..],
        ["list", "list", "update", "list", "list"]
    );
    let absent = json!({"state": "absent"});
    assert!(
        module(&cluster, &absent).run().changed() && !module(&cluster, &absent).run().changed()
    );
    let rest = stored(&cluster, NAMESPACE, NAME);
    assert!(
        !rest.contains("quay.io") && rest.contains("cloud.openshift.com"),
        "{rest}"
    );
    for answer in [check, answer] {
        assert!(!answer.stdout.contains("new-password") && !answer.stdout.contains(&auth));
    }
}

#[test]
fn a_stale_copy_is_named_and_not_written() {
    let cluster = okd4();
    let look = |expected: Value| {
        let answer = module(&cluster, &json!({"copy": true})).check().run().ok();
        assert_eq!(answer.json["copies"], expected, "{}", answer.stdout);
        assert!(answer.json.get("warnings").is_none(), "{}", answer.stdout);
    };
    look(json!([]));
    let stale = STORED.replace("dTpvbGQtcGFzc3dvcmQ=", "dTpvbGRlcg==");
    store(&cluster, COPY, &stale);
    let copy = |stale: &[&str]| json!([{"namespace": COPY[0], "name": COPY[1], "stale": stale}]);
    look(copy(&["quay.io"]));
    assert_eq!(stored(&cluster, COPY[0], COPY[1]), stale);
    store(&cluster, COPY, STORED);
    look(copy(&[]));
    let without_global = Module::new("oreg_pull_secrets").args(json!({"copy": true}));
    assert_eq!(
        without_global.run().failure(),
        "copy: is for the global pull secret; set global=true"
    );
}

#[test]
fn a_check_of_the_secret_names_a_stale_copy() {
    let cluster = okd4();
    let config = |auth: &str| format!(r#"{{"auths":{{"127.0.0.1:1":{{"auth":"{auth}"}}}}}}"#);
    store(&cluster, [NAMESPACE, NAME], &config("dTpuZXc="));
    store(&cluster, COPY, &config("dTpvbGQ="));
    let account = Account::new();
    let kubeconfig = cluster.kubeconfig();
    let check = |more: &[&str]| {
        let secret = format!("{NAMESPACE}/{NAME}");
        let kubeconfig = kubeconfig.to_str().unwrap();
        let words = [
            "check",
            "--secret",
            &secret,
            "--kubeconfig",
            kubeconfig,
            "--retries",
            "0",
        ];
        account.run(&[&words, more].concat())
    };
    let stale = "installation-pull-secrets does not have the credential for 127.0.0.1:1";
    let table = check(&[]);
    assert!(table.ends_with(3).contains(stale), "{table:#?}");
    assert!(
        table.stdout.contains("\n  oc rollout restart "),
        "{table:#?}"
    );
    let page = ["--report", "page.html", "-o", "json"];
    let document = check(&page).json();
    assert_eq!(document["findings"][0]["registry"], "127.0.0.1:1");
    assert!(read(&account.home.path("page.html")).contains(stale));
    store(&cluster, COPY, &config("dTpuZXc="));
    assert_eq!(check(&page).json()["findings"], json!([]));
    // Not of other secrets, and not for those who may not see it.
    let other = account.run(&[
        "check",
        "--secret",
        "openshift-image-registry/installation-pull-secrets",
        "--kubeconfig",
        kubeconfig.to_str().unwrap(),
        "--retries",
        "0",
        "-o",
        "json",
    ]);
    assert_eq!(other.json()["findings"], json!([]));
}

fn info(kubeconfig: &Path, expected: &str) -> Answer {
    let options = json!({"kubeconfig": kubeconfig, "expected": expected});
    Module::new("oreg_cluster_info").args(options).run()
}

#[test]
fn a_cluster_is_known_and_a_playbook_for_another_one_is_stopped() {
    let okd4 = okd4();
    let found = info(&okd4.kubeconfig(), "okd4").ok();
    let expected =
        json!({"changed": false, "kind": "okd4", "version": "4.15.3", "release_image": RELEASE});
    assert_eq!(found.json, expected);
    let stopped = info(&okd4.kubeconfig(), "okd3");
    assert!(
        stopped.failure().contains("OpenShift 4 (4.15.3)")
            && stopped
                .failure()
                .contains("Use global_pull_secret.yml instead"),
        "{}",
        stopped.failure()
    );
    // Who may not read the version sees the groups.
    let limited = info(&okd4.limited_kubeconfig(), "okd4").ok();
    assert_eq!(
        [&limited.json["kind"], &limited.json["release_image"]],
        ["okd4", ""]
    );
    for kubeconfig in [cluster().kubeconfig(), cluster().limited_kubeconfig()] {
        assert_eq!(info(&kubeconfig, "okd3").ok().json["kind"], "other");
        let stopped = info(&kubeconfig, "okd4");
        assert_eq!(stopped.json["reason"], "other_cluster");
        assert!(
            stopped.failure().contains("use registry_auth.yml instead"),
            "{}",
            stopped.failure()
        );
    }
    let nowhere = Path::new("/nowhere");
    assert_eq!(info(nowhere, "okd3").ok().json["kind"], "unknown");
    assert_eq!(info(nowhere, "okd4").json["reason"], "kubeconfig_missing");
}

#[test]
fn what_must_not_be_written_is_refused_with_the_way_out() {
    let cluster = okd4();
    let refused = |more: Value, reason: &str, way: &str| {
        for answer in [
            module(&cluster, &more).check().run(),
            module(&cluster, &more).run(),
        ] {
            assert!(answer.failure().contains(way), "{}", answer.failure());
            assert_eq!(answer.json["reason"], reason, "{}", answer.stdout);
        }
        assert_eq!(stored(&cluster, NAMESPACE, NAME), STORED);
    };
    let labelled = ["create", "secret", "generic", "team", "-n", NAMESPACE];
    cluster.kubectl(&labelled).unwrap();
    let label = "config.openshift.io/global-pull-secret=true";
    cluster
        .kubectl(&["label", "secret", "team", "-n", NAMESPACE, label])
        .unwrap();
    refused(json!({}), "global_secret_labelled", "openshift-config/team");
    cluster
        .kubectl(&["delete", "secret", "team", "-n", NAMESPACE])
        .unwrap();
    let additional = json!({"global_secret": "kube-system/additional-pull-secret"});
    refused(
        additional.clone(),
        "own_control_plane",
        "leave `global_secret` out",
    );
    okd4::set_topology(&cluster, "External").unwrap();
    refused(
        json!({}),
        "hosted_control_plane",
        "kube-system/additional-pull-secret",
    );
    assert!(module(&cluster, &additional).run().changed());
    assert!(!module(&cluster, &additional).run().changed());
    let made = stored(&cluster, "kube-system", "additional-pull-secret");
    assert!(made.contains("quay.io"), "{made}");
    let telemetry = json!({"openshift_additional_registry_credentials":
        [{"host": "cloud.openshift.com", "password": "new-password"}]});
    let answer = module(&cluster, &telemetry).run();
    assert!(
        answer.failure().contains("telemetry token"),
        "{}",
        answer.failure()
    );
    let prune = module(&cluster, &json!({"prune": true})).run();
    assert!(
        prune
            .failure()
            .starts_with("prune: means nothing with global=true")
    );
}

#[test]
fn a_cluster_without_the_secret_is_pointed_to_the_other_playbook() {
    let cluster = okd4();
    cluster
        .kubectl(&["delete", "secret", NAME, "-n", NAMESPACE])
        .unwrap();
    let answer = module(&cluster, &json!({})).run();
    assert_eq!(answer.json["reason"], "global_secret_missing");
    assert!(
        answer.failure().contains("registry_auth.yml"),
        "{}",
        answer.failure()
    );
}

#[test]
fn the_content_before_a_change_is_kept_on_request() {
    let cluster = okd4();
    let answer = module(&cluster, &json!({"backup": true})).run().ok();
    let name = answer.json["secrets"][0]["name"].as_str().unwrap();
    assert!(name.starts_with("pull-secret-before-"), "{name}");
    assert_eq!(stored(&cluster, NAMESPACE, name), STORED);
    let again = module(&cluster, &json!({"backup": true})).run().ok();
    assert_eq!(again.json["secrets"].as_array().unwrap().len(), 1);
}

#[test]
fn two_runs_and_an_editor_at_once_lose_nothing() {
    let cluster = okd4();
    let many = |prefix: &str| {
        let registries = (0..250).map(
            |n| json!({"host": format!("{prefix}{n}.example.com"), "password": "new-password"}),
        );
        json!({"openshift_additional_registry_credentials": registries.collect::<Vec<_>>()})
    };
    thread::scope(|scope| {
        let runs = ["a", "b"].map(|prefix| {
            let module = module(&cluster, &many(prefix));
            scope.spawn(move || module.run())
        });
        for number in 0..5 {
            let label = format!("edit={number}");
            let args = [
                "label",
                "--overwrite",
                "secret",
                NAME,
                "-n",
                NAMESPACE,
                &label,
            ];
            cluster.kubectl(&args).unwrap();
        }
        for run in runs {
            assert!(run.join().unwrap().changed());
        }
    });
    let document: Value = serde_json::from_str(&stored(&cluster, NAMESPACE, NAME)).unwrap();
    assert_eq!(document["auths"].as_object().unwrap().len(), 503);
    assert!(!module(&cluster, &many("a")).run().changed());
}

fn wait(cluster: &Cluster, more: Value) -> Answer {
    let options = json!({"kubeconfig": cluster.kubeconfig(), "timeout": 40});
    Module::new("oreg_nodes_ready")
        .args(options)
        .args(more)
        .run()
}

#[test]
fn pools_are_waited_for_until_every_node_has_the_configuration() {
    let cluster = okd4();
    let pool = Pool::create(&cluster, "worker", 3).unwrap();
    let at_rest = wait(&cluster, json!({"pools": ["all"]})).ok();
    assert_eq!(
        at_rest.json["pools"],
        json!([{"name": "worker", "updated": true, "paused": false, "degraded": false, "reason": "updated"}])
    );
    let answer = thread::scope(|scope| {
        let answer =
            scope.spawn(|| wait(&cluster, json!({"pools": ["worker"], "after_change": true})));
        thread::sleep(Duration::from_secs(2));
        pool.render("new").unwrap();
        pool.roll_out("new", Duration::from_millis(700)).unwrap();
        answer.join().unwrap().ok()
    });
    assert!(
        (3..30).contains(&answer.json["waited_s"].as_u64().unwrap()),
        "{}",
        answer.stdout
    );

    pool.render("newer").unwrap();
    let late = wait(&cluster, json!({"pools": ["all"], "timeout": 1}));
    assert_eq!(
        late.failure(),
        "not updated after 1 s: worker (0 of 3 machines are updated)"
    );
    pool.set_paused(true).unwrap();
    let paused = wait(&cluster, json!({"pools": ["all"]}));
    assert_eq!(paused.json["reason"], "pool_paused");
    assert!(
        paused
            .failure()
            .contains("oc patch machineconfigpool worker"),
        "{}",
        paused.failure()
    );
    pool.set_paused(false).unwrap();
    pool.degrade("content mismatch for file \u{1b}[31m/var/lib/kubelet/config.json")
        .unwrap();
    let degraded = wait(&cluster, json!({"pools": ["all"]}));
    assert_eq!(degraded.json["reason"], "pool_degraded");
    let message = degraded.failure();
    assert!(
        message.contains("content mismatch for file") && !message.contains('\u{1b}'),
        "{message}"
    );
    let missing = wait(&cluster, json!({"pools": ["infra"]}));
    assert_eq!(
        missing.failure(),
        "no such pool: infra; the cluster has: worker"
    );
    cluster
        .kubectl(&["delete", "machineconfigpool", "worker"])
        .unwrap();
    assert_eq!(
        wait(&cluster, json!({"pools": ["all"]})).json["reason"],
        "no_pools"
    );
}

/// An update of the masters restarts the API server: connections break, and then nothing answers.
#[test]
fn an_api_that_is_killed_and_started_during_a_rollout_is_waited_for() {
    let mut cluster = okd4();
    let options = json!({"kubeconfig": cluster.kubeconfig(), "timeout": 60, "pools": ["master"]});
    Pool::create(&cluster, "master", 1)
        .unwrap()
        .render("new")
        .unwrap();
    thread::scope(|scope| {
        let module = Module::new("oreg_nodes_ready").args(options);
        let answer = scope.spawn(move || module.run());
        thread::sleep(Duration::from_secs(1));
        kill("-KILL", cluster.process_ids()[1]);
        // Long enough to be met by the question that the module asks every two seconds.
        thread::sleep(Duration::from_secs(3));
        cluster.restart_api().unwrap();
        let pool = Pool::of(&cluster, "master", 1);
        pool.roll_out("new", Duration::ZERO).unwrap();
        answer.join().unwrap().ok();
    });
}

fn kill(signal: &str, process: u32) {
    let sent = Command::new("kill")
        .args([signal, &process.to_string()])
        .status();
    assert!(sent.unwrap().success());
}

/// The pools restart the API servers, too.
#[test]
fn an_api_that_stands_still_during_a_rollout_is_waited_for() {
    let cluster = okd4();
    let pool = Pool::create(&cluster, "master", 1).unwrap();
    pool.render("new").unwrap();
    let [_, api_server] = cluster.process_ids();
    let answer = thread::scope(|scope| {
        let answer = scope.spawn(|| wait(&cluster, json!({"pools": ["master"]})));
        thread::sleep(Duration::from_secs(1));
        kill("-STOP", api_server);
        thread::sleep(Duration::from_secs(3));
        kill("-CONT", api_server);
        pool.roll_out("new", Duration::ZERO).unwrap();
        answer.join().unwrap()
    });
    answer.ok();
}
