//! What makes an API server look like OKD 4 to oreg: custom resources, and a stand-in of the operator that
//! brings a new configuration to the nodes of a pool.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use crate::cluster::{Cluster, Readiness};

const RESOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/crds/okd4.yaml");
const GROUP: &str = "machineconfiguration.openshift.io";

/// Installs the custom resources and the namespace of the global pull secret.
///
/// # Errors
/// When the server does not take them.
pub fn install(cluster: &Cluster) -> Result<()> {
    cluster.kubectl(&["apply", "-f", RESOURCES])?;
    let established = [
        "wait",
        "--for=condition=Established",
        "--timeout=30s",
        "-f",
        RESOURCES,
    ];
    cluster.kubectl(&established)?;
    for namespace in ["openshift-config", "openshift-image-registry"] {
        cluster.kubectl(&["create", "namespace", namespace])?;
    }
    Ok(())
}

/// Says which image the cluster's release was installed from.
///
/// # Errors
/// When the server does not take it.
pub fn set_release_image(cluster: &Cluster, image: &str) -> Result<()> {
    apply(
        cluster,
        &json!({
            "apiVersion": "config.openshift.io/v1", "kind": "ClusterVersion", "metadata": {"name": "version"},
            "status": {"desired": {"version": "4.15.3", "image": image}},
        }),
    )
}

/// Says where the control plane runs: `External` for a hosted one.
///
/// # Errors
/// When the server does not take it.
pub fn set_topology(cluster: &Cluster, topology: &str) -> Result<()> {
    apply(
        cluster,
        &json!({
            "apiVersion": "config.openshift.io/v1", "kind": "Infrastructure",
            "metadata": {"name": "cluster"}, "status": {"controlPlaneTopology": topology},
        }),
    )
}

/// A pool and its nodes.
pub struct Pool<'a> {
    cluster: &'a Cluster,
    name: &'a str,
    nodes: Vec<String>,
}

impl<'a> Pool<'a> {
    /// Returns the pool of this name and size that the cluster has.
    #[must_use]
    pub fn of(cluster: &'a Cluster, name: &'a str, count: usize) -> Self {
        let nodes = (0..count).map(|number| format!("{name}-{number}"));
        Self {
            cluster,
            name,
            nodes: nodes.collect(),
        }
    }

    /// Makes a pool of `count` nodes that is up to date.
    ///
    /// # Errors
    /// When the server does not take it.
    pub fn create(cluster: &'a Cluster, name: &'a str, count: usize) -> Result<Self> {
        let pool = Self::of(cluster, name, count);
        for node in &pool.nodes {
            cluster.create_node(node, Readiness::Ready, &[])?;
        }
        let object = json!({
            "apiVersion": format!("{GROUP}/v1"), "kind": "MachineConfigPool",
            "metadata": {"name": name}, "spec": {"configuration": {"name": pool.rendered("old")}},
        });
        apply(cluster, &object)?;
        pool.finish("old")?;
        Ok(pool)
    }

    /// Acts as the operator until `stopped`: when the global pull secret has changed, brings a new configuration
    /// to one node after the other, with `pause` before each.
    ///
    /// # Errors
    /// When the server does not take it.
    pub fn follow_secret(&self, pause: Duration, stopped: &AtomicBool) -> Result<()> {
        let version = || {
            let version = "jsonpath={.metadata.resourceVersion}";
            let secret = ["get", "secret", "pull-secret", "-n", "openshift-config"];
            self.cluster
                .kubectl(&[&secret[..], &["-o", version]].concat())
        };
        let mut seen = version()?;
        while !stopped.load(Ordering::SeqCst) {
            let found = version()?;
            if found != seen {
                self.render(&found)?;
                self.roll_out(&found, pause)?;
                seen = found;
            }
            thread::sleep(Duration::from_millis(300));
        }
        Ok(())
    }

    /// Wants another configuration: nothing has happened yet.
    ///
    /// # Errors
    /// When the server does not take it.
    pub fn render(&self, configuration: &str) -> Result<()> {
        self.patch(&json!({
            "spec": {"configuration": {"name": self.rendered(configuration)}},
            "status": self.status("Updating", 0, ""),
        }))
    }

    /// Brings the configuration to one node after the other, with a pause before each, then says so.
    ///
    /// # Errors
    /// When the server does not take it.
    pub fn roll_out(&self, configuration: &str, pause: Duration) -> Result<()> {
        for (done, node) in self.nodes.iter().enumerate() {
            thread::sleep(pause);
            self.annotate(node, &self.rendered(configuration), "Done", "")?;
            self.patch(&json!({"status": self.status("Updating", done + 1, "")}))?;
        }
        self.finish(configuration)
    }

    /// Pauses the pool, or lets it go on.
    ///
    /// # Errors
    /// When the server does not take it.
    pub fn set_paused(&self, paused: bool) -> Result<()> {
        self.patch(&json!({"spec": {"paused": paused}}))
    }

    /// Says that the pool cannot go on, because of its first node.
    ///
    /// # Errors
    /// When the server does not take it.
    pub fn degrade(&self, reason: &str) -> Result<()> {
        self.annotate(&self.nodes[0], &self.rendered("old"), "Degraded", reason)?;
        self.patch(&json!({"status": self.status("Degraded", 0, reason)}))
    }

    fn finish(&self, configuration: &str) -> Result<()> {
        for node in &self.nodes {
            self.annotate(node, &self.rendered(configuration), "Done", "")?;
        }
        let mut status = self.status("Updated", self.nodes.len(), "");
        status["configuration"] = json!({"name": self.rendered(configuration)});
        self.patch(&json!({"status": status}))
    }

    fn rendered(&self, configuration: &str) -> String {
        format!("rendered-{}-{configuration}", self.name)
    }

    /// The observed generation is ahead of every change of these tests.
    fn status(&self, condition: &str, updated: usize, message: &str) -> Value {
        json!({
            "observedGeneration": 1000, "machineCount": self.nodes.len(), "updatedMachineCount": updated,
            "conditions": [{"type": condition, "status": "True", "message": message}],
        })
    }

    fn annotate(&self, node: &str, configuration: &str, state: &str, reason: &str) -> Result<()> {
        let values = [
            ("currentConfig", configuration),
            ("desiredConfig", configuration),
            ("state", state),
            ("reason", reason),
        ];
        let values = values.map(|(name, value)| format!("{GROUP}/{name}={value}"));
        let mut args = vec!["annotate", "--overwrite", "node", node];
        args.extend(values.iter().map(String::as_str));
        self.cluster.kubectl(&args).map(drop)
    }

    fn patch(&self, patch: &Value) -> Result<()> {
        let patch = patch.to_string();
        let args = [
            "patch",
            "machineconfigpool",
            self.name,
            "--type=merge",
            "-p",
            &patch,
        ];
        self.cluster.kubectl(&args).map(drop)
    }
}

fn apply(cluster: &Cluster, object: &Value) -> Result<()> {
    let files = crate::scratch::Scratch::new()?;
    let path = files.write("object.json", object.to_string())?;
    let path = path.to_string_lossy().into_owned();
    cluster.kubectl(&["apply", "-f", &path]).map(drop)
}
