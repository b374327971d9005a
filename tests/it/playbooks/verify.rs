//! `playbooks/verify.yml`: what is wrong is found and named, and nothing is changed.

use serde_json::{Value, json};
use testbed::{
    bed::{DEVELOPER, INSTALLER},
    token_server::Account,
};

use super::{assert_hidden, entry, main_credential, right_credentials, site};
use crate::support::{
    playbook::{BED, NODES, Run, Site},
    scratch::{read, set_mode, write},
    scripted::{Scripted, head},
};

const VERIFY: &str = "verify.yml";

/// The row of the report that begins with this. What a node printed earlier in the run does not count.
pub(super) fn row<'a>(run: &'a Run, label: &str) -> Vec<&'a str> {
    let report = run.output.split_once("TASK [oreg : Report]");
    let (_, report) = report.unwrap_or_else(|| panic!("no report in:\n{}", run.output));
    let mut lines = report
        .lines()
        .map(|line| line.trim_start_matches([' ', '-', '"']));
    let row = lines.find(|line| line.starts_with(&format!("{label}  ")));
    let row = row.unwrap_or_else(|| panic!("no row {label} in:\n{}", run.output));
    let cells = row
        .trim_start_matches(label)
        .split("  ")
        .map(|cell| cell.trim_matches([' ', '"', ',']));
    cells.filter(|cell| !cell.is_empty()).collect()
}

/// A site with an account of its own at the token registry.
fn own_site(user: &str) -> Site {
    let account = Account::new(user, "first-password").grant("openshift3/*", &["pull"]);
    BED.token_server.set_account(account);
    let main = main_credential(user, "first-password");
    let entry = entry(BED.basic_registry.host(), &BED.passwords.developer);
    let site = site(&format!(
        "{main}openshift_additional_registry_credentials=[{entry}]\n"
    ));
    site.run(&[]).changes();
    site
}

#[test]
fn a_healthy_cluster_is_one_table_of_valid() {
    let site = site(&right_credentials());
    site.run(&[]).changes();
    let written = site.written();
    let run = site.play(VERIFY, &["-vvvv"]);
    assert_eq!(run.changes(), [0, 0, 0]);
    let hosts = [BED.token_registry.host(), BED.basic_registry.host()];
    assert!(
        run.output.contains("TASK [oreg : Report]"),
        "{}",
        run.output
    );
    assert_eq!(row(&run, "node"), hosts);
    for node in ["node-1", "node-2", "node-3"] {
        assert_eq!(row(&run, node), ["valid", "valid"], "{}", run.output);
    }
    assert_eq!(row(&run, "namespace openshift"), ["in place", "in place"]);
    assert_eq!(site.written(), written);
    assert_hidden(&run, DEVELOPER, &BED.passwords.developer);
}

#[test]
fn a_cluster_that_has_nothing_yet_lacks_everything() {
    let run = site(&right_credentials()).play(VERIFY, &[]);
    run.failed_with(&["Findings: 14"]);
    for node in ["node-1", "node-2", "node-3"] {
        assert_eq!(row(&run, node), ["missing", "missing"], "{}", run.output);
    }
    assert_eq!(row(&run, "namespace openshift"), ["missing", "missing"]);
}

#[test]
fn an_inventory_without_any_credential_is_a_finding() {
    let run = site("").play(VERIFY, &[]);
    run.failed_with(&["Findings: 1", "* there is no registry to report on"]);
}

#[test]
fn a_registry_that_only_nodes_know_is_left_alone() {
    let site = site(&main_credential(INSTALLER, &BED.passwords.installer));
    site.run(&[]).changes();
    let others = Scripted::plain(|_| head(401, &["WWW-Authenticate: Basic realm=\"others\""]));
    for node in NODES {
        let file = site.kubelet_file(node);
        let mut document: Value = serde_json::from_str(&read(&file)).unwrap();
        document["auths"][others.host()] = json!({"auth": "c3RhbGU6c3RhbGU="});
        write(&file, document.to_string());
        set_mode(&file, 0o600);
    }
    let run = site.play(VERIFY, &[]);
    assert!(run.ok, "{}", run.output);
    assert_eq!(row(&run, "node-2"), ["valid", "not ours"]);
    assert_eq!(row(&run, "namespace openshift"), ["in place", "-"]);
    let asked = others.heard().len();
    assert_eq!(asked, 0, "a stale credential would be refused on each node");
}

#[test]
fn a_broken_file_is_found_and_named() {
    let site = own_site("breaker");
    let file = site.kubelet_file("node-2");
    write(&file, "{\"auths\": ");
    let run = site.play(VERIFY, &[]);
    run.failed_with(&["Findings: 1", "* node-2:", &file.display().to_string()]);
    assert_eq!(row(&run, "node-2"), ["unreadable", "unreadable"]);
    assert_eq!(row(&run, "node-3"), ["valid", "valid"]);
    assert_eq!(run.recap("node-2").changed, 0);
}

#[test]
fn a_rotated_password_is_found_with_one_failed_login() {
    let site = own_site("rotating");
    BED.token_server
        .set_password("rotating", "second-password")
        .unwrap();
    let run = site.play(VERIFY, &[]);
    run.failed_with(&["* invalid_credentials:", "rotating"]);
    for node in ["node-1", "node-2", "node-3"] {
        assert_eq!(row(&run, node), ["invalid credentials", "not asked"]);
    }
    let requests = BED.token_server.requests();
    let refused = requests
        .iter()
        .filter(|request| request.status == 401 && request.user.as_deref() == Some("rotating"));
    assert_eq!(refused.count(), 1, "nodes must not lock the account");
}

#[test]
fn a_deleted_secret_is_found_and_named() {
    let site = own_site("deleter");
    let secret = site.manifests().join("openshift-imagestreamsecret.json");
    std::fs::remove_file(secret).unwrap();
    let run = site.play(VERIFY, &[]);
    run.failed_with(&["Findings: 1", "* secret openshift/imagestreamsecret"]);
    assert_eq!(row(&run, "namespace openshift"), ["missing", "in place"]);
}

#[test]
fn a_stale_file_and_one_with_another_mode_are_found() {
    let site = own_site("stale-files");
    let file = site.kubelet_file("node-3");
    let text = site.written()[&file]
        .replace("auth\": \"", "auth\": \"eDp5")
        .replace('=', "");
    write(&file, text);
    set_mode(&site.kubelet_file("node-1"), 0o644);
    let run = site.play(VERIFY, &[]);
    run.failed_with(&["* node-3:", "* node-1:", "mode, owner or group"]);
    assert_eq!(row(&run, "node-2"), ["valid", "valid"]);
}
