//! The inventory as Ansible reads it from an executable.
//!
//! Demands of Ansible 2.9 to 2.19 at once: `_meta.hostvars` is always there, or each host would be
//! asked for on its own; every group has a list `hosts`, or a host of the group's name would come
//! about; nothing is null.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    error::InventoryError,
    groups::{self, ETCD, MASTERS, NODES},
    host_name::{check_host, check_node},
    hostvars::hostvars,
    place,
    settings::Settings,
    template::literal,
};
use crate::{
    cluster::node_record::NodeRecord, domain::credential::Credential, inventory_vars::names,
};

/// The group above the others in inventories of openshift-ansible.
const OSEV3: &str = "OSEv3";
/// Ansible's own group of all hosts.
const ALL: &str = "all";
const META: &str = "_meta";
const HOSTVARS: &str = "hostvars";

/// The groups that openshift-ansible makes in each run, with their members
/// (`playbooks/init/evaluate_groups.yml`), for a cluster without load balancers, NFS or glusterfs.
const ALIASES: [(&str, Members); 14] = [
    ("oo_all_hosts", Members::All),
    ("oo_etcd_hosts_to_backup", Members::Group(ETCD)),
    ("oo_etcd_hosts_to_upgrade", Members::Group(ETCD)),
    ("oo_etcd_to_config", Members::Group(ETCD)),
    ("oo_etcd_to_migrate", Members::Group(ETCD)),
    ("oo_first_etcd", Members::FirstOf(ETCD)),
    ("oo_first_master", Members::FirstOf(MASTERS)),
    ("oo_glusterfs_to_config", Members::None),
    ("oo_lb_to_config", Members::None),
    ("oo_masters", Members::Group(MASTERS)),
    ("oo_masters_to_config", Members::Group(MASTERS)),
    ("oo_new_etcd_to_config", Members::None),
    ("oo_nfs_to_config", Members::None),
    ("oo_nodes_to_config", Members::Group(NODES)),
];

/// The members of a group.
#[derive(Clone, Copy)]
enum Members {
    All,
    Group(&'static str),
    FirstOf(&'static str),
    None,
}

/// Hosts by group.
type Groups = BTreeMap<String, Vec<String>>;

/// The hosts and what is known of them.
pub struct Document {
    groups: Groups,
    hostvars: BTreeMap<String, Map<String, Value>>,
    osev3: bool,
    shared: Map<String, Value>,
}

impl Document {
    /// Makes an inventory of these nodes. Hosts are sorted by name, whatever order the API has, so
    /// that the first master is the same one every time.
    ///
    /// # Errors
    /// [`InventoryError`] when a node has a name that cannot be a host, when two nodes would be one
    /// host, or when a pinned master is missing.
    pub fn new(nodes: &[NodeRecord], settings: &Settings) -> Result<Self, InventoryError> {
        let hosts = named(nodes, settings)?;
        let mut groups: Groups = groups::ALWAYS
            .map(|name| (name.to_owned(), Vec::new()))
            .into();
        for (host, node) in &hosts {
            for group in groups::groups(node, settings) {
                groups.entry(group).or_default().push((*host).to_owned());
            }
        }
        let described = hosts
            .iter()
            .map(|(host, node)| ((*host).to_owned(), hostvars(node, settings)));
        let document = Self {
            groups,
            hostvars: described.collect(),
            osev3: settings.osev3,
            shared: Map::new(),
        };
        let document = document
            .with_etcd(&settings.etcd_hosts)
            .with_aliases(settings.oo_groups);
        document.check_names()?;
        Ok(document)
    }

    /// Groups are complete here, so a host that is named like any of them is found.
    fn check_names(&self) -> Result<(), InventoryError> {
        let groups = || self.groups.keys().map(String::as_str);
        let mut hosts = self.groups.values().flatten();
        hosts.try_for_each(|host| check_host(host, groups()))
    }

    /// Adds the main registry's credential to the variables that all hosts share.
    #[must_use]
    pub fn with_credential(mut self, credential: &Credential) -> Self {
        let password = credential.password().expose();
        for (name, text) in [
            (names::AUTH_USER, credential.user()),
            (names::AUTH_PASSWORD, password),
        ] {
            self.shared.insert(name.to_owned(), literal(text));
        }
        self
    }

    /// The answer to `--list`.
    pub fn list(&self) -> Value {
        let groups = self.groups.iter();
        let mut members: Map<_, _> = groups
            .map(|(name, hosts)| (name.clone(), json!({"hosts": hosts})))
            .collect();
        if self.osev3 {
            members.insert(
                OSEV3.to_owned(),
                json!({"children": [ETCD, MASTERS, NODES]}),
            );
        }
        if !self.shared.is_empty() {
            // `OSEv3` is where openshift-ansible keeps them, and hosts outside of it must not see the password.
            let top = if self.osev3 { OSEV3 } else { ALL };
            let group = members.entry(top).or_insert_with(|| json!({}));
            group["vars"] = self.shared.clone().into();
        }
        members.insert(META.to_owned(), json!({HOSTVARS: self.hostvars}));
        // The same cluster gives the same text, so that a diff of two runs shows changes alone.
        members.sort_keys();
        members.into()
    }

    /// The answer to `--host`.
    ///
    /// # Errors
    /// [`InventoryError::UnknownHost`] when no group has such a host.
    pub fn host(&self, name: &str) -> Result<Value, InventoryError> {
        let variables = self.hostvars.get(name);
        let is_known = || self.groups.values().flatten().any(|host| host == name);
        match variables {
            Some(variables) => Ok(variables.clone().into()),
            // etcd hosts of the settings are in a group, but are not nodes, so nothing is known of them.
            None if is_known() => Ok(json!({})),
            None => Err(InventoryError::UnknownHost {
                name: name.to_owned(),
            }),
        }
    }

    fn with_etcd(mut self, hosts: &[String]) -> Self {
        let etcd = if hosts.is_empty() {
            self.hosts(MASTERS)
        } else {
            hosts
        };
        self.groups.insert(ETCD.to_owned(), etcd.to_vec());
        self
    }

    fn with_aliases(mut self, wanted: bool) -> Self {
        if wanted {
            let aliases = ALIASES.map(|(alias, from)| (alias.to_owned(), self.taken(from)));
            self.groups.extend(aliases);
        }
        self
    }

    fn taken(&self, from: Members) -> Vec<String> {
        match from {
            Members::All => {
                let mut hosts: Vec<_> = self.groups.values().flatten().cloned().collect();
                hosts.sort();
                hosts.dedup();
                hosts
            }
            Members::Group(name) => self.hosts(name).to_vec(),
            Members::FirstOf(name) => self.hosts(name).iter().take(1).cloned().collect(),
            Members::None => Vec::new(),
        }
    }

    fn hosts(&self, group: &str) -> &[String] {
        self.groups
            .get(group)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }
}

/// The nodes with their names in the inventory, sorted.
fn named<'a>(
    nodes: &'a [NodeRecord],
    settings: &Settings,
) -> Result<Vec<(&'a str, &'a NodeRecord)>, InventoryError> {
    check_node_names(nodes, settings)?;
    let name = |node| place::preferred(node, &settings.hostname_preference);
    let mut hosts: Vec<_> = nodes.iter().map(|node| (name(node), node)).collect();
    // The API lists nodes in any order; the first master must be the same in each run.
    hosts.sort_by_key(|(host, node)| (*host, &node.name));
    match hosts.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        None => Ok(hosts),
        Some(pair) => Err(InventoryError::SameName {
            host: pair[0].0.to_owned(),
            nodes: [pair[0].1.name.clone(), pair[1].1.name.clone()],
        }),
    }
}

/// A pinned master may be left out by a selector, but not be misspelt.
fn check_node_names(nodes: &[NodeRecord], settings: &Settings) -> Result<(), InventoryError> {
    nodes
        .iter()
        .try_for_each(|node| check_node(&node.name).map(drop))?;
    // Selectors leave nodes out, so a master that is missing may only be unselected.
    let is_whole = settings.label_selector.is_empty() && settings.field_selector.is_empty();
    for master in &settings.masters {
        let name = check_node(master)?;
        if is_whole && !nodes.iter().any(|node| node.name == *master) {
            return Err(InventoryError::UnknownMaster { name });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{domain::secret::Secret, inventory::settings::AddressKind};

    fn node(name: &str, role: &str) -> NodeRecord {
        let label = (format!("node-role.kubernetes.io/{role}"), "true".to_owned());
        NodeRecord {
            name: name.to_owned(),
            labels: [label].into(),
            ..NodeRecord::default()
        }
    }

    fn list(nodes: &[NodeRecord], settings: &Settings) -> Value {
        Document::new(nodes, settings).unwrap().list()
    }

    #[test]
    fn a_cluster_without_nodes_has_its_groups_all_the_same() {
        let empty = json!({"hosts": []});
        let expected = json!({
            "_meta": {"hostvars": {}}, "masters": empty, "infra": empty, "compute": empty,
            "nodes": empty, "etcd": empty, "ready": empty, "not_ready": empty,
            "schedulable": empty, "unschedulable": empty,
        });
        assert_eq!(list(&[], &Settings::default()), expected);
    }

    #[test]
    fn order_is_by_name_and_etcd_runs_on_the_masters() {
        let nodes = [
            node("m2", "master"),
            node("c1", "compute"),
            node("m1", "master"),
        ];
        let listed = list(
            &nodes,
            &Settings {
                oo_groups: true,
                osev3: true,
                ..Settings::default()
            },
        );
        assert_eq!(listed["nodes"]["hosts"], json!(["c1", "m1", "m2"]));
        assert_eq!(listed["etcd"]["hosts"], json!(["m1", "m2"]));
        assert_eq!(listed["oo_first_master"]["hosts"], json!(["m1"]));
        assert_eq!(listed["oo_all_hosts"]["hosts"], json!(["c1", "m1", "m2"]));
        assert_eq!(listed["oo_lb_to_config"]["hosts"], json!([]));
        assert_eq!(
            listed["OSEv3"],
            json!({"children": ["etcd", "masters", "nodes"]})
        );
        assert_eq!(
            listed["node_group_node_config_master"]["hosts"],
            json!(["m1", "m2"])
        );
    }

    #[test]
    fn etcd_may_run_elsewhere() {
        let settings = Settings {
            etcd_hosts: vec!["e1".to_owned()],
            ..Settings::default()
        };
        let document = Document::new(&[node("m1", "master")], &settings).unwrap();
        assert_eq!(document.list()["etcd"]["hosts"], json!(["e1"]));
        assert_eq!(document.host("e1").unwrap(), json!({}));
        assert_eq!(document.host("m1").unwrap()["openshift_node_name"], "m1");
        assert_eq!(
            document.host("x").unwrap_err().to_string(),
            "the cluster has no node x"
        );
    }

    #[test]
    fn two_nodes_are_never_one_host() {
        let mut nodes = [node("a", "infra"), node("b", "infra")];
        for node in &mut nodes {
            node.addresses
                .push(("Hostname".to_owned(), "same".to_owned()));
        }
        let settings = Settings {
            hostname_preference: vec![AddressKind::Hostname],
            ..Settings::default()
        };
        let Err(error) = Document::new(&nodes, &settings) else {
            panic!("is refused")
        };
        assert!(
            error
                .to_string()
                .contains("nodes a and b would both be called same"),
            "{error}"
        );
    }

    #[test]
    fn one_impossible_name_rejects_the_whole_list() {
        let settings = |etcd: &str, masters: &[&str]| Settings {
            etcd_hosts: vec![etcd.to_owned()],
            masters: masters.iter().map(|name| (*name).to_owned()).collect(),
            oo_groups: true,
            ..Settings::default()
        };
        let usual = settings("e1", &[]);
        let table = [
            (
                "-oProxyCommand=touch${IFS}/tmp/x",
                &usual,
                "is not a DNS name",
            ),
            ("{{ lookup('pipe', 'id') }}", &usual, "is not a DNS name"),
            ("nodes", &usual, "has the name of a group"),
            ("crio", &usual, "has the name of a group"),
            ("localhost", &usual, "cannot be a host"),
            ("n2", &settings("-oProxyCommand=x", &[]), "cannot be a host"),
            ("n2", &settings("masters", &[]), "has the name of a group"),
            (
                "n2",
                &settings("e1", &["n3"]),
                "names n3, and the cluster has no such node",
            ),
            ("n2", &settings("e1", &["n1", "-x"]), "is not a DNS name"),
        ];
        for (name, settings, expected) in table {
            let mut odd = node(name, "compute");
            odd.container_runtime_version = "cri-o://1".to_owned();
            let Err(error) = Document::new(&[node("n1", "infra"), odd], settings) else {
                panic!("{name} is accepted");
            };
            assert!(error.to_string().contains(expected), "{name}: {error}");
        }
    }

    #[test]
    fn an_address_is_a_host_only_with_a_name_of_its_own() {
        let settings = Settings {
            hostname_preference: vec![AddressKind::Hostname],
            ..Settings::default()
        };
        let mut claimant = node("n1", "compute");
        claimant.addresses = vec![("Hostname".to_owned(), "Masters".to_owned())];
        let Err(error) = Document::new(&[claimant], &settings) else {
            panic!("is refused")
        };
        assert!(
            error
                .to_string()
                .contains("host Masters has the name of a group"),
            "{error}"
        );
    }

    #[test]
    fn a_credential_is_shared_by_all_hosts_and_is_no_template() {
        let credential = Credential::new("1234567|installer", Secret::new("a{{b")).unwrap();
        let vars = json!({"oreg_auth_user": "1234567|installer", "oreg_auth_password": {"__ansible_unsafe": "a{{b"}});
        for (osev3, group) in [(false, "all"), (true, "OSEv3")] {
            let settings = Settings {
                osev3,
                ..Settings::default()
            };
            let document = Document::new(&[], &settings)
                .unwrap()
                .with_credential(&credential);
            assert_eq!(document.list()[group]["vars"], vars);
        }
    }

    proptest! {
        #[test]
        fn the_order_of_the_api_does_not_matter(
            names in prop::collection::btree_set("m[a-z]{1,3}", 0..8).prop_map(Vec::from_iter).prop_shuffle(),
            oo_groups: bool,
        ) {
            let settings = Settings { oo_groups, ..Settings::default() };
            let nodes: Vec<_> = names.iter().map(|name| node(name, "master")).collect();
            let mut sorted = nodes.clone();
            sorted.sort_by_key(|node| node.name.clone());
            prop_assert_eq!(list(&nodes, &settings).to_string(), list(&sorted, &settings).to_string());
        }

        /// Else Ansible would invent hosts, or refuse everything.
        #[test]
        fn every_group_has_a_list_of_known_hosts(
            names in prop::collection::btree_set("m[a-z]{1,3}", 0..8),
            role in prop::sample::select(vec!["master", "infra", "compute", "other"]),
            oo_groups: bool,
        ) {
            let nodes: Vec<_> = names.iter().map(|name| node(name, role)).collect();
            let listed = list(&nodes, &Settings { oo_groups, ..Settings::default() });
            let hostvars = listed["_meta"]["hostvars"].as_object().unwrap();
            prop_assert_eq!(hostvars.len(), names.len());
            for (group, members) in listed.as_object().unwrap() {
                if group != "_meta" {
                    let hosts = members["hosts"].as_array().unwrap();
                    prop_assert!(hosts.iter().all(|host| hostvars.contains_key(host.as_str().unwrap())));
                }
            }
        }
    }
}
