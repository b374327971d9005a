//! Layer 4: one file per Ansible module: its option table, options → request, report → response.

mod cluster_answer;
pub mod credential_options;
pub mod docker_creds;
pub mod documentation;
mod effect;
mod file_changes;
pub mod option_page;
pub mod oreg_cluster_info;
pub mod oreg_node_config;
pub mod oreg_nodes_ready;
pub mod oreg_pull_secrets;
pub mod oreg_report;
pub mod oreg_validate;
mod removals;
mod role_tables;
mod state;

use crate::ansible::Module;

/// Every module.
pub const ALL: [&Module; 7] = [
    &docker_creds::MODULE,
    &oreg_cluster_info::MODULE,
    &oreg_node_config::MODULE,
    &oreg_nodes_ready::MODULE,
    &oreg_pull_secrets::MODULE,
    &oreg_report::MODULE,
    &oreg_validate::MODULE,
];
