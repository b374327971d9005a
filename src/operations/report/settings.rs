//! The settings of a run, read from the inventory before any host is spoken to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::dns_name::{DnsName, Quoted, is_local_name, is_remote_address};

/// The variable that says how many nodes restart at a time.
const SERIAL: &str = "openshift_restart_nodes_serial";

/// What the inventory says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Inventory {
    /// The hosts of this run.
    pub hosts: Vec<String>,
    /// All hosts of the group `masters`.
    pub masters: Vec<String>,
    /// All hosts of the group `nodes`.
    pub nodes: Vec<String>,
    /// All hosts.
    pub all: Vec<String>,
    /// `oreg_control_host`; null where it is not set.
    pub control_host: Value,
    /// `openshift_restart_nodes_serial`; null where it is not set.
    pub serial: Value,
    /// The names under which the cluster knows the nodes of this run; empty where no node is restarted.
    pub node_names: BTreeMap<String, NodeName>,
}

/// The name of one node, and the variable that it was taken from.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct NodeName {
    /// The variable.
    pub variable: String,
    /// Its value.
    pub name: Value,
    /// Why it has none.
    pub error: Option<String>,
}

/// The settings that hold for the whole run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Settings {
    /// The host that speaks to the registries and to the cluster.
    pub control_host: String,
    /// How many nodes restart at a time, as Ansible's `serial` has it.
    pub serial: Value,
    /// Whether the run is for the first master, and so writes the pull secrets.
    pub has_first_master: bool,
    /// The nodes of this run.
    pub nodes: Vec<String>,
    /// Their names in the cluster.
    pub node_names: BTreeMap<String, String>,
}

/// Reads the settings.
///
/// # Errors
/// A sentence for each thing that would end the run later on, with the name of its variable.
pub fn settings(inventory: &Inventory) -> Result<Settings, Vec<String>> {
    if inventory.nodes.is_empty()
        || inventory.masters.is_empty() && inventory.control_host.is_null()
    {
        return Err(vec![
            "The inventory needs the groups masters and nodes, and at least one host in each; \
             inventory/hosts.example shows how. Without a master, oreg_control_host must be set."
                .to_owned(),
        ]);
    }
    let (names, mut errors) = node_names(&inventory.node_names);
    let control_host = control_host(inventory).map_err(|error| errors.push(error));
    let serial = serial(&inventory.serial).map_err(|error| errors.push(error));
    match (control_host, serial) {
        (Ok(control_host), Ok(serial)) if errors.is_empty() => Ok(Settings {
            control_host,
            serial,
            has_first_master: inventory
                .masters
                .first()
                .is_some_and(|first| inventory.hosts.contains(first)),
            nodes: inventory
                .hosts
                .iter()
                .filter(|host| inventory.nodes.contains(host))
                .cloned()
                .collect(),
            node_names: names,
        }),
        _ => Err(errors),
    }
}

/// Ansible connects to a host that the inventory does not have by its name.
fn control_host(inventory: &Inventory) -> Result<String, String> {
    let first = || inventory.masters.first().cloned().unwrap_or_default();
    let host = match &inventory.control_host {
        Value::Null => first(),
        Value::String(text) => text.trim().to_owned(),
        _ => return Err("oreg_control_host: expected the name of one host".to_owned()),
    };
    if inventory.all.contains(&host) || is_local_name(&host) || is_remote_address(&host) {
        return Ok(host);
    }
    let host = Quoted::new(&host);
    Err(format!(
        "oreg_control_host: {host} is neither a host of the inventory nor a DNS name"
    ))
}

/// A number, a percentage, or a list of them, as for Ansible's `serial`. Zero means all nodes to Ansible.
fn serial(value: &Value) -> Result<Value, String> {
    let is_valid = match value {
        Value::Null => return Ok(json!(1)),
        Value::Array(members) => !members.is_empty() && members.iter().all(is_batch),
        single => is_batch(single),
    };
    if is_valid {
        return Ok(value.clone());
    }
    Err(format!(
        "{SERIAL}: expected how many nodes may restart at a time: a number from 1 upwards, or a percentage from \
         1% to 100%"
    ))
}

fn is_batch(value: &Value) -> bool {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return false,
    };
    let (digits, most) = match text.strip_suffix('%') {
        Some(digits) => (digits, 100),
        None => (text.as_str(), u32::MAX),
    };
    let number: u32 = digits.parse().unwrap_or_default();
    (1..=most).contains(&number) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn node_names(given: &BTreeMap<String, NodeName>) -> (BTreeMap<String, String>, Vec<String>) {
    let (mut names, mut errors) = (BTreeMap::new(), Vec::new());
    for (host, node) in given {
        match node_name(node) {
            Ok(name) => drop(names.insert(host.clone(), name)),
            Err(error) => errors.push(format!("{} of {host} {error}", node.variable)),
        }
    }
    (names, errors)
}

fn node_name(node: &NodeName) -> Result<String, String> {
    if let Some(error) = &node.error {
        return Err(format!(
            "cannot be read: {error}. The playbooks gather no facts, so it must not refer to one; write the \
             name that \"oc get nodes\" shows, or set oreg_node_name"
        ));
    }
    let name = node.name.as_str().ok_or("is not text")?;
    let name = name.trim().to_ascii_lowercase();
    DnsName::parse(&name).map_err(|error| error.to_string())?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    use serde_json::from_value;

    use super::*;

    fn inventory(change: impl FnOnce(&mut Value)) -> Inventory {
        let mut inventory = json!({
            "hosts": ["m1", "n1"], "masters": ["m1", "m2"], "nodes": ["m1", "n1", "n2"],
            "all": ["m1", "m2", "n1", "n2"],
            "node_names": {"n1": {"variable": "openshift_node_name", "name": "N1.example.com"}},
        });
        change(&mut inventory);
        from_value(inventory).unwrap()
    }

    fn errors(change: impl FnOnce(&mut Value)) -> String {
        settings(&inventory(change)).unwrap_err().join("\n")
    }

    #[test]
    fn usual_settings_need_nothing() {
        let expected = Settings {
            control_host: "m1".to_owned(),
            serial: json!(1),
            has_first_master: true,
            nodes: vec!["m1".to_owned(), "n1".to_owned()],
            node_names: [("n1".to_owned(), "n1.example.com".to_owned())].into(),
        };
        assert_eq!(settings(&inventory(|_| ())), Ok(expected));
        let slice = settings(&inventory(|i| {
            i["masters"] = json!([]);
            i["control_host"] = json!("localhost");
        }));
        assert!(!slice.unwrap().has_first_master);
    }

    #[test]
    fn a_serial_is_what_ansible_takes_for_some_nodes() {
        for good in [
            json!(1),
            json!(25),
            json!("2"),
            json!("30%"),
            json!("100%"),
            json!([1, "50%"]),
        ] {
            assert_eq!(
                settings(&inventory(|i| i["serial"] = good.clone()))
                    .unwrap()
                    .serial,
                good
            );
        }
        for bad in [
            json!(0),
            json!("0"),
            json!("0%"),
            json!(-1),
            json!("101%"),
            json!("many"),
            json!(""),
            json!(1.5),
            json!(true),
            json!([]),
            json!([1, 0]),
            json!({"a": 1}),
            json!("+1"),
            json!("%"),
            json!("1 %"),
        ] {
            let error = errors(|i| i["serial"] = bad.clone());
            assert!(
                error.starts_with("openshift_restart_nodes_serial: expected"),
                "{bad}: {error}"
            );
        }
    }

    #[test]
    fn a_name_that_the_cluster_cannot_know_is_found_before_anything_is_written() {
        let name = |member: &str, value: Value| {
            let node = json!({"variable": "openshift_kubelet_name_override", member: value});
            errors(|i| i["node_names"]["n1"] = node)
        };
        let undefined = name("error", json!("'ansible_hostname' is undefined"));
        assert!(undefined.starts_with(
            "openshift_kubelet_name_override of n1 cannot be read: 'ansible_hostname' is"
        ));
        assert!(name("name", json!("{{ 1 }}")).contains("of n1 \"{{ 1 }}\" is not a DNS name"));
        assert!(name("name", json!(["a"])).contains("is not text"));
        assert!(name("name", json!("-x")).contains("is not a DNS name"));
    }

    #[test]
    fn every_error_is_reported_at_once() {
        let all = errors(|i| {
            i["serial"] = json!(0);
            i["control_host"] = json!("-oProxyCommand=x");
            i["node_names"]["n1"]["name"] = json!("");
        });
        for expected in [
            "openshift_restart_nodes_serial",
            "oreg_control_host: \"-oProxy",
            "of n1 is empty",
        ] {
            assert!(all.contains(expected), "{all}");
        }
        for missing in ["nodes", "masters"] {
            assert!(
                errors(|i| i[missing] = json!([])).contains("needs the groups masters and nodes")
            );
        }
    }
}
