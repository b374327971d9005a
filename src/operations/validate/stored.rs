//! The credentials that docker config files on this host hold, to be proven as they are.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use super::{Examination, WithoutImage};
use crate::{
    authfile::{AuthFileError, Location, Stored},
    domain::{
        credential::Credential,
        docker_config::{DockerConfig, Helpers},
        image::ImageReference,
        registry_credential::{RegistryCredential, Source, TransportSecurity},
        registry_host::RegistryHost,
        stored_entry::StoredEntry,
    },
};

/// What files hold.
#[derive(Clone, Debug, Default)]
pub struct StoredCredentials {
    /// One examination for each credential, however many files hold it.
    pub examinations: Vec<Examination>,
    /// What readers of the files will stumble over.
    pub warnings: Vec<String>,
}

/// How registries are to be tested; without an image: not at all.
pub type Tests = HashMap<RegistryHost, (Option<ImageReference>, TransportSecurity)>;

/// Reads every file of `paths`. `tests` says how registries are tested; of others the login
/// is examined. A registry of `tests` that a file does not hold is a warning.
///
/// # Errors
/// [`AuthFileError`] for a file that cannot be read, or is no docker config.
pub fn read_stored(paths: &[PathBuf], tests: &Tests) -> Result<StoredCredentials, AuthFileError> {
    let mut found = StoredCredentials::default();
    for path in paths {
        match read(path)? {
            Some(document) => found.add(path, &document, tests),
            None => found
                .warnings
                .push(format!("{} does not exist", path.display())),
        }
    }
    Ok(found)
}

fn read(path: &Path) -> Result<Option<DockerConfig>, AuthFileError> {
    let location = Location::resolve(path)?;
    Stored::read(&location)?
        .map(|stored| stored.document(&location))
        .transpose()
}

impl StoredCredentials {
    fn add(&mut self, path: &Path, document: &DockerConfig, tests: &Tests) {
        let helpers = document.helpers();
        for entry in document.auths() {
            self.warnings.extend(suspicions(path, entry, &helpers));
            if let (Some(host), Ok(Some(credential))) = (entry.host(), entry.credential()) {
                self.examine(path, host, entry.key(), credential, tests);
            }
        }
        if let Some(store) = &helpers.store {
            let path = path.display();
            self.warnings.push(format!("{path}: docker asks the credential store {store} for every registry and does not read auths; kubelet does"));
        }
        let mut missing: Vec<_> = tests
            .keys()
            .filter(|host| document.entry(host).is_none())
            .collect();
        missing.sort();
        let missing = missing
            .iter()
            .map(|host| format!("{}: no entry for {host}", path.display()));
        self.warnings.extend(missing);
    }

    fn examine(
        &mut self,
        path: &Path,
        host: RegistryHost,
        key: &str,
        credential: Credential,
        tests: &Tests,
    ) {
        let known = self.examinations.iter().any(|examination| {
            examination.credential.host == host && examination.credential.credential == credential
        });
        if known {
            return;
        }
        let test = tests.get(&host).cloned();
        let without_image = if test.is_some() {
            WithoutImage::Skip
        } else {
            WithoutImage::LogIn
        };
        let (test_image, security) = test.unwrap_or_default();
        let credential = RegistryCredential {
            host,
            written_host: key.to_owned(),
            source: Source::File(path.to_owned()),
            credential,
            test_image,
            security,
        };
        self.examinations.push(Examination {
            credential,
            without_image,
        });
    }
}

fn suspicions(path: &Path, entry: &StoredEntry, helpers: &Helpers) -> Vec<String> {
    let place = format!("{}: entry {}", path.display(), entry.key());
    let mut found = Vec::new();
    match entry.credential() {
        Err(fault) => found.push(format!(
            "{place}: {fault}; kubelet ignores the whole file because of it"
        )),
        Ok(None) if !entry.has_token() => found.push(format!("{place} holds no credential")),
        Ok(_) => {}
    }
    if entry.has_token() {
        found.push(format!("{place} holds an identity token, which docker uses and kubelet does not know; it was not examined"));
    }
    let helper = helpers.per_registry.iter().find(|(key, _)| {
        RegistryHost::parse(key)
            .ok()
            .is_some_and(|host| Some(host) == entry.host())
    });
    if let Some((_, helper)) = helper {
        found.push(format!(
            "{place}: docker asks the credential helper {helper} for it; kubelet reads the entry"
        ));
    }
    found
}
