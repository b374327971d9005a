//! Files that a machine config owns. On OpenShift and OKD 4 the machine config operator writes them, and
//! marks a node Degraded when another hand does (MachineConfigDaemon.md, "Config Drift Monitor").

use std::path::{Path, PathBuf};

use serde_json::Value;
use thiserror::Error;

use crate::support::files::{FileError, Place};

/// The machine config that the node runs by; the operator's daemon keeps it there.
const CURRENT: &str = "/etc/machine-config-daemon/currentconfig";
/// A rendered config of a large cluster has a few megabytes.
const MAX_BYTES: u64 = 64 << 20;

/// Files that every rendered config has, should its list not be understood
/// (`templates/common/_base/files` of the machine config operator).
const ALWAYS: [&str; 2] = [
    "/var/lib/kubelet/config.json",
    "/etc/mco/internal-registry-pull-secret.json",
];

/// A refusal to write what a machine config owns.
#[derive(Debug, Error)]
pub enum MachineConfigError {
    /// The file is in the list.
    #[error(
        "cannot change {path}: a machine config owns it ({CURRENT}), and the machine config operator \
         marks the node Degraded when the file is changed by hand; change the cluster's pull secret \
         instead (openshift-config/pull-secret), or set `machine_config: ignore`"
    )]
    Owned {
        /// The path as given.
        path: PathBuf,
    },
    /// The files of 3.11 mean nothing on this node.
    #[error(
        "this node belongs to OKD 4 or OpenShift 4 ({CURRENT}), which does not read the files of 3.11: bring the \
         credentials to the cluster's pull secret instead (playbook global_pull_secret.yml), or name the files in \
         `paths`"
    )]
    OtherRelease,
    /// The list cannot be read.
    #[error(
        "cannot know which files a machine config owns; `machine_config: ignore` goes on without"
    )]
    Unknown(#[source] FileError),
}

impl MachineConfigError {
    /// The stable word for the error.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        "machine_config"
    }
}

/// The files that a machine config owns on this node.
#[derive(Debug, Default)]
pub struct OwnedFiles(Vec<PathBuf>);

/// Where a `MachineConfig` lists its files (Ignition 2 and 3).
const FILES: &str = "/spec/config/storage/files";

impl OwnedFiles {
    /// Reads the node's machine config. A node without one owns all its files itself.
    ///
    /// # Errors
    /// [`MachineConfigError::Unknown`] when there is one that cannot be read.
    pub fn of_this_node() -> Result<Self, MachineConfigError> {
        let found = Place::resolve(Path::new(CURRENT)).and_then(|place| place.read(MAX_BYTES));
        let found = found.map_err(MachineConfigError::Unknown)?;
        Ok(found.map_or_else(Self::default, |found| Self::parse(&found.bytes)))
    }

    fn parse(bytes: &[u8]) -> Self {
        // What cannot be understood owns at least what every config owns.
        let config: Value = serde_json::from_slice(bytes).unwrap_or_default();
        let files = config.pointer(FILES).and_then(Value::as_array);
        let listed = files.into_iter().flatten();
        let listed = listed.filter_map(|file| file.get("path")?.as_str());
        Self(listed.chain(ALWAYS).map(PathBuf::from).collect())
    }

    /// Refuses a node that a machine config rules, for files that only a node of 3.11 reads.
    ///
    /// # Errors
    /// [`MachineConfigError::OtherRelease`].
    pub fn require_okd3(&self) -> Result<(), MachineConfigError> {
        // Every machine config owns some file.
        if self.0.is_empty() {
            return Ok(());
        }
        Err(MachineConfigError::OtherRelease)
    }

    /// Refuses `path`, which leads to `target`, if a machine config owns it.
    ///
    /// # Errors
    /// [`MachineConfigError::Owned`].
    pub(super) fn check(&self, path: &Path, target: &Path) -> Result<(), MachineConfigError> {
        if self.0.iter().any(|owned| owned == path || owned == target) {
            let path = path.to_owned();
            return Err(MachineConfigError::Owned { path });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_owned(config: &str, path: &str) -> bool {
        let owned = OwnedFiles::parse(config.as_bytes());
        owned
            .check(Path::new(path), Path::new("/elsewhere"))
            .is_err()
    }

    #[test]
    fn listed_files_are_owned() {
        let config = r#"{"apiVersion": "machineconfiguration.openshift.io/v1", "kind": "MachineConfig",
            "metadata": {"name": "rendered-worker-0"}, "spec": {"config": {"ignition": {"version": "3.2.0"},
            "storage": {"files": [{"path": "/etc/x.json", "mode": 384, "contents": {"source": "data:,"}}]},
            "systemd": {"units": []}}, "osImageURL": ""}}"#;
        assert!(is_owned(config, "/etc/x.json"));
        assert!(is_owned(config, "/var/lib/kubelet/config.json"));
        assert!(!is_owned(config, "/root/.docker/config.json"));
        let owned = OwnedFiles::parse(config.as_bytes());
        let by_link = owned.check(Path::new("/link"), Path::new("/etc/x.json"));
        assert_eq!(by_link.unwrap_err().reason(), "machine_config");
    }

    #[test]
    fn a_config_of_another_form_owns_what_every_config_owns() {
        for config in [
            "",
            "{",
            "[]",
            r#"{"spec": {"config": {"storage": {"files": 7}}}}"#,
        ] {
            assert!(is_owned(config, "/var/lib/kubelet/config.json"), "{config}");
            assert!(!is_owned(config, "/root/.docker/config.json"), "{config}");
        }
    }

    #[test]
    fn a_node_without_a_machine_config_owns_its_files() {
        let owned = OwnedFiles::default();
        let path = Path::new("/var/lib/kubelet/config.json");
        assert!(owned.check(path, path).is_ok() && owned.require_okd3().is_ok());
        assert!(OwnedFiles::parse(b"{}").require_okd3().is_err());
    }
}
