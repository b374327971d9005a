//! Finds programs that tests need. A test whose program is missing fails and says how to get it.

use std::{env, path::PathBuf};

/// Returns where `program` is.
#[expect(
    clippy::disallowed_methods,
    reason = "tests look for programs where the user's shell does"
)]
pub(crate) fn find(program: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/sbin", "/sbin", "/usr/local/go/bin"].map(PathBuf::from);
    env::split_paths(&path)
        .chain(usual)
        .map(|directory| directory.join(program))
        .find(|candidate| candidate.is_file())
        .unwrap_or_else(|| panic!("{program} is not installed: run testbed/setup tools"))
}

/// Returns the directory for what tests build once.
#[expect(clippy::disallowed_methods, reason = "as testbed/setup does")]
pub(crate) fn cache() -> PathBuf {
    if let Some(cache) = env::var_os("OREG_CACHE").filter(|value| !value.is_empty()) {
        return cache.into();
    }
    let home = env::var_os("HOME").expect("OREG_CACHE or HOME is set");
    PathBuf::from(home).join(".cache/oreg")
}

/// Returns a program of this version of Ansible.
pub(crate) fn ansible(version: &str, program: &str) -> PathBuf {
    let path = cache().join(format!("venv-ansible-{version}/bin/{program}"));
    assert!(
        path.is_file(),
        "{} does not exist: run testbed/setup",
        path.display()
    );
    path
}
