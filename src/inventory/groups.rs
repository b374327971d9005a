//! Which groups a node is in. Labels are those of OpenShift 3.11; the names of groups are those of
//! openshift-ansible where it has them.

use super::settings::Settings;
use crate::cluster::node_record::NodeRecord;

/// Groups that exist even when they are empty, so that a play for one of them finds it.
pub(super) const ALWAYS: [&str; 9] = [
    MASTERS,
    "infra",
    "compute",
    NODES,
    ETCD,
    "ready",
    "not_ready",
    "schedulable",
    "unschedulable",
];
pub(super) const MASTERS: &str = "masters";
pub(super) const NODES: &str = "nodes";
pub(super) const ETCD: &str = "etcd";

/// The role whose hosts run the control plane.
const MASTER: &str = "master";

/// What Kubernetes calls that role since 1.20. Nodes of OKD 4 have both labels, in time this one alone.
const CONTROL_PLANE: &str = "control-plane";

/// The role of OKD 4 for what 3.11 calls compute, and its group. A 3.11 cluster does not get the group.
const WORKER: (&str, &str) = ("worker", "workers");

/// The label of a role, without the role.
const ROLE: &str = "node-role.kubernetes.io/";

/// Roles and their groups.
const ROLES: [(&str, &str); 3] = [
    (MASTER, MASTERS),
    ("infra", "infra"),
    ("compute", "compute"),
];

/// Container runtimes by the scheme of their version, and their groups. A list, because the scheme
/// is the node's own word: it must not name a group of its choice.
const RUNTIMES: [(&str, &str); 3] = [
    ("docker", "docker"),
    ("cri-o", "crio"),
    ("containerd", "containerd"),
];

/// Labels with the place of a node, the best first, and what their groups begin with. The plain
/// ones are those of openshift-ansible's `openshift_node_labels`.
const PLACES: [(&[&str], &str); 2] = [
    (
        &[
            "topology.kubernetes.io/zone",
            "failure-domain.beta.kubernetes.io/zone",
            "zone",
        ],
        "zone_",
    ),
    (
        &[
            "topology.kubernetes.io/region",
            "failure-domain.beta.kubernetes.io/region",
            "region",
        ],
        "region_",
    ),
];

/// openshift-ansible's own node groups by their roles: master, infra, compute
/// (`roles/openshift_facts/defaults/main.yml`).
const NODE_GROUPS: [([bool; 3], &str); 5] = [
    ([true, false, false], "node-config-master"),
    ([false, true, false], "node-config-infra"),
    ([false, false, true], "node-config-compute"),
    ([true, true, false], "node-config-master-infra"),
    ([true, true, true], "node-config-all-in-one"),
];

/// The names of the groups that the node is in, `etcd` excepted.
pub(super) fn groups(node: &NodeRecord, settings: &Settings) -> Vec<String> {
    let one_of = |is: bool, yes: &'static str, no: &'static str| if is { yes } else { no };
    let fixed = [
        NODES,
        one_of(node.is_ready(), "ready", "not_ready"),
        one_of(node.unschedulable, "unschedulable", "schedulable"),
    ];
    let roles = ROLES
        .iter()
        .chain([&WORKER])
        .filter(|(role, _)| has_role(node, role, settings));
    let fixed = fixed.into_iter().chain(roles.map(|(_, group)| *group));
    let named = node_group(node, settings).map(|name| format!("node_group_{name}"));
    fixed
        .chain(runtime(node))
        .map(str::to_owned)
        .chain(places(node))
        .chain(named)
        .map(|name| safe(&name))
        .collect()
}

/// The node's `openshift_node_group_name`: the value of the label or annotation
/// `node_group_label`; else the one of openshift-ansible's own groups with the same roles and runtime.
pub(super) fn node_group(node: &NodeRecord, settings: &Settings) -> Option<String> {
    let named = settings.node_group_label.as_deref().and_then(|label| {
        let annotation = || node.annotations.get(label);
        node.labels.get(label).or_else(annotation)
    });
    named
        .filter(|name| !name.is_empty())
        .cloned()
        .or_else(|| usual_node_group(node, settings))
}

fn usual_node_group(node: &NodeRecord, settings: &Settings) -> Option<String> {
    let roles = ROLES.map(|(role, _)| has_role(node, role, settings));
    let (_, name) = NODE_GROUPS.iter().find(|(known, _)| *known == roles)?;
    let suffix = if runtime(node) == Some("crio") {
        "-crio"
    } else {
        ""
    };
    Some(format!("{name}{suffix}"))
}

/// A node sets its own labels, so pinned names outrank the label of a master. 3.11 writes `true` as
/// its value, newer clusters write nothing and mean the same.
fn has_role(node: &NodeRecord, role: &str, settings: &Settings) -> bool {
    if role == MASTER && !settings.masters.is_empty() {
        // The settings have the last word: a cluster whose labels were edited by hand still has masters.
        return settings.masters.contains(&node.name);
    }
    let has = |role: &str| {
        let value = node.labels.get(&format!("{ROLE}{role}"));
        // openshift-ansible 3.11 writes `true`, Kubernetes leaves the value empty.
        value.is_some_and(|value| value != "false")
    };
    // OKD 4 has both labels, newer Kubernetes only `control-plane`.
    has(role) || role == MASTER && has(CONTROL_PLANE)
}

fn runtime(node: &NodeRecord) -> Option<&'static str> {
    let (scheme, _) = node.container_runtime_version.split_once("://")?;
    let known = RUNTIMES.iter().find(|(known, _)| *known == scheme);
    known.map(|(_, group)| *group)
}

fn places(node: &NodeRecord) -> impl Iterator<Item = String> {
    PLACES.iter().filter_map(|(labels, prefix)| {
        let mut values = labels.iter().filter_map(|label| node.labels.get(*label));
        let value = values.find(|value| !value.is_empty())?;
        Some(format!("{prefix}{value}"))
    })
}

/// Ansible warns of group names that are not names of variables, and changes some of them.
fn safe(name: &str) -> String {
    // As TRANSFORM_INVALID_GROUP_CHARS of Ansible does; otherwise it would warn about every group.
    let replaced = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    name.chars().map(replaced).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    type Labels<'a> = &'a [(&'a str, &'a str)];

    fn node(labels: Labels) -> NodeRecord {
        let owned = |&(key, value): &(&str, &str)| (key.to_owned(), value.to_owned());
        NodeRecord {
            name: "n".to_owned(),
            labels: labels.iter().map(owned).collect(),
            conditions: BTreeMap::from([("Ready".to_owned(), "True".to_owned())]),
            container_runtime_version: "docker://1.13.1".to_owned(),
            ..NodeRecord::default()
        }
    }

    /// Without those that every node of [`node`] is in.
    fn own_groups(node: &NodeRecord) -> Vec<String> {
        let mut groups = groups(node, &Settings::default());
        groups.retain(|group| {
            !["nodes", "ready", "schedulable", "docker"].contains(&group.as_str())
                && !group.starts_with("node_group_")
        });
        groups
    }

    #[test]
    fn labels_make_groups() {
        let table: [(Labels, &[&str]); 10] = [
            (&[], &[]),
            (&[("node-role.kubernetes.io/master", "true")], &["masters"]),
            (&[("node-role.kubernetes.io/master", "")], &["masters"]),
            (&[("node-role.kubernetes.io/master", "false")], &[]),
            (
                &[("node-role.kubernetes.io/control-plane", "")],
                &["masters"],
            ),
            (&[("node-role.kubernetes.io/worker", "")], &["workers"]),
            (
                &[
                    ("node-role.kubernetes.io/infra", "true"),
                    ("node-role.kubernetes.io/compute", "true"),
                ],
                &["infra", "compute"],
            ),
            (
                &[("zone", "a"), ("topology.kubernetes.io/zone", "eu-west-1b")],
                &["zone_eu_west_1b"],
            ),
            (
                &[
                    ("failure-domain.beta.kubernetes.io/region", "eu"),
                    ("zone", ""),
                ],
                &["region_eu"],
            ),
            (&[("kubernetes.io/hostname", "n")], &[]),
        ];
        for (labels, expected) in table {
            assert_eq!(own_groups(&node(labels)), expected, "{labels:?}");
        }
    }

    #[test]
    fn states_make_groups() {
        let mut node = node(&[("group", "node-config-x")]);
        let labelled = Settings {
            node_group_label: Some("group".to_owned()),
            ..Settings::default()
        };
        assert_eq!(
            groups(&node, &labelled),
            [
                "nodes",
                "ready",
                "schedulable",
                "docker",
                "node_group_node_config_x"
            ]
        );
        node.conditions
            .insert("Ready".to_owned(), "Unknown".to_owned());
        node.unschedulable = true;
        node.container_runtime_version = "cri-o://1.11.16".to_owned();
        assert_eq!(
            groups(&node, &Settings::default()),
            ["nodes", "not_ready", "unschedulable", "crio"]
        );
        node.container_runtime_version = "masters://1".to_owned();
        node.conditions.clear();
        assert_eq!(
            groups(&node, &Settings::default()),
            ["nodes", "not_ready", "unschedulable"]
        );
    }

    #[test]
    fn node_groups_are_those_of_openshift_ansible_unless_a_label_says_more() {
        let role = |role: &'static str| match role {
            "master" => ("node-role.kubernetes.io/master", "true"),
            "infra" => ("node-role.kubernetes.io/infra", "true"),
            _ => ("node-role.kubernetes.io/compute", "true"),
        };
        let settings = Settings {
            node_group_label: Some("group".to_owned()),
            ..Settings::default()
        };
        let group = |labels: &[(&str, &str)]| node_group(&node(labels), &settings);
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(group(&[role("master")]), some("node-config-master"));
        assert_eq!(
            group(&[role("infra"), role("master")]),
            some("node-config-master-infra")
        );
        assert_eq!(
            group(&[role("infra"), role("master"), role("compute")]),
            some("node-config-all-in-one")
        );
        assert_eq!(group(&[role("infra"), role("compute")]), None);
        assert_eq!(group(&[role("infra"), ("group", "mine")]), some("mine"));
        let mut annotated = node(&[role("compute")]);
        annotated.container_runtime_version = "cri-o://1".to_owned();
        assert_eq!(
            node_group(&annotated, &settings),
            some("node-config-compute-crio")
        );
        annotated
            .annotations
            .insert("group".to_owned(), "other".to_owned());
        assert_eq!(node_group(&annotated, &settings), some("other"));
    }

    #[test]
    fn pinned_names_outrank_the_label_of_a_master() {
        let settings = Settings {
            masters: vec!["m1".to_owned()],
            ..Settings::default()
        };
        let claimed = node(&[("node-role.kubernetes.io/master", "true")]);
        let pinned = NodeRecord {
            name: "m1".to_owned(),
            ..node(&[])
        };
        let is_master = |node: &NodeRecord| groups(node, &settings).contains(&MASTERS.to_owned());
        assert!(!is_master(&claimed) && is_master(&pinned));
        assert_eq!(node_group(&claimed, &settings), None);
        assert_eq!(
            node_group(&pinned, &settings).as_deref(),
            Some("node-config-master")
        );
    }

    proptest! {
        #[test]
        fn names_are_names_of_variables(zone in ".*", region in ".*", group in ".*", runtime in ".*") {
            let mut node = node(&[("zone", &zone), ("region", &region), ("group", &group)]);
            node.container_runtime_version = runtime;
            let settings = Settings { node_group_label: Some("group".to_owned()), ..Settings::default() };
            for name in groups(&node, &settings) {
                prop_assert!(name.starts_with(|c: char| c.is_ascii_alphabetic()), "{name}");
                prop_assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{name}");
            }
        }

        #[test]
        fn no_word_of_a_node_makes_it_a_master(value in ".*", runtime in ".*") {
            let mut node = node(&[("zone", &value), ("region", &value), ("group", &value)]);
            node.container_runtime_version = runtime;
            let settings = Settings { node_group_label: Some("group".to_owned()), ..Settings::default() };
            prop_assert!(!groups(&node, &settings).contains(&"masters".to_owned()));
        }
    }
}
