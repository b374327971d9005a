//! The credentials that docker config files on this host hold, to be proven as they are.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

use super::{Demands, Examination, WithoutImage};
use crate::{
    authfile::{AuthFileError, read_document},
    domain::{
        credential::Credential,
        docker_config::DockerConfig,
        registry_credential::{RegistryCredential, Source, TransportSecurity},
        registry_host::{RegistryHost, mask_userinfo},
        stored_entry::StoredEntry,
        visible::is_invisible,
    },
    registry::Reason,
};

/// What clients of Azure and others store beside an identity token in place of a user or password.
const ZERO_GUID: &str = "00000000-0000-0000-0000-000000000000";

/// The key in Red Hat's pull secret under which its telemetry has a token.
const TELEMETRY: &str = "cloud.openshift.com";

/// What files hold.
#[derive(Clone, Debug, Default)]
pub struct StoredCredentials {
    /// One examination for each credential, however many files hold it.
    pub examinations: Vec<Examination>,
    /// Files in which a reader finds nothing at all, and why. These are among the warnings, too.
    pub unusable: Vec<String>,
    /// Files and entries that some reader does not use, and why.
    pub warnings: Vec<String>,
    known: HashSet<(RegistryHost, String)>,
}

/// Reads every file of `paths`, to be proven as `demands` say. A registry that they name and a file does
/// not hold is a warning.
///
/// # Errors
/// [`AuthFileError`] for a file that cannot be read, or is not a docker config.
pub fn read_stored(
    paths: &[PathBuf],
    demands: &Demands,
) -> Result<StoredCredentials, AuthFileError> {
    let mut found = StoredCredentials::default();
    for path in paths {
        match read_document(path)? {
            Some(document) => found.add(path, &document, demands),
            None => found.add_unusable(format!("{} does not exist", path.display())),
        }
    }
    Ok(found)
}

impl StoredCredentials {
    /// Takes what [`StoredCredentials::unusable`] says out of the warnings.
    pub fn keep_other_warnings(&mut self) {
        // By hash: whoever writes the file decides how many there are.
        let said: HashSet<_> = self.unusable.iter().collect();
        self.warnings.retain(|one| !said.contains(one));
    }

    fn add_unusable(&mut self, text: String) {
        self.unusable.push(text.clone());
        self.warnings.push(text);
    }

    fn add(&mut self, path: &Path, document: &DockerConfig, demands: &Demands) {
        let helpers = document.helpers();
        let helper_of = by_registry(&helpers.per_registry);
        if !document.has_auths() {
            let path = path.display();
            self.add_unusable(format!("{path} has no `auths`, so it holds no credential"));
        }
        for entry in document.auths() {
            self.unusable.extend(obstacle_of_kubelet(path, entry));
            self.warnings.extend(suspicions(path, entry, &helper_of));
            if let (Some(host), Ok(Some(credential))) = (entry.host(), entry.credential()) {
                // Such a user could not be distinguished from another in the answer.
                if credential.user().contains(is_invisible) {
                    let place = place_of(path, entry);
                    self.warnings.push(format!("{place}: its user holds a character that cannot be seen, such as a line break; it was not examined"));
                    continue;
                }
                self.examine(path, host, entry, credential, demands);
            }
        }
        if let Some(store) = &helpers.store {
            let (path, store) = (path.display(), mask_userinfo(store));
            self.warnings.push(format!("{path}: docker asks the credential store {store} for every registry and does not read auths; kubelet does"));
        }
        let held: HashSet<_> = document
            .auths()
            .iter()
            .filter_map(StoredEntry::host)
            .collect();
        let missing = demands.hosts().into_iter();
        let missing = missing
            .filter(|host| !held.contains(host))
            .map(|host| format!("{}: no entry for {host}", path.display()));
        self.warnings.extend(missing);
    }

    fn examine(
        &mut self,
        path: &Path,
        host: RegistryHost,
        entry: &StoredEntry,
        credential: Credential,
        demands: &Demands,
    ) {
        // The two files of a node mostly hold the same logins; each counts as one towards a lock-out.
        let login = credential.encode().expose().to_owned();
        if !self.known.insert((host.clone(), login)) {
            return;
        }
        let skipped = reason_to_skip(&host, entry, &credential);
        let credential = RegistryCredential {
            host,
            written_host: entry.key().to_owned(),
            source: Source::File(path.to_owned()),
            credential,
            test_image: None,
            security: TransportSecurity::default(),
        };
        self.examinations.push(match skipped {
            Some(reason) => Examination {
                credential,
                without_image: WithoutImage::Skip(reason),
            },
            None => demands.examination(credential),
        });
    }
}

/// Why an entry is never sent to the registry of its key, whatever the options say.
fn reason_to_skip(
    host: &RegistryHost,
    entry: &StoredEntry,
    credential: &Credential,
) -> Option<Reason> {
    let password = credential.password().expose();
    if host.authority() == TELEMETRY {
        Some(Reason::Telemetry)
    } else if is_of_device_login(host, entry.key()) {
        Some(Reason::NoRegistry)
    } else if entry.has_token() && ["", ZERO_GUID].contains(&password) {
        Some(Reason::IdentityToken)
    } else {
        None
    }
}

/// Whether docker's login by device keeps a token under the key, which is then not that of a registry
/// (docker/cli `internal/oauth/manager`: `access-token` and `refresh-token` below Docker Hub's key).
pub fn is_of_device_login(host: &RegistryHost, key: &str) -> bool {
    let key = key.trim_end_matches('/');
    let tokens = ["/access-token", "/refresh-token"];
    let of_hub = ["docker.io", "index.docker.io", "registry-1.docker.io"];
    of_hub.contains(&host.authority()) && tokens.iter().any(|end| key.ends_with(end))
}

fn place_of(path: &Path, entry: &StoredEntry) -> String {
    let key = match entry.key() {
        "" => "\"\"".into(),
        key => mask_userinfo(key),
    };
    format!("{}: entry {key}", path.display())
}

/// Why kubelet ignores the whole file, if this entry is the reason.
fn obstacle_of_kubelet(path: &Path, entry: &StoredEntry) -> Option<String> {
    let error = entry.credential().err().filter(|f| f.stops_kubelet())?;
    let place = place_of(path, entry);
    Some(format!(
        "{place}: {error}; kubelet ignores the whole file because of it"
    ))
}

/// The helpers by registry: a file may hold thousands of them, and of entries.
fn by_registry(helpers: &[(String, String)]) -> HashMap<RegistryHost, &str> {
    let parsed = helpers.iter().filter_map(|(key, helper)| {
        let host = RegistryHost::parse(key).ok()?;
        Some((host, helper.as_str()))
    });
    parsed.collect()
}

fn suspicions(
    path: &Path,
    entry: &StoredEntry,
    helpers: &HashMap<RegistryHost, &str>,
) -> Vec<String> {
    let place = place_of(path, entry);
    let mut found: Vec<_> = obstacle_of_kubelet(path, entry).into_iter().collect();
    match entry.credential() {
        Err(error) if error.stops_kubelet() => {}
        Err(error) => found.push(format!("{place}: {error}; it was not examined")),
        Ok(None) if !entry.has_token() => found.push(format!("{place} holds no credential")),
        Ok(_) => {}
    }
    if entry.has_token() {
        found.push(format!("{place} holds an identity token, which docker uses and kubelet does not know; it was not examined"));
    }
    if entry.host().is_none() {
        found.push(format!(
            "{place}: this key names no registry; it was not examined"
        ));
    }
    let helper = entry.host().and_then(|host| helpers.get(&host));
    if let Some(helper) = helper.map(|helper| mask_userinfo(helper)) {
        found.push(format!(
            "{place}: docker asks the credential helper {helper} for it; kubelet reads the entry"
        ));
    }
    found
}
