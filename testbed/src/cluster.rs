//! A Kubernetes API: etcd and kube-apiserver, and nothing else.
//!
//! There are no controllers, no scheduler and no kubelet. So namespaces get no default service
//! accounts, nodes keep the status that was written, and nothing is collected as garbage.

mod audit;
mod kubeconfig;
mod node;
mod servers;

use std::io::Write as _;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

pub use self::audit::ApiRequest;
pub use self::node::Readiness;
use self::servers::Servers;
use crate::pki::{Authority, Identity};
use crate::process::read_settled;
use crate::scratch::Scratch;
use crate::tools;

/// The namespace of a cluster's own image streams.
pub const NAMESPACE: &str = "openshift";
/// A user with all rights.
const ADMIN: &str = "admin";
/// A user without rights.
const LIMITED: &str = "limited";
/// The user of the test bed itself, whose requests are not recorded.
const OPERATOR: &str = "testbed";
const ALL_RIGHTS: Option<&str> = Some("system:masters");

/// A running API server with its store; both stop when it is dropped.
pub struct Cluster {
    kubectl: PathBuf,
    // Before the files: fields are dropped in this order.
    servers: Servers,
    authority: Authority,
    files: Scratch,
}

impl Cluster {
    /// Starts a cluster that holds only the namespace [`NAMESPACE`], and waits until it is ready.
    ///
    /// # Errors
    /// When a program is not installed or does not start; the message holds the end of its log.
    pub fn start() -> Result<Self> {
        Self::start_at(Ipv4Addr::LOCALHOST)
    }

    /// Starts one whose API is at this address.
    ///
    /// # Errors
    /// As [`Cluster::start`].
    pub fn start_at(address: Ipv4Addr) -> Result<Self> {
        let files = Scratch::new()?;
        let kubectl = tools::find("kubectl")?;
        let authority = Authority::new()?;
        let servers = Servers::start(&files, &authority, address)?;
        for (user, group) in [(ADMIN, ALL_RIGHTS), (OPERATOR, ALL_RIGHTS), (LIMITED, None)] {
            let identity = authority.client(user, group)?;
            let text = kubeconfig::for_user(user, &identity, servers.url())?;
            files.write(kubeconfig_name(user), text)?;
        }
        let mut cluster = Self {
            kubectl,
            servers,
            authority,
            files,
        };
        cluster.wait_until_ready()?;
        cluster.kubectl(&["create", "namespace", NAMESPACE])?;
        Ok(cluster)
    }

    /// Starts the API server again after it was killed, and waits until it is ready.
    ///
    /// # Errors
    /// As [`Cluster::start`].
    pub fn restart_api(&mut self) -> Result<()> {
        self.servers.restart_apiserver(&self.files)?;
        self.wait_until_ready()
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let mut readyz = self.command(&["get", "--raw", "/readyz"])?;
        readyz.stdin(Stdio::null());
        self.servers
            .wait_until(|| readyz.output().is_ok_and(|output| output.stdout == b"ok"))
    }

    /// Returns the URL of the API.
    #[must_use]
    pub fn url(&self) -> &str {
        self.servers.url()
    }

    /// Returns the process ids of etcd and kube-apiserver.
    #[must_use]
    pub fn process_ids(&self) -> [u32; 2] {
        self.servers.process_ids()
    }

    /// Returns the kubeconfig of user `admin`, who has all rights. Certificates are embedded.
    #[must_use]
    pub fn kubeconfig(&self) -> PathBuf {
        self.files.file(kubeconfig_name(ADMIN))
    }

    /// Returns the kubeconfig of user `limited`, who may log in and nothing else.
    #[must_use]
    pub fn limited_kubeconfig(&self) -> PathBuf {
        self.files.file(kubeconfig_name(LIMITED))
    }

    /// Returns the file with one JSON document per request of `admin` and `limited`.
    #[must_use]
    pub fn audit_log(&self) -> PathBuf {
        servers::audit_log(&self.files)
    }

    /// Returns all finished requests of `admin` and `limited` so far, oldest first.
    ///
    /// Those of [`Cluster::kubectl`] and the other methods here are not among them.
    #[must_use]
    pub fn requests(&self) -> Vec<ApiRequest> {
        audit::parse(&read_settled(&self.audit_log()))
    }

    /// Runs kubectl with all rights and returns what it prints.
    ///
    /// # Errors
    /// When it fails; the message is kubectl's.
    pub fn kubectl(&self, args: &[&str]) -> Result<String> {
        self.kubectl_with_input(args, "")
    }

    /// Runs kubectl with all rights and this text as its input; returns what it prints.
    ///
    /// # Errors
    /// When it fails; the message is kubectl's.
    pub fn kubectl_with_input(&self, args: &[&str], input: &str) -> Result<String> {
        let mut command = self.command(args)?;
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().context("cannot start kubectl")?;
        if let Some(mut stdin) = child.stdin.take() {
            // One that does not read its input says why when it fails.
            let _ = stdin.write_all(input.as_bytes());
        }
        let output = child.wait_with_output().context("kubectl got lost")?;
        if !output.status.success() {
            let message = String::from_utf8_lossy(&output.stderr);
            bail!("kubectl {} failed: {}", args.join(" "), message.trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Creates a node as its kubelet would, with these labels.
    ///
    /// # Errors
    /// When the API refuses, for example because the node exists.
    pub fn create_node(
        &self,
        name: &str,
        readiness: Readiness,
        labels: &[(&str, &str)],
    ) -> Result<()> {
        let node = node::manifest(name, readiness, labels);
        self.kubectl_with_input(&["create", "-f", "-"], &node.to_string())?;
        Ok(())
    }

    /// Changes whether a node is ready.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn set_node_readiness(&self, name: &str, readiness: Readiness) -> Result<()> {
        let path = format!("/api/v1/nodes/{name}");
        let mut node = serde_json::from_str(&self.kubectl(&["get", "--raw", &path])?)?;
        node::set_readiness(&mut node, readiness);
        let status = format!("{path}/status");
        self.kubectl_with_input(&["replace", "--raw", &status, "-f", "-"], &node.to_string())?;
        Ok(())
    }

    /// Has a node say once more what it said last, as its kubelet does from time to time.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn report_node(&self, name: &str) -> Result<()> {
        let patch = node::heartbeat().to_string();
        self.kubectl(&["patch", "node", name, "--subresource=status", "-p", &patch])?;
        Ok(())
    }

    /// Returns whether a node says that it is ready.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn is_node_ready(&self, name: &str) -> Result<bool> {
        let path = "jsonpath={.status.conditions[?(@.type==\"Ready\")].status}";
        Ok(self.kubectl(&["get", "node", name, "-o", path])? == "True")
    }

    /// Issues the certificate with which the agent of a node speaks for that node, and no other.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn node_identity(&self, node: &str) -> Result<Identity> {
        self.authority
            .client(&format!("system:node:{node}"), Some("system:nodes"))
    }

    /// Issues a certificate of user `admin` that ended years ago.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn expired_identity(&self) -> Result<Identity> {
        self.authority.expired_client(ADMIN, ALL_RIGHTS)
    }

    fn command(&self, args: &[&str]) -> Result<Command> {
        let mut command = Command::new(&self.kubectl);
        command
            .arg("--kubeconfig")
            .arg(self.files.file(kubeconfig_name(OPERATOR)));
        command
            .arg("--cache-dir")
            .arg(self.files.make_dir("kubectl-cache")?);
        command.args(args);
        Ok(command)
    }
}

fn kubeconfig_name(user: &str) -> &'static Path {
    Path::new(match user {
        ADMIN => "admin.kubeconfig",
        LIMITED => "limited.kubeconfig",
        _ => "testbed.kubeconfig",
    })
}
