//! One program under several names: the command, the modules of the control host, the inventory.

use std::{
    env,
    ffi::{OsStr, OsString},
    path::Path,
    process::ExitCode,
};

use super::environment::{Environment, text};
use crate::{
    ansible::{self, Module},
    inventory, modules,
};

/// The modules that the program holds.
const MODULES: [&Module; 5] = [
    &modules::oreg_cluster_info::MODULE,
    &modules::oreg_nodes_ready::MODULE,
    &modules::oreg_pull_secrets::MODULE,
    &modules::oreg_report::MODULE,
    &modules::oreg_validate::MODULE,
];

const INVENTORY: &str = "oreg_inventory";

/// Ansible puts this before the name of a program that it sends to a host.
const SENT: &str = "AnsiballZ_";

/// Acts as the program whose name the process was started under; else as the command.
pub fn run() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().collect();
    let name = arguments
        .first()
        .map(OsString::as_os_str)
        .and_then(file_name);
    let name = name.unwrap_or_default();
    let name = name.strip_prefix(SENT).unwrap_or(name);
    if let Some(module) = module_named(name) {
        return ansible::run(module, argument(&arguments, 1), text);
    }
    if let Some(module) = module_of_courier(&arguments) {
        return ansible::run(module, argument(&arguments, 3), text);
    }
    if name == INVENTORY {
        return inventory::run(arguments, &Environment::read().for_inventory());
    }
    super::run(arguments)
}

fn module_named(name: &str) -> Option<&'static Module> {
    MODULES.into_iter().find(|module| module.name == name)
}

/// `oreg module NAME [FILE]`: on a host the courier keeps one program, under its own name, for all the
/// modules in it.
fn module_of_courier(arguments: &[OsString]) -> Option<&'static Module> {
    match arguments {
        [_, word, name, ..] if word == "module" => module_named(name.to_str()?),
        _ => None,
    }
}

fn argument(arguments: &[OsString], place: usize) -> Option<&OsStr> {
    arguments.get(place).map(OsString::as_os_str)
}

fn file_name(path: &OsStr) -> Option<&str> {
    Path::new(path).file_name()?.to_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(arguments: &[&str]) -> Option<&'static str> {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        module_of_courier(&arguments).map(|module| module.name)
    }

    #[test]
    fn the_courier_names_a_module() {
        assert_eq!(
            found(&["/var/lib/oreg/x/oreg", "module", "oreg_validate", "-"]),
            Some("oreg_validate")
        );
        assert_eq!(found(&["oreg", "module", "oreg_nothing", "-"]), None);
        assert_eq!(found(&["oreg", "module"]), None);
        assert_eq!(found(&["oreg", "check", "oreg_validate"]), None);
    }
}
