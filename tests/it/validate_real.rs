//! What `oreg_validate` says of real registries, through real proxies, and what it costs them: the
//! registries' own logs are the witnesses.

mod basic;
mod files;
#[cfg(feature = "keycloak")]
mod keycloak;
mod other_lineage;
mod proxy;
mod tls;
mod token;

use std::fmt::Display;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use testbed::{
    bed::{Bed, DEVELOPER, POD_IMAGE, Wanted},
    image, password,
    registry::{Access, Registry, Transport},
};

use crate::support::module::{Answer, Module};

/// What every client of the module calls itself in the registries' logs.
const OURS: &str = "oreg/";

/// Returns a token registry and one with HTTP Basic, both with TLS and with the image in them.
fn bed() -> Bed {
    started(Bed::start(Wanted::default()))
}

/// Returns what was started. A program that is not installed fails the test, with advice.
fn started<T>(outcome: Result<T, impl Display>) -> T {
    outcome.unwrap_or_else(|error| panic!("{error:#}"))
}

/// Returns a registry without TLS that knows [`DEVELOPER`], with the image in it, and the password.
fn plain_registry() -> (Registry, String) {
    let password = password::short().unwrap();
    let users = [(DEVELOPER, password.as_str())];
    let registry = started(Registry::start(Transport::Plain, Access::Basic(&users)));
    started(image::push(&registry, DEVELOPER, &password, POD_IMAGE));
    (registry, password)
}

/// Returns a member of `openshift_additional_registry_credentials`.
fn entry(host: &str, user: &str, password: &str) -> Value {
    json!({"host": host, "user": user, "password": password, "test_image": POD_IMAGE})
}

/// Returns `entry` with more members, or others.
fn with(mut entry: Value, more: Value) -> Value {
    let (Some(members), Value::Object(more)) = (entry.as_object_mut(), more) else {
        panic!("entries are objects")
    };
    members.extend(more);
    entry
}

/// Runs the module. No secret of the entries may show.
fn validate(entries: &[Value], options: Value) -> Answer {
    let answer = Module::new("oreg_validate")
        .args(json!({"openshift_additional_registry_credentials": entries, "delay": 0}))
        .args(options)
        .run();
    for entry in entries {
        let text = |name: &str| entry[name].as_str().unwrap();
        assert_hidden(&answer, text("user"), text("password"));
    }
    answer
}

/// Neither the password nor what is made of it on the way may show.
fn assert_hidden(answer: &Answer, user: &str, password: &str) {
    for secret in [
        password,
        &STANDARD.encode(password),
        &STANDARD.encode(format!("{user}:{password}")),
    ] {
        assert!(!answer.stdout.contains(secret), "{}", answer.stdout);
    }
}

/// Returns `VERDICT/REASON` of each registry.
fn verdicts(answer: &Answer) -> Vec<String> {
    let registries = answer.json["registries"].as_array();
    let registries = registries.unwrap_or_else(|| panic!("{}", answer.stdout));
    let word = |registry: &Value, name: &str| registry[name].as_str().unwrap().to_owned();
    registries
        .iter()
        .map(|registry| format!("{}/{}", word(registry, "verdict"), word(registry, "reason")))
        .collect()
}

/// Returns how many requests the module says it sent, registry by registry.
fn counts(answer: &Answer) -> Vec<u64> {
    let registries = answer.json["registries"].as_array().unwrap();
    let count = |registry: &Value| registry["requests"].as_u64().unwrap();
    registries.iter().map(count).collect()
}

/// Returns the warnings, one a line.
fn warnings(answer: &Answer) -> String {
    let warnings = answer.json["warnings"].as_array();
    let lines: Vec<_> = warnings.into_iter().flatten().map(text).collect();
    lines.join("\n")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// Returns `METHOD PATH STATUS` of each request of the module, as the registry logged them.
fn asked(registry: &Registry) -> Vec<String> {
    let requests = registry.requests().into_iter();
    requests
        .filter(|request| request.user_agent.starts_with(OURS))
        .map(|request| format!("{} {} {}", request.method, request.path, request.status))
        .collect()
}
