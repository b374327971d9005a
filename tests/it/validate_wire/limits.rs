//! Time, and networks that make a registry insecure.

use std::net::TcpListener;

use super::*;

/// Entries for so many servers that take connections and say nothing.
fn silent(listeners: &[TcpListener]) -> Vec<Value> {
    let hosts = listeners
        .iter()
        .map(|one| one.local_addr().unwrap().to_string());
    hosts
        .map(|host| json!({"host": host, "password": PASSWORD}))
        .collect()
}

#[test]
fn one_limit_holds_for_all_registries_together() {
    let listeners: Vec<_> = (0..12)
        .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
        .collect();
    let begin = Instant::now();
    let answer = Module::new("oreg_validate")
        .args(json!({
            "openshift_additional_registry_credentials": silent(&listeners),
            "parallelism": 2,
            "timeout": 2,
            "run_timeout": 3,
        }))
        .run();
    assert!(
        begin.elapsed() < Duration::from_secs(6),
        "{:?}",
        begin.elapsed()
    );
    let found = answer.json["registries"].as_array().unwrap();
    let reasons: Vec<_> = found
        .iter()
        .map(|one| one["reason"].as_str().unwrap())
        .collect();
    assert_eq!(reasons[..2], ["timeout"; 2]);
    assert_eq!(reasons[2..], ["run_timeout"; 10]);
    assert!(found.iter().all(|one| one["verdict"] == "unreachable"));
    assert!(
        answer.failure().contains("larger run_timeout"),
        "{}",
        answer.failure()
    );
}

/// Text that takes long to search for secrets.
#[test]
fn what_one_registry_says_does_not_hold_up_the_others() {
    let words = "\\".repeat(60_000);
    let hostile = Scripted::plain(move |request| match request.authorization {
        Some(_) => reply(403, &[], &words),
        None => asks_for_basic(),
    });
    let good = Scripted::plain(htpasswd);
    let entries: Vec<_> = [&hostile, &good]
        .map(|one| credential(one, json!({})))
        .into();
    let begin = Instant::now();
    let answer = Module::new("oreg_validate")
        .args(json!({
            "openshift_additional_registry_credentials": entries,
            "openshift_docker_insecure_registries": [hostile.host(), good.host()],
            "timeout": 5,
        }))
        .run();
    assert!(
        begin.elapsed() < Duration::from_secs(5),
        "{:?}",
        begin.elapsed()
    );
    assert_eq!(
        answer.json["registries"][1]["verdict"], "valid",
        "{}",
        answer.stdout
    );
}

#[test]
fn an_insecure_network_covers_names_with_an_address_in_it() {
    let registry = Scripted::plain(htpasswd);
    let port = registry.host().rsplit_once(':').unwrap().1.to_owned();
    let outcome_of = |host: String, network: &str| {
        let entry = json!({"host": host, "user": "somebody", "password": PASSWORD});
        let answer = Module::new("oreg_validate")
            .args(json!({
                "openshift_additional_registry_credentials": [entry],
                "openshift_docker_insecure_registries": [network],
                "retries": 0,
            }))
            .run();
        outcome(&answer)
    };
    let name = format!("localhost:{port}");
    assert_eq!(outcome_of(name.clone(), "127.0.0.0/8"), ("valid", "pulled"));
    assert_eq!(
        outcome_of(name, "10.0.0.0/8"),
        ("tls_failure", "speaks_http")
    );
}
