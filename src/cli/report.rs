//! `oreg report`: the page of a run, made from its document.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;

use super::{
    input::file::{place, read},
    output::{page, screen::Screen},
    status::Status,
};
use crate::operations::report::{Report, html};

/// Make the page of a run: one HTML file without scripts, which asks no network for anything
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  oreg check auth.json -o json > result.json; oreg report result.json --to page.html
  ansible-playbook verify.yml -e oreg_report_file=result.json; oreg report result.json > page.html")]
pub struct Arguments {
    /// The document of `oreg check -o json`, or of verify.yml; - is standard input
    #[arg(value_name = "RESULT.json")]
    result: PathBuf,
    /// Write the page to this file instead of standard output
    #[arg(long, value_name = "FILE.html")]
    to: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// When the document cannot be read or understood, or the page cannot be written.
pub fn run(arguments: &Arguments, screen: &Screen) -> Result<Status> {
    let bytes = read(&arguments.result)?;
    let report = Report::parse(&bytes)
        .map_err(|error| anyhow::anyhow!("{} {error}", place(&arguments.result)))?;
    match &arguments.to {
        Some(path) => page::write(&report, path)?,
        None => Screen {
            has_unicode: true,
            ..*screen
        }
        .write(&html::page(&report))
        .context("cannot write the page")?,
    }
    Ok(Status::Proven)
}
