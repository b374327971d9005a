//! `oreg_node_config` on nodes with narrow rules, as docs/node-files.md has them: a user without
//! rights, a home that is read-only, no right to execute where Ansible puts its files, no Python.

use std::{
    os::unix::fs::{MetadataExt, chown},
    path::Path,
    process::Command,
};

use serde_json::{Value, json};

use crate::support::{
    module::{Answer, Module},
    mounts,
    playbook::{Run, Site},
    scratch::{Scratch, mode, names, read, set_mode},
};

/// The user that owns nothing, on every Linux.
const NOBODY: u32 = 65534;

fn options(path: &Path) -> Value {
    json!({
        "paths": [path],
        "openshift_additional_registry_credentials":
            [{"host": "registry.example.com", "user": "name", "password": "pass-one"}],
    })
}

/// Makes a directory of an unprivileged user: of nobody, or of whoever runs the tests.
fn home_in(scratch: &Scratch) -> std::path::PathBuf {
    let home = scratch.path("home");
    std::fs::create_dir(&home).unwrap();
    if rustix::process::geteuid().is_root() {
        chown(&home, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    home
}

/// What became of a call by that user.
fn unprivileged(scratch: &Scratch, options: Value) -> Answer {
    let mut call = Module::new("oreg_node_config")
        .copied_to(scratch)
        .args(options);
    if rustix::process::geteuid().is_root() {
        let (user, group) = (format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"));
        call = call.under(&["setpriv", &user, &group, "--clear-groups"]);
    }
    Answer::read(&call.command(scratch).output().unwrap())
}

#[test]
fn a_user_without_rights_has_its_own_file_written() {
    let scratch = Scratch::shared();
    let home = home_in(&scratch);
    let path = home.join(".docker/config.json");
    assert!(unprivileged(&scratch, options(&path)).changed());
    assert!(!unprivileged(&scratch, options(&path)).changed());
    let owner = home.metadata().unwrap().uid();
    assert_ne!(owner, 0);
    for (path, bits) in [(path.as_path(), 0o600), (path.parent().unwrap(), 0o700)] {
        assert_eq!((path.metadata().unwrap().uid(), mode(path)), (owner, bits));
    }
}

#[test]
fn a_user_without_rights_cannot_give_files_away() {
    let scratch = Scratch::shared();
    let path = home_in(&scratch).join("config.json");
    let mut options = options(&path);
    options["owner"] = "root".into();
    let answer = unprivileged(&scratch, options);
    assert!(
        answer.failure().contains("not permitted"),
        "{}",
        answer.stdout
    );
    assert_eq!(answer.json["files"][0]["reason"], "permission_denied");
    assert!(!path.exists());
}

#[test]
fn a_user_without_rights_cannot_write_what_is_anothers() {
    let (scratch, own) = (Scratch::shared(), Scratch::shared());
    set_mode(&own.path(""), 0o555);
    let path = own.path(".docker/config.json");
    let answer = unprivileged(&scratch, options(&path));
    assert!(
        answer.failure().contains("Permission denied"),
        "{}",
        answer.stdout
    );
    assert_eq!(answer.json["files"][0]["reason"], "permission_denied");
}

/// Ansible's call of the module for this host.
fn ansible(site: &Site, options: &Value, more: &[&str]) -> Command {
    let mut command = site.command("ansible");
    command
        .args(["-i", "localhost,", "-c", "local", "localhost"])
        .args(["-m", "oreg_node_config", "-a", &options.to_string()])
        .args(more);
    command
}

const WITHOUT_EXECUTION: &str = "mount -t tmpfs -o noexec,mode=1777 tmpfs \"$1\"";
const READ_ONLY: &str = "mount -t tmpfs tmpfs \"$1\"; mount -o remount,ro \"$1\"";

/// Ansible's own way needs a usable `remote_tmp`: runs without and with the way out of the documentation.
/// The courier puts nothing there, so it works at once.
fn with_remote_tmp(prepare: &str, words: &[&str]) {
    let (site, scratch) = (Site::new(), Scratch::new());
    let path = scratch.path("node/config.json");
    let bad = scratch.path("bad");
    std::fs::create_dir(&bad).unwrap();
    let run = |remote_tmp: &Path, courier: &str| {
        let mut command = ansible(&site, &options(&path), &["-e", courier]);
        command.env_remove("ANSIBLE_REMOTE_TEMP").args([
            "-e",
            &format!("ansible_remote_tmp={}", remote_tmp.display()),
        ]);
        Run::of(&mut mounts::own(
            prepare,
            &[bad.to_str().unwrap()],
            &command,
        ))
    };
    run(&bad.join("tmp"), "oreg_courier=false").failed_with(words);
    assert!(!path.exists());
    for (remote_tmp, courier) in [
        (scratch.path("good"), "oreg_courier=false"),
        (bad.join("tmp"), "oreg_courier=true"),
    ] {
        let good = run(&remote_tmp, courier);
        assert!(
            good.ok && good.output.contains("CHANGED"),
            "{courier}: {}",
            good.output
        );
        assert!(read(&path).contains("registry.example.com"));
        assert_eq!(names(path.parent().unwrap()), ["config.json"]);
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn without_the_right_to_execute_another_place_helps() {
    with_remote_tmp(WITHOUT_EXECUTION, &["Permission denied", "126"]);
}

#[test]
fn without_a_home_to_write_to_another_place_helps() {
    with_remote_tmp(READ_ONLY, &["Failed to create temporary directory"]);
}

#[test]
fn no_python_is_looked_for() {
    let (site, scratch) = (Site::new(), Scratch::new());
    let path = scratch.path("config.json");
    let nowhere = "ansible_python_interpreter=/nowhere/python";
    let mut command = ansible(&site, &options(&path), &["-e", nowhere]);
    let run = Run::of(&mut command);
    assert!(run.ok && run.output.contains("CHANGED"), "{}", run.output);
}

/// Only root may become somebody without a password; any other user has no rights as it is.
#[test]
fn ansible_may_become_a_user_without_rights() {
    let (site, scratch) = (Site::new(), Scratch::shared());
    let path = home_in(&scratch).join(".docker/config.json");
    let become_nobody: &[&str] = if rustix::process::geteuid().is_root() {
        &[
            "--become",
            "--become-method=su",
            "--become-user=nobody",
            "-e",
            "ansible_become_flags='-s /bin/sh'",
        ]
    } else {
        &[]
    };
    let mut command = ansible(&site, &options(&path), become_nobody);
    let run = Run::of(&mut command);
    assert!(run.ok && run.output.contains("CHANGED"), "{}", run.output);
    let owner = scratch.path("home").metadata().unwrap().uid();
    assert_eq!(
        (path.metadata().unwrap().uid(), mode(&path)),
        (owner, 0o600)
    );
}
