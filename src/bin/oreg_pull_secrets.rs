//! The Ansible module `oreg_pull_secrets`.

use std::process::ExitCode;

fn main() -> ExitCode {
    oreg::support::process::protect();
    oreg::ansible::run(&oreg::modules::oreg_pull_secrets::MODULE)
}
