//! The Ansible module `oreg_pull_secrets`.

use std::{env, process::ExitCode};

use oreg::{ansible, modules::oreg_pull_secrets::MODULE, support::process};

#[expect(
    clippy::disallowed_methods,
    reason = "only executables read the environment"
)]
fn main() -> ExitCode {
    process::protect();
    let argument = env::args_os().nth(1);
    ansible::run(&MODULE, argument.as_deref(), |name| env::var(name).ok())
}
