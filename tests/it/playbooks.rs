//! The playbooks, run by ansible-core against real registries and a real API server. Those of this file
//! are about `registry_auth.yml`.

mod hostile;
pub(crate) mod restart;
mod revoke;
mod settings;
mod upgrade;
mod verify;

use std::{collections::BTreeSet, process::Command};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use testbed::{
    bed::{DEVELOPER, INSTALLER, POD_IMAGE},
    token_server::Account,
};

use crate::support::{
    cluster::{cluster, namespace, object},
    playbook::{BED, NODES, Run, Site, root},
    scratch::{mode, read},
    tools,
};

/// The inventory lines of a main credential at the token registry.
pub(crate) fn main_credential(user: &str, password: &str) -> String {
    let registry = BED.token_registry.host();
    format!(
        "openshift_deployment_type=openshift-enterprise\n\
         oreg_url={registry}/openshift3/ose-${{component}}:${{version}}\n\
         oreg_auth_user={user}\noreg_auth_password={password}\n"
    )
}

/// An entry of the list of additional registries, as Python text.
pub(crate) fn entry(host: &str, password: &str) -> String {
    format!(
        "{{'host':'{host}','user':'{DEVELOPER}','password':'{password}','test_login':'True',\
         'test_image':'mongodb/mongodb'}}"
    )
}

/// The variables of the usual set.
pub(crate) fn right_credentials() -> String {
    let main = main_credential(INSTALLER, &BED.passwords.installer);
    let entry = entry(BED.basic_registry.host(), &BED.passwords.developer);
    format!("{main}openshift_additional_registry_credentials=[{entry}]\n")
}

fn site(variables: &str) -> Site {
    let mut site = Site::new();
    site.inventory(variables);
    site
}

/// The password must not be in the output in any form.
fn assert_hidden(run: &Run, user: &str, password: &str) {
    let forms = [
        password.to_owned(),
        STANDARD.encode(password),
        STANDARD.encode(format!("{user}:{password}")),
    ];
    for form in forms {
        assert!(!run.output.contains(&form), "a secret is in the output");
    }
}

#[test]
fn right_credentials_reach_nodes_and_secrets_and_a_second_run_changes_nothing() {
    let site = site(&right_credentials()).with_shipped_modules();
    // The first node is also the master, which writes the secrets.
    assert_eq!(site.run(&[]).changes(), [2, 1, 1]);
    let written = site.written();
    assert_eq!(written.len(), NODES.len() * 2 + 2, "{:?}", written.keys());
    assert!(written.keys().all(|file| mode(file) == 0o600));

    let again = site.run(&["-vvvv"]);

    assert_eq!(again.changes(), [0, 0, 0]);
    assert_eq!(site.written(), written);
    assert_hidden(&again, INSTALLER, &BED.passwords.installer);
    assert_hidden(&again, DEVELOPER, &BED.passwords.developer);
}

#[test]
fn check_mode_reports_the_changes_and_makes_none() {
    let site = site(&right_credentials());
    let run = site.run(&["--check", "--diff", "-vvvv"]);
    assert_eq!(run.changes(), [2, 1, 1]);
    assert!(site.written().is_empty());
    assert!(
        run.output
            .contains(&format!("+{}", BED.token_registry.host())),
        "{}",
        run.output
    );
    assert_hidden(&run, INSTALLER, &BED.passwords.installer);
    assert_hidden(&run, DEVELOPER, &BED.passwords.developer);
}

#[test]
fn a_wrong_password_stops_the_run_before_anything_is_written() {
    let site = site(&main_credential(INSTALLER, "not-the-password-1"));
    let run = site.run(&["-vvvv"]);
    run.failed_with(&[BED.token_registry.host(), INSTALLER, "invalid_credentials"]);
    assert!(site.written().is_empty());
    assert!(
        !run.output.contains("Write the docker config files"),
        "{}",
        run.output
    );
    assert_hidden(&run, INSTALLER, "not-the-password-1");
}

#[test]
fn a_dead_registry_is_named_unreachable() {
    let [port] = testbed::port::free_ports().unwrap();
    let dead = format!("127.0.0.1:{port}");
    let entry = entry(&dead, "password-of-nobody");
    let main = main_credential(INSTALLER, &BED.passwords.installer);
    let site = site(&format!(
        "{main}openshift_additional_registry_credentials=[{entry}]\noreg_retries=1\noreg_delay=1"
    ));
    let run = site.run(&[]);
    run.failed_with(&[&dead, "unreachable"]);
    assert!(site.written().is_empty());
    assert_hidden(&run, DEVELOPER, "password-of-nobody");
}

/// INI group variables, YAML, key=value text and JSON arrive as list, list, text and list.
#[test]
fn four_ways_to_write_the_variables_give_the_same_files() {
    let main = main_credential(INSTALLER, &BED.passwords.installer);
    let list = entry(BED.basic_registry.host(), &BED.passwords.developer);
    let option = "openshift_additional_registry_credentials";
    let ini = site(&format!("{main}{option}=[{list}]\n"));
    let others = site(&main);
    let yaml = others.file("vars.yml", &format!("{option}:\n  - {list}\n"));
    let text = format!("{option}=[{list}]");
    let json = json!({option: [{
        "host": BED.basic_registry.host(), "user": DEVELOPER, "password": BED.passwords.developer,
        "test_login": "True", "test_image": "mongodb/mongodb",
    }]});

    assert_eq!(ini.run(&[]).changes(), [2, 1, 1]);
    assert_eq!(
        others
            .run(&["-e", &format!("@{}", yaml.display())])
            .changes(),
        [2, 1, 1]
    );
    let texts = |site: &Site| site.written().into_values().collect::<Vec<_>>();
    assert_eq!(texts(&ini), texts(&others));
    for form in [text, json.to_string()] {
        assert_eq!(others.run(&["-e", &form]).changes(), [0, 0, 0], "{form}");
    }
}

#[test]
fn a_list_ruined_on_a_host_line_is_recognised() {
    let list = entry(BED.basic_registry.host(), &BED.passwords.developer);
    let line = format!("openshift_additional_registry_credentials=[{list}]");
    let site = site(&main_credential(INSTALLER, &BED.passwords.installer));
    let hosts = site.text("hosts");
    site.file(
        "hosts",
        &hosts.replace("node-[1:3]", &format!("node-[1:3] {line}")),
    );
    let run = site.run(&[]);
    run.failed_with(&["openshift_additional_registry_credentials", "quotes"]);
    assert!(site.written().is_empty());
    assert_hidden(&run, DEVELOPER, &BED.passwords.developer);
}

#[test]
fn a_rotated_password_is_updated_in_place() {
    let account = |password| Account::new("rotated", password).grant("openshift3/*", &["pull"]);
    BED.token_server.set_account(account("first-password-1"));
    let mut site = site(&main_credential("rotated", "first-password-1"));
    assert_eq!(site.run(&[]).changes(), [2, 1, 1]);

    BED.token_server.set_account(account("second-password-2"));
    site.inventory(&main_credential("rotated", "second-password-2"));
    let run = site.run(&["--diff"]);

    assert_eq!(run.changes(), [2, 1, 1]);
    assert_hidden(&run, "rotated", "first-password-1");
    assert_hidden(&run, "rotated", "second-password-2");
    let encoded = STANDARD.encode("rotated:second-password-2");
    assert!(
        NODES
            .iter()
            .all(|node| read(&site.kubelet_file(node)).contains(&encoded))
    );
    assert_eq!(site.run(&[]).changes(), [0, 0, 0]);
}

#[test]
fn one_node_alone_is_proven_too_and_no_other_is_touched() {
    let wrong = site(&main_credential(INSTALLER, "not-the-password-2"));
    wrong
        .run(&["--limit", "node-3"])
        .failed_with(&["invalid_credentials"]);
    assert!(wrong.written().is_empty());

    let site = site(&right_credentials());
    let run = site.run(&["--limit", "node-3"]);
    run.changes_of("node-3", 1);
    assert!(!run.output.contains("node-2"), "{}", run.output);
    assert!(
        site.written()
            .keys()
            .all(|file| file.starts_with(site.kubelet_file("node-3").ancestors().nth(2).unwrap()))
    );
}

#[test]
fn parts_can_be_chosen_by_tag() {
    let site = site(&right_credentials());
    assert_eq!(site.run(&["--tags", "validate"]).changes(), [0, 0, 0]);
    assert!(site.written().is_empty());
    assert_eq!(site.run(&["--tags", "secrets"]).changes(), [1, 0, 0]);
    assert_eq!(site.run(&["--tags", "nodes"]).changes(), [1, 1, 1]);
    // Not the secrets: which token servers there are is only known to a run that proves.
    let unproven = site.run(&["--skip-tags", "validate,secrets"]);
    assert_eq!(unproven.changes(), [0, 0, 0]);
    assert!(
        !unproven.output.contains("Prove the credentials"),
        "{}",
        unproven.output
    );
}

#[test]
fn an_inventory_without_nodes_is_refused() {
    let site = Site::new();
    site.file("hosts", "[masters]\nnode-1 ansible_connection=local\n");
    site.run(&[])
        .failed_with(&["needs the groups masters and nodes"]);
}

#[test]
fn a_slice_without_a_master_is_proven_by_the_control_host() {
    let mut site = Site::new();
    site.inventory(&format!(
        "{}oreg_control_host=localhost\n",
        right_credentials()
    ));
    let whole = site.text("hosts");
    let slice = whole.replace(
        "[masters]\nnode-1 \n[nodes]\nnode-[1:3]",
        "[masters]\n[nodes]\nnode-[2:3]",
    );
    assert_ne!(slice, whole);
    site.file("hosts", &slice);
    assert_eq!(site.run(&[]).changes(), [0, 1, 1]);
    assert!(
        !site.manifests().exists(),
        "secrets are for the slice with the master"
    );
    let verified = site.play("verify.yml", &[]);
    assert!(verified.ok, "{}", verified.output);
}

#[test]
fn skopeo_reads_the_image_with_the_written_file() {
    let site = site(&right_credentials());
    site.run(&["--tags", "nodes", "--limit", "node-2"])
        .changes_of("node-2", 1);
    let registry = BED.token_registry.host();
    let mut skopeo = Command::new(tools::find("skopeo"));
    skopeo
        .args(["inspect", "--no-tags", "--cert-dir"])
        .arg(BED.cert_dir().join(registry))
        .arg("--authfile")
        .arg(site.kubelet_file("node-2"))
        .arg(format!("docker://{registry}/{POD_IMAGE}"));
    let run = Run::of(&mut skopeo);
    assert!(
        run.ok && run.output.contains("\"Digest\": \"sha256:"),
        "{}",
        run.output
    );
}

#[test]
fn the_api_server_gets_the_secrets() {
    let namespace = namespace();
    let mut site = Site::new();
    let variables = format!(
        "{}oreg_kubeconfig={}\noreg_namespaces=['{namespace}']\noreg_manifest_dir={{{{ omit }}}}\n",
        right_credentials(),
        cluster().kubeconfig().display()
    );
    site.inventory(&variables);

    assert_eq!(site.run(&["--tags", "secrets"]).changes(), [1, 0, 0]);

    let secret = object(&namespace, "secret", "imagestreamsecret");
    assert_eq!(secret["type"], "kubernetes.io/dockerconfigjson");
    let document = STANDARD
        .decode(secret["data"][".dockerconfigjson"].as_str().unwrap())
        .unwrap();
    let document: Value = serde_json::from_slice(&document).unwrap();
    let hosts: Vec<_> = document["auths"].as_object().unwrap().keys().collect();
    assert_eq!(
        hosts,
        [BED.token_registry.host(), BED.token_server.host()],
        "also for the token server, which image imports ask by its own name"
    );
    assert_eq!(site.run(&["--tags", "secrets"]).changes(), [0, 0, 0]);
}

/// The role's tables of options and variables, beside what the modules take.
#[test]
fn every_option_that_a_variable_sets_is_one_of_the_module() {
    let role = root().join("playbooks/roles/oreg");
    let tables = read(&role.join("vars/main.yml"));
    let options = |table: &str| -> BTreeSet<String> {
        let lines = tables
            .lines()
            .skip_while(|line| !line.starts_with(&format!("{table}:")));
        let rows = lines.skip(1).take_while(|line| line.starts_with("  "));
        rows.map(|row| row.trim().split(':').next().unwrap().to_owned())
            .collect()
    };
    for (module, tables) in [
        (
            "oreg_validate",
            &[
                "oreg_credential_options",
                "oreg_proxy_options",
                "oreg_proof_options",
            ][..],
        ),
        (
            "oreg_node_config",
            &["oreg_credential_options", "oreg_file_options"],
        ),
        (
            "oreg_pull_secrets",
            &[
                "oreg_credential_options",
                "oreg_secret_options",
                "oreg_removal_options",
                "oreg_global_options",
            ],
        ),
        ("oreg_nodes_ready", &["oreg_cluster_options"]),
        ("oreg_report", &["oreg_registry_options"]),
    ] {
        let module = oreg::modules::ALL
            .iter()
            .find(|known| known.name == module)
            .unwrap();
        let known: BTreeSet<_> = module
            .options()
            .map(|option| option.name.to_owned())
            .collect();
        for table in tables {
            let options = options(table);
            assert!(!options.is_empty(), "{table}");
            let unknown: Vec<_> = options.difference(&known).collect();
            assert!(unknown.is_empty(), "{table}: {unknown:?}");
        }
    }
}

#[test]
fn ansible_doc_shows_every_module() {
    let site = Site::new().with_shipped_modules();
    for module in oreg::modules::ALL {
        let run = Run::of(
            site.command("ansible-doc")
                .args(["-t", "module", module.name]),
        );
        assert!(run.ok && run.output.contains("OPTIONS"), "{}", run.output);
    }
}

/// A password of Red Hat must not reach another registry because a variable has its old name.
#[test]
fn the_deployment_type_has_two_names_and_is_never_guessed() {
    let unproven = ["--skip-tags", "validate"];
    let credential = "oreg_auth_user=1234567|installer\noreg_auth_password=of-red-hat\n";
    let keys = |variables: &str| {
        let site = site(&format!("{credential}{variables}"));
        site.run(&unproven).changes();
        let file: Value = serde_json::from_str(&read(&site.kubelet_file("node-1"))).unwrap();
        let keys = file["auths"].as_object().unwrap().keys().cloned();
        keys.collect::<Vec<_>>()
    };
    assert_eq!(
        keys("deployment_type=openshift-enterprise\n"),
        ["registry.redhat.io"]
    );
    let both = "deployment_type=openshift-enterprise\nopenshift_deployment_type=origin\n";
    assert_eq!(keys(both), ["quay.io"], "as in openshift-ansible");

    let untyped = site(credential);
    for arguments in [&[][..], &unproven] {
        untyped.run(arguments).failed_with(&[
            "nothing names their registry: set openshift_deployment_type",
            "its old name deployment_type",
            "oreg_url",
        ]);
    }
    assert!(untyped.written().is_empty());
}
