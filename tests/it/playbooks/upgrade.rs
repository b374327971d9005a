//! `playbooks/upgrade.yml`: nothing is written unless the image of the next release is there.

use testbed::{
    bed::{INSTALLER, PUSHER},
    image,
};

use super::{main_credential, right_credentials, site};
use crate::support::playbook::BED;

const UPGRADE: &str = "upgrade.yml";

#[test]
fn an_image_that_is_missing_stops_the_run_before_anything_is_written() {
    let site = site(&right_credentials());
    let target = [
        "-e",
        "oreg_target_tag=v3.11.999",
        "-e",
        "oreg_missing_image=ignore",
    ];
    site.play(UPGRADE, &target)
        .failed_with(&["image_not_found", "openshift3/ose-pod:v3.11.999"]);
    assert!(site.written().is_empty());
}

#[test]
fn credentials_are_refreshed_when_the_image_is_there() {
    let image = "openshift3/ose-pod:v3.11.500";
    image::push(&BED.token_registry, PUSHER, &BED.passwords.pusher, image).unwrap();
    let site = site(&right_credentials());
    for target in ["oreg_target_tag=v3.11.500", "openshift_image_tag=v3.11.500"] {
        let check = site.play(UPGRADE, &["-e", target, "--check"]);
        assert!(
            check.output.contains(&format!("has {image} (sha256:")),
            "{}",
            check.output
        );
    }
    assert!(site.written().is_empty());
    let target = ["-e", "oreg_target_tag=v3.11.500"];
    assert_eq!(site.play(UPGRADE, &target).changes(), [2, 1, 1]);
    assert_eq!(site.play(UPGRADE, &target).changes(), [0, 0, 0]);
}

#[test]
fn a_pattern_that_names_its_tag_proves_nothing() {
    let main = main_credential(INSTALLER, &BED.passwords.installer).replace("${version}", "v3.11");
    let site = site(&main);
    let target = ["-e", "oreg_target_tag=v3.11.500"];
    site.play(UPGRADE, &target)
        .failed_with(&["was not asked for v3.11.500"]);
    assert!(site.written().is_empty());
}

#[test]
fn the_test_image_is_looked_for_with_the_tag_to_come() {
    let main = main_credential(INSTALLER, &BED.passwords.installer);
    let site = site(&format!("{main}oreg_test_image=openshift3/ose-pod:v3.11\n"));
    let target = ["-e", "oreg_target_tag=v3.11.998"];
    site.play(UPGRADE, &target)
        .failed_with(&["image_not_found", "openshift3/ose-pod:v3.11.998"]);
}

#[test]
fn the_release_must_be_named() {
    site(&right_credentials())
        .play(UPGRADE, &[])
        .failed_with(&["Which release is to come?"]);
}
