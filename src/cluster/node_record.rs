//! What the API tells of a node, for those who describe nodes rather than wait for them.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{Node, NodeSpec, NodeStatus, NodeSystemInfo},
    apimachinery::pkg::api::resource::Quantity,
};

/// The condition that a kubelet sets when it can run pods.
pub(super) const READY: &str = "Ready";

/// A node as its API object describes it; what is missing there is empty here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeRecord {
    /// The node's name.
    pub name: String,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// `metadata.annotations`.
    pub annotations: BTreeMap<String, String>,
    /// `spec.taints`.
    pub taints: Vec<Taint>,
    /// `spec.unschedulable`: the node is cordoned.
    pub unschedulable: bool,
    /// `spec.providerID`.
    pub provider_id: String,
    /// `status.addresses`, type and address, in the API's order.
    pub addresses: Vec<(String, String)>,
    /// `status.conditions`, type and status.
    pub conditions: BTreeMap<String, String>,
    /// `status.capacity`.
    pub capacity: BTreeMap<String, String>,
    /// `status.nodeInfo.kubeletVersion`.
    pub kubelet_version: String,
    /// `status.nodeInfo.containerRuntimeVersion`, such as `docker://1.13.1`.
    pub container_runtime_version: String,
    /// `status.nodeInfo.osImage`.
    pub os_image: String,
    /// `status.nodeInfo.kernelVersion`.
    pub kernel: String,
    /// `status.nodeInfo.architecture`.
    pub architecture: String,
}

/// A taint of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taint {
    /// Its key.
    pub key: String,
    /// Its value; empty when it has none.
    pub value: String,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub effect: String,
}

/// Which nodes are wanted, and how they are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeQuery {
    /// A label selector; empty: all nodes.
    pub labels: String,
    /// A field selector; empty: all nodes.
    pub fields: String,
    /// How many nodes an answer may hold.
    pub page: u32,
}

impl NodeRecord {
    /// Returns whether its kubelet says that it can run pods.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.conditions
            .get(READY)
            .is_some_and(|status| status == "True")
    }

    pub(super) fn of(node: Node) -> Self {
        let record = Self {
            name: node.metadata.name.unwrap_or_default(),
            labels: node.metadata.labels.unwrap_or_default(),
            annotations: node.metadata.annotations.unwrap_or_default(),
            ..Self::default()
        };
        record
            .with_spec(node.spec.unwrap_or_default())
            .with_status(node.status.unwrap_or_default())
    }

    fn with_spec(self, spec: NodeSpec) -> Self {
        let taints = spec.taints.unwrap_or_default().into_iter();
        Self {
            taints: taints
                .map(|taint| Taint {
                    key: taint.key,
                    value: taint.value.unwrap_or_default(),
                    effect: taint.effect,
                })
                .collect(),
            unschedulable: spec.unschedulable.unwrap_or_default(),
            provider_id: spec.provider_id.unwrap_or_default(),
            ..self
        }
    }

    fn with_status(self, status: NodeStatus) -> Self {
        let addresses = status.addresses.unwrap_or_default().into_iter();
        let conditions = status.conditions.unwrap_or_default().into_iter();
        let capacity = status.capacity.unwrap_or_default().into_iter();
        Self {
            addresses: addresses.map(|a| (a.type_, a.address)).collect(),
            conditions: conditions.map(|c| (c.type_, c.status)).collect(),
            capacity: capacity
                .map(|(name, Quantity(text))| (name, text))
                .collect(),
            ..self.with_info(status.node_info.unwrap_or_default())
        }
    }

    fn with_info(self, info: NodeSystemInfo) -> Self {
        Self {
            kubelet_version: info.kubelet_version,
            container_runtime_version: info.container_runtime_version,
            os_image: info.os_image,
            kernel: info.kernel_version,
            architecture: info.architecture,
            ..self
        }
    }
}
