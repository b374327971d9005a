//! What the playbooks promise and versions of Ansible are known to differ in.

use serde_json::json;
use testbed::{bed::INSTALLER, cluster::Readiness};

use super::LIST;
use crate::{
    playbooks::{
        main_credential,
        restart::{nodes, restarting_site, restarting_site_with},
        right_credentials,
    },
    support::{
        cluster::{cluster, namespace, object},
        playbook::{BED, NODES, Run, Site},
        scratch::{Scratch, names, set_mode, write},
        scripted::{Scripted, reply},
    },
};

pub(super) fn the_playbook_brings_credentials_to_nodes_and_cluster(version: &'static str) {
    let namespace = namespace();
    let mut site = Site::new().with_ansible(version);
    site.inventory(&format!(
        "{}oreg_kubeconfig={}\noreg_namespaces=['{namespace}']\noreg_manifest_dir={{{{ omit }}}}\n",
        right_credentials(),
        cluster().kubeconfig().display()
    ));
    assert_eq!(site.run(&["--check", "--diff"]).changes(), [2, 1, 1]);
    assert_eq!(site.run(&[]).changes(), [2, 1, 1]);
    assert_eq!(site.written().len(), NODES.len() * 2);
    let secret = object(&namespace, "secret", "imagestreamsecret");
    assert_eq!(secret["type"], "kubernetes.io/dockerconfigjson");
    assert_eq!(site.run(&[]).changes(), [0, 0, 0]);
    assert!(site.play("verify.yml", &[]).ok);
}

pub(super) fn a_wrong_password_ends_the_run_and_is_not_shown(version: &'static str) {
    let mut site = Site::new().with_ansible(version);
    site.inventory(&main_credential(INSTALLER, "not-the-password-5"));
    let run = site.run(&["-vvvv"]);
    run.failed_with(&[BED.token_registry.host(), INSTALLER, "invalid_credentials"]);
    assert!(!run.output.contains("not-the-password-5"));
    assert!(site.written().is_empty());
}

/// A registry, a node's file and its service manager, each with a template in its text.
pub(super) fn text_from_elsewhere_is_no_template(version: &'static str) {
    let ran = Scratch::new();
    let template = format!(
        "{{{{ lookup('pipe', 'touch {}') }}}}",
        ran.path("ran").display()
    );
    let body = json!({"errors": [{"code": "UNAUTHORIZED", "message": template}]}).to_string();
    let registry = Scripted::plain(move |_| {
        reply(401, &["WWW-Authenticate: Basic realm=\"registry\""], &body)
    });
    let host = registry.host();
    let variables = format!(
        "oreg_exclusive=True\nopenshift_docker_insecure_registries=['{host}']\n\
         {LIST}=[{{'host':'{host}','password':'of-nobody'}}]\n"
    );
    let prefix = format!("texts-{version}");
    let _kubelets = nodes(&prefix, [Readiness::Ready; 3]);
    let site = restarting_site_with(&prefix, &variables).with_ansible(version);
    let script = format!("#!/bin/sh\ncat <<'END'\n{template}\nEND\nexit 1\n");
    set_mode(&site.file("bin/systemctl", &script), 0o755);
    site.run(&["--skip-tags", "validate"])
        .failed_with(&["node-1: origin-node could not be restarted", "{{ lookup("]);

    let entry = json!({"auths": {template.as_str(): {"auth": "eDp5"}}}).to_string();
    write(&site.kubelet_file("node-2"), &entry);
    let run = site.play("verify.yml", &[]);

    run.failed_with(&[
        "* invalid_credentials",
        "UNAUTHORIZED: {{ lookup(",
        "has an entry for {{ lookup(",
        "* node-2",
    ]);
    assert!(ran.names().is_empty(), "{}", run.output);
}

/// As without the file of the vault. Left out, the credential would be taken from files and secrets.
pub(super) fn a_variable_that_refers_to_an_undefined_one_ends_the_run(version: &'static str) {
    let mut site = Site::new().with_ansible(version);
    let main = main_credential(INSTALLER, &BED.passwords.installer);
    site.inventory(&main);
    site.run(&[]).changes();
    let written = site.written();

    let vaulted = main_credential("{{ vault_user }}", "{{ vault_password }}");
    site.inventory(&format!("{vaulted}oreg_exclusive=True\noreg_prune=True\n"));
    let undefined = |run: Run| run.failed_with(&["'vault_", "is undefined"]);
    undefined(site.run(&[]));
    undefined(site.run(&["--skip-tags", "validate"]));
    undefined(site.run(&["--skip-tags", "validate,nodes"]));
    undefined(site.play("verify.yml", &[]));

    site.inventory(&format!(
        "{main}oreg_namespaces={{{{ vault_namespaces }}}}\n"
    ));
    let revoke = format!("oreg_revoke={}", BED.token_registry.host());
    let secrets = ["-e", &revoke, "--tags", "secrets"];
    undefined(site.play("revoke.yml", &secrets));
    assert_eq!(site.written(), written);
}

/// What the first master does by default, another host does by `oreg_control_host`.
pub(super) fn another_host_stands_in_for_the_first_master(version: &'static str) {
    let mut site = Site::new().with_ansible(version);
    let down = "ansible_connection=ssh ansible_host=127.0.0.1 ansible_port=1";
    site.inventory_with_master_line(down, &right_credentials());
    let told = ["node-1", "cannot be reached", "oreg_control_host"];
    site.run(&[]).failed_with(&told);
    site.run(&["--skip-tags", "validate"]).failed_with(&told);
    site.play("verify.yml", &[]).failed_with(&[
        "* node-1 (oreg_control_host) cannot be reached",
        "* the pull secrets: node-1 (oreg_control_host) cannot be reached",
    ]);
    assert!(!site.manifests().exists());

    let other = ["-e", "oreg_control_host=node-2"];
    site.run(&other)
        .failed_with(&["Not done, because they cannot be reached or failed: node-1."]);
    assert_eq!(names(&site.manifests()).len(), 2);
    let verified = site.play("verify.yml", &other);
    verified.failed_with(&["Findings: 1", "* node-1:"]);
    let revoke = format!("oreg_revoke={}", BED.basic_registry.host());
    site.play("revoke.yml", &["-e", &revoke, other[0], other[1]]);
    assert_eq!(names(&site.manifests()).len(), 1);
}

pub(super) fn a_node_that_the_cluster_does_not_know_stops_the_run_before_the_first_restart(
    version: &'static str,
) {
    let prefix = format!("known-{version}");
    let _kubelets = nodes(&prefix, [Readiness::Ready; 3]);
    let site = restarting_site(&prefix).with_ansible(version);
    for check in [&["--check"][..], &[]] {
        let unknown = ["-e", "oreg_node_name={{ inventory_hostname }}"];
        site.run(&[check, &unknown].concat()).failed_with(&[
            "No node was restarted: no such node: node-1, node-2, node-3",
            "oreg_node_name",
        ]);
    }
    assert_eq!(site.text("restarts"), "");
}

/// Ansible keeps facts and groups from one playbook of a command to the next.
pub(super) fn a_second_playbook_of_the_same_command_restarts_what_itself_has_changed(
    version: &'static str,
) {
    const AUTH: &str = "playbooks/registry_auth.yml";
    let prefix = format!("again-{version}");
    let _kubelets = nodes(&prefix, [Readiness::Ready; 3]);
    let site = restarting_site(&prefix).with_ansible(version);
    site.run(&[AUTH]).changes();
    assert_eq!(site.text("restarts").lines().count(), 3, "each node once");

    let log = site.path("restarts").display().to_string();
    let script = format!("#!/bin/sh\necho restart >>{log}\n[ $(wc -l <{log}) -le 6 ]\n");
    set_mode(&site.file("bin/systemctl", &script), 0o755);
    let revoke = format!("oreg_revoke={}", BED.basic_registry.host());
    let run = site.play("revoke.yml", &[AUTH, "-e", &revoke]);
    run.failed_with(&[
        "node-1: atomic-openshift-node could not be restarted",
        "Restarted and ready: none.",
        "Not restarted, and working as before: node-2, node-3.",
    ]);
}

pub(super) fn an_inventory_without_hosts_is_no_success(version: &'static str) {
    let site = Site::new().with_ansible(version);
    let play = |playbook: &str, arguments: &[&str]| {
        let mut command = site.command("ansible-playbook");
        command.arg(format!("playbooks/{playbook}")).args(arguments);
        Run::of(&mut command)
    };
    let empty = site.file("empty", "[nodes]\n").display().to_string();
    let missing = site.path("missing").display().to_string();
    for playbook in [
        "registry_auth.yml",
        "verify.yml",
        "upgrade.yml",
        "revoke.yml",
    ] {
        for limit in [&["--limit", "node-1"][..], &[]] {
            let arguments = [&["-i", &empty], limit].concat();
            play(playbook, &arguments).failed_with(&["The inventory has no host."]);
        }
    }
    let missing = play("verify.yml", &["-i", &missing]);
    missing.failed_with(&["parse"]);
    let none = Run::of(
        site.command("ansible-playbook")
            .env("ANSIBLE_INVENTORY", &empty)
            .arg("playbooks/verify.yml"),
    );
    none.failed_with(&["The inventory has no host."]);
}

/// Only one host's credentials are proven.
pub(super) fn credentials_that_differ_between_hosts_are_not_written(version: &'static str) {
    let mut site = Site::new().with_ansible(version);
    site.inventory(&right_credentials());
    let other = "node-2 oreg_auth_password=of-one-host-alone\n";
    let hosts = site.text("hosts") + "[nodes]\n" + other;
    site.file("hosts", &hosts);
    let told = ["oreg_auth_password is not the same on node-1 as on node-2"];
    let run = site.run(&["-vvvv"]);
    run.failed_with(&told);
    assert!(!run.output.contains("of-one-host-alone"));
    assert!(site.written().is_empty());
    site.play("verify.yml", &[])
        .failed_with(&[&format!("* {}", told[0])]);

    assert_eq!(site.run(&["--limit", "node-1,node-3"]).changes(), [2, 0, 1]);
}

/// Image imports look for it, and it is learned by the proof.
pub(super) fn secrets_get_the_token_server_of_an_unproven_registry(version: &'static str) {
    let secrets = |variables: &str, arguments: &[&str]| {
        let mut site = Site::new().with_ansible(version);
        site.inventory(&format!("{}{variables}", right_credentials()));
        let run = site.run(&[&["--tags", "secrets"], arguments].concat());
        assert_eq!(run.changes(), [1, 0, 0]);
        let texts: Vec<_> = site.written().into_values().collect();
        (texts, run.output.contains("oreg_realm_hosts"))
    };
    let (main, other) = (BED.token_registry.host(), BED.basic_registry.host());
    let realms = format!(
        "oreg_realm_hosts={{'{main}':'{}','{other}':''}}\n",
        BED.token_server.host()
    );
    let unproven = &["--skip-tags", "validate"];

    let (proven, warned) = secrets("", &[]);
    assert!(!warned);
    assert_eq!(secrets(&realms, unproven), (proven.clone(), false));
    let (without, warned) = secrets("", unproven);
    assert!(without != proven && warned);
    let untested = "oreg_test_login=False\n";
    assert_eq!(secrets(untested, &[]), (without, true));
}

pub(super) fn no_log_hides_every_result(version: &'static str) {
    let mut site = Site::new().with_ansible(version);
    site.inventory(&format!("{}oreg_no_log=True\n", right_credentials()));
    let target = ["-v", "-e", "oreg_target_tag=v3.11"];
    let revoke = format!("oreg_revoke={}", BED.basic_registry.host());
    for (playbook, arguments) in [
        ("upgrade.yml", &target[..]),
        ("verify.yml", &["-v"]),
        ("revoke.yml", &["-v", "-e", &revoke]),
    ] {
        let run = site.play(playbook, arguments);
        assert!(run.ok, "{}", run.output);
        // Members of what the modules answer.
        for member in ["elapsed_ms", "backup_file", "action"] {
            assert!(!run.output.contains(member), "{}", run.output);
        }
    }
}
