//! What `make modules` installs, on machines that are not ours: a bastion gets a compiler, and no test bed.

use std::process::Command;

use crate::support::{
    playbook::{Run, root},
    scratch::{Scratch, set_mode},
    tools,
};

/// Runs `testbed/setup build` on a machine that has just these programs, besides those of a shell.
fn build(programs: &[&str]) -> Run {
    let machine = machine(programs);
    let mut setup = script(&machine, "testbed/setup");
    Run::of(setup.arg("build"))
}

/// A directory for PATH with what a shell needs, and programs that fail.
fn machine(programs: &[&str]) -> Scratch {
    let machine = Scratch::new();
    for program in ["bash", "cat", "dirname", "id", "mkdir", "tr"] {
        let link = machine.path(program);
        std::os::unix::fs::symlink(tools::find(program), link).unwrap();
    }
    for program in programs {
        set_mode(&machine.write(program, "#!/bin/sh\nexit 7\n"), 0o755);
    }
    machine
}

fn script(machine: &Scratch, path: &str) -> Command {
    let mut script = Command::new(root().join(path));
    let bash = machine.path("bash");
    script.env("PATH", bash.parent().unwrap());
    script
}

#[test]
fn without_rust_it_says_where_to_get_it() {
    let machine = machine(&[]);
    let run = Run::of(&mut script(&machine, "scripts/build-modules"));
    let expected = "cargo is missing: install Rust by https://rustup.rs";
    assert!(!run.ok && run.output.contains(expected), "{}", run.output);
}

#[test]
fn without_python_it_says_what_to_install() {
    let machine = machine(&[]);
    let mut script = script(&machine, "scripts/python-env");
    let cache = machine.path("cache");
    script
        .args(["zig", "ziglang"])
        .env("OREG_CACHE", cache)
        .env("PYTHON", "/nowhere/python3");
    let run = Run::of(&mut script);
    let expected = "there is no python3: install Python 3.8 or newer";
    assert!(!run.ok && run.output.contains(expected), "{}", run.output);
}

#[test]
fn where_the_cache_cannot_be_it_asks_for_another() {
    let machine = machine(&["python3"]);
    let mut script = script(&machine, "scripts/python-env");
    let cache = machine.write("file", "").join("cache");
    script
        .args(["zig", "ziglang"])
        .env("OREG_CACHE", &cache)
        .env("PYTHON", machine.path("python3"));
    let run = Run::of(&mut script);
    let expected = format!("cannot write to {}: set OREG_CACHE", cache.display());
    assert!(!run.ok && run.output.contains(&expected), "{}", run.output);
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
