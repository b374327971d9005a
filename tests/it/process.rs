//! Every program keeps its memory to itself, from its first statement on.

use std::{
    fs,
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use testbed::wait;

use crate::support::{
    module::binary,
    scratch::{Scratch, read},
};

const NOBODY: u32 = 65_534;
/// How long a program may take to start on a busy machine.
const BOUND: Duration = Duration::from_secs(20);

/// Every executable, with arguments that make it read standard input.
const PROGRAMS: [(&str, &[&str]); 7] = [
    ("oreg_node_config", &["-"]),
    ("docker_creds", &["-"]),
    ("oreg_validate", &["-"]),
    ("oreg_pull_secrets", &["-"]),
    ("oreg_nodes_ready", &["-"]),
    ("oreg_cluster_info", &["-"]),
    ("oreg_inventory", &["--list", "--settings", "-"]),
];

/// Starts a program that waits for its input, with core dumps allowed.
fn waiting(name: &str, words: &[&str], directory: &Path) -> Child {
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -c unlimited; exec \"$@\"", "sh"])
        .arg(binary(name))
        .args(words)
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let child = command.spawn().unwrap();
    let limits = format!("/proc/{}/limits", child.id());
    let is_protected = || {
        let limits = read(Path::new(&limits));
        let core = limits
            .lines()
            .find(|line| line.starts_with("Max core file"));
        let words: Vec<_> = core.unwrap().split_whitespace().collect();
        words[4..6] == ["0", "0"]
    };
    assert!(wait::until(BOUND, is_protected), "{name}");
    child
}

#[test]
fn no_program_leaves_a_core_file() {
    for (name, words) in PROGRAMS {
        let scratch = Scratch::new();
        let mut child = waiting(name, words, &scratch.path(""));
        let id = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(id, rustix::process::Signal::QUIT).unwrap();
        assert!(!child.wait().unwrap().success(), "{name}");
        assert_eq!(scratch.names(), [""; 0], "{name}");
    }
}

/// A process that may be dumped can be read by every process of its user. One that may not has files in
/// `/proc` that belong to root (proc(5)).
#[test]
fn no_process_of_the_same_user_reads_its_memory() {
    let scratch = Scratch::shared();
    let program = scratch.copy(&binary("oreg_node_config"), "oreg_node_config");
    let mut command = Command::new(program);
    command.arg("-").stdin(Stdio::piped()).stdout(Stdio::null());
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    let mut child = command.spawn().unwrap();
    let owner = || {
        fs::metadata(format!("/proc/{}/mem", child.id()))
            .unwrap()
            .uid()
    };
    assert!(wait::until(BOUND, || owner() == 0));
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Whatever the program, protection comes before anything that reads.
#[test]
fn protection_is_the_first_statement_of_every_program() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin");
    let mut programs = 0;
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        let text = read(&path);
        let (_, body) = text.split_once("fn main() -> ExitCode {\n").unwrap();
        let first = body.lines().next().unwrap().trim();
        assert!(
            first.ends_with("process::protect();"),
            "{}: {first}",
            path.display()
        );
        programs += 1;
    }
    assert!(programs >= 3);
}
