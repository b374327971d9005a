//! The dynamic inventory.

use std::{env, path::PathBuf, process::ExitCode};

use oreg::inventory::{Surroundings, run};

fn main() -> ExitCode {
    let surroundings = Surroundings {
        settings: path("OREG_INVENTORY_SETTINGS"),
        kubeconfig: path("KUBECONFIG"),
        home: path("HOME"),
    };
    run(env::args_os(), &surroundings)
}

#[expect(
    clippy::disallowed_methods,
    reason = "users of kubectl expect it, and this is a place that may look there"
)]
fn path(name: &str) -> Option<PathBuf> {
    env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}
