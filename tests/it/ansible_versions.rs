//! The versions of Ansible that people run: how each hands arguments to a compiled module, and
//! whether the main job works with it. The oldest and the newest are always tested; the feature
//! `test-matrix` adds those between.

use serde_json::json;
use testbed::{
    bed::{DEVELOPER, INSTALLER},
    cluster::Readiness,
};

use crate::{
    playbooks::{
        entry, main_credential,
        restart::{nodes, restarting_site, restarting_site_with},
        right_credentials,
    },
    support::{
        cluster::{cluster, namespace, object},
        playbook::{BED, NODES, Run, Site},
        scratch::{Scratch, mode, names, read, set_mode, write},
        scripted::{Scripted, reply},
    },
};

const LIST: &str = "openshift_additional_registry_credentials";

/// Tasks that ask for the same in all the ways in which it can be written, each for a file of its own.
/// `HOST` and `PASSWORD` stand for those of the one entry; `OUT` for the directory.
const FORMS: &str = r#"---
- hosts: node-1
  gather_facts: false
  vars:
    native:
      - {host: HOST, user: name, password: PASSWORD, test_login: 'False'}
    python_text: "[{'host': 'HOST', 'user': u'name', 'password': 'PASSWORD', 'test_login': False, 'ca_cert': None}]"
    json_text: '[{"host": "HOST", "user": "name", "password": "PASSWORD", "test_login": false}]'
    flow_text: "[{host: HOST, user: name, password: PASSWORD, test_login: no}]"
    user: name
  tasks:
    - name: a list in the task
      oreg_node_config:
        paths: [OUT/literal]
        openshift_additional_registry_credentials:
          - host: HOST
            user: "{{ user }}"
            password: PASSWORD
            test_login: no
            ca_cert: "{{ omit }}"
        backup: no
        mode: 0600
    - name: a template of a list
      oreg_node_config:
        paths: "{{ ['OUT/template'] }}"
        openshift_additional_registry_credentials: "{{ native }}"
        backup: "{{ false }}"
        mode: "{{ '0600' }}"
    - name: Python text
      oreg_node_config:
        paths: OUT/python
        openshift_additional_registry_credentials: "{{ python_text }}"
        backup: "no"
        mode: "0600"
    - name: JSON text
      oreg_node_config:
        paths: '["OUT/json"]'
        openshift_additional_registry_credentials: "{{ json_text }}"
        backup: "{{ 'False' }}"
        mode: "600"
    - name: YAML text
      oreg_node_config:
        paths: "['OUT/flow']"
        openshift_additional_registry_credentials: "{{ flow_text }}"
        backup: 0
        owner: null
    - name: to_json
      oreg_node_config:
        paths: OUT/to_json
        openshift_additional_registry_credentials: "{{ native | to_json }}"
        backup: "off"
        owner: "{{ omit }}"
    - name: a list of parts
      oreg_node_config:
        paths: OUT/sum
        openshift_additional_registry_credentials: "{{ native + native }}"
        openshift_docker_insecure_registries: "{{ [] }}"
    - name: filters
      oreg_node_config:
        paths: OUT/filters
        openshift_additional_registry_credentials: "{{ native | selectattr('host') | list }}"
        owner: "{{ none }}"
    - name: key=value
      oreg_node_config: paths=OUT/words openshift_additional_registry_credentials={{ native }} backup=no mode=0600
    - name: key=value with text
      oreg_node_config: paths=OUT/quoted openshift_additional_registry_credentials="{{ json_text }}"
    - name: action
      action: oreg_node_config paths=OUT/action
      args:
        openshift_additional_registry_credentials: "{{ native }}"
    - name: a line of the inventory's variables
      oreg_node_config:
        paths: OUT/ini
        openshift_additional_registry_credentials: "{{ from_ini }}"
    - name: the same as JSON
      oreg_node_config:
        paths: OUT/ini_json
        openshift_additional_registry_credentials: "{{ from_ini_json }}"
    - name: the same in quotes
      oreg_node_config:
        paths: OUT/ini_quoted
        openshift_additional_registry_credentials: "{{ from_ini_quoted }}"
    - name: the line of a host
      oreg_node_config:
        paths: OUT/host_line
        openshift_additional_registry_credentials: "{{ from_host_line }}"
    - name: an extra variable as text
      oreg_node_config:
        paths: OUT/extra_text
        openshift_additional_registry_credentials: "{{ extra_text }}"
    - name: an extra variable as JSON
      oreg_node_config:
        paths: OUT/extra_json
        openshift_additional_registry_credentials: "{{ extra_json }}"
"#;

const HOST: &str = "registry.example.com";
const PASSWORD: &str = "p|ss-w0rd";

fn every_form_of_an_argument_means_the_same(version: &'static str) {
    let mut site = Site::new().with_ansible(version);
    let python =
        format!("[{{'host':'{HOST}','user':'name','password':'{PASSWORD}','test_login':'False'}}]");
    let json = json!([{"host": HOST, "user": "name", "password": PASSWORD, "test_login": false}]);
    site.inventory_with_master_line(
        &format!("from_host_line=\"{python}\""),
        &format!("from_ini={python}\nfrom_ini_json={json}\nfrom_ini_quoted=\"{python}\"\n"),
    );
    let out = site.path("forms");
    let forms = FORMS
        .replace(
            "'PASSWORD'",
            &format!("\"{PASSWORD}\"").replace('"', "\\\""),
        )
        .replace("PASSWORD", PASSWORD)
        .replace("HOST", HOST)
        .replace("OUT", out.to_str().unwrap());
    let playbook = site.file("forms.yml", &forms);
    let extra_json = json!({"extra_json": json}).to_string();
    let run = Run::of(
        site.command("ansible-playbook")
            .arg("-i")
            .arg(site.path("hosts"))
            .arg(playbook)
            .args(["-e", &format!("extra_text=\"{python}\""), "-e", &extra_json]),
    );
    let tasks = FORMS.matches("- name: ").count();
    run.changes_of("node-1", u32::try_from(tasks).unwrap());
    let files = names(&out);
    assert_eq!(files.len(), tasks);
    let reference = read(&out.join("literal"));
    for file in files {
        assert_eq!(read(&out.join(&file)), reference, "{file}");
        assert_eq!(mode(&out.join(&file)), 0o600, "{file}");
    }
}

fn the_playbook_brings_credentials_to_nodes_and_cluster(version: &'static str) {
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

fn a_wrong_password_ends_the_run_and_is_not_shown(version: &'static str) {
    let mut site = Site::new().with_ansible(version);
    site.inventory(&main_credential(INSTALLER, "not-the-password-5"));
    let run = site.run(&["-vvvv"]);
    run.failed_with(&[BED.token_registry.host(), INSTALLER, "invalid_credentials"]);
    assert!(!run.output.contains("not-the-password-5"));
    assert!(site.written().is_empty());
}

fn single_modules_are_called_by_hand(version: &'static str) {
    let mut site = Site::new().with_ansible(version);
    site.inventory("");
    let ansible = |pattern: &str, module: &str, words: &str| {
        let mut command = site.command("ansible");
        let inventory = site.path("hosts");
        command.arg(pattern).arg("-i").arg(inventory);
        Run::of(command.args(["-m", module, "-a", words]))
    };
    let entry = entry(BED.basic_registry.host(), &BED.passwords.developer);
    let credentials = format!("{LIST}=\"[{entry}]\"");
    let certs = BED.cert_dir();
    let words = format!("{credentials} cert_dir={}", certs.display());
    let proven = ansible("masters", "oreg_validate", &words);
    // As JSON or as YAML, by the version.
    let output = proven.output.replace('"', "");
    assert!(proven.ok && output.contains("verdict: valid"), "{output}");
    assert!(proven.output.contains(DEVELOPER) && !proven.output.contains("node-2"));
    let file = site.path("by-hand");
    let words = format!(
        "{credentials} paths={}/{{{{ inventory_hostname }}}}",
        file.display()
    );
    let written = ansible("nodes", "oreg_node_config", &words);
    assert!(written.ok, "{}", written.output);
    assert_eq!(names(&file), NODES);
    let again = ansible("nodes", "oreg_node_config", &words);
    assert!(!again.output.contains("CHANGED"), "{}", again.output);
}

/// As `docs/pull-secrets.md` shows it.
fn manifests_are_written_by_hand(version: &'static str) {
    let site = Site::new().with_ansible(version);
    let credentials = json!({"credentials": [{"host": HOST, "password": "it's \"|\" this"}]});
    let vault = site.file("vault.yml", &credentials.to_string());
    let words = format!(
        "manifest_dir={} {LIST}='{{{{ credentials | to_json }}}}'",
        site.manifests().display()
    );
    let run = Run::of(
        site.command("ansible")
            .args(["localhost", "-i", "localhost,", "-c", "local"])
            .args(["-m", "oreg_pull_secrets", "-a", &words, "-e"])
            .arg(format!("@{}", vault.display())),
    );
    assert!(run.ok, "{}", run.output);
    assert_eq!(names(&site.manifests()).len(), 1);
}

/// A registry, a node's file and its service manager, each with a template in its text.
fn text_from_elsewhere_is_no_template(version: &'static str) {
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
fn a_variable_that_refers_to_an_undefined_one_ends_the_run(version: &'static str) {
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
fn another_host_stands_in_for_the_first_master(version: &'static str) {
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

fn a_node_that_the_cluster_does_not_know_stops_the_run_before_the_first_restart(
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
fn a_second_playbook_of_the_same_command_restarts_what_itself_has_changed(version: &'static str) {
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

fn an_inventory_without_hosts_is_no_success(version: &'static str) {
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
fn credentials_that_differ_between_hosts_are_not_written(version: &'static str) {
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
fn secrets_get_the_token_server_of_an_unproven_registry(version: &'static str) {
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

fn no_log_hides_every_result(version: &'static str) {
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

macro_rules! versions {
    ($($(#[$only:meta])? $module:ident $version:literal)*) => {$(
        $(#[$only])?
        mod $module {
            #[test]
            fn every_form_of_an_argument_means_the_same() {
                super::every_form_of_an_argument_means_the_same($version);
            }

            #[test]
            fn the_playbook_brings_credentials_to_nodes_and_cluster() {
                super::the_playbook_brings_credentials_to_nodes_and_cluster($version);
            }

            #[test]
            fn a_wrong_password_ends_the_run_and_is_not_shown() {
                super::a_wrong_password_ends_the_run_and_is_not_shown($version);
            }

            #[test]
            fn text_from_elsewhere_is_no_template() {
                super::text_from_elsewhere_is_no_template($version);
            }

            #[test]
            fn a_variable_that_refers_to_an_undefined_one_ends_the_run() {
                super::a_variable_that_refers_to_an_undefined_one_ends_the_run($version);
            }

            #[test]
            fn another_host_stands_in_for_the_first_master() {
                super::another_host_stands_in_for_the_first_master($version);
            }

            #[test]
            fn a_node_that_the_cluster_does_not_know_stops_the_run_before_the_first_restart() {
                super::a_node_that_the_cluster_does_not_know_stops_the_run_before_the_first_restart($version);
            }

            #[test]
            fn a_second_playbook_of_the_same_command_restarts_what_itself_has_changed() {
                super::a_second_playbook_of_the_same_command_restarts_what_itself_has_changed($version);
            }

            #[test]
            fn manifests_are_written_by_hand() {
                super::manifests_are_written_by_hand($version);
            }

            #[test]
            fn credentials_that_differ_between_hosts_are_not_written() {
                super::credentials_that_differ_between_hosts_are_not_written($version);
            }

            #[test]
            fn secrets_get_the_token_server_of_an_unproven_registry() {
                super::secrets_get_the_token_server_of_an_unproven_registry($version);
            }

            #[test]
            fn no_log_hides_every_result() {
                super::no_log_hides_every_result($version);
            }

            #[test]
            fn an_inventory_without_hosts_is_no_success() {
                super::an_inventory_without_hosts_is_no_success($version);
            }

            #[test]
            fn single_modules_are_called_by_hand() {
                super::single_modules_are_called_by_hand($version);
            }
        }
    )*};
}

versions! {
    ansible_2_19 "2.19"
    #[cfg(feature = "test-matrix")] ansible_2_16 "2.16"
    #[cfg(feature = "test-matrix")] ansible_2_14 "2.14"
    ansible_2_9 "2.9"
}
