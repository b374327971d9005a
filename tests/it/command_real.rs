//! The command with real components: registries, a terminal, a browser, shells, Ansible, a keyring.

mod browser;
mod forms;
mod registries;
mod shells;
mod terminal;
