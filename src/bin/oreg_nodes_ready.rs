//! The Ansible module `oreg_nodes_ready`.

use std::process::ExitCode;

fn main() -> ExitCode {
    oreg::support::process::protect();
    oreg::ansible::run(&oreg::modules::oreg_nodes_ready::MODULE)
}
