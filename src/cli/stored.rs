//! The file in which `login` and `logout` work: read and replaced as on a node, under a lock, with mode
//! 0600.

use std::path::{Path, PathBuf, absolute};

use anyhow::{Context, Result};

use crate::{
    domain::reader::Reader,
    operations::{
        Effect,
        configure_node::{Entries, Report, Request, configure_node},
    },
    support::errors::join_causes,
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

/// docker and kubelet name their file so; every other is podman's.
const OF_DOCKER: [&str; 2] = ["config.json", ".dockercfg"];

/// Who reads the file: podman, skopeo and buildah have another key for Docker Hub, and find no other when
/// they log out.
fn reader(file: &Path) -> Reader {
    let name = file.file_name().unwrap_or_default();
    if OF_DOCKER.iter().any(|known| name == *known) {
        Reader::DockerAndKubelet
    } else {
        Reader::Containers
    }
}

fn carry_out(file: &Path, entries: Entries, effect: Effect) -> Result<Report> {
    let request = Request::of_login(file.to_owned(), entries, reader(file));
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::domain::{
        credential::Credential, merge::Others, registry_host::RegistryHost, secret::Secret,
    };

    #[test]
    fn docker_hub_stands_under_the_key_of_the_files_reader() {
        let scratch = tempfile::tempdir().unwrap();
        let hub = RegistryHost::parse("docker.io").unwrap();
        let credential = Credential::new("u", Secret::new("pass-one")).unwrap();
        for (name, key) in [
            ("auth.json", "docker.io"),
            ("config.json", "https://index.docker.io/v1/"),
        ] {
            let file = scratch.path().join(name);
            let wanted = vec![(hub.clone(), credential.clone())];
            change(&file, Entries::Present(wanted, Others::Keep)).unwrap();
            let text = fs::read_to_string(&file).unwrap();
            assert!(text.contains(&format!("\"{key}\"")), "{name}: {text}");
        }
    }
}
