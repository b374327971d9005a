//! Layer 2: the Kubernetes API and Secret manifests on disk. The only place that names `kube` and
//! `k8s_openapi`.
//!
//! Reading order: [`names`] says what secrets are called and marked with; [`goal`], with [`pull_secret`]
//! and [`removal`], decides without I/O what has to change ([`plan`]), as [`service_account`] does for
//! accounts; [`kubeconfig`] says where the server is and who asks, and [`connect`], [`mod@client`],
//! [`proxy`] and [`tls`] make a client of it; [`api`] asks within a time limit, [`pages`] reads lists,
//! [`retry`] writes; [`error`] says what went wrong in words a user can act upon; [`manifest`] writes to a
//! directory, by [`manifest_file`], what would otherwise go to the API; [`node`] says which nodes are
//! ready, and [`node_record`] what else is known of them.
//!
//! [`cluster_version`] says which OpenShift a cluster is; [`global_secret`], [`global_copy`] and
//! [`machine_config_pool`] are for OKD 4.
//!
//! For OpenShift 3.11, nothing newer than Kubernetes 1.11 is used: core v1; get, list, create, update and
//! delete (docs/decisions/0003-kubernetes-1-11.md).

mod account_calls;
pub mod api;
mod client;
pub mod cluster_version;
pub mod connect;
mod document;
pub mod error;
pub mod global_copy;
pub mod global_secret;
pub mod goal;
mod kubeconfig;
pub mod live_secret;
pub mod machine_config_pool;
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
mod retry;
#[cfg(test)]
mod scripted;
pub mod secret_calls;
mod secret_manifest;
pub mod service_account;
mod tls;

#[cfg(fuzzing)]
pub use kubeconfig::read_text as read_kubeconfig;

pub use api::Cluster;
pub use error::ClusterError;
