//! The Ansible module `oreg_report`.

use std::{env, process::ExitCode};

use oreg::{ansible, modules::oreg_report::MODULE, support::process};

#[expect(
    clippy::disallowed_methods,
    reason = "only executables read the environment"
)]
fn main() -> ExitCode {
    process::protect();
    let argument = env::args_os().nth(1);
    ansible::run(&MODULE, argument.as_deref(), |name| env::var(name).ok())
}
