//! `MachineConfigPools` of OKD 4, which bring a new global pull secret to their nodes
//! (openshift/api `machineconfiguration/v1`; machine-config-operator, docs/MachineConfigController.md).

use k8s_openapi::api::core::v1::Node;
use kube::{
    Api,
    api::ListParams,
    core::{ApiResource, DynamicObject},
};
use serde_json::Value;

use super::{
    api::{ApiCall, Cluster},
    error::ClusterError,
};
use crate::{
    domain::dns_name::DnsName,
    support::text::{Cleaner, Foreign},
};

const GROUP: &str = "machineconfiguration.openshift.io";

/// A pool is read whole; nodes are read in pages of this size.
const PAGE: u32 = 500;

/// What the API says of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolState {
    /// The pool's name.
    pub name: String,
    /// Whether every machine has the configuration that the pool wants.
    pub updated: bool,
    /// Whether the pool waits for an administrator to let it update.
    pub paused: bool,
    /// Why the pool cannot go on, in its own words.
    pub degraded: Option<String>,
    /// What the pool is at, or lacks.
    pub reason: String,
    /// The configuration that the pool wants; a change of the pull secret gives it another.
    pub configuration: String,
}

/// What the annotations of a node say of its configuration.
struct NodeConfiguration {
    name: String,
    current: String,
    desired: String,
    state: String,
    reason: String,
}

impl Cluster {
    /// Returns the state of every pool.
    ///
    /// # Errors
    /// [`ClusterError::NoPools`] on a cluster without pools; [`ClusterError`] when the API does not answer.
    pub fn machine_config_pools(&self) -> Result<Vec<PoolState>, ClusterError> {
        let nodes: Api<Node> = Api::all(self.client());
        let call = ApiCall::new("list", "nodes");
        let page = ListParams::default().limit(PAGE);
        let nodes = self.wait_for(self.list(&call, &nodes, page, NodeConfiguration::of))?;
        let resource = ApiResource {
            group: GROUP.to_owned(),
            version: "v1".to_owned(),
            api_version: format!("{GROUP}/v1"),
            kind: "MachineConfigPool".to_owned(),
            plural: "machineconfigpools".to_owned(),
        };
        let pools: Api<DynamicObject> = Api::all_with(self.client(), &resource);
        let call = ApiCall::new("list", "machineconfigpools");
        let state = |pool: DynamicObject| PoolState::of(&pool, &nodes, self.cleaner());
        let pools = self.wait_for(self.list(&call, &pools, ListParams::default(), state));
        // Nodes were listed, so the server is up and does not know pools.
        let none = || ClusterError::NoPools {
            endpoint: self.endpoint().clone(),
        };
        match pools {
            Err(ClusterError::NotServed { .. }) => Err(none()),
            Ok(pools) if pools.is_empty() => Err(none()),
            Ok(pools) if pools.iter().any(|pool| DnsName::parse(&pool.name).is_err()) => {
                Err(ClusterError::NotAnApi {
                    endpoint: self.endpoint().clone(),
                    problem: "a pool in its list has a name that is not a DNS subdomain (RFC 1123)"
                        .to_owned(),
                })
            }
            pools => pools,
        }
    }
}

impl PoolState {
    fn of(pool: &DynamicObject, nodes: &[NodeConfiguration], cleaner: &Cleaner) -> Self {
        let pool = Fields { pool, cleaner };
        let wanted = pool.text("/spec/configuration/name");
        let reached = pool.text("/status/configuration/name");
        // A node belongs to the pool whose configuration it is to have.
        let own: Vec<_> = nodes
            .iter()
            .filter(|node| [wanted, reached].contains(&node.desired.as_str()))
            .collect();
        let late = own
            .iter()
            .find(|node| node.current != wanted || node.desired != wanted);
        let is_observed =
            pool.number("/status/observedGeneration") >= pool.pool.metadata.generation;
        let reason = match late {
            _ if !is_observed => "the operator has not seen the latest change yet".to_owned(),
            _ if wanted != reached || !pool.has("Updated") => pool.progress(),
            Some(node) => format!(
                "node {} does not have its configuration yet",
                pool.quote(&node.name)
            ),
            None => String::new(),
        };
        Self {
            name: pool.pool.metadata.name.clone().unwrap_or_default(),
            updated: reason.is_empty() && !pool.has("Degraded"),
            paused: pool.pool.data.pointer("/spec/paused") == Some(&Value::Bool(true)),
            degraded: pool.has("Degraded").then(|| pool.why_degraded(&own)),
            reason: if reason.is_empty() {
                "updated".to_owned()
            } else {
                reason
            },
            configuration: wanted.to_owned(),
        }
    }
}

/// A pool's fields, of which any may be missing.
struct Fields<'a> {
    pool: &'a DynamicObject,
    cleaner: &'a Cleaner,
}

impl<'a> Fields<'a> {
    fn text(&self, path: &str) -> &'a str {
        let value = self.pool.data.pointer(path);
        value.and_then(Value::as_str).unwrap_or_default()
    }

    fn number(&self, path: &str) -> Option<i64> {
        self.pool.data.pointer(path)?.as_i64()
    }

    fn conditions(&self) -> impl Iterator<Item = &'a Value> {
        let conditions = self.pool.data.pointer("/status/conditions");
        conditions.and_then(Value::as_array).into_iter().flatten()
    }

    fn has(&self, kind: &str) -> bool {
        let mut conditions = self.conditions();
        conditions.any(|one| one["type"] == kind && one["status"] == "True")
    }

    fn quote(&self, text: &str) -> String {
        self.cleaner.quote(&Foreign::new(text)).to_string()
    }

    /// `2 of 3 machines are updated`
    fn progress(&self) -> String {
        let count = |path| self.number(path).unwrap_or_default();
        let (done, all) = (
            count("/status/updatedMachineCount"),
            count("/status/machineCount"),
        );
        format!("{done} of {all} machines are updated")
    }

    /// The messages of the conditions that hold, and the reasons of the nodes.
    fn why_degraded(&self, nodes: &[&NodeConfiguration]) -> String {
        let conditions = self.conditions().filter(|condition| {
            let kind = condition["type"].as_str().unwrap_or_default();
            kind.ends_with("Degraded") && condition["status"] == "True"
        });
        let messages = conditions.filter_map(|condition| condition["message"].as_str());
        let degraded = nodes.iter().filter(|node| node.state == "Degraded");
        let nodes = degraded.map(|node| format!("node {}: {}", node.name, node.reason));
        let mut words: Vec<_> = messages
            .map(str::to_owned)
            .chain(nodes)
            .filter(|text| !text.is_empty())
            .map(|text| self.quote(&text))
            .collect();
        words.dedup();
        if words.is_empty() {
            return "it gives no reason".to_owned();
        }
        words.join("; ")
    }
}

impl NodeConfiguration {
    fn of(node: Node) -> Self {
        let mut annotations = node.metadata.annotations.unwrap_or_default();
        let mut annotation = |name: &str| {
            let key = format!("{GROUP}/{name}");
            annotations.remove(&key).unwrap_or_default()
        };
        Self {
            current: annotation("currentConfig"),
            desired: annotation("desiredConfig"),
            state: annotation("state"),
            reason: annotation("reason"),
            name: node.metadata.name.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn node(name: &str, current: &str, desired: &str) -> NodeConfiguration {
        let text = str::to_owned;
        NodeConfiguration {
            name: text(name),
            current: text(current),
            desired: text(desired),
            state: text(if name == "bad" { "Degraded" } else { "Done" }),
            reason: text("content mismatch\u{1b}[31m"),
        }
    }

    fn state(spec: &str, status: &str, condition: &str, nodes: &[NodeConfiguration]) -> PoolState {
        let pool = json!({
            "metadata": {"name": "worker", "generation": 3},
            "spec": {"configuration": {"name": spec}},
            "status": {
                "observedGeneration": 3, "configuration": {"name": status},
                "machineCount": 3, "updatedMachineCount": 2,
                "conditions": [
                    {"type": condition, "status": "True", "message": ""},
                    {"type": "NodeDegraded", "status": "False", "message": "no"},
                ],
            },
        });
        PoolState::of(
            &serde_json::from_value(pool).unwrap(),
            nodes,
            &Cleaner::default(),
        )
    }

    #[test]
    fn updated_means_every_node_too() {
        let done = [node("a", "new", "new"), node("other", "x", "y")];
        assert!(state("new", "new", "Updated", &done).updated);
        for (spec, status, condition, nodes, reason) in [
            (
                "new",
                "old",
                "Updated",
                &done[..],
                "2 of 3 machines are updated",
            ),
            (
                "new",
                "new",
                "Updating",
                &done[..],
                "2 of 3 machines are updated",
            ),
            (
                "new",
                "new",
                "Updated",
                &[node("a", "old", "new")],
                "node a does not have its configuration yet",
            ),
        ] {
            let state = state(spec, status, condition, nodes);
            assert!(!state.updated);
            assert_eq!(state.reason, reason);
        }
    }

    #[test]
    fn a_degraded_pool_says_why_in_clean_words() {
        let state = state("new", "old", "Degraded", &[node("bad", "old", "new")]);
        assert_eq!(state.degraded.unwrap(), "node bad: content mismatch [31m");
    }
}
