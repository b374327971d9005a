//! A bridge, and for each guest a network namespace with an address on it.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::namespaces;
use crate::tools;

/// The address of the bridge, at which guests meet the components of the test bed.
pub const BRIDGE_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 1);
const BRIDGE: &str = "bed0";
/// The interface inside a guest.
const INTERFACE: &str = "host0";

/// The bridge. It goes with the network namespace of this process, so nothing removes it.
pub struct Network(());

impl Network {
    pub(super) fn create() -> Result<Self> {
        // Only inside: these names are for one test bed.
        namespaces::cgroup()?;
        ip(&["link", "add", BRIDGE, "type", "bridge"])?;
        ip(&[
            "addr",
            "add",
            &format!("{BRIDGE_ADDRESS}/24"),
            "dev",
            BRIDGE,
        ])?;
        ip(&["link", "set", BRIDGE, "up"])?;
        Ok(Self(()))
    }

    /// Makes the network namespace of a guest, and returns its address.
    #[expect(clippy::unused_self, reason = "there must be a bridge")]
    pub(super) fn connect(&self, name: &str, number: u8) -> Result<Ipv4Addr> {
        let [a, b, c, _] = BRIDGE_ADDRESS.octets();
        let address = Ipv4Addr::new(a, b, c, 10 + number);
        let outside = format!("{BRIDGE}-{number}");
        ip(&["netns", "add", name])?;
        let peer = ["peer", "name", INTERFACE, "netns", name];
        ip(&[&["link", "add", &outside, "type", "veth"][..], &peer].concat())?;
        ip(&["link", "set", &outside, "master", BRIDGE, "up"])?;
        ip(&["-n", name, "link", "set", "lo", "up"])?;
        ip(&[
            "-n",
            name,
            "addr",
            "add",
            &format!("{address}/24"),
            "dev",
            INTERFACE,
        ])?;
        ip(&["-n", name, "link", "set", INTERFACE, "up"])?;
        Ok(address)
    }
}

/// Returns the file by which a guest joins its namespace.
pub(super) fn namespace(name: &str) -> PathBuf {
    Path::new("/run/netns").join(name)
}

fn ip(args: &[&str]) -> Result<()> {
    tools::run("ip", args).map(drop)
}
