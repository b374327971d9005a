//! Guests: booted Debian systems with systemd and sshd and without Python, as nodes of the cluster.
//!
//! Each has an address of its own on a bridge, and its Node object at the API server. The unit
//! `origin-node` stands for the node agent: it says there, with the node's own certificate, when the
//! node is ready. Nothing else does, so a guest that is down keeps the status that it had.
//!
//! They run in the namespaces of [`crate::namespaces`] only.

mod machine;
mod network;
mod ssh;

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};

use self::machine::{Machine, Tree};
use self::network::Network;
use self::ssh::Ssh;
use crate::cluster::{Cluster, Readiness};
use crate::pki::Authority;
use crate::wait;

pub use self::network::BRIDGE_ADDRESS;

const BOUND: Duration = Duration::from_mins(1);

/// What all guests are given.
pub struct Setting<'a> {
    /// The cluster whose nodes they are.
    pub cluster: &'a Cluster,
    /// The authority that certified the registries.
    pub authority: &'a Authority,
    /// The registries that they trust.
    pub registries: &'a [&'a str],
}

/// A set of running guests; they are switched off when it is dropped.
pub struct Guests {
    members: Vec<Guest>,
    ssh: Ssh,
    inventory: PathBuf,
    _tree: Tree,
    _network: Network,
}

struct Guest {
    name: String,
    address: Ipv4Addr,
    machine: Machine,
}

/// Makes the bridge, whose address the components are to have. Once in a process.
///
/// # Errors
/// When this process is not inside namespaces of its own.
pub fn make_network() -> Result<Network> {
    Network::create()
}

impl Guests {
    /// Boots `node-1` to `node-COUNT` and waits until all are ready. The first is the master.
    ///
    /// # Errors
    /// When a program or the guests' file tree is not installed, or a guest does not boot; the
    /// message holds the end of its console.
    pub fn start(count: u8, network: Network, setting: &Setting<'_>) -> Result<Self> {
        let ssh = Ssh::create()?;
        let tree = Tree::unpack()?;
        let guests: Vec<Guest> = (1..=count)
            .map(|number| Guest::boot(number, &tree, &network, &ssh, setting))
            .collect::<Result<_>>()?;
        let hosts: Vec<_> = guests
            .iter()
            .map(|one| (one.name.as_str(), one.address))
            .collect();
        let inventory = ssh.write_inventory(&hosts)?;
        let mut guests = Self {
            members: guests,
            ssh,
            inventory,
            _tree: tree,
            _network: network,
        };
        for name in guests.names() {
            guests.wait_for(&name, setting.cluster)?;
        }
        Ok(guests)
    }

    /// Returns the names, in order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.members
            .iter()
            .map(|guest| guest.name.clone())
            .collect()
    }

    /// Returns an Ansible inventory with the groups `masters` and `nodes`, and how the guests are
    /// reached.
    #[must_use]
    pub fn inventory(&self) -> &Path {
        &self.inventory
    }

    /// Runs a shell command on a guest, over ssh, and returns what it prints.
    ///
    /// # Errors
    /// When the guest cannot be reached or the command fails.
    pub fn run(&self, name: &str, script: &str) -> Result<String> {
        self.ssh.run(self.guest(name)?.address, script)
    }

    /// Pulls the plug. Its address stays, and nobody answers there.
    ///
    /// # Errors
    /// When there is no such guest, or it cannot be stopped.
    pub fn switch_off(&mut self, name: &str) -> Result<()> {
        self.guest_mut(name)?.machine.switch_off()
    }

    /// Boots a guest that was switched off, with the files that it had, and waits until it is ready.
    ///
    /// # Errors
    /// As [`Guests::start`].
    pub fn switch_on(&mut self, name: &str, cluster: &Cluster) -> Result<()> {
        cluster.set_node_readiness(name, Readiness::Unknown)?;
        self.guest_mut(name)?.machine.switch_on()?;
        self.wait_for(name, cluster)
    }

    /// A guest is there when sshd answers and its agent has reported.
    fn wait_for(&mut self, name: &str, cluster: &Cluster) -> Result<()> {
        let ready = wait::until_some(BOUND, || {
            let guest = self.guest_mut(name)?;
            guest.machine.require_alive()?;
            let address = guest.address;
            let ready = cluster.is_node_ready(name)? && self.ssh.run(address, "true").is_ok();
            anyhow::Ok(ready.then_some(()))
        })?;
        ready.with_context(|| format!("{name} is not ready after {BOUND:?}"))
    }

    fn guest(&self, name: &str) -> Result<&Guest> {
        let mut guests = self.members.iter();
        guests
            .find(|guest| guest.name == name)
            .with_context(|| format!("there is no guest {name}"))
    }

    fn guest_mut(&mut self, name: &str) -> Result<&mut Guest> {
        let mut guests = self.members.iter_mut();
        guests
            .find(|guest| guest.name == name)
            .with_context(|| format!("there is no guest {name}"))
    }
}

impl Guest {
    fn boot(
        number: u8,
        tree: &Tree,
        network: &Network,
        ssh: &Ssh,
        setting: &Setting<'_>,
    ) -> Result<Self> {
        let name = format!("node-{number}");
        let address = network.connect(&name, number)?;
        let role = if number == 1 { "infra" } else { "compute" };
        let role = format!("node-role.kubernetes.io/{role}");
        setting
            .cluster
            .create_node(&name, Readiness::Unknown, &[(&role, "true")])?;
        let mut machine = Machine::create(&name, tree)?;
        ssh.admit(&machine)?;
        hand_over(&machine, &name, setting)?;
        if number == 1 {
            let kubeconfig = std::fs::read(setting.cluster.kubeconfig())?;
            machine.write("etc/origin/master/admin.kubeconfig", &kubeconfig)?;
        }
        machine.switch_on()?;
        Ok(Self {
            name,
            address,
            machine,
        })
    }
}

/// What every node of a cluster has: its agent's configuration, and trust in the registries.
fn hand_over(machine: &Machine, name: &str, setting: &Setting<'_>) -> Result<()> {
    let identity = setting.cluster.node_identity(name)?;
    let agent = format!("API={}\nNODE={name}\n", setting.cluster.url());
    machine.write("etc/origin/node/agent.conf", agent.as_bytes())?;
    machine.write(
        "etc/origin/node/ca.crt",
        &std::fs::read(identity.ca_cert())?,
    )?;
    machine.write("etc/origin/node/client.crt", identity.cert_pem().as_bytes())?;
    machine.write("etc/origin/node/client.key", identity.key_pem().as_bytes())?;
    let authority = std::fs::read(setting.authority.ca_cert())?;
    for registry in setting.registries {
        machine.write(&format!("etc/docker/certs.d/{registry}/ca.crt"), &authority)?;
    }
    Ok(())
}
