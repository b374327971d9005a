//! `oreg logout`: removes what is stored for a registry.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::{
    arguments::parse_host, environment::Environment, input::discovery::login_file,
    output::screen::Screen, status::Status, stored,
};
use crate::{domain::registry_host::RegistryHost, operations::configure_node::Entries};

/// Remove what is stored for a registry, in every spelling of its name
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  oreg logout registry.redhat.io
  oreg logout quay.example.com --authfile ~/.docker/config.json")]
pub struct Arguments {
    /// The registry, or a namespace on it
    #[arg(value_name = "REGISTRY", value_parser = parse_host)]
    registry: RegistryHost,
    /// The file. Default: that of podman, which is named by the variable `REGISTRY_AUTH_FILE` or is auth.json in the user's runtime directory
    #[arg(long, value_name = "FILE")]
    authfile: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// When the file cannot be read or written.
pub fn run(arguments: &Arguments, environment: &Environment, screen: &Screen) -> Result<Status> {
    let authfile = arguments.authfile.clone();
    let file = stored::examine(&authfile.unwrap_or_else(|| login_file(environment)))?;
    let host = arguments.registry.clone();
    let report = stored::change(&file, Entries::Absent(vec![host]))?;
    let registry = &arguments.registry;
    if report.is_changed() {
        screen.write(&format!("{registry} removed from {}\n", file.display()))?;
        return Ok(Status::Proven);
    }
    screen.write(&format!(
        "{} holds nothing for {registry}\n",
        file.display()
    ))?;
    Ok(Status::Nothing)
}
