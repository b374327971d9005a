//! The program: arguments and settings in, one JSON object on standard output, or nothing there and
//! one message on standard error.

use std::{
    ffi::OsString,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::{ArgGroup, Parser, error::ErrorKind};
use serde_json::Value;

use super::{
    document::Document,
    error::InventoryError,
    graph, portal,
    settings::{PortalFile, Settings, SettingsError},
};
use crate::{
    cluster::{
        Cluster,
        connect::MASTER_KUBECONFIG,
        node_record::{NodeQuery, NodeRecord},
    },
    domain::credential::Credential,
    support::{
        arguments::parse_visible,
        errors::join_causes,
        files::trusted::{self, Content},
        version::version,
    },
};

const NAME: &str = "oreg_inventory";
/// Places of the settings file where none is named, the first that exists counts: in the
/// home directory, then here.
const HOME_SETTINGS: &str = ".config/oreg/inventory.yml";
const SYSTEM_SETTINGS: &str = "/etc/oreg/inventory.yml";
/// Where kubectl has its kubeconfig, below the home directory.
const HOME_KUBECONFIG: &str = ".kube/config";
/// The name of standard input.
const STDIN: &str = "-";
/// The most that is read of settings, in bytes.
const MOST_SETTINGS: u64 = 1 << 20;
/// The exit status for arguments that cannot be meant, as usual.
const USAGE: u8 = 2;

/// Print the nodes of an OKD / OpenShift 3.11 cluster, as an inventory for Ansible
#[derive(Debug, Parser)]
#[command(name = NAME, version = version(), group = ArgGroup::new("wanted").required(true))]
#[command(
    after_help = "Settings not given are looked for in $OREG_INVENTORY_SETTINGS, \
    ~/.config/oreg/inventory.yml and /etc/oreg/inventory.yml.\n\
    Without a kubeconfig in them: $KUBECONFIG, ~/.kube/config, /etc/origin/master/admin.kubeconfig."
)]
pub struct Arguments {
    /// Print all groups, hosts and variables, as Ansible reads them
    #[arg(long, group = "wanted")]
    list: bool,
    /// Print the variables of one host
    #[arg(long, group = "wanted", value_name = "NAME")]
    host: Option<String>,
    /// Print the groups and their hosts as a tree, for people
    #[arg(long, group = "wanted")]
    graph: bool,
    /// Read the settings from this YAML file; - for standard input
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
}

/// What the program finds where it is run.
#[derive(Clone, Debug, Default)]
pub struct ProcessEnvironment {
    /// `$OREG_INVENTORY_SETTINGS`
    pub settings: Option<PathBuf>,
    /// The files in `$KUBECONFIG`
    pub kubeconfig: Vec<PathBuf>,
    /// `$HOME`
    pub home: Option<PathBuf>,
}

/// Runs the program with these arguments, the first of which is its name. The exit status is 0, 1
/// when there is no inventory, or 2 for wrong arguments.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    environment: &ProcessEnvironment,
) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let arguments = match parse_visible(&arguments, |given| Arguments::try_parse_from(given)) {
        Ok(arguments) => arguments,
        Err(message) => return answer_usage(&message),
    };
    match answer(&arguments, environment) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A failure to report a failure has no reader.
            let _ = writeln!(io::stderr(), "{NAME}: {}", join_causes(&error));
            ExitCode::FAILURE
        }
    }
}

/// Prints what `arguments` ask for.
///
/// # Errors
/// [`InventoryError`] when there is no inventory; nothing is printed then.
pub fn answer(
    arguments: &Arguments,
    environment: &ProcessEnvironment,
) -> Result<(), InventoryError> {
    let value = inventory(arguments, environment)?;
    if arguments.graph {
        return print(&graph::draw(&value));
    }
    print(&format!("{value:#}\n"))
}

/// `--help` is an answer, all else a complaint.
fn answer_usage(message: &clap::Error) -> ExitCode {
    let printed = message.print();
    match message.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion if printed.is_ok() => ExitCode::SUCCESS,
        _ => ExitCode::from(USAGE),
    }
}

fn print(text: &str) -> Result<(), InventoryError> {
    let mut stdout = io::stdout().lock();
    let printed = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    printed.map_err(InventoryError::Output)
}

fn inventory(
    arguments: &Arguments,
    environment: &ProcessEnvironment,
) -> Result<Value, InventoryError> {
    let settings = read_settings(arguments.settings.as_deref(), environment)?;
    let document = Document::new(&nodes(&settings, environment)?, &settings)?;
    match (&arguments.host, &settings.credentials) {
        (Some(host), _) => document.host(host),
        (None, None) => Ok(document.list()),
        (None, Some(file)) => Ok(document.with_credential(&credential(file)?).list()),
    }
}

fn credential(file: &PortalFile) -> Result<Credential, InventoryError> {
    portal::read(file).map_err(|source| InventoryError::Portal {
        path: file.file.clone(),
        source,
    })
}

fn nodes(
    settings: &Settings,
    environment: &ProcessEnvironment,
) -> Result<Vec<NodeRecord>, InventoryError> {
    let kubeconfig = kubeconfig(settings, environment);
    let files: Vec<_> = kubeconfig.iter().map(PathBuf::as_path).collect();
    let cluster = Cluster::connect(&files, settings.context.as_deref())?
        .with_limit(Duration::from_secs(settings.timeout.get()));
    let query = NodeQuery {
        labels: settings.label_selector.clone(),
        fields: settings.field_selector.clone(),
        page: settings.page_size.get(),
    };
    Ok(cluster.node_records(&query)?)
}

/// The setting names one file, the environment may name several.
fn kubeconfig(settings: &Settings, environment: &ProcessEnvironment) -> Vec<PathBuf> {
    let at_home = || existing(&environment.home.as_ref()?.join(HOME_KUBECONFIG));
    match &settings.kubeconfig {
        Some(path) => vec![path.clone()],
        None if !environment.kubeconfig.is_empty() => environment.kubeconfig.clone(),
        None => vec![at_home().unwrap_or_else(|| MASTER_KUBECONFIG.into())],
    }
}

fn read_settings(
    named: Option<&Path>,
    environment: &ProcessEnvironment,
) -> Result<Settings, InventoryError> {
    let home = environment.home.as_deref();
    let usual = || home.and_then(|home| existing(&home.join(HOME_SETTINGS)));
    let named = named
        .or(environment.settings.as_deref())
        .map(Path::to_owned);
    let found = named
        .or_else(usual)
        .or_else(|| existing(Path::new(SYSTEM_SETTINGS)));
    let Some(path) = found else {
        return Ok(Settings::default());
    };
    match Settings::parse(&read_text(&path)?) {
        Err(source) => Err(InventoryError::Settings { path, source }),
        Ok(settings) => Ok(settings.resolved(path.parent().unwrap_or(Path::new("")), home)),
    }
}

fn read_text(path: &Path) -> Result<String, InventoryError> {
    let bytes = if path == Path::new(STDIN) {
        let mut bytes = Vec::new();
        let read = io::stdin().take(MOST_SETTINGS).read_to_end(&mut bytes);
        read.map_err(InventoryError::SettingsUnreadable)?;
        bytes
    } else {
        trusted::read(path, Content::Settings, MOST_SETTINGS)
            .map_err(InventoryError::SettingsFile)?
    };
    String::from_utf8(bytes).map_err(|_| InventoryError::Settings {
        path: path.to_owned(),
        source: SettingsError::not_text(),
    })
}

fn existing(path: &Path) -> Option<PathBuf> {
    path.exists().then(|| path.to_owned())
}
