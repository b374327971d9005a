//! The file in which `login` and `logout` work: read and replaced as on a node, under a lock, with mode
//! 0600.

use std::path::{Path, PathBuf, absolute};

use anyhow::{Context, Result};

use crate::{
    domain::reader::Reader,
    operations::{
        Effect,
        configure_node::{Entries, Report, Request, configure_node},
        machine_config::OwnedFiles,
    },
    support::{errors::join_causes, files::WantedAttributes},
};

/// Makes sure that the file can be read as a docker config, or is not there yet, and returns its
/// absolute path.
///
/// # Errors
/// When it cannot be understood.
pub fn examine(file: &Path) -> Result<PathBuf> {
    let file = absolute(file).with_context(|| format!("{} names no file", file.display()))?;
    carry_out(&file, Entries::Absent(Vec::new()), Effect::Preview)?;
    Ok(file)
}

/// Brings the file to the wanted entries.
///
/// # Errors
/// When it cannot be read or written; it is then as it was.
pub fn change(file: &Path, entries: Entries) -> Result<Report> {
    carry_out(file, entries, Effect::Apply)
}

fn carry_out(file: &Path, entries: Entries, effect: Effect) -> Result<Report> {
    let request = Request {
        paths: vec![file.to_owned()],
        entries,
        // The programs of podman read docker's keys as well.
        reader: Reader::DockerAndKubelet,
        owned: OwnedFiles::default(),
        attributes: WantedAttributes {
            mode: 0o600,
            owner: None,
            group: None,
        },
        directory_mode: 0o700,
        backup: false,
    };
    let report = configure_node(&request, effect, None);
    let failed = report
        .files
        .iter()
        .find_map(|file| file.outcome.as_ref().err());
    match failed {
        Some(error) => Err(anyhow::anyhow!(join_causes(error))),
        None => Ok(report),
    }
}
