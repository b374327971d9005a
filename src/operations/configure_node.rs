//! Brings docker config files on a node to the wanted entries and attributes.
//!
//! The plan is made first and without a lock: a file that is already as wanted is not touched in any
//! way, and a preview ends there. Only a plan that is not empty takes the lock; it is then made
//! again from what the file holds by that time.

use std::path::{Path, PathBuf};

use super::Effect;
use crate::{
    authfile::{AuthFileError, Stored, text_of},
    domain::{
        credential::Credential,
        docker_config::DockerConfig,
        merge::{Others, plan_absent, plan_present},
        plan::Plan,
        registry_host::RegistryHost,
    },
    support::files::{Attributes, Lock, PATIENCE, Place, Replacement, WantedAttributes},
};

/// What is wanted of a node's files.
#[derive(Debug)]
pub struct Request {
    /// The files, each absolute.
    pub paths: Vec<PathBuf>,
    /// What they are to hold.
    pub entries: Entries,
    /// Their mode, owner and group.
    pub attributes: WantedAttributes,
    /// Mode of directories that have to be made; their owner and group are the file's.
    pub directory_mode: u32,
    /// Whether to keep a copy of a file before its content changes.
    pub backup: bool,
}

/// What the files are to hold.
#[derive(Debug)]
pub enum Entries {
    /// These, and the others as said.
    Present(Vec<(RegistryHost, Credential)>, Others),
    /// None for these registries.
    Absent(Vec<RegistryHost>),
}

/// What became of each file, in the order of the request.
#[derive(Debug)]
pub struct Report {
    /// One per path.
    pub files: Vec<FileReport>,
}

/// What became of one file.
#[derive(Debug)]
pub struct FileReport {
    /// The path as given.
    pub path: PathBuf,
    /// The plan, carried out unless it was a preview; or why the file is as it was.
    pub outcome: Result<FilePlan, AuthFileError>,
}

/// The way from a file as it is to the file as wanted.
#[derive(Debug)]
pub struct FilePlan {
    /// The document as it was; an empty one where there was no file.
    pub before: DockerConfig,
    /// The way to the document as it will be.
    pub plan: Plan,
    /// Mode, owner and group as they were; `None` where there was no file.
    pub attributes: Option<Attributes>,
    /// What they are to be.
    pub wanted: WantedAttributes,
    /// Where the copy of the old file is.
    pub backup: Option<PathBuf>,
}

impl Report {
    /// Returns whether any file differs, or will.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.plans().any(|plan| !plan.is_empty())
    }

    fn plans(&self) -> impl Iterator<Item = &FilePlan> {
        self.files
            .iter()
            .filter_map(|file| file.outcome.as_ref().ok())
    }
}

impl FilePlan {
    /// Returns whether nothing is to be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.plan.is_empty() && self.attributes_are_met()
    }

    /// Returns whether mode, owner and group are as wanted. Those of a file that is not there are.
    #[must_use]
    pub fn attributes_are_met(&self) -> bool {
        self.attributes
            .is_none_or(|present| self.wanted.are_met_by(present))
    }
}

impl FilePlan {
    /// Returns the plan for the file as this one leaves it.
    fn carried_out(self, request: &Request) -> Self {
        let before = self.plan.document().clone();
        Self {
            plan: request.entries.plan(&before),
            before,
            attributes: self.attributes.map(|present| self.wanted.over(present)),
            ..self
        }
    }
}

/// Configures every file of `request`. A file that fails does not keep the others from being done.
#[must_use]
pub fn configure_node(request: &Request, effect: Effect) -> Report {
    let mut seen = Vec::new();
    let files = request.paths.iter().map(|path| FileReport {
        path: path.clone(),
        outcome: configure_file(path, request, effect, &mut seen),
    });
    Report {
        files: files.collect(),
    }
}

/// A file that was `seen` under another path is as wanted by the time it is looked at again.
fn configure_file(
    path: &Path,
    request: &Request,
    effect: Effect,
    seen: &mut Vec<PathBuf>,
) -> Result<FilePlan, AuthFileError> {
    let mut place = Place::resolve(path)?;
    let (_, plan) = look(&place, request)?;
    let again = seen.contains(&place.target());
    seen.push(place.target());
    match effect {
        Effect::Apply if plan.is_empty() => place.tidy(),
        Effect::Apply => return apply(&mut place, request),
        Effect::Preview if again => return Ok(plan.carried_out(request)),
        Effect::Preview if plan.plan.is_empty() => {}
        Effect::Preview => {
            text_of(plan.plan.document(), &place)?;
            place.check_replaceable()?;
        }
    }
    Ok(plan)
}

fn look(place: &Place, request: &Request) -> Result<(Option<Stored>, FilePlan), AuthFileError> {
    let stored = Stored::read(place)?;
    let before = match &stored {
        Some(stored) => stored.document.clone(),
        None => DockerConfig::empty(),
    };
    let plan = FilePlan {
        plan: request.entries.plan(&before),
        before,
        attributes: stored.as_ref().map(|stored| stored.file.attributes()),
        wanted: request.attributes,
        backup: None,
    };
    if let Some(present) = plan.attributes.filter(|_| !plan.is_empty()) {
        place.check_change(present, plan.wanted.over(present))?;
    }
    Ok((stored, plan))
}

fn apply(place: &mut Place, request: &Request) -> Result<FilePlan, AuthFileError> {
    place.make_directory(request.of_directories())?;
    let lock = Lock::acquire(place, PATIENCE)?;
    let (stored, mut plan) = look(place, request)?;
    let old = stored.as_ref().map(|stored| &stored.file);
    if !plan.plan.is_empty() {
        let text = text_of(plan.plan.document(), place)?;
        let new = Replacement {
            bytes: text.as_bytes(),
            attributes: plan.wanted,
            old,
            backup: request.backup,
        };
        plan.backup = lock.replace(&new)?;
    } else if let Some(old) = old.filter(|_| !plan.attributes_are_met()) {
        lock.set_attributes(old, plan.wanted)?;
    }
    Ok(plan)
}

impl Entries {
    fn plan(&self, document: &DockerConfig) -> Plan {
        match self {
            Self::Present(wanted, others) => plan_present(document, wanted, *others),
            Self::Absent(hosts) => plan_absent(document, hosts),
        }
    }
}

impl Request {
    fn of_directories(&self) -> WantedAttributes {
        WantedAttributes {
            mode: self.directory_mode,
            ..self.attributes
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::domain::secret::Secret;

    fn request(paths: &[PathBuf]) -> Request {
        let host = RegistryHost::parse("registry.example.com").unwrap();
        let credential = Credential::new("name", Secret::new("pass1")).unwrap();
        Request {
            paths: paths.to_vec(),
            entries: Entries::Present(vec![(host, credential)], Others::Keep),
            attributes: WantedAttributes {
                mode: 0o600,
                owner: None,
                group: None,
            },
            directory_mode: 0o700,
            backup: false,
        }
    }

    #[test]
    fn a_preview_touches_nothing() {
        let scratch = tempfile::tempdir().unwrap();
        let request = request(&[scratch.path().join("a/config.json")]);
        assert!(configure_node(&request, Effect::Preview).is_changed());
        assert_eq!(scratch.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn the_second_run_changes_nothing() {
        let scratch = tempfile::tempdir().unwrap();
        let request = request(&[scratch.path().join("a/config.json")]);
        assert!(configure_node(&request, Effect::Apply).is_changed());
        assert!(!configure_node(&request, Effect::Apply).is_changed());
        assert!(!configure_node(&request, Effect::Preview).is_changed());
    }

    #[test]
    fn nothing_wanted_makes_no_file() {
        let scratch = tempfile::tempdir().unwrap();
        let mut request = request(&[scratch.path().join("config.json")]);
        request.entries = Entries::Present(Vec::new(), Others::Remove);
        assert!(!configure_node(&request, Effect::Apply).is_changed());
        assert_eq!(scratch.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn one_bad_file_does_not_stop_the_others() {
        let scratch = tempfile::tempdir().unwrap();
        let good = scratch.path().join("config.json");
        fs::create_dir(scratch.path().join("bad")).unwrap();
        let report = configure_node(
            &request(&[scratch.path().join("bad"), good.clone()]),
            Effect::Apply,
        );
        assert!(report.files[0].outcome.is_err());
        assert!(report.is_changed() && good.exists());
    }
}
