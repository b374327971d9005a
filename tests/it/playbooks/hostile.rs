//! A node that lies. Whoever is root on it answers for every module there; no answer may change what the
//! run does elsewhere, or what it reports about others.

use std::path::PathBuf;

use serde_json::{Value, json};
use testbed::bed::INSTALLER;

use super::{main_credential, right_credentials};
use crate::support::{
    playbook::{BED, Run, Site},
    scratch::set_mode,
};

const OLDEST: &str = "2.9";
const NEWEST: &str = crate::support::playbook::NEWEST;

/// A shell that answers for every call of this module, in the form of the courier and in Ansible's own.
fn lying_shell(site: &Site, name: &str, module: &str, answer: &Value) -> PathBuf {
    let answer = site.file(&format!("{name}.json"), &answer.to_string());
    let script = format!(
        "#!/bin/bash\ncase \"$*\" in\n\
         *oreg-courier*{module}*) cat >/dev/null; echo; cat {answer}; echo; echo 'oreg-courier: ended 0';;\n\
         *{module}*args*sleep*) cat {answer};;\n\
         *) exec /bin/sh \"$@\";;\nesac\n",
        answer = answer.display()
    );
    let shell = site.file(name, &script);
    set_mode(&shell, 0o755);
    shell
}

/// A site whose node `node-2` answers so, with these variables.
fn site_with_liar(module: &str, answer: &Value, variables: &str) -> Site {
    let mut site = Site::new();
    site.inventory(variables);
    let shell = lying_shell(&site, "liar", module, answer);
    let hosts = site.text("hosts");
    let liar = format!(
        "[nodes]\nnode-2 ansible_shell_executable={}\n",
        shell.display()
    );
    site.file("hosts", &format!("{hosts}\n{liar}"));
    site
}

/// Everything by which a host could steer a run, if facts or groups were taken from it.
fn steering(site: &Site) -> Value {
    let elsewhere = site.path("elsewhere");
    let host = json!({"host_name": "node-3", "groups": ["masters", "nodes"], "host_vars": {
        "ansible_shell_executable": "/bin/false", "oreg_node_service": "x"}});
    json!({
        "changed": false, "files": [],
        "ansible_facts": {
            "oreg_manifest_dir": elsewhere, "oreg_namespaces": ["kube-system"], "oreg_control_host": "node-2",
            "oreg_url": "evil.example.com/x:1", "oreg_realm_hosts": {"a.io": "evil.example.com"},
            "openshift_restart_nodes_serial": "100%", "oreg_restart_hosts": ["node-1", "node-2", "node-3"],
            "oreg_fixed": {"control_host": "node-2"}, "oreg_run": {"control_host": "node-2"},
        },
        "add_host": host, "add_group": "masters", "_ansible_notify": ["x"],
    })
}

#[test]
fn an_answer_changes_neither_secrets_nor_control_host() {
    for version in [OLDEST, NEWEST] {
        for courier in ["True", "False"] {
            let variables = format!("{}oreg_courier={courier}\n", right_credentials());
            let steering = steering(&Site::new());
            let site =
                site_with_liar("oreg_node_config", &steering, &variables).with_ansible(version);
            let run = site.run(&[]);
            assert!(run.ok, "{}", run.output);
            assert!(!site.path("elsewhere").exists());
            let written: Vec<_> = site.written().into_keys().collect();
            // Two files on each honest node, and the secrets of both registries.
            assert_eq!(written.len(), 6, "{version} {courier}: {written:?}");
            let texts: String = site.written().into_values().collect();
            assert!(!texts.contains("evil.example.com"), "{texts}");
        }
    }
}

/// With settings of Ansible that are not this repository's, facts outrank the inventory. A play of the
/// user's own may have gathered them.
#[test]
fn a_variable_that_a_host_reports_as_a_fact_is_refused() {
    for version in [OLDEST, NEWEST] {
        let mut site = Site::new().with_ansible(version);
        site.inventory(&right_credentials());
        let elsewhere = site.path("elsewhere").display().to_string();
        let facts = format!(
            "- hosts: nodes\n  gather_facts: false\n  tasks:\n    - set_fact: {{oreg_manifest_dir: {elsewhere}, \
             cacheable: true}}\n"
        );
        let before = site.file("before.yml", &facts).display().to_string();
        let playbook = site.file(
            "all.yml",
            &format!(
                "- import_playbook: {before}\n- import_playbook: {}/playbooks/registry_auth.yml\n",
                crate::support::playbook::root().display()
            ),
        );
        let config = site.file("other.cfg", &format!(
            "[defaults]\nroles_path={root}/playbooks/roles\naction_plugins={root}/plugins/action\n",
            root = crate::support::playbook::root().display()
        ));
        let mut command = site.command("ansible-playbook");
        command
            .env("ANSIBLE_CONFIG", config)
            .arg("-i")
            .arg(site.path("hosts"))
            .arg(playbook);
        let run = Run::of(&mut command);
        run.failed_with(&["oreg_manifest_dir comes from a fact that node-1 has reported"]);
        assert!(site.written().is_empty() && !site.path("elsewhere").exists());
    }
}

#[test]
fn a_lie_stays_in_the_rows_of_its_own_node() {
    let forged = "fine\n* node-3: invalid_credentials: refused\nnode-3  missing";
    let file = json!({
        "path": forged, "changed": false, "added": [], "updated": [], "removed": [], "message": forged,
    });
    for (version, lie) in [
        (NEWEST, json!({"changed": true, "files": {"a": 1}})),
        (NEWEST, json!({"changed": false, "files": [file]})),
        (OLDEST, json!({"changed": false, "files": [file]})),
        (
            OLDEST,
            json!({"changed": false, "files": "{{ lookup('pipe', 'id') }}"}),
        ),
        (NEWEST, json!({"failed": true, "msg": forged})),
    ] {
        let site =
            site_with_liar("oreg_node_config", &lie, &right_credentials()).with_ansible(version);
        site.run(&["--limit", "node-1,node-3"]).changes();
        let run = site.play("verify.yml", &[]);
        run.failed_with(&["* node-2:"]);
        let honest = ["node-1", "node-3"].map(|node| super::verify::row(&run, node));
        assert_eq!(honest, [["valid", "valid"]; 2], "{}", run.output);
        // Ansible itself has printed the node's own words before, under the node's name.
        let (_, report) = run.output.split_once("TASK [oreg : Report]").unwrap();
        let forged = report
            .lines()
            .map(|line| line.trim_start_matches([' ', '-', '"']));
        let forged = forged.filter(|line| line.starts_with("* node-3"));
        assert_eq!(forged.count(), 0, "{}", run.output);
    }
}

/// A login shell prints what its user likes.
#[test]
fn a_word_in_the_output_of_a_shell_restarts_nothing() {
    let mut site = Site::new();
    let main = main_credential(INSTALLER, &BED.passwords.installer);
    site.inventory(&format!("{main}oreg_restart_nodes=True\n"));
    let shell = site.file(
        "chatty",
        "#!/bin/bash\necho 'your password change is due, oreg-restart-is-due'\nexec /bin/sh \"$@\"\n",
    );
    set_mode(&shell, 0o755);
    let log = site.path("restarts").display().to_string();
    set_mode(
        &site.file("bin/systemctl", &format!("#!/bin/sh\necho x >>{log}\n")),
        0o755,
    );
    let hosts = site.text("hosts");
    site.file(
        "hosts",
        &format!(
            "{hosts}\n[nodes:vars]\nansible_shell_executable={}\n",
            shell.display()
        ),
    );
    site.run(&["-e", "oreg_restart_nodes=False"]).changes();
    for tags in [&[][..], &["--tags", "restart"]] {
        assert_eq!(site.run(tags).changes(), [0, 0, 0]);
    }
    assert!(!site.path("restarts").exists());
}
