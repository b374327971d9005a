//! The command `testbed`: runs another command with real components around it.

mod foreground;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use testbed::bed::{Bed, Wanted};

/// Real registries, token servers and a Kubernetes API server on loopback.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Starts the components, runs CMD with their addresses in its environment, stops them.
    Run {
        /// Also start etcd and a Kubernetes API server.
        #[arg(long)]
        cluster: bool,
        /// How many node directories to make.
        #[arg(long, value_name = "N", default_value_t = 3)]
        nodes: usize,
        /// What to run, with its arguments.
        #[arg(required = true, trailing_var_arg = true, value_name = "CMD")]
        command: Vec<OsString>,
    },
}

fn main() -> Result<ExitCode> {
    match Arguments::parse().action {
        Action::Run {
            cluster,
            nodes,
            command,
        } => run(Wanted { cluster, nodes }, &command),
    }
}

fn run(wanted: Wanted, command: &[OsString]) -> Result<ExitCode> {
    let bed = Bed::start(wanted)?;
    foreground::run(command, bed.variables())
}
