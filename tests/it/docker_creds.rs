//! `docker_creds` as openshift-ansible's roles call it. What its login test makes of a registry is
//! tested where the registries are.

use std::path::Path;

use serde_json::json;

use crate::support::{
    module::Module,
    scratch::{Scratch, mode, read},
};

/// A task of openshift-ansible, without its login test.
fn task(directory: &Path) -> Module {
    Module::new("docker_creds").args(json!({
        "path": directory,
        "registry": "registry.example.com",
        "username": "name",
        "password": "pass-one",
        "test_login": "False",
        "proxy_vars": "",
        "test_image": "openshift3/ose-pod:v3.11",
    }))
}

#[test]
fn writes_the_file_in_the_directory_once() {
    let scratch = Scratch::new();
    let directory = scratch.path("home/.docker");
    assert!(task(&directory).check().run().changed());
    let answer = task(&directory).run();
    assert_eq!(answer.json, json!({"changed": true, "rc": 0}));
    assert_eq!(
        task(&directory).run().json,
        json!({"changed": false, "rc": 0})
    );
    let file = directory.join("config.json");
    assert!(read(&file).contains("\"registry.example.com\": {"));
    assert_eq!((mode(&file), mode(&directory)), (0o600, 0o700));
}

#[test]
fn takes_the_old_names_of_the_path() {
    let scratch = Scratch::new();
    for name in ["dest", "name"] {
        let directory = scratch.path(name);
        let call = task(&directory).args(json!({"path": null, name: directory}));
        assert!(call.run().changed(), "{name}");
    }
}

#[test]
fn stores_one_entry_for_a_registry_of_many_names() {
    let scratch = Scratch::new();
    let file = scratch.write(
        "config.json",
        "{\"auths\":{\"https://registry.example.com\":{\"auth\":\"bmFtZTpwYXNzLW9uZQ==\"}}}",
    );
    assert!(task(file.parent().unwrap()).run().changed());
    assert_eq!(
        read(&file),
        "{\"auths\":{\"registry.example.com\":{\"auth\":\"bmFtZTpwYXNzLW9uZQ==\"}}}"
    );
}

#[test]
fn a_failure_has_the_members_that_tasks_look_at() {
    let scratch = Scratch::new();
    let file = scratch.write("config.json", "{");
    let broken = task(file.parent().unwrap()).run();
    assert!(
        broken.failure().contains("line 1 column"),
        "{}",
        broken.stdout
    );
    let colon = task(&scratch.path("a"))
        .args(json!({"username": "a:b"}))
        .run();
    assert!(colon.failure().starts_with("username: contains `:`"));
    let proxies = json!({"proxy_vars": "http://u:s3cret-word@proxy:1"});
    let proxies = task(&scratch.path("a")).args(proxies).run();
    assert!(
        proxies
            .failure()
            .starts_with("proxy_vars: must be assignments")
    );
    let missing = json!({"registry": null});
    let missing = task(&scratch.path("a")).args(missing).run();
    assert!(missing.failure().starts_with("registry: is required"));
    for answer in [broken, colon, proxies, missing] {
        assert_eq!(
            (&answer.json["state"], &answer.json["rc"]),
            (&json!("unknown"), &json!(1))
        );
        assert!(!answer.stdout.contains("pass-one") && !answer.stdout.contains("s3cret-word"));
    }
    assert_eq!(read(&file), "{");
}

#[test]
fn a_diff_shows_fingerprints() {
    let scratch = Scratch::new();
    let answer = task(&scratch.path("")).diff().run().ok();
    assert_eq!(
        answer.json["diff"][0]["after"],
        "mode: 0600\nregistry.example.com: user=name password=sha256:c1f79d\n"
    );
}
