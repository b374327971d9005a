//! The command `testbed`: runs another command with real components around it.

mod foreground;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use testbed::bed::{Bed, Wanted};
use testbed::namespaces;

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
        /// How many guests to boot: nodes with systemd and sshd. Needs root; starts a cluster too.
        #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=50))]
        guests: u8,
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
            guests,
            command,
        } => run(
            Wanted {
                cluster,
                nodes,
                guests,
            },
            &command,
        ),
    }
}

fn run(wanted: Wanted, command: &[OsString]) -> Result<ExitCode> {
    if wanted.guests > 0 && !namespaces::are_entered() {
        return foreground::run_inside(&env::current_exe()?, env::args_os().skip(1));
    }
    let bed = Bed::start(wanted)?;
    foreground::run(command, bed.variables())
}
