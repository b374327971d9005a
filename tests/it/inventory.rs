//! The dynamic inventory at a real API server, by itself and through both Ansibles.

mod names;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::LazyLock,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use testbed::{
    cluster::{Cluster, Readiness},
    port::free_ports,
};

use crate::support::{
    module::binary,
    scratch::{Scratch, read, set_mode},
    tools,
};

const VERSIONS: [&str; 2] = ["2.19", "2.9"];
const PASSWORD: &str = "s3cret-of-the-portal";
const USER: &str = "1234567|installer";
/// What an annotation must not be able to run.
const TEMPLATE: &str = "{{ lookup('pipe', 'echo pwned') }}";

/// Name, role, readiness and zone of the nodes.
const NODES: [(&str, &str, Readiness, &str); 12] = [
    ("compute-1", "compute", Readiness::Ready, "a"),
    ("compute-2", "compute", Readiness::Ready, "b"),
    ("compute-3", "compute", Readiness::Unknown, "a"),
    ("compute-4", "compute", Readiness::NotReady, "b"),
    ("compute-5", "compute", Readiness::Ready, "a"),
    ("compute-6", "compute", Readiness::Ready, "b"),
    ("compute-7", "compute", Readiness::Ready, "a"),
    ("infra-1", "infra", Readiness::Ready, "a"),
    ("infra-2", "infra", Readiness::Ready, "b"),
    ("master-1", "master", Readiness::Ready, "a"),
    ("master-2", "master", Readiness::Ready, "b"),
    ("master-3", "master", Readiness::Ready, "c"),
];

/// A cluster with these nodes and no others.
static CLUSTER: LazyLock<Cluster> = LazyLock::new(|| {
    let cluster =
        Cluster::start().unwrap_or_else(|error| panic!("{error:#}: run testbed/setup tools"));
    for (name, role, readiness, zone) in NODES {
        let role = format!("node-role.kubernetes.io/{role}");
        let labels = [
            (role.as_str(), "true"),
            ("failure-domain.beta.kubernetes.io/zone", zone),
        ];
        cluster.create_node(name, readiness, &labels).unwrap();
    }
    cluster.kubectl(&["cordon", "compute-7"]).unwrap();
    let note = format!("note={TEMPLATE}");
    cluster
        .kubectl(&["annotate", "node", "infra-1", &note])
        .unwrap();
    // What a node may say of itself, and Ansible would read as its own.
    let odd = json!({"status": {"conditions": [
        {"type": "__ansible_type", "status": "True"}, {"type": "__ansible_unsafe", "status": "True"}]}});
    let odd = odd.to_string();
    let patch = [
        "patch",
        "node",
        "infra-2",
        "--subresource=status",
        "-p",
        &odd,
    ];
    cluster.kubectl(&patch).unwrap();
    cluster
});

/// A user's home directory with a kubeconfig, and the inventory as it lies in a checkout.
struct Home(Scratch);

impl Home {
    fn new() -> Self {
        Self::of(&read(&CLUSTER.kubeconfig()))
    }

    /// A home whose kubeconfig is of somebody who may not see nodes.
    fn refused() -> Self {
        Self::of(&read(&CLUSTER.limited_kubeconfig()))
    }

    fn of(kubeconfig: &str) -> Self {
        let scratch = Scratch::new();
        scratch.write(".kube/config", kubeconfig);
        let wrapper = scratch.write("inventory/cluster", read(&root().join("inventory/cluster")));
        set_mode(&wrapper, 0o755);
        std::fs::create_dir(scratch.path("bin")).unwrap();
        let link = scratch.path("bin/oreg_inventory");
        std::os::unix::fs::symlink(binary("oreg_inventory"), link).unwrap();
        Self(scratch)
    }

    fn with_settings(self, text: &str) -> Self {
        self.0.write(".config/oreg/inventory.yml", text);
        self
    }

    /// A source for the plugin, with these lines in it.
    fn plugin(&self, lines: &str) -> PathBuf {
        let executable = binary("oreg_inventory");
        let text = format!(
            "plugin: oreg\nexecutable: {}\n{lines}",
            executable.display()
        );
        self.0.write("nodes.oreg.yml", text)
    }

    /// The executable's wrapper, and a source for the plugin.
    fn sources(&self) -> [PathBuf; 2] {
        [self.0.path("inventory/cluster"), self.plugin("")]
    }

    fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command
            .current_dir(self.0.path(""))
            .env("HOME", self.0.path(""))
            .env_remove("KUBECONFIG")
            .env_remove("OREG_INVENTORY_SETTINGS");
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(binary("oreg_inventory"));
        command.args(arguments).output().unwrap()
    }

    fn list(&self) -> Value {
        json_of(&self.run(&["--list"]))
    }

    /// What is told when there is no inventory; nothing else may be.
    fn refusal(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(output.stdout, b"");
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(message.lines().count(), 1, "{message}");
        message
    }

    /// A program of Ansible with the settings of this repository.
    fn ansible(&self, version: &str, program: &str, source: &Path) -> Command {
        let mut command = self.command(tools::ansible(version, program));
        command
            .env("ANSIBLE_CONFIG", root().join("ansible.cfg"))
            .env("ANSIBLE_NOCOLOR", "1")
            .arg("-i")
            .arg(source);
        command
    }

    fn ansible_list(&self, version: &str, source: &Path) -> Value {
        let mut command = self.ansible(version, "ansible-inventory", source);
        plain(json_of(&command.arg("--list").output().unwrap()))
    }
}

/// The newer Ansible shows every string of a plugin as one that is no template.
fn plain(value: Value) -> Value {
    match value {
        Value::Object(members) => match members.get("__ansible_unsafe") {
            Some(text) => text.clone(),
            None => members.into_iter().map(|(k, v)| (k, plain(v))).collect(),
        },
        Value::Array(members) => members.into_iter().map(plain).collect(),
        value => value,
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn json_of(output: &Output) -> Value {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {stderr}"))
}

fn text_of(output: &Output) -> String {
    let text = [output.stdout.clone(), output.stderr.clone()].concat();
    String::from_utf8(text).unwrap()
}

/// The hosts of the groups that have any, as an executable or `ansible-inventory` lists them.
fn groups(list: &Value) -> BTreeMap<&str, Vec<&str>> {
    let groups = list.as_object().unwrap().iter();
    let hosts = groups.filter_map(|(name, group)| {
        let hosts = group["hosts"].as_array()?.iter();
        let hosts: Vec<_> = hosts.map(|host| host.as_str().unwrap()).collect();
        (!hosts.is_empty()).then_some((name.as_str(), hosts))
    });
    hosts.collect()
}

fn nodes_with(wanted: impl Fn(&str, Readiness, &str) -> bool) -> Vec<&'static str> {
    let nodes = NODES
        .iter()
        .filter(|(_, role, ready, zone)| wanted(role, *ready, zone));
    nodes.map(|(name, ..)| *name).collect()
}

fn expected_groups() -> BTreeMap<&'static str, Vec<&'static str>> {
    let role = |wanted| nodes_with(move |role, _, _| role == wanted);
    let zone = |wanted| nodes_with(move |_, _, zone| zone == wanted);
    let mut schedulable = nodes_with(|_, _, _| true);
    schedulable.retain(|name| *name != "compute-7");
    BTreeMap::from([
        ("nodes", nodes_with(|_, _, _| true)),
        ("masters", role("master")),
        ("etcd", role("master")),
        ("infra", role("infra")),
        ("compute", role("compute")),
        ("ready", nodes_with(|_, ready, _| ready == Readiness::Ready)),
        (
            "not_ready",
            nodes_with(|_, ready, _| ready != Readiness::Ready),
        ),
        ("schedulable", schedulable),
        ("unschedulable", vec!["compute-7"]),
        ("docker", nodes_with(|_, _, _| true)),
        ("zone_a", zone("a")),
        ("zone_b", zone("b")),
        ("zone_c", zone("c")),
        ("node_group_node_config_master", role("master")),
        ("node_group_node_config_infra", role("infra")),
        ("node_group_node_config_compute", role("compute")),
    ])
}

#[test]
fn twelve_nodes_are_listed_with_their_groups() {
    let list = Home::new().list();
    assert_eq!(groups(&list), expected_groups());
    let hostvars = &list["_meta"]["hostvars"];
    assert_eq!(hostvars.as_object().unwrap().len(), 12);
    let node = &hostvars["infra-1"];
    assert_eq!(node["ansible_host"], "infra-1");
    assert_eq!(node["openshift_node_group_name"], "node-config-infra");
    assert_eq!(node["kubelet_version"], "v1.11.0+d4cacc0");
    assert_eq!(node["conditions"], json!({"Ready": "True"}));
    assert_eq!(
        node["labels"]["failure-domain.beta.kubernetes.io/zone"],
        "a"
    );
    assert_eq!(
        node["annotations"]["note"],
        json!({"__ansible_unsafe": TEMPLATE})
    );
}

#[test]
fn one_host_is_described_as_in_the_list() {
    let home = Home::new();
    let host = json_of(&home.run(&["--host", "master-2"]));
    assert_eq!(host, home.list()["_meta"]["hostvars"]["master-2"]);
    assert_eq!(
        home.refusal(&["--host", "nobody"]),
        "oreg_inventory: the cluster has no node nobody\n"
    );
}

#[test]
fn ansible_sees_the_same_groups_by_executable_and_plugin() {
    let home = Home::new();
    for version in VERSIONS {
        for source in home.sources() {
            let list = home.ansible_list(version, &source);
            let mut seen = groups(&list);
            for hosts in seen.values_mut() {
                hosts.sort_unstable();
            }
            assert_eq!(seen, expected_groups(), "{version} {}", source.display());
            let node = &list["_meta"]["hostvars"]["compute-1"];
            assert_eq!(node["openshift_node_group_name"], "node-config-compute");
            let node = &list["_meta"]["hostvars"]["infra-2"];
            assert_eq!(node["conditions"], json!({"Ready": "True"}));
        }
    }
}

#[test]
fn ansible_draws_the_graph() {
    let home = Home::new().with_settings("osev3: true\noo_groups: true\n");
    for version in VERSIONS {
        for source in home.sources() {
            let mut command = home.ansible(version, "ansible-inventory", &source);
            let output = command.arg("--graph").output().unwrap();
            let graph = text_of(&output);
            assert!(output.status.success(), "{graph}");
            for line in [
                "  |--@OSEv3:",
                "  |  |--@masters:",
                "  |  |  |--master-3",
                "  |  |--@nodes:",
                "  |--@not_ready:",
                "  |--@zone_c:",
                "  |--@oo_first_master:",
            ] {
                assert!(
                    graph.lines().any(|seen| seen == line),
                    "no {line:?} in:\n{graph}"
                );
            }
            assert!(
                !graph.contains("WARNING") && !graph.contains("DEPRECATION"),
                "{graph}"
            );
        }
    }
}

#[test]
fn nodes_are_read_in_pages() {
    // A cluster of its own, so that no other test asks it.
    let cluster = Cluster::start().unwrap();
    for number in 1..=12 {
        let name = format!("n{number}");
        cluster.create_node(&name, Readiness::Ready, &[]).unwrap();
    }
    let home = Home::of(&read(&cluster.kubeconfig())).with_settings("page_size: 5\n");
    assert_eq!(groups(&home.list())["nodes"].len(), 12);
    let uris: Vec<_> = cluster
        .requests()
        .into_iter()
        .map(|request| request.uri)
        .collect();
    assert_eq!(uris.len(), 3, "{uris:?}");
    assert!(
        uris.iter().all(|uri| uri.contains("/nodes?&limit=5")),
        "{uris:?}"
    );
    assert!(
        uris[1..].iter().all(|uri| uri.contains("&continue=")),
        "{uris:?}"
    );
}

#[test]
fn selectors_are_left_to_the_api() {
    let home = Home::new().with_settings(
        "label_selector: node-role.kubernetes.io/compute=true\nfield_selector: spec.unschedulable=true\n",
    );
    assert_eq!(groups(&home.list())["nodes"], ["compute-7"]);
    let home = Home::new().with_settings("label_selector: 'a b c'\n");
    assert!(home.refusal(&["--list"]).contains("refuses to list nodes"));
}

#[test]
fn a_refusal_is_one_message_with_server_and_context() {
    let expected = format!(
        "oreg_inventory: user limited may not list nodes on {} (context limited); the server says: ",
        CLUSTER.url()
    );
    let message = Home::refused().refusal(&["--list"]);
    assert!(message.starts_with(&expected), "{message}");
}

#[test]
fn the_kubeconfig_may_be_spread_over_several_files() {
    let home = Home::new();
    let whole: Value = serde_json::from_str(&read(&CLUSTER.kubeconfig())).unwrap();
    let mut contexts = whole.clone();
    contexts["users"] = json!([]);
    contexts["current-context"] = json!("");
    // Not the first of that name.
    let mut users = whole.clone();
    users["clusters"][0]["cluster"]["server"] = json!("https://127.0.0.1:1");
    home.0.write("contexts", contexts.to_string());
    home.0.write("users", users.to_string());
    let run = |files: &str| {
        let mut command = home.command(binary("oreg_inventory"));
        command.arg("--list").env("KUBECONFIG", files);
        command.output().unwrap()
    };
    let list = json_of(&run("missing::contexts:users"));
    assert_eq!(groups(&list), expected_groups());
    for (files, message) in [
        (
            "contexts:missing",
            "kubeconfig contexts:missing names no current context",
        ),
        ("missing:gone", "kubeconfig missing:gone does not exist"),
        (
            "contexts:inventory/cluster",
            "kubeconfig inventory/cluster: is not a kubeconfig",
        ),
    ] {
        let told = text_of(&run(files));
        assert!(
            told.starts_with(&format!("oreg_inventory: {message}")),
            "{told}"
        );
    }
}

#[test]
fn an_api_that_is_down_is_reported() {
    let [closed] = free_ports().unwrap();
    let down =
        read(&CLUSTER.kubeconfig()).replace(CLUSTER.url(), &format!("https://127.0.0.1:{closed}"));
    let message = Home::of(&down).refusal(&["--list"]);
    let expected =
        format!("cannot reach the API server https://127.0.0.1:{closed} (context admin)");
    assert!(message.contains(&expected), "{message}");
}

#[test]
fn ansible_stops_when_the_api_refuses() {
    let home = Home::refused();
    let [wrapper, plugin] = home.sources();
    for version in VERSIONS {
        for source in [&wrapper, &plugin, &binary("oreg_inventory")] {
            let mut command = home.ansible(version, "ansible-inventory", source);
            let output = command.arg("--list").output().unwrap();
            assert!(!output.status.success(), "{}", text_of(&output));
            assert_eq!(output.stdout, b"");
            // A long message is wrapped.
            let told = text_of(&output);
            let told: Vec<_> = told.split_whitespace().collect();
            assert!(
                told.join(" ").contains("user limited may not list nodes"),
                "{told:?}"
            );
        }
    }
}

/// By default Ansible goes on after a failure, with whatever it took for a name.
#[test]
fn no_failure_leaves_hosts_even_with_default_settings() {
    let home = Home::refused();
    let config = home.0.write("default.cfg", "");
    for version in VERSIONS {
        for source in home.sources() {
            let mut command = home.ansible(version, "ansible-inventory", &source);
            command.env("ANSIBLE_CONFIG", &config).env(
                "ANSIBLE_INVENTORY_PLUGINS",
                root().join("plugins/inventory"),
            );
            let list = json_of(&command.arg("--list").output().unwrap());
            assert_eq!(
                list["_meta"]["hostvars"],
                json!({}),
                "{version} {}",
                source.display()
            );
            assert!(groups(&list).is_empty(), "{list}");
        }
    }
}

#[test]
fn what_stands_in_an_annotation_is_not_run() {
    let home = Home::new();
    for version in VERSIONS {
        for source in home.sources() {
            let mut command = home.ansible(version, "ansible", &source);
            command.args(["infra-1", "-m", "debug", "-a", "var=annotations.note"]);
            let output = command.output().unwrap();
            let shown = text_of(&output);
            assert!(output.status.success(), "{shown}");
            assert!(
                shown.contains("{{ lookup("),
                "{version} {}: {shown}",
                source.display()
            );
        }
    }
}

#[test]
fn the_plugin_composes_variables_and_groups() {
    let home = Home::new();
    let lines = "compose:\n  twice: openshift_node_name * 2\nkeyed_groups:\n  - {key: architecture, prefix: arch}\n\
                 groups:\n  ailing: conditions.Ready != 'True'\nstrict: ";
    for version in VERSIONS {
        let list = home.ansible_list(version, &home.plugin(&format!("{lines}true\n")));
        let hosts = groups(&list);
        assert_eq!(
            list["_meta"]["hostvars"]["infra-1"]["twice"],
            "infra-1infra-1"
        );
        assert_eq!(hosts["arch_amd64"].len(), 12);
        assert_eq!(hosts["ailing"].len(), 2);

        let broken = "compose:\n  oops: nothing.at.all\nstrict: ";
        home.ansible_list(version, &home.plugin(&format!("{broken}false\n")));
        let source = home.plugin(&format!("{broken}true\n"));
        let mut command = home.ansible(version, "ansible-inventory", &source);
        let output = command.arg("--list").output().unwrap();
        assert!(
            !output.status.success() && text_of(&output).contains("oops"),
            "{}",
            text_of(&output)
        );
    }
}

#[test]
fn the_plugin_takes_settings_as_a_mapping_or_a_file() {
    let home = Home::new();
    home.0.write(
        "etc/infra.yml",
        "label_selector: node-role.kubernetes.io/infra=true\nkubeconfig: ../.kube/config\n",
    );
    let mapping = "settings:\n  kubeconfig: .kube/config\n  label_selector: node-role.kubernetes.io/infra=true\n  page_size: 1\n";
    for version in VERSIONS {
        for lines in ["settings: etc/infra.yml\n", mapping] {
            let list = home.ansible_list(version, &home.plugin(lines));
            assert_eq!(groups(&list)["nodes"], ["infra-1", "infra-2"], "{lines}");
        }
        let source = home.plugin("settings: {kube_config: x}\n");
        let output = home
            .ansible(version, "ansible-inventory", &source)
            .arg("--list")
            .output()
            .unwrap();
        assert!(
            text_of(&output).contains("unknown field `kube_config`"),
            "{}",
            text_of(&output)
        );
    }
}

#[test]
fn a_cache_saves_the_question_but_never_holds_a_credential() {
    for version in VERSIONS {
        let home = Home::new();
        let lines = "cache: true\ncache_plugin: jsonfile\ncache_connection: cache\n";
        let list = home.ansible_list(version, &home.plugin(lines));
        assert_eq!(
            home.0
                .names()
                .iter()
                .filter(|name| *name == "cache")
                .count(),
            1
        );
        home.0.write(".kube/config", "gone");
        let again = home.ansible_list(version, &home.plugin(lines));
        assert_eq!(groups(&list), groups(&again));
        assert_eq!(list["_meta"], again["_meta"]);

        let home = Home::new().with_settings("credentials: {file: auth.json}\n");
        portal_file(&home, "auth.json", &docker_config());
        for _ in 0..2 {
            let list = home.ansible_list(version, &home.plugin(lines));
            assert_eq!(
                list["_meta"]["hostvars"]["infra-1"]["oreg_auth_password"],
                PASSWORD
            );
        }
        let cached = home
            .0
            .path("cache")
            .read_dir()
            .map(Iterator::count)
            .unwrap_or_default();
        assert_eq!(cached, 0);
    }
}

fn docker_config() -> String {
    let auth = STANDARD.encode(format!("{USER}:{PASSWORD}"));
    json!({"auths": {"registry.redhat.io": {"auth": auth}}}).to_string()
}

/// As the portal hands it out.
fn secret_manifest() -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: 1234567-installer-pull-secret\ndata:\n  \
         .dockerconfigjson: {}\ntype: kubernetes.io/dockerconfigjson\n",
        STANDARD.encode(docker_config())
    )
}

/// Beside the settings, readable by its owner alone.
fn portal_file(home: &Home, name: &str, text: &str) -> PathBuf {
    let path = home.0.write(&format!(".config/oreg/{name}"), text);
    set_mode(&path, 0o600);
    path
}

#[test]
fn credentials_come_from_the_portals_files_when_asked_for() {
    let files = [
        ("1234567-installer-secret.yml", secret_manifest()),
        ("1234567-installer-auth.json", docker_config()),
    ];
    for (name, text) in files {
        let home =
            Home::new().with_settings(&format!("osev3: true\ncredentials: {{file: {name}}}\n"));
        portal_file(&home, name, &text);
        let vars = json!({"oreg_auth_user": USER, "oreg_auth_password": PASSWORD});
        assert_eq!(home.list()["OSEv3"]["vars"], vars);
        for version in VERSIONS {
            for source in home.sources() {
                let list = home.ansible_list(version, &source);
                let node = &list["_meta"]["hostvars"]["compute-4"];
                assert_eq!(node["oreg_auth_user"], USER);
                assert_eq!(node["oreg_auth_password"], PASSWORD);
            }
        }
    }
}

#[test]
fn credentials_are_nowhere_unless_asked_for() {
    let home = Home::new().with_settings("osev3: true\n");
    portal_file(&home, "1234567-installer-auth.json", &docker_config());
    assert!(!home.list().to_string().contains("oreg_auth"));
    let home = Home::new().with_settings("credentials: {file: a.json}\n");
    portal_file(&home, "a.json", &docker_config());
    assert!(!text_of(&home.run(&["--host", "infra-1"])).contains(PASSWORD));
}

#[test]
fn a_credential_that_everybody_may_read_is_refused() {
    let home = Home::new().with_settings("credentials: {file: a.json}\n");
    let path = portal_file(&home, "a.json", &docker_config());
    for (mode, refused) in [(0o604, true), (0o644, true), (0o640, false), (0o400, false)] {
        set_mode(&path, mode);
        if refused {
            let message = home.refusal(&["--list"]);
            assert!(
                message.contains(&format!("{}: it is open to every user", path.display())),
                "{message}"
            );
            assert!(message.contains("chmod 600"), "{message}");
        } else {
            home.list();
        }
    }
}

/// Whoever can write settings or credentials decides what is run, and with whose password.
#[test]
fn files_that_others_can_write_are_refused() {
    let home = Home::new().with_settings("credentials: {file: a.json}\n");
    let path = portal_file(&home, "a.json", &docker_config());
    let settings = home.0.write("other.yml", "osev3: true\n");
    let list = |words: &[&str]| home.run(words).status.success();
    let named = ["--list", "--settings", settings.to_str().unwrap()];
    for (mode, good) in [(0o620, false), (0o660, false), (0o600, true)] {
        set_mode(&path, mode);
        assert_eq!(list(&["--list"]), good, "{mode:o}");
    }
    for (mode, good) in [(0o666, false), (0o646, false), (0o664, true)] {
        set_mode(&settings, mode);
        assert_eq!(list(&named), good, "{mode:o}");
    }
    let given = |path: &std::path::Path| std::os::unix::fs::chown(path, Some(65_534), None);
    if given(&path).is_ok() && given(&settings).is_ok() {
        for words in [&["--list"][..], &named] {
            let message = home.refusal(words);
            assert!(message.contains("it belongs to user 65534"), "{message}");
        }
    }
}

#[test]
fn a_fifo_instead_of_a_file_is_not_waited_for() {
    let home = Home::new().with_settings("credentials: {file: a.json}\n");
    let fifo = home.0.path("fifo");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, mode).unwrap();
    let message = home.refusal(&["--list", "--settings", fifo.to_str().unwrap()]);
    assert!(message.contains("is a FIFO"), "{message}");
    let path = portal_file(&home, "a.json", &docker_config());
    std::fs::rename(&fifo, &path).unwrap();
    assert!(home.refusal(&["--list"]).contains("is a FIFO"));
}

#[test]
fn no_failure_shows_a_secret() {
    let auth = STANDARD.encode(format!("{USER}:{PASSWORD}"));
    let table = [
        (
            "credentials: {file: a.json}",
            docker_config().replace("{\"auths", "{{\"auths"),
        ),
        (
            "credentials: {file: a.json}",
            format!("{{\"auths\": {{\"a\": {{\"auth\": \"{auth}!\"}}}}}}"),
        ),
        (
            "credentials: {file: a.json}",
            format!(
                "{{\"auths\": {{\"a\": {{\"auth\": \"{auth}\"}}, \"b\": {{\"auth\": \"{auth}\"}}}}}}"
            ),
        ),
        (
            "credentials: {file: a.json}",
            secret_manifest().replace("json:", "json: '!'"),
        ),
        ("credentials: {file: a.json}", PASSWORD.to_owned()),
        ("credentials: s3cret-of-the-portal", String::new()),
        ("kubeconfig: [s3cret-of-the-portal]", String::new()),
        ("osev3: s3cret-of-the-portal", String::new()),
    ];
    for (settings, text) in table {
        let home = Home::new().with_settings(settings);
        portal_file(&home, "a.json", &text);
        let message = home.refusal(&["--list"]);
        assert!(
            !message.contains(PASSWORD) && !message.contains(&auth),
            "{message}"
        );
    }
}

#[test]
fn settings_are_found_where_they_are_said_to_be() {
    let home = Home::new().with_settings("osev3: true\n");
    assert!(home.list()["OSEv3"].is_object());
    let other = home.0.write("other.yml", "oo_groups: true\n");
    let mut command = home.command(binary("oreg_inventory"));
    let output = command
        .arg("--list")
        .env("OREG_INVENTORY_SETTINGS", &other)
        .output()
        .unwrap();
    let list = json_of(&output);
    assert!(list["oo_masters"].is_object() && list["OSEv3"].is_null());
    let wrong = home.0.write("wrong.yml", "\nkubeconfg: x\n");
    let message = home.refusal(&["--list", "--settings", wrong.to_str().unwrap()]);
    assert!(
        message.contains("wrong.yml: unknown field `kubeconfg`"),
        "{message}"
    );
    assert!(message.contains("at line 2 column 1"), "{message}");
    let message = home.refusal(&["--list", "--settings", "/nonexistent"]);
    assert!(
        message.contains("settings: cannot read /nonexistent: No such file"),
        "{message}"
    );
}

#[test]
fn the_example_of_a_source_works() {
    let home = Home::new();
    let text = read(&root().join("inventory/nodes.oreg.yml.example"));
    let executable = binary("oreg_inventory");
    let source = home.0.write(
        "nodes.oreg.yml",
        format!("{text}executable: {}\n", executable.display()),
    );
    for version in VERSIONS {
        let list = home.ansible_list(version, &source);
        assert_eq!(groups(&list)["arch_amd64"].len(), 12);
        assert_eq!(list["_meta"]["hostvars"]["infra-1"]["ansible_user"], "root");
    }
}

#[test]
fn arguments_are_explained() {
    let home = Home::new();
    let help = home.run(&["--help"]);
    assert!(help.status.success() && text_of(&help).contains("--host <NAME>"));
    for arguments in [&[][..], &["--list", "--host", "x"], &["--lst"]] {
        let output = home.run(arguments);
        assert_eq!(
            (output.status.code(), output.stdout.as_slice()),
            (Some(2), &b""[..]),
            "{arguments:?}"
        );
    }
}
