//! The Ansible module `oreg_nodes_ready`.

use std::process::ExitCode;

#[expect(
    clippy::disallowed_methods,
    reason = "only executables read the environment"
)]
fn main() -> ExitCode {
    oreg::support::process::protect();
    oreg::ansible::run(&oreg::modules::oreg_nodes_ready::MODULE, |name| {
        std::env::var(name).ok()
    })
}
