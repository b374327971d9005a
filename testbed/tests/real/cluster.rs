//! The Kubernetes API. One cluster for all tests here: starting it is what takes the time.

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;
use testbed::cluster::{Cluster, NAMESPACE, Readiness};

static CLUSTER: LazyLock<Cluster> = LazyLock::new(|| Cluster::start().unwrap());

fn kubectl(kubeconfig: &Path, args: &[&str]) -> Result<String, String> {
    let output = Command::new("kubectl")
        .arg("--kubeconfig")
        .arg(kubeconfig)
        .args(args)
        .output()
        .unwrap();
    if !output.status.success() {
        return Err(String::from_utf8(output.stderr).unwrap());
    }
    Ok(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn keeps_a_pull_secret_and_records_who_made_it() {
    let secret = [
        "-n",
        NAMESPACE,
        "create",
        "secret",
        "docker-registry",
        "imagestreamsecret",
    ];
    let login = [
        "--docker-server=r.example",
        "--docker-username=a",
        "--docker-password=b",
    ];
    kubectl(&CLUSTER.kubeconfig(), &[&secret[..], &login].concat()).unwrap();

    let path = [
        "-n",
        NAMESPACE,
        "get",
        "secret",
        "imagestreamsecret",
        "-o",
        "jsonpath={.type}",
    ];
    assert_eq!(
        CLUSTER.kubectl(&path).unwrap(),
        "kubernetes.io/dockerconfigjson"
    );

    let uri = format!("/api/v1/namespaces/{NAMESPACE}/secrets");
    let mut requests = CLUSTER.requests();
    requests.retain(|request| request.uri.starts_with(&uri));
    let seen: Vec<_> = requests
        .iter()
        .map(|seen| (seen.user.as_str(), seen.verb.as_str(), seen.status))
        .collect();
    assert!(seen.contains(&("admin", "create", 201)), "{seen:?}");
    assert!(
        !seen.iter().any(|(user, ..)| *user == "testbed"),
        "{seen:?}"
    );
}

#[test]
fn refuses_a_user_without_rights() {
    let args = ["-n", NAMESPACE, "get", "secrets"];
    let error = kubectl(&CLUSTER.limited_kubeconfig(), &args).unwrap_err();
    assert!(error.contains("Forbidden"), "{error}");
}

#[test]
fn has_nodes_whose_readiness_changes() {
    let labels = [("node-role.kubernetes.io/compute", "true")];
    CLUSTER
        .create_node("node-1", Readiness::NotReady, &labels)
        .unwrap();
    assert_eq!(ready_condition("node-1"), "False");
    CLUSTER
        .set_node_readiness("node-1", Readiness::Ready)
        .unwrap();
    assert_eq!(ready_condition("node-1"), "True");
    let label = [
        "get",
        "nodes",
        "-l",
        "node-role.kubernetes.io/compute=true",
        "-o",
        "name",
    ];
    assert_eq!(CLUSTER.kubectl(&label).unwrap(), "node/node-1\n");
}

fn ready_condition(node: &str) -> String {
    let path = format!("/api/v1/nodes/{node}");
    let node: Value =
        serde_json::from_str(&CLUSTER.kubectl(&["get", "--raw", &path]).unwrap()).unwrap();
    node["status"]["conditions"][0]["status"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn tells_what_kubectl_complains_about() {
    let error = CLUSTER.kubectl(&["get", "secret", "nope"]).unwrap_err();
    assert!(error.to_string().contains("not found"), "{error}");
}
