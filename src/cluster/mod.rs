//! L1: the Kubernetes API and Secret manifests on disk. The only place that names `kube` and
//! `k8s_openapi`.
//!
//! Reading order: [`names`] says what our objects are called; [`plan`], with [`pull_secret`] and
//! [`removal`], and [`service_account`] decide, without I/O, what has to change, and [`lines`] says what
//! may be shown of it; [`api`] asks the server, within a time limit, [`connect`] finds it, and
//! [`mod@client`] speaks to it; [`error`] says what went wrong in words a user can act upon;
//! [`manifest`] writes to a directory what would else go to the API, by [`manifest_file`]; [`node`]
//! tells which nodes are ready, and [`node_record`] what else is known of them.
//!
//! Nothing newer than Kubernetes 1.11 is used: core v1; get, list, create, update and delete
//! (docs/decisions/0003-kubernetes-1-11.md).

mod account_calls;
pub mod api;
mod client;
pub mod connect;
pub mod error;
mod kubeconfig;
mod lines;
pub mod live_secret;
pub mod manifest;
mod manifest_file;
pub mod names;
pub mod node;
pub mod node_record;
mod pages;
pub mod plan;
mod proxy;
pub mod pull_secret;
pub mod removal;
pub mod secret_calls;
mod secret_manifest;
pub mod service_account;
mod tls;

pub use api::Cluster;
pub use error::ClusterError;
