//! `oreg login`: proves a credential, and stores it only when its registry accepts it.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;

use super::{
    arguments::{ProofArguments, parse_host},
    engine,
    environment::Environment,
    input::{discovery::login_file, entries::Subject, prompt::read_password},
    output::{
        progress,
        screen::{Screen, make_visible},
        table::wrapped,
    },
    status::{self, Status},
    stored,
};
use crate::{
    domain::{
        credential::Credential,
        merge::Others,
        registry_credential::{RegistryCredential, Source, TransportSecurity},
        registry_host::RegistryHost,
    },
    operations::{
        configure_node::Entries,
        report::{Registry, Standing},
    },
};

const EXAMPLES: &str = "Examples:
  oreg login registry.redhat.io -u '1234567|installer'
  oreg login quay.example.com -u robot < token.txt
  oreg login registry.example.com:5000 -u name --authfile ~/.docker/config.json --ca-cert ca.pem";

/// Prove a credential to its registry, then store it
///
/// What the registry refuses, or cannot be asked about, is not stored. The password comes from standard
/// input, or from a prompt on a terminal; never from an argument, where every user of the machine could
/// read it.
#[derive(Args, Debug)]
#[command(after_help = status::HELP, after_long_help = status::help(EXAMPLES))]
pub struct Arguments {
    /// The registry, or a namespace on it
    #[arg(value_name = "REGISTRY", value_parser = parse_host)]
    registry: RegistryHost,
    /// The user name
    #[arg(short, long, value_name = "USER", alias = "username")]
    user: String,
    /// Store in this file. Default: that of podman, which is named by the variable `REGISTRY_AUTH_FILE` or is auth.json in the user's runtime directory
    #[arg(long, value_name = "FILE")]
    authfile: Option<PathBuf>,
    /// Read the password from standard input, as happens anyhow when that is not a terminal
    #[arg(long)]
    password_stdin: bool,
    #[command(flatten)]
    proof: ProofArguments,
}

/// Runs the command.
///
/// # Errors
/// When there is no password, or the file cannot be read or written.
pub fn run(arguments: &Arguments, environment: &Environment, screen: &Screen) -> Result<Status> {
    let authfile = arguments.authfile.clone();
    let file = authfile.unwrap_or_else(|| login_file(environment));
    // A file that cannot be understood must not cost a login.
    let file = stored::examine(&file)?;
    let prompt = format!(
        "Password of {} for {}: ",
        make_visible(&arguments.user),
        arguments.registry
    );
    let password = read_password(&prompt, arguments.password_stdin)?;
    let credential = Credential::new(arguments.user.as_str(), password).map_err(|error| {
        anyhow::anyhow!(
            "{}: {error}",
            if error.is_in_password() {
                "password"
            } else {
                "--user"
            }
        )
    })?;
    let registry = prove(arguments, credential.clone(), environment)?;
    if registry.standing() != Standing::Good {
        let message = wrapped(&make_visible(&registry.message), "", "  ", screen);
        screen.write(&format!(
            "{} {message}\nnot stored\n",
            screen.paint(registry.standing(), &mark(&registry))
        ))?;
        return Ok(Status::of_proofs(&[registry], |_| false));
    }
    let wanted = vec![(arguments.registry.clone(), credential)];
    let report = stored::change(&file, Entries::Present(wanted, Others::Keep))?;
    let done = if report.is_changed() {
        "stored in"
    } else {
        "as it already is in"
    };
    let mark = screen.paint(Standing::Good, &mark(&registry));
    screen.write(&format!(
        "{mark} {} accepted user {}: {done} {}\n",
        arguments.registry,
        make_visible(&arguments.user),
        file.display()
    ))?;
    Ok(Status::Proven)
}

fn mark(registry: &Registry) -> String {
    registry.standing().mark().to_string()
}

fn prove(
    arguments: &Arguments,
    credential: Credential,
    environment: &Environment,
) -> Result<Registry> {
    let mut wanted = RegistryCredential {
        host: arguments.registry.clone(),
        written_host: arguments.registry.to_string(),
        source: Source::Named("the password".to_owned()),
        credential,
        test_image: None,
        security: TransportSecurity::default(),
    };
    arguments.proof.apply(&mut wanted);
    let watch = progress::watch(environment.is_utf8);
    let subjects = vec![Subject::Credential(Box::new(wanted))];
    let registries = engine::prove(subjects, &arguments.proof, environment, &*watch)?;
    registries
        .into_iter()
        .next()
        .context("the proof had no result")
}
