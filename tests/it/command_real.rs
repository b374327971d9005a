//! The command with real components: registries, a terminal, a browser, shells, Ansible, a keyring.

mod browser;
mod cluster;
mod forms;
mod keyring;
mod registries;
mod shells;
mod terminal;

use std::{os::unix::fs::symlink, process::Command};

use crate::support::{command::Account, tools};

/// Writes `inventory/hosts` whose group variables are encrypted by the password `of the vault`, which is in
/// `vault-password`, and puts `ansible-inventory` into the user's path.
fn vaulted_inventory(account: &Account, variables: &str) {
    let ansible = tools::ansible("2.19", "ansible-inventory");
    symlink(&ansible, account.home.path("bin/ansible-inventory")).unwrap();
    account.home.write(
        "inventory/hosts",
        "[masters]\nm1\n[nodes]\nn1\n[OSEv3:children]\nmasters\nnodes\n",
    );
    let file = account
        .home
        .write("inventory/group_vars/OSEv3.yml", variables);
    let password = account.home.write("vault-password", "of the vault");
    let mut vault = Command::new(ansible.with_file_name("ansible-vault"));
    vault
        .args(["encrypt", "--vault-password-file"])
        .args([password, file]);
    assert!(vault.output().unwrap().status.success());
}
