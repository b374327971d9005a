//! Names of nodes, as an API server or a node itself may claim them: Ansible must not run, mistake or
//! confuse any of them.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{Home, VERSIONS, json_of, text_of};
use crate::support::{
    scratch::write,
    scripted::{Scripted, reply},
};

/// An API server with nodes of these names, all of them masters, and a home for it.
fn home_of(names: &[&str]) -> (Scripted, Home) {
    let items: Vec<Value> = names
        .iter()
        .map(|name| json!({"metadata": {"name": name, "labels": {"node-role.kubernetes.io/master": "true"}}}))
        .collect();
    home_with(&items)
}

fn home_with(items: &[Value]) -> (Scripted, Home) {
    let list =
        json!({"kind": "NodeList", "apiVersion": "v1", "metadata": {}, "items": items}).to_string();
    let api = Scripted::plain(move |_| reply(200, &["Content-Type: application/json"], &list));
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": format!("http://{}", api.host())}}],
        "users": [{"name": "c", "user": {}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}],
    });
    let home = Home::of(&kubeconfig.to_string());
    (api, home)
}

/// A name that runs a program where ssh reads it as an option, and one where Jinja reads it.
fn hostile_names(home: &Home) -> [(String, PathBuf); 2] {
    let ran = [home.0.path("ran-by-ssh"), home.0.path("ran-by-jinja")];
    let names = [
        format!("-oProxyCommand=touch${{IFS}}{}#", ran[0].display()),
        format!("{{{{ lookup('pipe', 'touch {}') }}}}", ran[1].display()),
    ];
    let [first, second] = names;
    let [ssh, jinja] = ran;
    [(first, ssh.with_file_name("ran-by-ssh#")), (second, jinja)]
}

#[test]
fn the_name_of_a_node_runs_nothing() {
    let paths = Home::of("");
    for (name, ran) in hostile_names(&paths) {
        let (_api, home) = home_of(&["n1", &name]);
        let message = home.refusal(&["--list"]);
        assert!(message.contains("is not a DNS name"), "{message}");
        for version in VERSIONS {
            for source in home.sources() {
                let mut command = home.ansible(version, "ansible", &source);
                let output = command
                    .args(["all", "-m", "raw", "-a", "true"])
                    .output()
                    .unwrap();
                assert!(!output.status.success(), "{}", text_of(&output));
                assert!(!ran.exists(), "{version} {}", source.display());
            }
        }
    }
}

#[test]
fn a_host_is_never_named_like_a_group() {
    for name in [
        "nodes",
        "masters",
        "all",
        "localhost",
        "ungrouped",
        "etcd",
        "ready",
        "compute",
    ] {
        let (_api, home) = home_of(&["n1", name]);
        let message = home.refusal(&["--list"]);
        let expected = if name == "localhost" {
            "cannot be a host"
        } else {
            "has the name of a group"
        };
        assert!(message.contains(expected), "{name}: {message}");
    }
}

#[test]
fn an_address_leads_neither_to_this_machine_nor_to_an_option() {
    for claim in [
        "127.0.0.1",
        "localhost",
        "-oProxyCommand=x",
        "0x7f.1",
        "{{ 1 }}",
    ] {
        let addresses = json!([
            {"type": "Hostname", "address": claim}, {"type": "InternalIP", "address": "10.0.0.7"},
        ]);
        let node = json!({"metadata": {"name": "n1"}, "status": {"addresses": addresses}});
        let (_api, home) = home_with(&[node]);
        let host = json_of(&home.run(&["--host", "n1"]));
        assert_eq!(host["ansible_host"], "10.0.0.7", "{claim}");
    }
}

#[test]
fn pinned_masters_outrank_what_a_node_says_of_itself() {
    let (_api, home) = home_of(&["m1", "n1"]);
    let home = home.with_settings("masters: [m1]\noo_groups: true\n");
    let list = home.list();
    for group in ["masters", "etcd", "oo_masters", "oo_first_master"] {
        assert_eq!(list[group]["hosts"], json!(["m1"]), "{group}");
    }
    let home = home.with_settings("masters: [m1, m9]\n");
    let message = home.refusal(&["--list"]);
    assert!(
        message.contains("names m9, and the cluster has no such node"),
        "{message}"
    );
}

#[test]
fn the_plugin_compares_its_own_groups_and_what_a_cache_holds() {
    let (_api, home) = home_of(&["n1", "n2"]);
    let keyed = "keyed_groups:\n  - {key: openshift_node_name, separator: ''}\n";
    for version in VERSIONS {
        let fails = |lines: &str, expected: &str| {
            let source = home.plugin(lines);
            let mut command = home.ansible(version, "ansible-inventory", &source);
            let output = command.arg("--list").output().unwrap();
            // A long message is wrapped.
            let told = text_of(&output)
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ");
            assert!(
                !output.status.success() && told.contains(expected),
                "{told}"
            );
        };
        fails(keyed, "host n1 has the name of a group");

        let cached =
            format!("cache: true\ncache_plugin: jsonfile\ncache_connection: cache-{version}\n");
        home.ansible_list(version, &home.plugin(&cached));
        let directory = home.0.path(&format!("cache-{version}"));
        for entry in directory.read_dir().unwrap() {
            let file = entry.unwrap().path();
            let text = std::fs::read_to_string(&file).unwrap();
            write(&file, text.replace("n2", "-oProxyCommand=x"));
        }
        fails(&cached, "cannot be a host");
    }
}
