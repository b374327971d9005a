//! `oreg`: the command, the modules of the control host and the inventory.

use std::process::ExitCode;

fn main() -> ExitCode {
    oreg::support::process::protect();
    oreg::cli::program::run()
}
