//! `oreg secret`: the manifest of a pull secret with the credentials of files, printed, written or applied.

use std::{
    io::{self, IsTerminal},
    path::PathBuf,
};

use anyhow::{Context, Result, bail};
use base64::{Engine, engine::general_purpose::STANDARD};
use clap::Args;

use super::{
    check::all_documents,
    environment::Environment,
    input::{
        cluster::ClusterArguments,
        form::{Document, documents},
    },
    output::{files::replace, screen::Screen},
    status::Status,
};
use crate::{
    cluster::names::ObjectName,
    domain::{
        docker_config::DockerConfig,
        merge::{Others, plan_present},
        plan::Plan,
        secret::Secret,
    },
};

/// Make the Secret manifest of the credentials in files
///
/// Of two files that name the same registry, the first counts. With --apply, the entries are merged into
/// the secret of the cluster: its other entries stay as they are.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  oreg secret pull-secret.txt --name imagestreamsecret --namespace openshift > secret.yml
  oreg secret auth.json --name pull-secret --namespace openshift-config --apply")]
pub struct Arguments {
    /// Docker config files, pull secrets, base64 of one, Secret manifests; - is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// The name of the secret
    #[arg(long, value_name = "NAME", default_value = "imagestreamsecret")]
    name: String,
    /// The namespace of the secret
    #[arg(long, value_name = "NAMESPACE", default_value = "openshift")]
    namespace: String,
    /// Write the manifest to this file, which only its owner can read
    #[arg(long, value_name = "FILE", conflicts_with = "apply")]
    to: Option<PathBuf>,
    /// Create or update the secret in the cluster
    #[arg(long)]
    apply: bool,
    #[command(flatten)]
    cluster: ClusterArguments,
}

/// Runs the command.
///
/// # Errors
/// When a file cannot be read, or the cluster does not take the secret.
pub fn run(arguments: &Arguments, environment: &Environment, screen: &Screen) -> Result<Status> {
    let documents = all_documents(&arguments.files)?;
    let config = united(&documents)?;
    if arguments.apply {
        return apply(arguments, &config, environment, screen);
    }
    let manifest = manifest(arguments, &config)?;
    if let Some(path) = &arguments.to {
        let written = replace(path, manifest.expose().as_bytes(), 0o600);
        written.with_context(|| format!("cannot write {}", path.display()))?;
        return Ok(Status::Proven);
    }
    if io::stdout().is_terminal() {
        bail!(
            "the manifest holds passwords and is not shown on a terminal: redirect it, or use --to FILE or --apply"
        );
    }
    screen.write(manifest.expose())?;
    Ok(Status::Proven)
}

/// The first document, and what the others have for further registries.
fn united(documents: &[Document]) -> Result<DockerConfig> {
    let (first, others) = documents.split_first().context("there is no document")?;
    let mut config = first.config.clone();
    for document in others {
        let plan = missing(&config, &document.config);
        config = plan.document().clone();
    }
    if config.auths().is_empty() {
        bail!("the files hold no entry: there is nothing to make a secret of");
    }
    Ok(config)
}

fn missing(config: &DockerConfig, other: &DockerConfig) -> Plan {
    let mut wanted: Vec<(_, _)> = Vec::new();
    for entry in other.auths() {
        let (Some(host), Ok(Some(credential))) = (entry.host(), entry.credential()) else {
            continue;
        };
        let is_known =
            config.entry(&host).is_some() || wanted.iter().any(|(known, _)| *known == host);
        if !is_known {
            wanted.push((host, credential));
        }
    }
    plan_present(config, &wanted, Others::Keep)
}

fn manifest(arguments: &Arguments, config: &DockerConfig) -> Result<Secret> {
    let manifest = serde_json::json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": arguments.name, "namespace": arguments.namespace},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": STANDARD.encode(config.to_text())},
    });
    let text = serde_yaml::to_string(&manifest).ok();
    text.map(Secret::new)
        .context("cannot write the manifest as YAML")
}

fn apply(
    arguments: &Arguments,
    config: &DockerConfig,
    environment: &Environment,
    screen: &Screen,
) -> Result<Status> {
    let name = ObjectName::new(arguments.namespace.as_str(), arguments.name.as_str());
    let cluster = arguments.cluster.connect(environment)?;
    let label = format!("secret {}/{}", name.namespace, name.name);
    let Some(found) = cluster.secret_manifest(&name)? else {
        cluster.create_pull_secret(&name, &Secret::new(config.to_text()))?;
        screen.write(&format!("{label} created\n"))?;
        return Ok(Status::Proven);
    };
    let live = documents("cluster", found.expose().as_bytes());
    let live = live.with_context(|| format!("cannot merge into {label}"))?;
    let live = live.first().context("the secret holds no document")?;
    let wanted: Vec<_> = config
        .auths()
        .iter()
        .filter_map(|entry| Some((entry.host()?, entry.credential().ok()??)))
        .collect();
    let plan = plan_present(&live.config, &wanted, Others::Keep);
    if plan.is_empty() {
        screen.write(&format!("{label} unchanged\n"))?;
        return Ok(Status::Proven);
    }
    cluster.update_pull_secret(&name, &found, &Secret::new(plan.document().to_text()))?;
    screen.write(&format!("{label} updated\n"))?;
    Ok(Status::Proven)
}
