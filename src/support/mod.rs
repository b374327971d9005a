//! Layer 1: mechanisms that several adapters share: files, text from other machines, errors, proxies,
//! trust and TLS errors.
//!
//! The floor between `domain/` and the adapters. It knows nothing of registries, clusters or Ansible:
//! an adapter adds the words that its own users act upon.

pub mod arguments;
pub mod errors;
pub mod files;
pub mod header;
pub mod process;
pub mod proxies;
pub mod server_verifier;
pub mod text;
pub mod tls;
pub mod trust;
pub mod version;
pub mod yaml;
