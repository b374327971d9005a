//! Namespaces of one's own: network, mounts and processes that nothing outside can meet.
//!
//! A program is run again inside them. There is no route out, so nothing there can reach a real host
//! by mistake; and when the first process inside ends, however it ends, the kernel ends all others.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Result, bail};

use crate::process::bound_to_parent;
use crate::tools;
use crate::wait;

/// Set inside, to the name of the cgroup that is for what runs there.
const CGROUP: &str = "OREG_TESTBED_CGROUP";
const CGROUPS: &str = "/sys/fs/cgroup";
/// Where cgroups of version 2 may be seen from outside.
const ROOTS: [&str; 2] = [CGROUPS, "/sys/fs/cgroup/unified"];
const PREFIX: &str = "oreg-testbed-";
const BOUND: Duration = Duration::from_secs(5);

/// Mounts stay inside; network namespaces get a place for their names, and cgroups of version 2 a
/// view, as systemd in a guest wants it. Then loopback, and the program as the first process.
const PREPARE: &str = "set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/netns /run/lock
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p \"/sys/fs/cgroup/$OREG_TESTBED_CGROUP\"
ip link set lo up
exec \"$@\"";

/// Returns whether this process runs inside.
#[must_use]
pub fn are_entered() -> bool {
    tools::variable(CGROUP).is_some()
}

/// The way in.
pub struct Entrance {
    /// Runs a program inside. It ends, and all that it started, when the thread that spawns it ends;
    /// a signal to end it must be KILL.
    pub command: Command,
    /// Is to be dropped after the program ended.
    pub cgroup: Cgroup,
}

/// The cgroup for what runs inside; it is removed when dropped.
pub struct Cgroup(String);

/// Returns a way in for `program`.
///
/// # Errors
/// When a program is not installed, or the user is not root.
pub fn entrance(program: &Path) -> Result<Entrance> {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    if !rustix::process::getuid().is_root() {
        bail!("guests need namespaces of their own: run this as root");
    }
    sweep();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("{PREFIX}{}-{count}", process::id());
    let mut command = bound_to_parent(&tools::find("unshare")?)?;
    command
        .args(["--mount", "--net", "--pid", "--fork", "--kill-child=KILL"])
        .args(["--mount-proc", "sh", "-c", PREPARE, "sh"])
        .arg(program)
        .env(CGROUP, &name);
    Ok(Entrance {
        command,
        cgroup: Cgroup(name),
    })
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        for cgroup in ROOTS.map(|root| Path::new(root).join(&self.0)) {
            // What was in it has been killed, and is gone in a moment.
            wait::until(BOUND, || {
                remove_cgroups(&cgroup);
                !cgroup.exists()
            });
        }
    }
}

/// Returns the cgroup for what runs inside.
///
/// # Errors
/// When this process runs outside.
pub(crate) fn cgroup() -> Result<PathBuf> {
    match tools::variable(CGROUP) {
        Some(name) => Ok(Path::new(CGROUPS).join(name)),
        None => bail!("guests can only run inside: see namespaces::entrance"),
    }
}

/// Removes the cgroups that killed runs left behind, which are empty. Where version 2 cannot be seen
/// from outside they stay, and cost nothing.
fn sweep() {
    for root in ROOTS.map(Path::new) {
        for entry in fs::read_dir(root).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let owner = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
            let owner = owner.and_then(|owner| owner.split('-').next());
            if owner.is_some_and(|owner| !is_alive(owner)) {
                remove_cgroups(&entry.path());
            }
        }
    }
}

fn is_alive(process_id: &str) -> bool {
    Path::new("/proc").join(process_id).exists()
}

/// A cgroup is removed after those in it; its files go with it. One that is in use stays.
fn remove_cgroups(path: &Path) {
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_cgroups(&entry.path());
        }
    }
    let _ = fs::remove_dir(path);
}
