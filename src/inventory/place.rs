//! What a node is called in the inventory, and where Ansible finds it.

use super::settings::AddressKind;
use crate::{cluster::node_record::NodeRecord, domain::dns_name::is_remote_address};

/// The first of `preference` that the node has, else its name.
///
/// The node itself reports its addresses. One that is not a DNS name or an IP address, or that would
/// lead Ansible to its own machine, is passed over: one node cannot take the inventory away from all.
pub(super) fn preferred<'a>(node: &'a NodeRecord, preference: &[AddressKind]) -> &'a str {
    let mut found = preference.iter().filter_map(|kind| address(node, *kind));
    found.next().unwrap_or(&node.name)
}

fn address(node: &NodeRecord, kind: AddressKind) -> Option<&str> {
    let wanted = match kind {
        AddressKind::Hostname => "Hostname",
        AddressKind::InternalIP => "InternalIP",
        AddressKind::ExternalIP => "ExternalIP",
        AddressKind::InternalDNS => "InternalDNS",
        AddressKind::ExternalDNS => "ExternalDNS",
        AddressKind::Name => return Some(&node.name),
    };
    let mut addresses = node.addresses.iter();
    addresses
        .find(|(kind, address)| kind == wanted && is_remote_address(address))
        .map(|(_, address)| address.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(addresses: &[(&str, &str)]) -> NodeRecord {
        let owned = |&(kind, address): &(&str, &str)| (kind.to_owned(), address.to_owned());
        NodeRecord {
            name: "n1".to_owned(),
            addresses: addresses.iter().map(owned).collect(),
            ..NodeRecord::default()
        }
    }

    #[test]
    fn the_first_that_is_there_counts() {
        let node = node(&[
            ("InternalIP", "10.0.0.1"),
            ("InternalIP", "fd00::1"),
            ("Hostname", "n1.example.com"),
        ]);
        let table: [(&[AddressKind], &str); 5] = [
            (&[], "n1"),
            (&[AddressKind::ExternalIP], "n1"),
            (
                &[AddressKind::ExternalIP, AddressKind::InternalIP],
                "10.0.0.1",
            ),
            (&[AddressKind::Name, AddressKind::Hostname], "n1"),
            (
                &[AddressKind::Hostname, AddressKind::InternalIP],
                "n1.example.com",
            ),
        ];
        for (preference, expected) in table {
            assert_eq!(preferred(&node, preference), expected, "{preference:?}");
        }
    }

    #[test]
    fn claims_that_lead_elsewhere_are_passed_over() {
        for odd in [
            "",
            "-oProxyCommand=x",
            "a b",
            "{{ x }}",
            "a;b",
            "a/b",
            "127.0.0.1",
            "::1",
            "localhost",
        ] {
            let node = node(&[("Hostname", odd)]);
            assert_eq!(preferred(&node, &[AddressKind::Hostname]), "n1", "{odd:?}");
        }
        for usual in ["fd00::1", "10.0.0.1", "Node1.example.com"] {
            let node = node(&[("Hostname", usual)]);
            assert_eq!(preferred(&node, &[AddressKind::Hostname]), usual);
        }
    }
}
