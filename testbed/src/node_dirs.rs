//! Local directories that stand for the file systems of nodes.
//!
//! They hold the directories in which a 3.11 node keeps registry credentials, and nothing else.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::scratch::Scratch;

const KUBELET: &str = "var/lib/origin/.docker";
const RUNTIME: &str = "root/.docker";

/// A set of node directories, removed on drop.
#[derive(Debug)]
pub struct NodeDirs {
    scratch: Scratch,
    nodes: Vec<NodeDir>,
}

/// The directory of one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeDir {
    /// The name of the node, which is also that of its directory.
    pub name: String,
    /// What would be `/` on the node.
    pub root: PathBuf,
}

impl NodeDirs {
    /// Makes the directories of `node-1` to `node-COUNT`.
    ///
    /// # Errors
    /// When a directory cannot be made.
    pub fn create(count: usize) -> Result<Self> {
        let scratch = Scratch::new()?;
        let nodes = (1..=count)
            .map(|number| NodeDir::create(&scratch.file("nodes"), number))
            .collect::<Result<_>>()?;
        Ok(Self { scratch, nodes })
    }

    /// Returns the directory that holds one directory per node.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.scratch.file("nodes")
    }

    /// Returns the nodes in order.
    #[must_use]
    pub fn nodes(&self) -> &[NodeDir] {
        &self.nodes
    }
}

impl NodeDir {
    fn create(parent: &Path, number: usize) -> Result<Self> {
        let name = format!("node-{number}");
        let root = parent.join(&name);
        for directory in [KUBELET, RUNTIME].map(|directory| root.join(directory)) {
            fs::create_dir_all(&directory)
                .with_context(|| format!("cannot make {}", directory.display()))?;
        }
        Ok(Self { name, root })
    }

    /// Returns the credentials file that the kubelet reads.
    #[must_use]
    pub fn kubelet_config(&self) -> PathBuf {
        self.root.join(KUBELET).join("config.json")
    }

    /// Returns the credentials file that the container runtime reads.
    #[must_use]
    pub fn runtime_config(&self) -> PathBuf {
        self.root.join(RUNTIME).join("config.json")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_directories_of_a_node() {
        let dirs = NodeDirs::create(2).unwrap();
        let names: Vec<_> = dirs.nodes().iter().map(|node| node.name.as_str()).collect();
        assert_eq!(names, ["node-1", "node-2"]);
        for node in dirs.nodes() {
            assert!(node.kubelet_config().parent().unwrap().is_dir());
            assert!(node.runtime_config().parent().unwrap().is_dir());
        }
    }
}
