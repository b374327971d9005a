//! How guests are reached: keys that are made anew for every run, and an inventory.

use std::fmt::Write as _;
use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::machine::Machine;
use crate::scratch::Scratch;
use crate::tools;

/// The keys of the user and of all guests.
pub(super) struct Ssh(Scratch);

impl Ssh {
    pub(super) fn create() -> Result<Self> {
        let files = Scratch::new()?;
        for name in ["user", "host"] {
            let key = files.file(name);
            let key = key.to_string_lossy();
            tools::run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", &key])?;
        }
        // In this directory, because two test beds have guests at the same addresses.
        files.make_dir("control")?;
        let host = fs::read_to_string(files.file("host.pub"))?;
        files.write("known_hosts", format!("10.99.0.* {host}"))?;
        Ok(Self(files))
    }

    /// Makes a machine one that is reached with these keys.
    pub(super) fn admit(&self, machine: &Machine) -> Result<()> {
        let key = |name: &str| fs::read(self.0.file(name)).context("a key is gone");
        machine.write("root/.ssh/authorized_keys", &key("user.pub")?)?;
        machine.write("etc/ssh/ssh_host_ed25519_key", &key("host")?)?;
        machine.write("etc/ssh/ssh_host_ed25519_key.pub", &key("host.pub")?)
    }

    pub(super) fn run(&self, address: Ipv4Addr, script: &str) -> Result<String> {
        let user = format!("root@{address}");
        let (key, known) = (self.path("user"), self.path("known_hosts"));
        let known = format!("UserKnownHostsFile={known}");
        let quick = [
            "-F",
            "none",
            "-o",
            "BatchMode=yes",
            "-o",
            "ConnectTimeout=2",
        ];
        let args = ["-o", &known, "-i", &key, &user, script];
        tools::run("ssh", &[&quick[..], &args].concat())
    }

    /// Writes an inventory of these hosts; the first is the master.
    pub(super) fn write_inventory(&self, hosts: &[(&str, Ipv4Addr)]) -> Result<PathBuf> {
        let mut text = String::from("[masters]\n");
        if let Some((master, _)) = hosts.first() {
            let _ = writeln!(text, "{master}");
        }
        text.push_str("[nodes]\n");
        for (name, address) in hosts {
            let _ = writeln!(text, "{name} ansible_host={address}");
        }
        let _ = write!(
            text,
            "[OSEv3:children]\nmasters\nnodes\n[OSEv3:vars]\nansible_user=root\n\
             ansible_ssh_private_key_file={key}\nansible_control_path_dir={control}\n\
             ansible_ssh_common_args=-o UserKnownHostsFile={known} -o ConnectTimeout=5\n",
            key = self.path("user"),
            known = self.path("known_hosts"),
            control = self.path("control"),
        );
        self.0.write("hosts", text)
    }

    fn path(&self, name: &str) -> String {
        self.0.file(name).display().to_string()
    }
}
