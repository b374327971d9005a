//! Which names hosts may have. Ansible hands a host's name to ssh, Ansible 2.9 renders it as a template,
//! and a pattern such as `hosts: nodes` prefers a host of that name to the group.

use super::error::InventoryError;
use crate::domain::dns_name::{DnsName, Quoted, is_remote_address};

/// Groups that Ansible and openshift-ansible know besides those of this inventory.
const FOREIGN_GROUPS: [&str; 6] = ["all", "ungrouped", "osev3", "lb", "nfs", "glusterfs"];

/// Checks the name of a Node object.
///
/// # Errors
/// [`InventoryError::NodeName`] unless it is a DNS subdomain.
pub(super) fn check_node(name: &str) -> Result<DnsName, InventoryError> {
    DnsName::parse(name).map_err(|source| InventoryError::NodeName { source })
}

/// Checks the name that a host has in an inventory with these groups.
///
/// # Errors
/// [`InventoryError::HostName`] unless Ansible reaches another machine under it,
/// [`InventoryError::HostLikeGroup`] when a group has that name, in letters of either case.
pub(super) fn check_host<'a>(
    name: &str,
    mut groups: impl Iterator<Item = &'a str>,
) -> Result<(), InventoryError> {
    if !is_remote_address(name) {
        return Err(InventoryError::HostName {
            name: Quoted::new(name),
        });
    }
    let is_foreign = FOREIGN_GROUPS
        .iter()
        .any(|group| name.eq_ignore_ascii_case(group));
    if is_foreign || groups.any(|group| name.eq_ignore_ascii_case(group)) {
        let host = name.to_owned();
        return Err(InventoryError::HostLikeGroup { host });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_neither_a_group_nor_this_machine_nor_an_option() {
        let check = |name: &str| check_host(name, ["masters", "OSEv3", "crio"].into_iter());
        for name in [
            "n1",
            "Node1.example.com",
            "10.0.0.1",
            "fd00::1",
            "masters.example.com",
        ] {
            assert!(check(name).is_ok(), "{name}");
        }
        let like_group = |name: &str| {
            let error = check(name).unwrap_err().to_string();
            assert!(error.contains("has the name of a group"), "{name}: {error}");
        };
        for name in [
            "masters",
            "MASTERS",
            "osev3",
            "crio",
            "all",
            "ungrouped",
            "lb",
        ] {
            like_group(name);
        }
        for name in [
            "localhost",
            "127.0.0.1",
            "::1",
            "-oProxyCommand=x",
            "{{ 1 }}",
            "a b",
            "",
        ] {
            let error = check(name).unwrap_err().to_string();
            assert!(error.contains("cannot be a host"), "{name}: {error}");
        }
    }
}
