//! `oreg man`: the manual pages.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use clap::{Args, Command};
use clap_mangen::Man;

use super::{output::files::replace, status::Status};

/// Write the manual pages into a directory
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  oreg man /usr/local/share/man/man1")]
pub struct Arguments {
    /// The directory; it is made if it is not there
    #[arg(value_name = "DIRECTORY")]
    directory: PathBuf,
}

/// Writes the pages of `oreg` and its subcommands.
///
/// # Errors
/// When a page cannot be written.
pub fn run(arguments: &Arguments, mut oreg: Command) -> Result<Status> {
    let directory = &arguments.directory;
    fs::create_dir_all(directory)
        .with_context(|| format!("cannot make {}", directory.display()))?;
    oreg.build();
    write(directory, &oreg, "oreg")?;
    for command in oreg
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
    {
        write(directory, command, &format!("oreg-{}", command.get_name()))?;
    }
    Ok(Status::Proven)
}

fn write(directory: &std::path::Path, command: &Command, name: &str) -> Result<()> {
    let mut page = Vec::new();
    let path = directory.join(format!("{name}.1"));
    let rendered = Man::new(command.clone()).render(&mut page);
    rendered
        .and_then(|()| replace(&path, &page, 0o644))
        .with_context(|| format!("cannot write {}", path.display()))
}
