//! How each version hands arguments to a compiled module.

use serde_json::json;
use testbed::bed::DEVELOPER;

use super::LIST;
use crate::{
    playbooks::entry,
    support::{
        playbook::{BED, NODES, Run, Site},
        scratch::{mode, names, read},
    },
};

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

pub(super) fn every_form_of_an_argument_means_the_same(version: &'static str) {
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

pub(super) fn single_modules_are_called_by_hand(version: &'static str) {
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
pub(super) fn manifests_are_written_by_hand(version: &'static str) {
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
