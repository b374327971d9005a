//! Registry credentials for OKD / OpenShift 3.11 clusters, as Ansible modules.
//!
//! This file is the map. Imports go down only; siblings of one layer do not know each other
//! (`tests/it/layers.rs` checks it, `docs/architecture.md` explains why).
//!
//! ```text
//! 6  bin/            one small file per program
//! 5  cli/            the command for people
//! 4  modules/        one Ansible module per file: option table, options → request, report → answer
//!    inventory/      the cluster's nodes as an Ansible inventory
//! 3  operations/     what a user wants: request → plan or report
//! 2  ansible/  inventory_vars/  registry/  authfile/  cluster/     adapters
//! 1  support/        mechanisms that adapters share: files, foreign text, errors, proxies, TLS
//! 0  domain/         pure values
//! ```
//!
//! Start reading at [`domain`], then follow one module down: `modules/oreg_node_config.rs`.

pub mod domain;

pub mod support;

pub mod ansible;
pub mod authfile;
pub mod cluster;
pub mod inventory_vars;
pub mod registry;

pub mod operations;

pub mod inventory;
pub mod modules;

pub mod cli;
