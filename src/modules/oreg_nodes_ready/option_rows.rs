//! The options of `oreg_nodes_ready`.

use crate::{
    ansible::Row,
    modules::cluster_answer::{CONTEXT, KUBECONFIG},
    rows,
};

pub(super) const NODES: Row<Vec<String>> = Row::texts("nodes")
    .about(&["The nodes by name, as C(oc get nodes) shows them. Default is all there are."]);
pub(super) const TIMEOUT: Row<u64> = Row::count("timeout", 0, 180)
    .about(&["How many seconds to wait. With V(0) the nodes are looked at once."]);
pub(super) const AFTER_RESTART: Row<bool> = Row::flag("after_restart", false).about(&[
    "Whether the nodes have just been restarted. The cluster goes on calling a node ready for some seconds \
     while its node service restarts, so only what is reported after the module has begun counts then. A 3.11 \
     node reports when it starts, and every ten seconds.",
]);

pub(super) const POOLS: Row<Vec<String>> = Row::texts("pools").about(&[
    "Wait for MachineConfigPools of OKD 4 instead of nodes, until every machine of these pools has the \
     configuration that its pool wants; V(all) names every pool.",
    "A pool that is paused ends the wait at once, and one that stays degraded ends it with the pool's own words.",
]);
pub(super) const AFTER_CHANGE: Row<bool> = Row::flag("after_change", false).about(&[
    "Whether the global pull secret has just been changed. A pool that is up to date is then watched for 60 \
     seconds, because the operator may not have seen the change yet.",
]);

rows! {pub KUBECONFIG, CONTEXT, NODES, TIMEOUT, AFTER_RESTART, POOLS, AFTER_CHANGE}
