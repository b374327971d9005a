//! The pull secrets of a cluster.

use std::{
    convert::Infallible,
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use anyhow::{Context, Result};
use clap::Args;

use super::form::{Document, documents as find};
use crate::{
    cli::environment::Environment,
    cluster::{
        Cluster, ClusterError, connect::MASTER_KUBECONFIG, global_secret::GlobalSecret,
        names::ObjectName,
    },
    operations::report::{Finding, secrets::stale_copy},
};

/// The namespace whose secrets image streams are imported with.
const DEFAULT_NAMESPACE: &str = "openshift";

/// Where kubectl has its kubeconfig, below the home directory.
const HOME_KUBECONFIG: &str = ".kube/config";

/// How the cluster is reached.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "How the cluster is reached")]
pub struct ClusterArguments {
    /// Read this kubeconfig. Default: $KUBECONFIG, ~/.kube/config, the master's own
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Use this context of the kubeconfig
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
}

/// The name of a secret.
#[derive(Clone, Debug)]
pub struct SecretName(ObjectName);

impl FromStr for SecretName {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let (namespace, name) = text.split_once('/').unwrap_or((DEFAULT_NAMESPACE, text));
        Ok(Self(ObjectName::new(namespace, name)))
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.0.namespace, self.0.name)
    }
}

impl ClusterArguments {
    /// Connects.
    ///
    /// # Errors
    /// When the kubeconfig cannot be used.
    pub fn connect(&self, environment: &Environment) -> Result<Cluster> {
        let files = self.files(environment);
        let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
        Ok(Cluster::connect(&files, self.context.as_deref())?)
    }

    fn files(&self, environment: &Environment) -> Vec<PathBuf> {
        if let Some(file) = &self.kubeconfig {
            return vec![file.clone()];
        }
        if !environment.kubeconfig.is_empty() {
            return environment.kubeconfig.clone();
        }
        let home = environment
            .home
            .as_ref()
            .map(|home| home.join(HOME_KUBECONFIG));
        let home = home.filter(|file| file.exists());
        vec![home.unwrap_or_else(|| MASTER_KUBECONFIG.into())]
    }
}

/// Reads the documents of a secret.
///
/// # Errors
/// When the cluster does not give it, or it is not a pull secret.
pub fn documents(
    name: &SecretName,
    cluster: &ClusterArguments,
    environment: &Environment,
) -> Result<Vec<Document>> {
    let found = cluster.connect(environment)?.secret_manifest(&name.0)?;
    let found = found.with_context(|| format!("the cluster has no secret {name}"))?;
    find("cluster", found.expose().as_bytes()).with_context(|| format!("cannot use secret {name}"))
}

/// Finds what the copy of the global pull secret lacks, by which the cluster's own image registry pulls
/// through. Other secrets have no copy. Who may not read the copy is not to know how it stands.
///
/// # Errors
/// When the cluster does not answer.
pub fn stale_copies(
    name: &SecretName,
    cluster: &ClusterArguments,
    environment: &Environment,
) -> Result<Vec<Finding>> {
    if name.0 != GlobalSecret::Cluster.name() {
        return Ok(Vec::new());
    }
    match cluster.connect(environment)?.global_copy() {
        Ok(copy) => {
            let copy = copy.into_iter();
            let findings = copy.flat_map(|copy| {
                let ObjectName { namespace, name } = copy.name;
                let hosts = copy.stale.into_iter();
                hosts.map(move |host| stale_copy(&namespace, &name, &host))
            });
            Ok(findings.collect())
        }
        Err(ClusterError::Forbidden { .. }) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}
