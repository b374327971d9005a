//! The Ansible module `oreg_node_config`.

use std::process::ExitCode;

fn main() -> ExitCode {
    oreg::support::process::protect();
    oreg::ansible::run(&oreg::modules::oreg_node_config::MODULE)
}
