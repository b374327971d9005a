//! L2: what a user wants, from request to plan or report. Uses the adapters; knows nothing of Ansible.

pub mod await_nodes;
pub mod configure_node;
pub mod sync_pull_secrets;
pub mod validate;
