//! What `make modules` installs, on machines that are not ours: a bastion gets a compiler, and no test bed.

use std::process::Command;

use crate::support::{
    playbook::{Run, root},
    scratch::{Scratch, set_mode},
    tools,
};

/// Runs `testbed/setup build` on a machine that has just these programs, besides those of a shell.
fn build(programs: &[&str]) -> Run {
    let machine = Scratch::new();
    for program in ["bash", "dirname", "id", "tr"] {
        let link = machine.path(program);
        std::os::unix::fs::symlink(tools::find(program), link).unwrap();
    }
    for program in programs {
        set_mode(&machine.write(program, "#!/bin/sh\nexit 7\n"), 0o755);
    }
    let mut setup = Command::new(root().join("testbed/setup"));
    let path = machine.path("bash");
    setup.arg("build").env("PATH", path.parent().unwrap());
    Run::of(&mut setup)
}

#[test]
fn a_machine_that_can_build_is_left_alone() {
    for programs in [&["cc"][..], &["cc", "musl-gcc", "apt-get", "sudo"]] {
        let run = build(programs);
        assert!(run.ok && run.output.is_empty(), "{}", run.output);
    }
}

#[test]
fn only_what_building_needs_is_installed() {
    let installing = |programs: &[&str]| {
        let run = build(programs);
        assert!(!run.ok);
        run.output
    };
    assert_eq!(
        installing(&["apt-get", "sudo"]),
        "testbed/setup: installing gcc libc6-dev musl-tools\n"
    );
    assert_eq!(
        installing(&["apt-get", "sudo", "cc"]),
        "testbed/setup: installing musl-tools\n"
    );
    assert!(installing(&[]).contains("please install what Debian calls gcc libc6-dev"));
}

#[test]
fn make_modules_asks_for_nothing_more() {
    let mut make = Command::new(tools::find("make"));
    let run =
        Run::of(
            make.current_dir(root())
                .args(["--no-print-directory", "--dry-run", "modules"]),
        );
    assert_eq!(run.output, "testbed/setup build\nscripts/build-modules\n");
}
