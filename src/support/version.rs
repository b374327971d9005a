//! Which build this is.

/// The version of the package.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Returns version, commit and architecture, such as `0.2.0 (commit 1f9a632, x86_64)`. Builds outside
/// `scripts/build-modules` know no commit.
pub fn version() -> String {
    let commit = option_env!("OREG_COMMIT").filter(|commit| !commit.is_empty());
    format!(
        "{VERSION} (commit {}, {})",
        commit.unwrap_or("unknown"),
        std::env::consts::ARCH
    )
}
