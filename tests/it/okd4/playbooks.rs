//! The playbooks for OKD 4, in four steps: check, apply, apply again, check again; and the playbooks for 3.11,
//! which stop there before they write.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use serde_json::Value;
use testbed::{
    bed::{INSTALLER, POD_IMAGE},
    cluster::Cluster,
    okd4::{Pool, set_release_image},
};

use super::{COPY, NAME, NAMESPACE, STORED, okd4, store, stored};
use crate::{
    playbooks::{entry, right_credentials},
    support::{
        cluster::cluster,
        playbook::{BED, NEWEST, Run, Site},
        scratch::read,
    },
};

const GLOBAL: &str = "global_pull_secret.yml";
const VERIFY: &str = "verify_global.yml";
const REVOKE: &str = "revoke_global.yml";
const OLDEST: &str = "2.9";

/// A site whose inventory is that of a cluster: no host, and the main registry is the one that the cluster names.
fn site(cluster: &Cluster, password: &str) -> Site {
    set_release_image(
        cluster,
        &format!("{}/{POD_IMAGE}", BED.token_registry.host()),
    )
    .unwrap();
    let site = Site::new();
    let entry = entry(BED.basic_registry.host(), &BED.passwords.developer);
    let variables = format!(
        "[all:vars]\noreg_kubeconfig={}\noreg_cert_dir={}\noreg_auth_user={INSTALLER}\n\
         oreg_auth_password={password}\nopenshift_additional_registry_credentials=[{entry}]\n\
         oreg_pools_timeout=60\n",
        cluster.kubeconfig().display(),
        BED.cert_dir().display(),
    );
    site.file("hosts", &variables);
    site
}

fn right_site(cluster: &Cluster) -> Site {
    site(cluster, &BED.passwords.installer)
}

fn secret(cluster: &Cluster) -> String {
    stored(cluster, NAMESPACE, NAME)
}

/// The run must have succeeded, with so many changes.
fn changes(run: &Run, changed: u32) {
    run.changes_of("localhost", changed);
}

struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn check_apply_and_again(version: &'static str) {
    let cluster = okd4();
    let pool = Pool::create(&cluster, "worker", 2).unwrap();
    let site = right_site(&cluster).with_ansible(version);
    let (stopped, pause) = (AtomicBool::new(false), Duration::from_millis(300));
    thread::scope(|scope| {
        let operator = scope.spawn(|| pool.follow_secret(pause, &stopped));
        // Also when an assertion fails: the scope waits for its threads.
        let stop = Stop(&stopped);
        let check = site.play(GLOBAL, &["--check", "--diff", "-vvvv"]);
        changes(&check, 1);
        let added = format!(
            "+{}: user={INSTALLER} password=sha256:",
            BED.token_registry.host()
        );
        assert!(check.output.contains(&added), "{}", check.output);
        assert!(!check.output.contains(&BED.passwords.installer));
        assert_eq!(secret(&cluster), STORED);

        changes(&site.play(GLOBAL, &[]), 1);
        let written = secret(&cluster);
        assert!(
            written.starts_with(STORED.strip_suffix("}}").unwrap()),
            "{written}"
        );
        for host in [BED.token_registry.host(), BED.basic_registry.host()] {
            assert!(written.contains(host), "{written}");
        }
        // It has waited for the nodes.
        let verified = site.play(VERIFY, &[]);
        assert!(verified.ok, "{}", verified.output);

        changes(&site.play(GLOBAL, &[]), 0);
        changes(&site.play(GLOBAL, &["--check"]), 0);
        assert_eq!(secret(&cluster), written);

        let revoke = format!("oreg_revoke={}", BED.basic_registry.host());
        changes(&site.play(REVOKE, &["-e", &revoke]), 1);
        assert!(!secret(&cluster).contains(BED.basic_registry.host()));
        changes(&site.play(REVOKE, &["-e", &revoke]), 0);
        drop(stop);
        operator.join().unwrap().unwrap();
    });
}

#[test]
fn credentials_come_to_the_secret_with_the_newest_ansible() {
    check_apply_and_again(NEWEST);
}

#[test]
fn credentials_come_to_the_secret_with_the_oldest_ansible() {
    check_apply_and_again(OLDEST);
}

#[test]
fn a_wrong_password_stops_the_run_before_the_secret_is_written() {
    let cluster = okd4();
    let run = site(&cluster, "not-the-password-7").play(GLOBAL, &["-vvvv"]);
    run.failed_with(&[BED.token_registry.host(), "invalid_credentials"]);
    assert!(!run.output.contains("not-the-password-7"));
    assert_eq!(secret(&cluster), STORED);
}

#[test]
fn an_inventory_without_a_credential_for_localhost_is_refused() {
    let cluster = okd4();
    let site = right_site(&cluster);
    let of_group = site
        .text("hosts")
        .replace("[all:vars]", "[masters]\nnode-1\n[masters:vars]");
    let kubeconfig = format!("oreg_kubeconfig={}", cluster.kubeconfig().display());
    site.file("hosts", &of_group);
    site.play(GLOBAL, &["-e", &kubeconfig])
        .failed_with(&["There is no credential to bring", "[all:vars]"]);
    assert_eq!(secret(&cluster), STORED);
}

/// Whether it is the secret, the copy of the image registry, or a pool.
#[test]
fn what_is_not_in_place_is_a_finding() {
    let cluster = okd4();
    let pool = Pool::create(&cluster, "worker", 1).unwrap();
    let site = right_site(&cluster);
    store(
        &cluster,
        COPY,
        &STORED.replace("eDp5LXBhc3N3b3Jk", "eDpvbGQ="),
    );
    pool.render("new").unwrap();
    let page = site.path("page.json");
    let file = format!("oreg_report_file={}", page.display());
    let run = site.play(VERIFY, &["-e", &file]);
    let main = BED.token_registry.host();
    run.failed_with(&[
        "Findings: 4",
        &format!("* secret {NAMESPACE}/{NAME} has no entry for {main}"),
        "does not have the credential for registry.redhat.io that the global pull secret has",
        "* the machine config pools: not updated after 0 s: worker (0 of 1 machines are updated)",
    ]);
    let report: Value = serde_json::from_str(&read(&page)).unwrap();
    assert_eq!(report["playbook"], VERIFY);
    assert_eq!(report["namespaces"][0]["secrets"][0]["state"], "missing");
    assert_eq!(report["namespaces"][1]["name"], COPY[0]);
    let command = report["findings"][2]["command"].as_str().unwrap();
    assert!(command.starts_with("oc rollout restart"), "{command}");
    assert_eq!(secret(&cluster), STORED);
}

#[test]
fn a_playbook_for_the_other_release_stops_before_it_writes() {
    let cluster4 = okd4();
    let wrong = right_site(&cluster4);
    let other = format!("oreg_kubeconfig={}", cluster().kubeconfig().display());
    for playbook in [GLOBAL, VERIFY, REVOKE] {
        wrong
            .play(playbook, &["-e", &other, "-e", "oreg_revoke=quay.io"])
            .failed_with(&["it is not OKD 4", "use registry_auth.yml instead"]);
    }
    let mut site = Site::new();
    let kubeconfig = cluster4.kubeconfig();
    site.inventory(&format!(
        "{}oreg_kubeconfig={}\noreg_manifest_dir={{{{ omit }}}}\n",
        right_credentials(),
        kubeconfig.display()
    ));
    for playbook in [
        "registry_auth.yml",
        "verify.yml",
        "upgrade.yml",
        "revoke.yml",
    ] {
        for tags in ["all", "nodes", "restart"] {
            site.play(playbook, &["--tags", tags, "-e", "oreg_revoke=quay.io"])
                .failed_with(&["OpenShift 4 (4.15.3)", "Use global_pull_secret.yml instead"]);
        }
    }
    assert!(site.written().is_empty());
    assert_eq!(secret(&cluster4), STORED);
}
