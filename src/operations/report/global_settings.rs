//! The settings of a run for OKD 4. Such a run speaks to no host: everything is done where Ansible runs.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::dns_name::DnsName;

/// The secret of hosted clusters, which have no pools.
const ADDITIONAL: &str = "kube-system/additional-pull-secret";

/// What the inventory says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct GlobalInventory {
    /// `oreg_pools`; null where it is not set.
    pub pools: Value,
    /// `oreg_global_secret`; null where it is not set.
    pub global_secret: Value,
}

/// The settings that hold for the whole run. Parts of the role that are for 3.11 as well look for those of
/// [`super::settings::Settings`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GlobalSettings {
    /// Where everything is done.
    pub control_host: &'static str,
    /// The pools to wait for; empty: none.
    pub pools: Vec<String>,
}

/// Reads the settings.
///
/// # Errors
/// A sentence with the name of the variable.
pub fn global_settings(inventory: &GlobalInventory) -> Result<GlobalSettings, String> {
    let pools = match &inventory.pools {
        Value::Null if inventory.global_secret == ADDITIONAL => Vec::new(),
        Value::Null => vec!["all".to_owned()],
        Value::String(text) => text.split(',').map(|name| name.trim().to_owned()).collect(),
        Value::Array(members) => members
            .iter()
            .map(|name| name.as_str().unwrap_or_default().to_owned())
            .collect(),
        _ => vec![String::new()],
    };
    if pools.iter().any(|name| DnsName::parse(name).is_err()) {
        return Err(
            "oreg_pools: expected names of MachineConfigPools, such as [master, worker], or [all]"
                .to_owned(),
        );
    }
    Ok(GlobalSettings {
        control_host: "localhost",
        pools,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    fn pools(inventory: Value) -> Result<Vec<String>, String> {
        global_settings(&from_value(inventory).unwrap()).map(|settings| settings.pools)
    }

    #[test]
    fn every_pool_is_waited_for_unless_the_cluster_is_hosted() {
        assert_eq!(pools(json!({})).unwrap(), ["all"]);
        let hosted = json!({"global_secret": ADDITIONAL});
        assert_eq!(pools(hosted).unwrap(), [""; 0]);
        let both = json!({"global_secret": ADDITIONAL, "pools": ["worker"]});
        assert_eq!(pools(both).unwrap(), ["worker"]);
    }

    #[test]
    fn pools_are_names() {
        assert_eq!(
            pools(json!({"pools": "master, worker"})).unwrap(),
            ["master", "worker"]
        );
        assert_eq!(pools(json!({"pools": []})).unwrap(), [""; 0]);
        for odd in [
            json!(7),
            json!([7]),
            json!(""),
            json!("a b"),
            json!({"a": 1}),
        ] {
            let error = pools(json!({"pools": odd})).unwrap_err();
            assert!(error.starts_with("oreg_pools: expected names"), "{error}");
        }
    }
}
