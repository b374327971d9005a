//! What can go wrong with the inventory, one variant for each thing a user can act upon. No message
//! holds a secret, or a value of the settings other than a path or a name.

use std::{io, path::PathBuf};

use thiserror::Error;

use super::{portal::PortalError, settings::SettingsError};
use crate::{
    cluster::ClusterError,
    domain::dns_name::{DnsName, DnsNameError, Quoted},
    support::files::FileError,
};

/// The reason why no inventory is printed.
#[derive(Debug, Error)]
pub enum InventoryError {
    /// Settings on standard input cannot be read.
    #[error("cannot read settings from standard input")]
    SettingsUnreadable(#[source] io::Error),
    /// The settings file cannot be read, or others can write it.
    #[error("settings")]
    SettingsFile(#[source] FileError),
    /// The settings file says something that cannot be meant.
    #[error("settings {}", path.display())]
    Settings {
        /// The file; `-` for standard input.
        path: PathBuf,
        /// What is wrong, and where.
        source: SettingsError,
    },
    /// The file with a credential cannot be used.
    #[error("credentials file {}", path.display())]
    Portal {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: PortalError,
    },
    /// The nodes cannot be had.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// A Node object with a name that no API server should have accepted.
    #[error("the name of a node {source}: delete that Node object, then try again")]
    NodeName {
        /// What is wrong with the name.
        source: DnsNameError,
    },
    /// A name or address under which Ansible would not reach another machine.
    #[error(
        "{name} cannot be a host: expected a DNS name or an IP address of another machine; change \
         `hostname_preference` or `etcd_hosts` in the settings, or rename the node"
    )]
    HostName {
        /// The name.
        name: Quoted,
    },
    /// A host that patterns such as `hosts: nodes` would mean instead of the group.
    #[error(
        "host {host} has the name of a group: change `hostname_preference` or `etcd_hosts` in the \
         settings, or rename the node"
    )]
    HostLikeGroup {
        /// The name of the host.
        host: String,
    },
    /// A pinned master that the cluster does not have.
    #[error("`masters` in the settings names {name}, and the cluster has no such node")]
    UnknownMaster {
        /// The name in the settings.
        name: DnsName,
    },
    /// Two nodes with one name.
    #[error(
        "nodes {} and {} would both be called {host}: change `hostname_preference` in the settings",
        nodes[0], nodes[1]
    )]
    SameName {
        /// The name in the inventory.
        host: String,
        /// The nodes.
        nodes: [String; 2],
    },
    /// No host has that name.
    #[error("the cluster has no node {name}")]
    UnknownHost {
        /// The name.
        name: String,
    },
    /// Standard output does not take the inventory.
    #[error("cannot print the inventory")]
    Output(#[source] io::Error),
}
