//! Booted guests, by the command that starts them.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use testbed::wait;

/// Tells which network the guests' test bed is in, and that the guest's agent has reported.
const TELL: &str = "readlink /proc/self/ns/net; kubectl get node node-1 --no-headers";

fn start(script: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_testbed"));
    command.args([
        "run", "--nodes", "0", "--guests", "1", "--", "sh", "-c", script,
    ]);
    command
}

/// Starts one guest, and waits until it is ready; returns the network it is in.
fn start_and_wait() -> (Child, String) {
    let mut command = start(&format!("{TELL}; exec sleep 60"));
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let network = lines.next().unwrap().unwrap();
    let node = lines.next().unwrap().unwrap();
    assert!(node.contains(" Ready "), "{node}");
    (child, network)
}

/// Whether any process is in this network.
fn is_in_use(network: &str) -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let networks =
        processes.filter_map(|process| fs::read_link(process.path().join("ns/net")).ok());
    networks
        .into_iter()
        .any(|other| other.as_os_str() == network)
}

fn is_left_soon(network: &str) -> bool {
    wait::until(Duration::from_secs(5), || !is_in_use(network))
}

#[test]
fn the_command_ends_with_the_status_and_leaves_nothing() {
    let output = start(&format!("{TELL}; exit 7")).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(7), "{printed}");
    assert!(is_left_soon(printed.lines().next().unwrap()));
}

#[test]
fn no_guest_outlives_a_killed_command() {
    for signal in [Signal::TERM, Signal::KILL] {
        let (mut child, network) = start_and_wait();
        assert!(is_in_use(&network));
        let id = Pid::from_raw(child.id().try_into().unwrap()).unwrap();
        kill_process(id, signal).unwrap();
        child.wait().unwrap();
        assert!(is_left_soon(&network), "{signal:?}");
    }
}
