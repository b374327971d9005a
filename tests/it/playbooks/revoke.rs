//! `playbooks/revoke.yml`: a registry is gone from files and secrets, and everything else stays.

use super::{right_credentials, site};
use crate::support::playbook::{BED, Site};

const REVOKE: &str = "revoke.yml";

fn configured() -> Site {
    let site = site(&right_credentials());
    site.run(&[]).changes();
    site
}

/// How many of the written files name this registry.
fn files_with(site: &Site, host: &str) -> usize {
    let written = site.written().into_values();
    written
        .filter(|text| text.contains(&format!("\"{host}\"")))
        .count()
}

fn manifests(site: &Site) -> Vec<String> {
    crate::support::scratch::names(&site.manifests())
}

#[test]
fn an_additional_registry_is_taken_from_files_and_secrets() {
    let site = configured();
    let (main, host) = (BED.token_registry.host(), BED.basic_registry.host());
    let written = site.written();
    let revoke = format!("oreg_revoke={host}");

    assert_eq!(
        site.play(REVOKE, &["-e", &revoke, "--check", "--diff"])
            .changes(),
        [2, 1, 1]
    );
    assert_eq!(site.written(), written);

    let run = site.play(REVOKE, &["-e", &revoke]);
    assert_eq!(run.changes(), [2, 1, 1]);
    assert!(
        run.output
            .contains(&format!("{host} is still in the inventory")),
        "{}",
        run.output
    );
    assert_eq!((files_with(&site, host), files_with(&site, main)), (0, 6));
    assert_eq!(manifests(&site), ["openshift-imagestreamsecret.json"]);
    assert_eq!(site.play(REVOKE, &["-e", &revoke]).changes(), [0, 0, 0]);
}

#[test]
fn the_main_registry_is_taken_away_like_any_other() {
    let site = configured();
    let (main, host) = (BED.token_registry.host(), BED.basic_registry.host());
    let revoke = format!("oreg_revoke=https://{main}/");
    assert_eq!(site.play(REVOKE, &["-e", &revoke]).changes(), [2, 1, 1]);
    assert_eq!((files_with(&site, host), files_with(&site, main)), (6, 0));
    assert!(!manifests(&site).contains(&"openshift-imagestreamsecret.json".to_owned()));
}

#[test]
fn several_at_once_on_one_node() {
    let site = configured();
    let (main, host) = (BED.token_registry.host(), BED.basic_registry.host());
    let revoke = format!("oreg_revoke={main},{host}");
    let run = site.play(REVOKE, &["-e", &revoke, "--limit", "node-2"]);
    assert_eq!(run.changes(), [0, 1, 0]);
    assert_eq!(manifests(&site).len(), 2);
}

#[test]
fn the_registry_must_be_named() {
    let site = configured();
    let written = site.written();
    site.play(REVOKE, &[])
        .failed_with(&["Which registry do you want to remove?"]);
    assert_eq!(site.written(), written);
}
