//! The Ansible module `oreg_validate`.

use std::process::ExitCode;

#[expect(
    clippy::disallowed_methods,
    reason = "only executables read the environment"
)]
fn main() -> ExitCode {
    oreg::support::process::protect();
    oreg::ansible::run(&oreg::modules::oreg_validate::MODULE, |name| {
        std::env::var(name).ok()
    })
}
