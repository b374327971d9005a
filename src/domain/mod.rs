//! Layer 0: pure values. No I/O, no clock, no environment; imports nothing from other folders.
//!
//! Reading order: what a secret is, what a registry is, what a credential is, the docker config
//! document that holds credentials, the plan that changes such a document, and how it is made.

pub mod collect;
pub mod credential;
pub mod dns_name;
pub mod docker_config;
pub mod expiry;
pub mod image;
mod json_members;
pub(crate) mod layout;
pub mod merge;
pub mod plan;
pub mod reader;
pub mod registry_credential;
pub mod registry_host;
pub mod secret;
pub mod stored_entry;
pub mod verdict;
pub mod visible;
pub mod warning;
