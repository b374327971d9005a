//! The Ansible module `docker_creds`.

use std::process::ExitCode;

fn main() -> ExitCode {
    oreg::support::process::protect();
    oreg::ansible::run(&oreg::modules::docker_creds::MODULE)
}
