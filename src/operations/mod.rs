//! Layer 3: what a user wants, from request to plan or report. Uses the adapters; knows nothing of Ansible.

pub mod await_nodes;
pub mod await_pools;
pub mod configure_node;
pub mod machine_config;
pub mod report;
pub mod restart_note;
pub mod sync_global_secret;
pub mod sync_pull_secrets;
pub mod validate;

/// How far to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Tell what would be done.
    Preview,
    /// Do it.
    Apply,
}
