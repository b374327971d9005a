//! The command `testbed`: runs another command with real components around it.

mod foreground;

use std::env;
use std::ffi::OsString;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::{Parser, Subcommand};
use serde_json::json;
use testbed::bed::{Bed, Wanted};
use testbed::namespaces;
use testbed::slow_registries::{Behind, SlowRegistries};

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
    /// Starts registries whose answers take longer, in front of that of the test bed; prints where they
    /// are as one line of JSON, and stops them at the end of standard input.
    SlowRegistries {
        /// How many.
        #[arg(long, value_name = "N")]
        count: usize,
        /// By how much an answer takes longer.
        #[arg(long, value_name = "MS")]
        delay_ms: u64,
        /// The registry behind them, as `$OREG_TOKEN_REGISTRY`.
        #[arg(long, value_name = "HOST:PORT")]
        registry: String,
        /// The URL of its token endpoint, as `$OREG_TOKEN_REALM`.
        #[arg(long, value_name = "URL")]
        realm: String,
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
        Action::SlowRegistries {
            count,
            delay_ms,
            registry,
            realm,
        } => {
            let behind = Behind {
                registry: &registry,
                realm: &realm,
            };
            hold(&SlowRegistries::start(
                count,
                Duration::from_millis(delay_ms),
                &behind,
            )?)
        }
    }
}

#[expect(
    clippy::print_stdout,
    reason = "it speaks to the benchmark that started it"
)]
fn hold(registries: &SlowRegistries) -> Result<ExitCode> {
    let about = json!({
        "hosts": registries.hosts(),
        "cert_dir": registries.cert_dir(),
        "control": registries.control_socket(),
    });
    println!("{about}");
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(ExitCode::SUCCESS)
}

fn run(wanted: Wanted, command: &[OsString]) -> Result<ExitCode> {
    if wanted.guests > 0 && !namespaces::are_entered() {
        return foreground::run_inside(&env::current_exe()?, env::args_os().skip(1));
    }
    let bed = Bed::start(wanted)?;
    let mut variables = bed.variables();
    variables.push(("OREG_TESTBED", env::current_exe()?.into()));
    foreground::run(command, variables)
}
