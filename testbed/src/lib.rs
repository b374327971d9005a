//! The test bed: real components on loopback, for Rust tests, the demo and molecule alike.
//!
//! This file is only the map. Nothing here is simulated except the token server, which answers as
//! registry.redhat.io's does. Everything is stopped and removed when its value is dropped, and no
//! process outlives the one that started it, however that one ends.
//!
//! Reading order:
//!
//! 1. [`bed`] puts the usual set together; the command `testbed` starts it for other programs.
//! 2. [`registry`], [`token_server`] and [`image`]: registries that want credentials, and what is
//!    in them. [`other_registry`] is one of another lineage, [`keycloak`] another token server;
//!    [`proxy`], [`tls_proxy`] and [`slow_registries`] stand in between, the latter two by `haproxy`.
//! 3. [`cluster`]: a Kubernetes API server with its store. [`node_dirs`]: file trees of nodes.
//!    [`guests`]: booted nodes, inside the namespaces of [`namespaces`].
//! 4. [`pki`], [`odd_certificates`] and [`password`]: certificates and secrets, made anew for every run.
//! 5. [`process`], [`scratch`], [`port`], [`tools`] and [`wait`]: what all of them stand on.

pub mod bed;
pub mod cluster;
pub mod guests;
mod haproxy;
pub mod image;
pub mod keycloak;
pub mod namespaces;
pub mod node_dirs;
pub mod odd_certificates;
pub mod okd4;
pub mod other_registry;
pub mod password;
pub mod pki;
pub mod port;
pub mod process;
pub mod proxy;
pub mod registry;
pub mod scratch;
pub mod slow_registries;
pub mod tls_proxy;
pub mod token_server;
pub mod tools;
pub mod wait;
