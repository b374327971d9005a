//! Layer 4: the cluster's nodes as a dynamic inventory for Ansible.
//!
//! Reading order: [`settings`] says what can be chosen; [`groups`] and [`hostvars`] describe one
//! node, [`document`] all of them; [`portal`] reads a credential from the files that Red Hat hands
//! out; [`command`] is the program.
//!
//! When anything goes wrong nothing is printed on standard output: Ansible would take half an
//! inventory for a whole one.

pub mod command;
pub mod document;
pub mod error;
mod graph;
mod groups;
mod host_name;
mod hostvars;
mod place;
pub mod portal;
pub mod settings;
mod template;

pub use command::{ProcessEnvironment, run};
pub use error::InventoryError;
