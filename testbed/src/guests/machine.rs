//! A machine: an overlay on the common file tree, booted by systemd-nspawn in a cgroup of its own.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::network;
use crate::namespaces;
use crate::process::{Logs, Process};
use crate::scratch;
use crate::tools;

/// A file system in memory, which goes with the mount namespace.
const PLACE: &str = "/run/oreg-guests";
const STOP_BOUND: Duration = Duration::from_secs(10);

/// A process must be in its cgroup before it becomes the machine.
const JOIN_AND_BOOT: &str = "echo $$ >\"$0/cgroup.procs\"; exec \"$@\"";

/// The file tree that all machines have in common, unpacked.
pub(super) struct Tree(PathBuf);

/// A machine, on or off; it is off when dropped.
pub(super) struct Machine {
    name: String,
    cgroup: PathBuf,
    process: Option<Process>,
}

impl Tree {
    pub(super) fn unpack() -> Result<Self> {
        namespaces::cgroup()?;
        let tree = Path::new(PLACE).join("tree");
        fs::create_dir_all(&tree).context("cannot make the guests' file tree")?;
        let archive = tools::guest_tree()?;
        let (archive, into) = (archive.to_string_lossy(), tree.to_string_lossy());
        tools::run("tar", &["--zstd", "-xf", &archive, "-C", &into])?;
        Ok(Self(tree))
    }
}

impl Machine {
    /// Makes a machine with a name and the common file tree, switched off.
    pub(super) fn create(name: &str, tree: &Tree) -> Result<Self> {
        let cgroup = namespaces::cgroup()?.join(name);
        let machine = Self {
            name: name.to_owned(),
            cgroup,
            process: None,
        };
        fs::create_dir_all(&machine.cgroup).context("cannot make a cgroup")?;
        for part in ["upper", "work", "root"] {
            fs::create_dir_all(machine.part(part))?;
        }
        let [upper, work] = ["upper", "work"].map(|part| machine.part(part));
        let options = format!(
            "lowerdir={},upperdir={},workdir={}",
            tree.0.display(),
            upper.display(),
            work.display()
        );
        let root = machine.part("root");
        let mount = ["-t", "overlay", "overlay", "-o", &options];
        tools::run("mount", &[&mount[..], &[&root.to_string_lossy()]].concat())?;
        machine.write("etc/hostname", format!("{name}\n").as_bytes())?;
        Ok(machine)
    }

    /// Writes a file of the machine, for root only.
    pub(super) fn write(&self, path: &str, contents: &[u8]) -> Result<()> {
        let file = self.part("root").join(path);
        // What is renamed into place has the mode of a temporary file, 0600.
        scratch::replace(&file, contents)
            .with_context(|| format!("cannot write {}", file.display()))
    }

    pub(super) fn switch_on(&mut self) -> Result<()> {
        let nspawn = tools::find("systemd-nspawn")?;
        let (cgroup, nspawn) = (self.cgroup.to_string_lossy(), nspawn.to_string_lossy());
        let network = network::namespace(&self.name);
        let args = [
            "-c".to_owned(),
            JOIN_AND_BOOT.to_owned(),
            cgroup.into_owned(),
            nspawn.into_owned(),
            "--quiet".to_owned(),
            "--boot".to_owned(),
            format!("--directory={}", self.part("root").display()),
            format!("--machine={}", self.name),
            // There is no systemd outside to ask for anything.
            "--register=no".to_owned(),
            "--keep-unit".to_owned(),
            format!("--network-namespace-path={}", network.display()),
            "--console=pipe".to_owned(),
            "--link-journal=no".to_owned(),
            "--resolv-conf=off".to_owned(),
            "--timezone=off".to_owned(),
        ];
        let logs = Logs {
            stdout: self.part("console.log"),
            stderr: self.part("nspawn.log"),
        };
        self.process = Some(Process::start(&tools::find("sh")?, args, &logs)?);
        Ok(())
    }

    /// The kernel kills everything in the cgroup at once, as a power cut does.
    pub(super) fn switch_off(&mut self) -> Result<()> {
        let kill = OpenOptions::new()
            .write(true)
            .open(self.cgroup.join("cgroup.kill"));
        kill.and_then(|mut kill| kill.write_all(b"1"))
            .context("cannot kill a guest")?;
        if let Some(mut process) = self.process.take() {
            process.wait_for_end(STOP_BOUND)?;
        }
        Ok(())
    }

    pub(super) fn require_alive(&mut self) -> Result<()> {
        let name = &self.name;
        let process = self.process.as_mut();
        process
            .with_context(|| format!("{name} is switched off"))?
            .require_alive()
    }

    fn part(&self, name: &str) -> PathBuf {
        Path::new(PLACE).join(&self.name).join(name)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // What does not end here ends with the namespaces.
        let _ = self.switch_off();
    }
}
