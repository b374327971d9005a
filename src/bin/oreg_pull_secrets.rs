//! The Ansible module `oreg_pull_secrets`.

use std::process::ExitCode;

#[expect(
    clippy::disallowed_methods,
    reason = "only executables read the environment"
)]
fn main() -> ExitCode {
    oreg::support::process::protect();
    oreg::ansible::run(&oreg::modules::oreg_pull_secrets::MODULE, |name| {
        std::env::var(name).ok()
    })
}
