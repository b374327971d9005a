//! Where the programs are that the test bed runs, and what to do when one is missing.
//!
//! The only file that reads the environment.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

const ADVICE: &str = "run testbed/setup tools";

/// Finds a program in `PATH`, or where Debian puts servers, which is in the `PATH` of root only.
///
/// # Errors
/// When it is not installed; the message says how to install it.
pub fn find(program: &str) -> Result<PathBuf> {
    let path = variable("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|directory| directory.join(program))
        .find(|candidate| candidate.is_file())
        .with_context(|| format!("{program} is not installed: {ADVICE}"))
}

/// Finds the kube-apiserver that `testbed/setup` built, or the one in `KUBEBUILDER_ASSETS`.
///
/// # Errors
/// When there is none; the message says how to build it.
pub fn kube_apiserver() -> Result<PathBuf> {
    let program = match variable("KUBEBUILDER_ASSETS") {
        Some(assets) => assets.join("kube-apiserver"),
        None => cache()?.join("bin/kube-apiserver"),
    };
    existing(&program)
}

/// Finds etcd: that of `KUBEBUILDER_ASSETS`, or the installed one.
///
/// # Errors
/// When there is none; the message says how to install it.
pub fn etcd() -> Result<PathBuf> {
    match variable("KUBEBUILDER_ASSETS") {
        Some(assets) => existing(&assets.join("etcd")),
        None => find("etcd"),
    }
}

/// Finds the registry that `testbed/setup` built from `other-registry/`.
///
/// # Errors
/// When it was not built; the message says how to build it.
pub fn other_registry() -> Result<PathBuf> {
    existing(&cache()?.join("bin/other-registry"))
}

/// Finds the Keycloak that `testbed/setup keycloak` installed.
///
/// # Errors
/// When it was not installed; the message says how to install it.
pub fn keycloak() -> Result<PathBuf> {
    let program = cache()?.join("keycloak/bin/kc.sh");
    if !program.is_file() {
        bail!(
            "{} does not exist: run testbed/setup keycloak",
            program.display()
        );
    }
    Ok(program)
}

/// Finds the file tree of the guests that `testbed/setup` packed.
///
/// # Errors
/// When it was not made; the message says how to make it.
pub fn guest_tree() -> Result<PathBuf> {
    let archive = cache()?.join("guest-tree.tar.zst");
    if !archive.is_file() {
        bail!(
            "{} does not exist: run testbed/setup guests",
            archive.display()
        );
    }
    Ok(archive)
}

/// Runs a program to its end and returns what it prints.
///
/// # Errors
/// When it is not installed or fails; the message is its own.
pub(crate) fn run(program: &str, args: &[&str]) -> Result<String> {
    let mut command = Command::new(find(program)?);
    let output = command
        .args(args)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {program}"))?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        bail!("{program} {} failed: {}", args.join(" "), message.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn existing(program: &Path) -> Result<PathBuf> {
    if !program.is_file() {
        bail!("{} does not exist: {ADVICE}", program.display());
    }
    Ok(program.to_owned())
}

fn cache() -> Result<PathBuf> {
    if let Some(cache) = variable("OREG_CACHE") {
        return Ok(cache);
    }
    let home = variable("HOME").context("neither OREG_CACHE nor HOME is set")?;
    Ok(home.join(".cache/oreg"))
}

/// Reads a variable of the environment; an empty one counts as none.
#[expect(
    clippy::disallowed_methods,
    reason = "the test bed is no module: it finds programs where testbed/setup put them"
)]
pub(crate) fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_how_to_get_a_missing_program() {
        let error = find("no-such-program").unwrap_err();
        assert_eq!(
            error.to_string(),
            "no-such-program is not installed: run testbed/setup tools"
        );
    }
}
