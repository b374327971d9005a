//! Which nodes restart, in which order, and what becomes of a run that stops in between.

use testbed::cluster::Readiness;

use super::{right_credentials, site};
use crate::support::{
    cluster::{Kubelets, cluster},
    playbook::{NODES, Recap, Run, Site},
    scratch::set_mode,
};

#[test]
fn only_changed_nodes_are_chosen_for_a_restart() {
    let _kubelets = nodes("chosen", [Readiness::Ready; 3]);
    let site = restarting_site("chosen");
    let plays = |run: &Run| {
        run.output
            .matches("TASK [oreg : Restart the node service]")
            .count()
    };
    // Under --check nothing is restarted; one play for each node, as one is done after the other.
    let run = site.run(&["--check"]);
    assert_eq!((plays(&run), run.changes()), (3, [2, 1, 1]));
    let together = site.run(&["--check", "-e", "openshift_restart_nodes_serial=2"]);
    assert_eq!(plays(&together), 2, "{}", together.output);

    site.run(&["-e", "oreg_restart_nodes=False"]).changes();
    std::fs::remove_file(site.kubelet_file("node-3")).unwrap();
    let run = site.run(&["--check"]);
    assert_eq!((plays(&run), run.changes()), (1, [0, 0, 1]));
    assert!(run.output.contains("skipping: [node-3]"), "{}", run.output);
    assert_eq!(run.recap("node-1"), Recap::default());
}

/// Nodes at the API server, for the hosts of a site.
pub(crate) fn nodes(prefix: &str, readiness: [Readiness; 3]) -> Kubelets {
    let names = NODES.map(|node| format!("{prefix}-{node}"));
    for (name, readiness) in names.iter().zip(readiness) {
        cluster().create_node(name, readiness, &[]).unwrap();
    }
    Kubelets::of(names)
}

/// A site that restarts nodes, whose service manager writes down what it is asked for.
pub(crate) fn restarting_site(prefix: &str) -> Site {
    restarting_site_with(prefix, &right_credentials())
}

/// The same, with these credentials.
pub(crate) fn restarting_site_with(prefix: &str, credentials: &str) -> Site {
    let mut site = Site::new();
    let log = site.file("restarts", "");
    let script = format!("#!/bin/sh\necho \"$*\" >>{}\n", log.display());
    set_mode(&site.file("bin/systemctl", &script), 0o755);
    site.inventory(&format!(
        "{credentials}oreg_restart_nodes=True\noreg_kubeconfig={}\n\
         oreg_node_name={prefix}-{{{{ inventory_hostname }}}}\noreg_ready_timeout=10\n",
        cluster().kubeconfig().display(),
    ));
    site
}

#[test]
fn each_changed_node_restarts_and_is_awaited() {
    let _kubelets = nodes("steady", [Readiness::Ready; 3]);
    let site = restarting_site("steady");
    assert_eq!(site.run(&[]).changes(), [3, 2, 2]);
    let restart = "restart atomic-openshift-node\n";
    assert_eq!(site.text("restarts"), restart.repeat(3));

    assert_eq!(site.run(&[]).changes(), [0, 0, 0]);
    assert_eq!(site.text("restarts"), restart.repeat(3));

    let all = ["--tags", "restart", "-e", "oreg_restart_all_nodes=true"];
    assert_eq!(site.run(&all).changes(), [1, 1, 1]);
    assert_eq!(site.text("restarts"), restart.repeat(6));
}

#[test]
fn a_node_that_does_not_come_back_ends_the_run() {
    let _kubelets = nodes(
        "shaky",
        [Readiness::Ready, Readiness::NotReady, Readiness::Ready],
    );
    let site = restarting_site("shaky");
    site.run(&[]).failed_with(&[
        "node-2 did not come back",
        "shaky-node-2",
        "Restarted and ready: node-1.",
        "Not restarted, and working as before: node-3.",
    ]);
    let restarts = || site.text("restarts").lines().count();
    assert_eq!(restarts(), 2, "the node after it goes on working");

    let repaired = cluster().set_node_readiness("shaky-node-2", Readiness::Ready);
    repaired.unwrap();
    assert_eq!(site.run(&[]).changes(), [0, 1, 1], "what is left restarts");
    assert_eq!(site.run(&[]).changes(), [0, 0, 0]);
    assert_eq!(restarts(), 4);
}

#[test]
fn a_node_that_is_ready_only_from_before_ends_the_run() {
    drop(nodes("silent", [Readiness::Ready; 3]));
    let site = restarting_site("silent");
    site.run(&[]).failed_with(&[
        "node-1 did not come back: not ready after 10 s: silent-node-1 (no report of its kubelet",
        "Not restarted, and working as before: node-2, node-3.",
    ]);
}

#[test]
fn a_run_that_was_interrupted_is_finished_by_the_next() {
    let _kubelets = nodes("late", [Readiness::Ready; 3]);
    let site = restarting_site("late");
    assert_eq!(site.run(&["--skip-tags", "restart"]).changes(), [2, 1, 1]);
    assert_eq!(site.text("restarts"), "");

    let one = site.run(&["--limit", "node-3"]);
    assert_eq!(one.changes(), [0, 0, 1]);
    assert_eq!(site.run(&[]).changes(), [1, 1, 0]);
    assert_eq!(site.run(&[]).changes(), [0, 0, 0]);
    assert_eq!(site.text("restarts").lines().count(), 3);
}

#[test]
fn a_service_that_does_not_restart_ends_the_run() {
    let _kubelets = nodes("stuck", [Readiness::Ready; 3]);
    let site = restarting_site("stuck");
    set_mode(
        &site.file("bin/systemctl", "#!/bin/sh\necho no such unit; exit 5\n"),
        0o755,
    );
    site.run(&[]).failed_with(&[
        "node-1: atomic-openshift-node could not be restarted: no such unit",
        "Restarted and ready: none.",
        "Not restarted, and working as before: node-2, node-3.",
    ]);
}

/// Of a node that is down together with the one that the message is about, too.
#[test]
fn nodes_of_one_batch_that_do_not_come_back_are_all_named() {
    let readiness = [Readiness::NotReady, Readiness::NotReady, Readiness::Ready];
    let _kubelets = nodes("paired", readiness);
    let site = restarting_site("paired");
    let two = ["-e", "openshift_restart_nodes_serial=2"];
    site.run(&two).failed_with(&[
        "node-1 did not come back",
        "node-2 did not come back",
        "Restarted and ready: none.",
        "Restarted and not ready: node-1, node-2.",
        "Not restarted, and working as before: node-3.",
        "Once node-1, node-2 is repaired",
    ]);
}

#[test]
fn a_node_has_the_name_that_the_dynamic_inventory_gives_it() {
    let _kubelets = nodes("named", [Readiness::Ready; 3]);
    let site = restarting_site("named");
    let named = site
        .text("hosts")
        .replace("oreg_node_name", "openshift_node_name");
    site.file("hosts", &named);
    assert_eq!(site.run(&[]).changes(), [3, 2, 2]);
}

#[test]
fn a_node_whose_file_cannot_be_written_keeps_no_other_from_being_written() {
    let site = site(&right_credentials());
    // The first node is also the master, and reachable: the secrets are written from there.
    crate::support::scratch::write(&site.file("nodes/node-1/kubelet/config.json", ""), "{");
    let run = site.run(&[]);
    run.failed_with(&[
        "cannot read docker config",
        "cannot be reached or failed: node-1.",
    ]);
    let changes = NODES.map(|node| run.recap(node).changed);
    assert_eq!(changes, [0, 2, 1], "{}", run.output);
    assert!(site.manifests().exists());

    crate::support::scratch::write(&site.kubelet_file("node-1"), "{}");
    assert_eq!(site.run(&[]).changes(), [1, 0, 0]);
}
