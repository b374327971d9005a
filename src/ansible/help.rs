//! What a module program says of itself when it is called by hand.

use super::{module::Module, option::OptionSpec};
use crate::support::version::version;

/// The text of `--version`.
pub(super) fn version_of(module: &Module) -> String {
    format!("{} {}\n", module.name, version())
}

/// The text of `--help`.
pub(super) fn help_of(module: &Module) -> String {
    let name = module.name;
    let options: Vec<_> = module.options().map(option).collect();
    format!(
        "{version}{about}.\n\n\
         An Ansible module: call it from a playbook, or with `ansible -m {name}`.\n\n\
         By hand: {name} FILE    options from a file, as one JSON object\n         \
         {name} -       options from standard input\n         \
         {name} --help | --version\n\n\
         It answers with one JSON object. Exit status: 0, or 1 for a failure.\n\
         With \"_ansible_check_mode\": true among the options it changes nothing.\n\n\
         Options ({name}.yml and `ansible-doc {name}` explain them):\n{options}\n",
        version = version_of(module),
        about = module.about,
        options = options.join("\n"),
    )
}

fn option(option: &OptionSpec) -> String {
    let required = if option.required { " (required)" } else { "" };
    format!("  {}{required}", option.name)
}
