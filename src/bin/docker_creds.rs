//! The Ansible module `docker_creds`.

use std::process::ExitCode;

#[expect(
    clippy::disallowed_methods,
    reason = "only executables read the environment"
)]
fn main() -> ExitCode {
    oreg::support::process::protect();
    oreg::ansible::run(&oreg::modules::docker_creds::MODULE, |name| {
        std::env::var(name).ok()
    })
}
