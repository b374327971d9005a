//! Settings that cannot be meant end a run before anything is written, with the name of their variable.

use super::{right_credentials, site};
use crate::support::playbook::{BED, Site};

fn refused(variables: &str, words: &[&str]) {
    for version in ["2.9", crate::support::playbook::NEWEST] {
        let mut site = Site::new().with_ansible(version);
        site.inventory(&format!(
            "{}oreg_restart_nodes=True\n{variables}\n",
            right_credentials()
        ));
        for arguments in [&[][..], &["--skip-tags", "validate"]] {
            site.run(arguments).failed_with(words);
        }
        assert!(site.written().is_empty());
    }
}

#[test]
fn how_many_nodes_restart_at_a_time() {
    for serial in ["0", "none at all", "150%", "[1, 0]"] {
        refused(
            &format!("openshift_restart_nodes_serial={serial}"),
            &["openshift_restart_nodes_serial: expected how many nodes"],
        );
    }
}

/// No play gathers facts, so this would fail when the first node is about to restart.
#[test]
fn a_name_of_a_node_that_refers_to_facts() {
    refused(
        "openshift_kubelet_name_override={{ ansible_hostname }}",
        &[
            "openshift_kubelet_name_override of node-1 cannot be read",
            "ansible_hostname",
        ],
    );
    refused(
        "openshift_kubelet_name_override=-oProxyCommand=x",
        &["of node-1", "is not a DNS name"],
    );
    // Before an installation, when no node restarts, the name is not looked at.
    let mut unneeded = Site::new();
    let name = "openshift_kubelet_name_override={{ ansible_hostname }}";
    unneeded.inventory(&format!("{}{name}\n", right_credentials()));
    unneeded.run(&[]).changes();
}

#[test]
fn a_control_host_that_is_an_option_of_ssh() {
    refused(
        "oreg_control_host=-oProxyCommand=x",
        &["oreg_control_host", "is neither a host of the inventory"],
    );
}

#[test]
fn token_servers_of_registries() {
    refused("oreg_realm_hosts=not a mapping", &["oreg_realm_hosts"]);
    refused(
        "oreg_realm_hosts={'a.io':'b c'}",
        &["oreg_realm_hosts", "is not a host"],
    );

    let texts = |realms: &str| {
        let site = site(&format!(
            "{}oreg_realm_hosts={realms}\n",
            right_credentials()
        ));
        let unproven = ["--tags", "secrets", "--skip-tags", "validate"];
        site.run(&unproven).changes();
        site.written().into_values().collect::<Vec<_>>()
    };
    let map = format!(
        "{{'{}': '{}'}}",
        BED.token_registry.host(),
        BED.token_server.host()
    );
    assert_eq!(texts(&map), texts(&format!("\"{map}\"")));
    assert_ne!(texts(&map), texts("{}"));
}
