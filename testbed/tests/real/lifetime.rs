//! Nothing outlives its owner, however that one ends.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use testbed::registry::{Access, Registry, Transport};
use testbed::wait;

fn exists(process_id: &str) -> bool {
    // A zombie is dead: it only waits for a parent that has no time.
    fs::read_to_string(Path::new("/proc").join(process_id).join("stat"))
        .is_ok_and(|stat| !stat.contains(") Z "))
}

fn is_gone_soon(process_id: &str) -> bool {
    wait::until(Duration::from_secs(5), || !exists(process_id))
}

#[test]
fn a_dropped_registry_is_gone() {
    let registry = Registry::start(Transport::Plain, Access::Open).unwrap();
    let (id, log) = (
        registry.process_id().to_string(),
        registry.access_log().to_owned(),
    );
    assert!(exists(&id));
    drop(registry);
    assert_eq!((exists(&id), log.exists()), (false, false));
}

#[test]
fn a_registry_outlives_the_thread_that_started_it() {
    let start = || Registry::start(Transport::Plain, Access::Open).unwrap();
    let registry = thread::spawn(start).join().unwrap();
    // The kernel's signal comes at once, if it comes.
    thread::sleep(Duration::from_millis(50));
    assert!(exists(&registry.process_id().to_string()));
}

/// Starts the command `testbed` with a shell that tells the process ids of itself and its siblings.
fn start_command(scratch: &Path) -> (Child, Vec<String>) {
    let script = "echo $(ps -o pid= --ppid $PPID); exec sleep 60";
    let mut command = Command::new(env!("CARGO_BIN_EXE_testbed"));
    command
        .args(["run", "--", "sh", "-c", script])
        .stdout(Stdio::piped());
    let mut child = command.env("TMPDIR", scratch).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    (child, line.split_whitespace().map(str::to_owned).collect())
}

#[test]
fn nothing_outlives_a_killed_command() {
    let scratch = tempfile::tempdir().unwrap();
    let (mut child, children) = start_command(scratch.path());
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(children.len(), 3, "two registries and the shell");
    let left: Vec<_> = children.iter().filter(|id| !is_gone_soon(id)).collect();
    assert_eq!(left, [""; 0]);
}
