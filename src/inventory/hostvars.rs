//! The variables of a host. Nothing in a Node object is a secret, and nothing else is looked at.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    groups, place,
    settings::Settings,
    template::{RESERVED, literal},
};
use crate::cluster::node_record::NodeRecord;

/// kubectl's copy of the object in the object.
const COPY: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The variables of a node.
pub(super) fn hostvars(node: &NodeRecord, settings: &Settings) -> Map<String, Value> {
    let group = groups::node_group(node, settings);
    let texts = [
        (
            "ansible_host",
            place::preferred(node, &settings.address_preference),
        ),
        ("openshift_node_name", &node.name),
        ("kubelet_version", &node.kubelet_version),
        ("container_runtime_version", &node.container_runtime_version),
        ("os_image", &node.os_image),
        ("kernel", &node.kernel),
        ("architecture", &node.architecture),
        ("provider_id", &node.provider_id),
    ];
    let more = [
        (
            "openshift_is_atomic",
            node.os_image.contains("Atomic").into(),
        ),
        ("unschedulable", node.unschedulable.into()),
        ("labels", mapping(&node.labels)),
        ("annotations", annotations(node)),
        ("addresses", addresses(node)),
        ("taints", taints(node)),
        ("conditions", mapping(&node.conditions)),
        ("capacity", mapping(&node.capacity)),
    ];
    let group = group.map(|name| ("openshift_node_group_name", literal(&name)));
    let texts = texts.into_iter().map(|(name, text)| (name, literal(text)));
    let all = texts.chain(group).chain(more);
    all.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What a node says under names of its own choice.
fn mapping(pairs: &BTreeMap<String, String>) -> Value {
    // ansible-core 2.19 refuses a whole inventory for a reserved name that it does not expect.
    let pairs = pairs.iter().filter(|(name, _)| !name.starts_with(RESERVED));
    let members: Map<_, _> = pairs.map(|(k, v)| (k.clone(), literal(v))).collect();
    members.into()
}

fn annotations(node: &NodeRecord) -> Value {
    let mut annotations = node.annotations.clone();
    // A copy of the object with every annotation in it, in one line.
    annotations.remove(COPY);
    mapping(&annotations)
}

fn addresses(node: &NodeRecord) -> Value {
    let addresses = node.addresses.iter();
    addresses
        .map(|(kind, address)| json!({"type": literal(kind), "address": literal(address)}))
        .collect()
}

fn taints(node: &NodeRecord) -> Value {
    let taints = node.taints.iter();
    taints
        .map(|taint| {
            json!({
                "key": literal(&taint.key),
                "value": literal(&taint.value),
                "effect": literal(&taint.effect),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::node_record::Taint;

    #[test]
    fn no_name_means_anything_to_ansible() {
        let names = [
            "__ansible_type",
            "__ansible_unsafe",
            "__ansible_vault",
            "kept",
        ];
        let odd: BTreeMap<_, _> = names.map(|name| (name.to_owned(), "x".to_owned())).into();
        let node = NodeRecord {
            labels: odd.clone(),
            annotations: odd.clone(),
            conditions: odd.clone(),
            capacity: odd,
            ..NodeRecord::default()
        };
        let vars = hostvars(&node, &Settings::default());
        for name in ["labels", "annotations", "conditions", "capacity"] {
            assert_eq!(vars[name], json!({"kept": "x"}), "{name}");
        }
    }

    #[test]
    fn a_node_is_described() {
        let map = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
        let mut annotations = map("note", "{{ lookup('pipe', 'id') }}");
        annotations.insert(COPY.to_owned(), "{}".to_owned());
        let node = NodeRecord {
            name: "n1".to_owned(),
            labels: map("node-role.kubernetes.io/infra", "true"),
            annotations,
            taints: vec![Taint {
                key: "k".into(),
                value: "v".into(),
                effect: "NoExecute".into(),
            }],
            unschedulable: true,
            provider_id: "aws:///i-1".into(),
            addresses: vec![("Hostname".into(), "n1.example.com".into())],
            conditions: map("Ready", "True"),
            capacity: map("cpu", "4"),
            kubelet_version: "v1.11.0".into(),
            container_runtime_version: "docker://1.13.1".into(),
            os_image: "Red Hat Enterprise Linux Atomic Host 7.7".into(),
            kernel: "3.10.0".into(),
            architecture: "amd64".into(),
        };
        let expected = json!({
            "ansible_host": "n1.example.com",
            "openshift_node_name": "n1",
            "openshift_node_group_name": "node-config-infra",
            "openshift_is_atomic": true,
            "labels": {"node-role.kubernetes.io/infra": "true"},
            "annotations": {"note": {"__ansible_unsafe": "{{ lookup('pipe', 'id') }}"}},
            "taints": [{"key": "k", "value": "v", "effect": "NoExecute"}],
            "unschedulable": true,
            "provider_id": "aws:///i-1",
            "addresses": [{"type": "Hostname", "address": "n1.example.com"}],
            "conditions": {"Ready": "True"},
            "capacity": {"cpu": "4"},
            "kubelet_version": "v1.11.0",
            "container_runtime_version": "docker://1.13.1",
            "os_image": "Red Hat Enterprise Linux Atomic Host 7.7",
            "kernel": "3.10.0",
            "architecture": "amd64",
        });
        assert_eq!(Value::from(hostvars(&node, &Settings::default())), expected);
    }
}
