//! The Ansible module `oreg_validate`.

use std::process::ExitCode;

fn main() -> ExitCode {
    oreg::ansible::run(&oreg::modules::oreg_validate::MODULE)
}
