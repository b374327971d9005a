//! Layer 5: `oreg`, the command for people. One file per command; [`input`] finds credentials, [`output`] shows
//! results, [`engine`] stands before `operations::validate`.
//!
//! Above the modules and the inventory, which the program holds as well: it acts as the one whose name it is
//! started under ([`program`]).

pub mod arguments;
pub mod check;
pub mod completion;
pub mod diff;
pub mod engine;
pub mod environment;
pub mod explain;
pub mod input;
pub mod login;
pub mod logout;
pub mod man;
pub mod output;
pub mod program;
pub mod report;
pub mod secret;
pub mod show;
pub mod status;
pub mod stored;

use std::{
    ffi::OsString,
    io::{self, Write},
    process::ExitCode,
};

use anyhow::{Context, Result};
use clap::{CommandFactory, Parser, Subcommand};

use self::{
    environment::Environment,
    output::screen::{ColorChoice, Screen},
    status::Status,
};
use crate::{
    inventory,
    support::{arguments::parse_visible, version::version},
};

/// Prove, show, compare and store registry credentials
///
/// No password is ever shown, and none is ever an argument.
#[derive(Debug, Parser)]
#[command(name = "oreg", version = version(), arg_required_else_help = true, disable_help_subcommand = true)]
struct Oreg {
    /// When to use colors
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value = "auto"
    )]
    color: ColorChoice,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(Box<check::Arguments>),
    Show(show::Arguments),
    Diff(diff::Arguments),
    Login(Box<login::Arguments>),
    Logout(logout::Arguments),
    Secret(secret::Arguments),
    Report(report::Arguments),
    Explain(explain::Arguments),
    Inventory(inventory::command::Arguments),
    Completion(completion::Arguments),
    Man(man::Arguments),
}

/// Runs the command with these arguments, the first of which is its name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let environment = Environment::read();
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let oreg = match parse_visible(&arguments, |given| Oreg::try_parse_from(given)) {
        Ok(oreg) => oreg,
        // Help and version are answers, and end with 0; all else with 2.
        Err(message) => {
            let _ = message.print();
            return ExitCode::from(
                u8::try_from(message.exit_code()).unwrap_or(Status::Usage as u8),
            );
        }
    };
    let screen = Screen::of_stdout(oreg.color, &environment);
    match dispatch(&oreg.command, &environment, &screen) {
        Ok(status) => status.into(),
        Err(error) => {
            // Nobody is left to hear of a message that cannot be written.
            let _ = writeln!(
                io::stderr(),
                "oreg: {}",
                output::screen::make_lines_visible(&format!("{error:#}"))
            );
            Status::Usage.into()
        }
    }
}

fn dispatch(command: &Command, environment: &Environment, screen: &Screen) -> Result<Status> {
    match command {
        Command::Check(arguments) => check::run(arguments, environment, screen),
        Command::Show(arguments) => show::run(arguments, screen),
        Command::Diff(arguments) => diff::run(arguments, screen),
        Command::Login(arguments) => login::run(arguments, environment, screen),
        Command::Logout(arguments) => logout::run(arguments, environment, screen),
        Command::Secret(arguments) => secret::run(arguments, environment, screen),
        Command::Report(arguments) => report::run(arguments, screen),
        Command::Explain(arguments) => explain::run(arguments, screen),
        Command::Inventory(arguments) => {
            let printed = inventory::command::answer(arguments, &environment.for_inventory());
            printed
                .context("cannot make the inventory")
                .map(|()| Status::Proven)
        }
        Command::Completion(arguments) => completion::run(arguments, Oreg::command(), screen),
        Command::Man(arguments) => man::run(arguments, Oreg::command()),
    }
}
