//! Tests through the public faces: modules as Ansible runs them, and the files they leave.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what is wrong by failing there"
)]

mod support;

mod ansible_versions;
mod binaries;
mod cluster_connection;
mod collection;
mod docker_creds;
mod docker_creds_login;
mod guests;
mod inventory;
mod keychain;
mod layers;
mod leaks;
mod node_config;
mod node_files;
mod node_hosts;
mod nodes_ready;
mod openshift_ansible;
mod playbooks;
mod pull_secrets;
mod setup;
mod sidecar;
mod validate_real;
mod validate_wire;
