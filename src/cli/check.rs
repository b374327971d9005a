//! `oreg check`: proves every credential of files, of an inventory or of a cluster's secret.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use super::{
    arguments::{ProofArguments, parse_host},
    engine,
    environment::Environment,
    input::{
        ansible::{self, VaultArguments},
        cluster::{self, SecretName},
        discovery::candidates,
        entries::{Subject, subjects},
        file::{place, read_documents},
        form::Document,
    },
    output::{
        json, junit, page, progress, prometheus,
        result::CheckResult,
        screen::Screen,
        table::{self, Extent},
    },
    status::{self, Status},
};
use crate::{
    domain::{expiry::parse_time, registry_host::RegistryHost},
    operations::report::{Finding, Registry, Standing},
    support::errors::join_causes,
};

const EXAMPLES: &str = "Examples:
  oreg check pull-secret.txt
  oreg check ~/.docker/config.json --expires-in 30d
  oc get secret pull-secret -n openshift-config -o yaml | oreg check -
  oreg check -i inventory/hosts
  oreg check auth.json --image registry.redhat.io=openshift3/ose-pod:v3.11
  oreg check auth.json -o prom > /var/lib/node_exporter/oreg.prom
  oreg check auth.json --report page.html";

/// Prove the credentials of files, of an inventory or of a cluster's secret
///
/// Every entry is shown to its registry, all at the same time, each credential once: a wrong password costs
/// exactly one failed login, however many entries hold it.
#[derive(Args, Debug)]
#[command(after_help = status::HELP, after_long_help = status::help(EXAMPLES))]
pub struct Arguments {
    /// Docker config files, pull secrets, base64 of one, Secret manifests; - is standard input. Default: the
    /// first existing file of those that podman, docker and kubelet read
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Check the credentials of this openshift-ansible inventory; may be given several times
    #[arg(short, long, value_name = "HOSTS", conflicts_with = "files")]
    inventory: Vec<PathBuf>,
    /// Check this pull secret of the cluster; the namespace is `openshift` unless given
    #[arg(long, value_name = "[NAMESPACE/]NAME", conflicts_with_all = ["files", "inventory"])]
    secret: Option<SecretName>,
    /// Check only this registry; may be given several times
    #[arg(long, value_name = "REGISTRY", value_parser = parse_host)]
    only: Vec<RegistryHost>,
    /// Leave this registry alone; may be given several times
    #[arg(long, value_name = "REGISTRY", value_parser = parse_host)]
    skip: Vec<RegistryHost>,
    /// End with status 4 when a credential expires within this time, such as 30d or 12h
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    expires_in: Option<Duration>,
    /// The form of the result
    #[arg(short, long, value_enum, value_name = "FORM", default_value = "table")]
    output: Form,
    /// Write a page for people to this file; with the ending .json, the document for `oreg report`
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Print only what is not good
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    proof: ProofArguments,
    #[command(flatten)]
    vault: VaultArguments,
    #[command(flatten)]
    cluster: cluster::ClusterArguments,
}

/// The forms of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A table for people
    Table,
    /// `oreg.check/1`
    Json,
    /// `JUnit` XML, for CI servers
    Junit,
    /// Metrics for Prometheus
    Prom,
}

/// Runs the command.
///
/// # Errors
/// When something named on the command line cannot be read, or the result cannot be written.
pub fn run(arguments: &Arguments, environment: &Environment, screen: &Screen) -> Result<Status> {
    let begin = Instant::now();
    let source = source(arguments, environment)?;
    let subjects = source
        .subjects
        .into_iter()
        .filter(|subject| is_wanted(arguments, subject));
    let subjects = subjects
        .map(|subject| applied(arguments, subject))
        .collect();
    let watch = progress::watch(environment.is_utf8);
    let registries = engine::prove(subjects, &arguments.proof, environment, &*watch)?;
    let result = CheckResult::new(
        source.title,
        registries,
        begin.elapsed(),
        arguments.expires_in,
    );
    let result = result.with_findings(source.findings);
    let status = Status::of_proofs(&result.report.registries, |one| result.expires_soon(one));
    print(arguments, &result, status, screen)?;
    if let Some(path) = &arguments.report {
        page::write(&result.report, path)?;
    }
    Ok(status)
}

/// What is checked, and what it is called.
struct Source {
    title: String,
    subjects: Vec<Subject>,
    /// What is to be done besides.
    findings: Vec<Finding>,
}

fn source(arguments: &Arguments, environment: &Environment) -> Result<Source> {
    if !arguments.inventory.is_empty() {
        let inventories: Vec<_> = arguments.inventory.iter().map(|path| place(path)).collect();
        return Ok(Source {
            title: format!("inventory {}", inventories.join(", ")),
            subjects: ansible::subjects(&arguments.inventory, &arguments.vault)?,
            findings: Vec::new(),
        });
    }
    if let Some(name) = &arguments.secret {
        let documents = cluster::documents(name, &arguments.cluster, environment)?;
        return Ok(Source {
            title: format!("secret {name}"),
            subjects: subjects(&documents),
            findings: cluster::stale_copies(name, &arguments.cluster, environment)?,
        });
    }
    let files = files(arguments, environment)?;
    Ok(Source {
        title: title(&files),
        subjects: subjects(&all_documents(&files)?),
        findings: Vec::new(),
    })
}

/// What the report calls the files. A headline of many paths cannot be read, and its table names the file of
/// each entry.
fn title(files: &[PathBuf]) -> String {
    match files {
        [one] => place(one),
        [one, other] => format!("{}, {}", place(one), place(other)),
        many => format!("{} files", many.len()),
    }
}

/// The files that the user named, else the one that the user's other programs read.
fn files(arguments: &Arguments, environment: &Environment) -> Result<Vec<PathBuf>> {
    if !arguments.files.is_empty() {
        return Ok(arguments.files.clone());
    }
    let candidates = candidates(environment);
    if let Some(found) = candidates.iter().find(|path| path.exists()) {
        return Ok(vec![found.clone()]);
    }
    let names: Vec<_> = candidates
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    bail!(
        "name a file: none of those that podman, docker and kubelet read exists ({})",
        names.join(", ")
    );
}

/// Reads every file before anything is asked, and names all that cannot be read.
pub(super) fn all_documents(files: &[PathBuf]) -> Result<Vec<Document>> {
    let mut documents = Vec::new();
    let mut errors = Vec::new();
    for file in files {
        match read_documents(Path::new(file)) {
            Ok(found) => documents.extend(found),
            Err(error) => errors.push(join_causes(&error)),
        }
    }
    if errors.is_empty() {
        return Ok(documents);
    }
    bail!(errors.join("\n"));
}

fn is_wanted(arguments: &Arguments, subject: &Subject) -> bool {
    let host = match subject {
        Subject::Credential(credential) => Some(credential.host.clone()),
        Subject::Apart(registry) => RegistryHost::parse(&registry.host).ok(),
    };
    // A whole registry stands for the namespaces on it.
    let is = |wanted: &RegistryHost| {
        let is_whole = wanted.to_string() == wanted.authority();
        let same_server = |host: &RegistryHost| is_whole && host.authority() == wanted.authority();
        host.as_ref()
            .is_some_and(|host| host == wanted || same_server(host))
    };
    (arguments.only.is_empty() || arguments.only.iter().any(is)) && !arguments.skip.iter().any(is)
}

fn applied(arguments: &Arguments, mut subject: Subject) -> Subject {
    if let Subject::Credential(credential) = &mut subject {
        arguments.proof.apply(credential);
    }
    subject
}

fn print(
    arguments: &Arguments,
    result: &CheckResult,
    status: Status,
    screen: &Screen,
) -> Result<()> {
    let extent = if arguments.quiet {
        Extent::Problems
    } else {
        Extent::Whole
    };
    let text = match arguments.output {
        Form::Table => table::draw(result, extent, screen),
        Form::Json => json::document(result, status),
        Form::Junit => junit::document(result),
        Form::Prom => prometheus::metrics(result),
    };
    // The file was not named by the user: say which one it is.
    if arguments.output == Form::Table && arguments.files.is_empty() && !arguments.quiet {
        let title = result.report.title.as_deref().unwrap_or_default();
        screen.write(&format!("{title}\n\n"))?;
    }
    if arguments.output != Form::Table {
        return Ok(screen.write(&text)?);
    }
    if status == Status::Nothing && !arguments.quiet {
        screen.write(&nothing(&result.report.registries, &text))?;
    } else {
        screen.write(&text)?;
    }
    Ok(screen.write(&besides(result))?)
}

/// What is to be done besides the credentials, with the command for it.
fn besides(result: &CheckResult) -> String {
    let lines = result.findings.iter().flat_map(|finding| {
        let command = finding.command.iter();
        let command = command.map(|command| format!("  {command}\n"));
        [format!("\n{}\n", finding.text)].into_iter().chain(command)
    });
    lines.collect()
}

/// A check that has checked nothing must not look like a good one.
fn nothing(listed: &[Registry], text: &str) -> String {
    let why = if listed.iter().any(|one| one.standing() == Standing::Apart) {
        "nothing was checked: no entry holds a credential for a registry"
    } else {
        "nothing was checked: there is no entry"
    };
    format!("{text}{why}\n")
}
