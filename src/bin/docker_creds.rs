//! The Ansible module `docker_creds`.

use std::{env, process::ExitCode};

use oreg::{ansible, modules::docker_creds::MODULE, support::process};

#[expect(
    clippy::disallowed_methods,
    reason = "only executables read the environment"
)]
fn main() -> ExitCode {
    process::protect();
    let argument = env::args_os().nth(1);
    ansible::run(&MODULE, argument.as_deref(), |name| env::var(name).ok())
}
