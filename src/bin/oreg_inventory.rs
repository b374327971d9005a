//! The dynamic inventory.

use std::{
    env,
    ffi::{OsStr, OsString},
    path::PathBuf,
    process::ExitCode,
};

use oreg::inventory::{Surroundings, run};

fn main() -> ExitCode {
    oreg::support::process::protect();
    let surroundings = Surroundings {
        settings: variable("OREG_INVENTORY_SETTINGS").map(PathBuf::from),
        kubeconfig: variable("KUBECONFIG")
            .map(|list| files(&list))
            .unwrap_or_default(),
        home: variable("HOME").map(PathBuf::from),
    };
    run(env::args_os(), &surroundings)
}

#[expect(
    clippy::disallowed_methods,
    reason = "users of kubectl expect it, and this is a place that may look there"
)]
fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// As kubectl does, empty names are passed over.
fn files(list: &OsStr) -> Vec<PathBuf> {
    let files = env::split_paths(list);
    files.filter(|file| !file.as_os_str().is_empty()).collect()
}
