//! The collection that `make collection` packs: it installs without a network, and works by its
//! full names, with the newest Ansible and the oldest.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use serde_json::{Value, json};
use testbed::bed::{DEVELOPER, INSTALLER};

use crate::{
    playbooks::right_credentials,
    support::{
        cluster::cluster,
        playbook::{BED, NEWEST, Run, Site, root},
        scratch::{Scratch, names},
        tools,
    },
};

const OLDEST: &str = "2.9";

/// The collection, built once, and where it was installed.
struct Installed {
    _scratch: Scratch,
    collections: PathBuf,
}

static INSTALLED: LazyLock<Installed> = LazyLock::new(|| {
    let scratch = Scratch::new();
    let built =
        Run::of(Command::new(root().join("scripts/build-collection")).arg(scratch.path("")));
    assert!(built.ok, "run `make modules`: {}", built.output);
    let tarball = names(&scratch.path("")).remove(0);
    let collections = scratch.path("collections");
    let install = Run::of(
        Command::new(tools::ansible(NEWEST, "ansible-galaxy"))
            .args(["collection", "install", "--offline", "-p"])
            .arg(&collections)
            .arg(scratch.path(&tarball)),
    );
    assert!(install.ok, "{}", install.output);
    Installed {
        _scratch: scratch,
        collections,
    }
});

/// A command of Ansible that knows the collection, and nothing of this repository.
fn command(site: &Site, program: &str) -> Command {
    let mut command = site.command(program);
    let nowhere = site.path("elsewhere");
    fs::create_dir_all(&nowhere).unwrap();
    command
        .current_dir(&nowhere)
        .env_remove("ANSIBLE_LIBRARY")
        .env(
            "ANSIBLE_CONFIG",
            site.file("elsewhere/ansible.cfg", "[defaults]\n"),
        )
        .env("ANSIBLE_COLLECTIONS_PATHS", &INSTALLED.collections)
        .env("ANSIBLE_COLLECTIONS_PATH", &INSTALLED.collections)
        .env("ANSIBLE_COLLECTIONS_ON_ANSIBLE_VERSION_MISMATCH", "ignore");
    command
}

fn directory() -> PathBuf {
    INSTALLED
        .collections
        .join("ansible_collections/oreg/openshift")
}

/// Runs the main job by the playbook of the collection.
fn the_playbook_runs(version: &'static str, playbook: &Path) {
    let mut site = Site::new().with_ansible(version);
    site.inventory(&right_credentials());
    let run = || {
        let mut command = command(&site, "ansible-playbook");
        let inventory = site.path("hosts");
        Run::of(command.arg("-i").arg(inventory).arg(playbook))
    };
    assert_eq!(run().changes(), [2, 1, 1]);
    assert_eq!(run().changes(), [0, 0, 0]);
}

#[test]
fn the_playbook_runs_by_its_name() {
    the_playbook_runs(NEWEST, Path::new("oreg.openshift.registry_auth"));
}

#[test]
fn the_playbook_runs_by_its_path_on_the_oldest() {
    the_playbook_runs(OLDEST, &directory().join("playbooks/registry_auth.yml"));
}

#[test]
fn a_module_runs_by_its_name() {
    for version in [NEWEST, OLDEST] {
        let site = Site::new().with_ansible(version);
        let credentials = json!([{
            "host": BED.basic_registry.host(), "user": DEVELOPER,
            "password": BED.passwords.developer, "test_image": "mongodb/mongodb",
        }]);
        let words = format!(
            "openshift_additional_registry_credentials='{credentials}' cert_dir={}",
            BED.cert_dir().display()
        );
        let mut command = command(&site, "ansible");
        command.args(["masters", "-i"]).arg(site.path("hosts"));
        let run = Run::of(command.args(["-m", "oreg.openshift.oreg_validate", "-a", &words]));
        assert!(run.ok && run.output.contains("pulled"), "{}", run.output);
        assert!(!run.output.contains(INSTALLER));
    }
}

#[test]
fn documentation_has_full_names() {
    let site = Site::new();
    for module in oreg::modules::ALL {
        let name = format!("oreg.openshift.{}", module.name);
        let run = Run::of(command(&site, "ansible-doc").args(["-t", "module", &name]));
        assert!(run.ok && run.output.contains("OPTIONS"), "{}", run.output);
    }
}

#[test]
fn the_inventory_plugin_reads_the_cluster() {
    for version in [NEWEST, OLDEST] {
        let site = Site::new().with_ansible(version);
        let settings = json!({
            "plugin": "oreg.openshift.oreg",
            "settings": {"kubeconfig": cluster().kubeconfig()},
        });
        let source = site.file("elsewhere/nodes.oreg.yml", &settings.to_string());
        let mut command = command(&site, "ansible-inventory");
        command
            .env("ANSIBLE_INVENTORY_ENABLED", "oreg.openshift.oreg")
            .env("ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED", "true")
            .args(["--list", "-i"])
            .arg(source);
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}");
        let listed: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(listed["_meta"].is_object(), "{listed}");
    }
}
