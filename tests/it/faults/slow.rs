//! Servers that are slow, and names that do not resolve: no run takes longer than its time limits.

use std::{
    net::UdpSocket,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::times;
use crate::support::{
    module::{Answer, Module},
    mounts,
    scratch::{Scratch, write},
    scripted::{Heard, Reaction, Scripted, reply},
};

/// How long the server thinks about each request.
const THOUGHT: Duration = Duration::from_millis(20);

fn slow_registry(heard: &Heard) -> Reaction {
    thread::sleep(THOUGHT);
    match (&heard.authorization, heard.method.as_str()) {
        (None, _) => reply(401, &["WWW-Authenticate: Basic realm=\"r\""], ""),
        (Some(_), "HEAD") => Reaction::Say(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDocker-Content-Digest: sha256:0\r\n\r\n"
                .to_vec(),
        ),
        (Some(_), _) => reply(200, &[], "{}"),
    }
}

#[test]
fn thousands_of_slow_requests_are_all_answered() {
    let server = Scripted::plain(slow_registry);
    let host = server.host();
    let count = times(100, 2500);
    let registries: Vec<Value> = (0..count)
        .map(|number| {
            json!({"host": format!("{host}/team{number}"), "user": format!("u{number}"), "password": "hunter2-hunter2",
                "test_image": format!("team{number}/app:v1")})
        })
        .collect();
    let begin = Instant::now();
    let answer = Module::new("oreg_validate")
        .args(json!({
            "openshift_docker_insecure_registries": [host],
            "openshift_additional_registry_credentials": registries,
        }))
        .run()
        .ok();
    let taken = begin.elapsed();
    let proven = answer.json["registries"].as_array().unwrap();
    assert_eq!(proven.len(), count);
    assert!(
        proven.iter().all(|one| one["verdict"] == "valid"),
        "{}",
        proven[0]
    );
    let requests = server.heard().len();
    eprintln!("oreg_validate: {requests} requests of {THOUGHT:?} in {taken:?}");
    assert!(requests >= 3 * count, "{requests}");
}

/// Runs with a resolver of its own. Names are asked for at `address`.
fn with_resolver(address: &str, module: &Module) -> (Answer, Duration) {
    let scratch = Scratch::new();
    let resolver = scratch.write("resolv.conf", format!("nameserver {address}\n"));
    let prepare = "mount --bind \"$1\" /etc/resolv.conf";
    let command = module.command(&scratch);
    let mut command = mounts::own(prepare, &[resolver.to_str().unwrap()], &command);
    let begin = Instant::now();
    let output = command.output().unwrap();
    (Answer::read(&output), begin.elapsed())
}

fn proof_of_names(count: usize) -> Module {
    let registries: Vec<Value> = (0..count)
        .map(|number| json!({"host": format!("registry{number}.example.com"), "password": "hunter2-hunter2"}))
        .collect();
    Module::new("oreg_validate").args(json!({
        "timeout": 4, "connect_timeout": 2, "retries": 1, "delay": 1,
        "openshift_additional_registry_credentials": registries,
    }))
}

/// Nothing listens, or somebody listens and says nothing.
#[test]
fn a_resolver_that_fails_is_told_within_the_time_limits() {
    // An address of loopback on which nobody else answers for names.
    let silent = UdpSocket::bind("127.0.0.99:53");
    let silent = silent.expect("the tests run as root");
    let silent = silent.local_addr().unwrap().ip().to_string();
    for (address, count) in [("127.0.0.77", 40), (silent.as_str(), 40)] {
        let (answer, taken) = with_resolver(address, &proof_of_names(count));
        // 16 at a time, 4 s each.
        assert!(taken < Duration::from_secs(30), "{address}: {taken:?}");
        let failed = answer.json["registries"].as_array().unwrap();
        assert_eq!(failed.len(), count);
        for one in failed {
            assert_eq!(one["verdict"], "unreachable", "{one}");
        }
        assert!(!answer.stdout.contains("hunter2"));
        eprintln!("{count} names by the resolver {address}: {taken:?}");
    }
}

#[test]
fn an_api_whose_name_does_not_resolve_is_told() {
    let scratch = Scratch::new();
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": "https://api.example.com:6443"}}],
        "users": [{"name": "u", "user": {"token": "hunter2-hunter2"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    });
    let kubeconfig = scratch.path("kubeconfig");
    write(&kubeconfig, config.to_string());
    let module = Module::new("oreg_pull_secrets").args(json!({
        "kubeconfig": kubeconfig,
        "openshift_additional_registry_credentials": [{"host": "r", "password": "hunter2-hunter2"}],
    }));
    let (answer, taken) = with_resolver("127.0.0.77", &module);
    assert!(
        answer.failure().contains("api.example.com"),
        "{}",
        answer.stdout
    );
    assert_eq!(answer.json["reason"], "unreachable", "{}", answer.stdout);
    assert!(taken < Duration::from_secs(40), "{taken:?}");
    assert!(!answer.stdout.contains("hunter2"));
}
