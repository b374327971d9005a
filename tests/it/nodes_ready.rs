//! `oreg_nodes_ready` at a real API server.

use std::{
    net::TcpListener,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use testbed::cluster::{Cluster, Readiness};

use crate::support::{
    cluster::{Kubelets, cluster, kubeconfig, requests},
    module::{Answer, Module},
    scratch::Scratch,
    scripted::{Scripted, reply},
};

fn wait(nodes: &[&str], timeout: u64) -> Answer {
    let options = json!({"kubeconfig": cluster().kubeconfig(), "nodes": nodes, "timeout": timeout});
    Module::new("oreg_nodes_ready").args(options).run()
}

fn node(name: &str, readiness: Readiness) {
    cluster().create_node(name, readiness, &[]).unwrap();
}

#[test]
fn ready_nodes_are_reported_at_once() {
    node("ready-1", Readiness::Ready);
    node("ready-2", Readiness::Ready);
    let answer = wait(&["ready-2", "ready-1"], 0).ok();
    let reason = "KubeletReady: kubelet is posting ready status";
    assert_eq!(
        answer.json,
        json!({"changed": false, "nodes": [
            {"name": "ready-2", "ready": true, "reason": reason, "waited_s": 0},
            {"name": "ready-1", "ready": true, "reason": reason, "waited_s": 0},
        ]})
    );
    let seen = requests("/nodes");
    assert!(
        seen.iter()
            .all(|request| request.starts_with("list /api/v1/nodes?")),
        "{seen:?}"
    );
}

#[test]
fn a_node_is_waited_for() {
    node("late-1", Readiness::NotReady);
    let answer = thread::scope(|scope| {
        let answer = scope.spawn(|| wait(&["late-1"], 30));
        thread::sleep(Duration::from_millis(1500));
        cluster()
            .set_node_readiness("late-1", Readiness::Ready)
            .unwrap();
        answer.join().unwrap().ok()
    });
    let waited = answer.json["nodes"][0]["waited_s"].as_u64().unwrap();
    assert!((1..10).contains(&waited), "{}", answer.stdout);
}

#[test]
fn after_a_restart_a_report_is_waited_for() {
    node("restarted-1", Readiness::Ready);
    node("restarted-2", Readiness::Ready);
    let options = json!({
        "kubeconfig": cluster().kubeconfig(), "after_restart": true, "timeout": 6,
        "nodes": ["restarted-1", "restarted-2"],
    });
    let module = Module::new("oreg_nodes_ready").args(options);
    let answer = module.run();
    assert!(
        answer
            .failure()
            .contains("restarted-2 (no report of its kubelet since the restart, last: 20"),
        "{}",
        answer.failure()
    );
    let names = ["restarted-1", "restarted-2"].map(str::to_owned);
    let _kubelets = Kubelets::of(names);
    let answer = module.run().ok();
    let nodes = answer.json["nodes"].as_array().unwrap();
    assert!(
        nodes.iter().all(|node| node["ready"] == true),
        "{}",
        answer.stdout
    );
}

#[test]
fn late_nodes_are_reported_with_what_they_lack() {
    node("never-1", Readiness::NotReady);
    node("never-2", Readiness::Unknown);
    node("fine-1", Readiness::Ready);
    let answer = wait(&["never-1", "fine-1", "never-2"], 1);
    assert_eq!(
        answer.failure(),
        "not ready after 1 s: never-1 (KubeletNotReady: runtime network not ready); never-2 \
         (NodeStatusUnknown: Kubelet stopped posting status.)"
    );
    assert_eq!(answer.json["reason"], "not_ready");
    let ready: Vec<_> = answer.json["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| node["ready"].clone())
        .collect();
    assert_eq!(
        ready,
        [Value::from(false), Value::from(true), Value::from(false)]
    );
}

#[test]
fn a_node_that_is_gone_is_an_error_at_once() {
    node("there-1", Readiness::Ready);
    let start = Instant::now();
    let answer = wait(&["there-1", "gone-1"], 60);
    assert!(
        answer
            .failure()
            .starts_with("no such node: gone-1; the cluster has: "),
        "{}",
        answer.failure()
    );
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn all_nodes_are_meant_when_none_is_named() {
    let cluster = Cluster::start().unwrap();
    let options = json!({"kubeconfig": cluster.kubeconfig(), "timeout": 1});
    let module = Module::new("oreg_nodes_ready").args(options);
    assert_eq!(module.run().failure(), "the cluster has no nodes");
    cluster.create_node("a", Readiness::Ready, &[]).unwrap();
    cluster.create_node("b", Readiness::NotReady, &[]).unwrap();
    assert!(module.run().failure().contains("b (KubeletNotReady"));
    cluster.set_node_readiness("b", Readiness::Ready).unwrap();
    assert_eq!(module.run().ok().json["nodes"].as_array().unwrap().len(), 2);
}

#[test]
fn a_refusal_ends_the_wait() {
    let options = json!({"kubeconfig": cluster().limited_kubeconfig(), "timeout": 60});
    let answer = Module::new("oreg_nodes_ready").args(options).run();
    assert!(
        answer
            .failure()
            .starts_with("user limited may not list nodes on https://"),
        "{}",
        answer.failure()
    );
}

/// As a master answers that restarts, behind a load balancer or not.
#[test]
fn an_api_that_starts_is_waited_for() {
    let status = |code: u16, reason: &str, message: &str| {
        let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure",
            "code": code, "reason": reason, "message": message});
        (code, status.to_string())
    };
    let node = json!({"metadata": {"name": "a"},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]}});
    let list = json!({"kind": "NodeList", "apiVersion": "v1", "metadata": {}, "items": [node]});
    let answers = [
        status(500, "InternalError", "etcdserver: leader changed"),
        (502, "<html><h1>502 Bad Gateway</h1></html>".to_owned()),
        status(
            404,
            "NotFound",
            "the server could not find the requested resource",
        ),
        (404, "404 page not found".to_owned()),
        (200, "<html>Back in a minute</html>".to_owned()),
        (200, list.to_string()),
    ];
    let next = AtomicUsize::new(0);
    let server = Scripted::plain(move |_| {
        let (code, body) = &answers[next.fetch_add(1, Ordering::SeqCst)];
        reply(*code, &["Content-Type: application/json"], body)
    });
    let scratch = Scratch::new();
    let path = kubeconfig(&scratch, |config| {
        let server = format!("http://{}", server.host());
        config["clusters"][0]["cluster"] = json!({"server": server});
    });
    let options = json!({"kubeconfig": path, "timeout": 60});
    let answer = Module::new("oreg_nodes_ready").args(options).run().ok();
    assert_eq!(answer.json["nodes"][0]["ready"], true);
    assert_eq!(server.heard().len(), 6);
}

#[test]
fn an_api_that_never_answers_is_reported_within_the_limit() {
    let scratch = Scratch::new();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("http://{}", silent.local_addr().unwrap());
    let path = kubeconfig(&scratch, |config| {
        config["clusters"][0]["cluster"] = json!({"server": server});
    });
    let start = Instant::now();
    let answer = Module::new("oreg_nodes_ready")
        .args(json!({"kubeconfig": path, "timeout": 1}))
        .run();
    let expected =
        format!("the API server {server} (context admin) did not answer within 5 s to: list nodes");
    assert_eq!(answer.failure(), expected);
    assert!(start.elapsed() < Duration::from_secs(10));
}
