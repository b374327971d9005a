//! The Ansible module `oreg_validate`.

use std::process::ExitCode;

fn main() -> ExitCode {
    oreg::support::process::protect();
    oreg::ansible::run(&oreg::modules::oreg_validate::MODULE)
}
