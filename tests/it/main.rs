//! Tests through the public faces: modules as Ansible runs them, and the files they leave.
//!
//! The first group needs rustup and Python alone. Those below need the feature `real`: what
//! `testbed/setup` installs, and root.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what is wrong by failing there"
)]

#[cfg_attr(
    not(feature = "real"),
    allow(dead_code, reason = "most of it serves the tests with real components")
)]
mod support;

mod api_server;
mod bench_compare;
mod command;
#[cfg(feature = "real")]
mod command_real;
mod docker_creds;
mod docker_creds_login;
mod foreign_text;
mod layers;
mod leaks;
mod node_config;
mod process;
mod security;
mod setup;
mod sidecar;
mod validate_wire;

#[cfg(feature = "real")]
mod ansible_versions;
#[cfg(feature = "real")]
mod binaries;
#[cfg(feature = "real")]
mod cluster_connection;
#[cfg(feature = "real")]
mod collection;
#[cfg(feature = "real")]
mod faults;
#[cfg(feature = "real")]
mod guests;
#[cfg(feature = "real")]
mod inventory;
#[cfg(feature = "real")]
mod keychain;
#[cfg(feature = "real")]
mod node_files;
#[cfg(feature = "real")]
mod node_hosts;
#[cfg(feature = "real")]
mod node_swaps;
#[cfg(feature = "real")]
mod nodes_ready;
#[cfg(feature = "real")]
mod okd4;
#[cfg(feature = "real")]
mod openshift_ansible;
#[cfg(feature = "real")]
mod playbooks;
#[cfg(feature = "real")]
mod pull_secrets;
#[cfg(feature = "real")]
mod pull_secrets_lasting;
#[cfg(feature = "real")]
mod validate_real;
