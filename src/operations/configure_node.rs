//! Brings docker config files on a node to the wanted entries and attributes.
//!
//! The plan is made first and without a lock: a file that is already as wanted is not touched in any
//! way, and a preview ends there. Only a plan that is not empty takes the lock; it is then made
//! again from what the file holds by that time.

use std::path::{Path, PathBuf};

use thiserror::Error;

use super::{
    Effect,
    machine_config::{MachineConfigError, OwnedFiles},
    restart_note::RestartNote,
};
use crate::{
    authfile::{AuthFileError, Stored, text_of},
    domain::{
        credential::Credential,
        docker_config::DockerConfig,
        merge::{Others, plan_absent_for, plan_for},
        plan::Plan,
        reader::Reader,
        registry_host::RegistryHost,
    },
    support::files::{Attributes, FileError, Lock, PATIENCE, Place, Replacement, WantedAttributes},
};

/// What is wanted of a node's files.
#[derive(Debug)]
pub struct Request {
    /// The files, each absolute.
    pub paths: Vec<PathBuf>,
    /// What they are to hold.
    pub entries: Entries,
    /// Who reads them.
    pub reader: Reader,
    /// Files of this node that are not to be changed by hand.
    pub owned: OwnedFiles,
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
    pub outcome: Result<FilePlan, NodeFileError>,
}

/// Why a file is as it was.
#[derive(Debug, Error)]
pub enum NodeFileError {
    /// It cannot be read or written.
    #[error(transparent)]
    AuthFile(#[from] AuthFileError),
    /// A machine config owns it.
    #[error(transparent)]
    MachineConfig(#[from] MachineConfigError),
    /// The restart cannot be noted, so nothing is changed that would need it.
    #[error("cannot note that a restart is due, so the file is left as it is")]
    Note(#[source] FileError),
}

impl From<FileError> for NodeFileError {
    fn from(error: FileError) -> Self {
        Self::AuthFile(error.into())
    }
}

impl NodeFileError {
    /// The stable word for the error.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::AuthFile(error) => error.reason(),
            Self::MachineConfig(error) => error.reason(),
            Self::Note(_) => "restart_note",
        }
    }
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
    /// The plan for the file as this one leaves it.
    fn carried_out(self, request: &Request) -> Self {
        let before = self.plan.document().clone();
        Self {
            plan: request.plan(&before),
            before,
            attributes: self.attributes.map(|present| self.wanted.over(present)),
            ..self
        }
    }
}

/// Configures every file of `request`. A file that fails does not keep the others from being done. A
/// restart that becomes due is noted in `note` before the first change.
#[must_use]
pub fn configure_node(request: &Request, effect: Effect, note: Option<&mut RestartNote>) -> Report {
    let mut run = Run {
        request,
        effect,
        note,
        seen: Vec::new(),
    };
    let files = request.paths.iter().map(|path| FileReport {
        path: path.clone(),
        outcome: run.configure_file(path),
    });
    let report = Report {
        files: files.collect(),
    };
    if !report.is_changed()
        && let Some(note) = run.note
    {
        note.take_back();
    }
    report
}

/// One run over the files of a request.
struct Run<'a> {
    request: &'a Request,
    effect: Effect,
    note: Option<&'a mut RestartNote>,
    /// The files looked at so far. One that comes again under another path is as wanted by then.
    seen: Vec<PathBuf>,
}

impl Run<'_> {
    fn configure_file(&mut self, path: &Path) -> Result<FilePlan, NodeFileError> {
        let mut place = Place::resolve(path)?;
        self.request.owned.check(path, &place.target())?;
        let (_, plan) = self.look(&place)?;
        let again = self.seen.contains(&place.target());
        self.seen.push(place.target());
        match self.effect {
            Effect::Apply if plan.is_empty() => place.tidy(),
            Effect::Apply => return self.apply(&mut place),
            Effect::Preview if again => return Ok(plan.carried_out(self.request)),
            Effect::Preview if plan.plan.is_empty() => {}
            Effect::Preview => {
                text_of(plan.plan.document(), &place)?;
                place.check_replaceable()?;
            }
        }
        Ok(plan)
    }

    fn look(&self, place: &Place) -> Result<(Option<Stored>, FilePlan), NodeFileError> {
        let stored = Stored::read(place)?;
        let before = match &stored {
            Some(stored) => stored.document.clone(),
            None => DockerConfig::empty(),
        };
        let plan = FilePlan {
            plan: self.request.plan(&before),
            before,
            attributes: stored.as_ref().map(|stored| stored.file.attributes()),
            wanted: self.request.attributes,
            backup: None,
        };
        if let Some(present) = plan.attributes.filter(|_| !plan.is_empty()) {
            place.check_change(present, plan.wanted.over(present))?;
        }
        Ok((stored, plan))
    }

    fn apply(&mut self, place: &mut Place) -> Result<FilePlan, NodeFileError> {
        place.make_directory(self.request.of_directories())?;
        let lock = Lock::acquire(place, PATIENCE)?;
        let (stored, mut plan) = self.look(place)?;
        if plan.is_empty() {
            return Ok(plan);
        }
        if let Some(note) = &mut self.note {
            note.write().map_err(NodeFileError::Note)?;
        }
        let old = stored.as_ref().map(|stored| &stored.file);
        if !plan.plan.is_empty() {
            let text = text_of(plan.plan.document(), place)?;
            let new = Replacement {
                bytes: text.as_bytes(),
                attributes: plan.wanted,
                old,
                backup: self.request.backup,
            };
            plan.backup = lock.replace(&new)?;
        } else if let Some(old) = old {
            lock.set_attributes(old, plan.wanted)?;
        }
        Ok(plan)
    }
}

/// Only the owner reads what holds passwords.
const FILE_MODE: u32 = 0o600;
const DIRECTORY_MODE: u32 = 0o700;

impl Request {
    /// What a login wants: one file, read by its owner alone, with no copy kept.
    #[must_use]
    pub fn of_login(path: PathBuf, entries: Entries, reader: Reader) -> Self {
        Self {
            paths: vec![path],
            entries,
            reader,
            owned: OwnedFiles::default(),
            attributes: WantedAttributes {
                mode: FILE_MODE,
                owner: None,
                group: None,
            },
            directory_mode: DIRECTORY_MODE,
            backup: false,
        }
    }

    fn plan(&self, document: &DockerConfig) -> Plan {
        match &self.entries {
            Entries::Present(wanted, others) => plan_for(self.reader, document, wanted, *others),
            Entries::Absent(hosts) => plan_absent_for(self.reader, document, hosts),
        }
    }

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
        let entries = Entries::Present(vec![(host, credential)], Others::Keep);
        Request {
            paths: paths.to_vec(),
            ..Request::of_login(PathBuf::new(), entries, Reader::DockerAndKubelet)
        }
    }

    #[test]
    fn a_preview_touches_nothing() {
        let scratch = tempfile::tempdir().unwrap();
        let request = request(&[scratch.path().join("a/config.json")]);
        assert!(configure_node(&request, Effect::Preview, None).is_changed());
        assert_eq!(scratch.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn the_second_run_changes_nothing() {
        let scratch = tempfile::tempdir().unwrap();
        let request = request(&[scratch.path().join("a/config.json")]);
        assert!(configure_node(&request, Effect::Apply, None).is_changed());
        assert!(!configure_node(&request, Effect::Apply, None).is_changed());
        assert!(!configure_node(&request, Effect::Preview, None).is_changed());
    }

    #[test]
    fn nothing_wanted_makes_no_file() {
        let scratch = tempfile::tempdir().unwrap();
        let mut request = request(&[scratch.path().join("config.json")]);
        request.entries = Entries::Present(Vec::new(), Others::Remove);
        assert!(!configure_node(&request, Effect::Apply, None).is_changed());
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
            None,
        );
        assert!(report.files[0].outcome.is_err());
        assert!(report.is_changed() && good.exists());
    }

    #[test]
    fn a_note_is_written_before_a_change_and_taken_back_without_one() {
        let scratch = tempfile::tempdir().unwrap();
        let here = scratch.path().canonicalize().unwrap();
        let (path, note) = (here.join("config.json"), here.join("note"));
        let run = |request: &Request| {
            let mut found = RestartNote::find(&note).unwrap();
            let report = configure_node(request, Effect::Apply, Some(&mut found));
            (report.is_changed(), note.exists())
        };
        // The directory in the way of the copy makes the change fail after the note was written.
        fs::create_dir(here.join(".config.json.oreg-new")).unwrap();
        assert_eq!(run(&request(std::slice::from_ref(&path))), (false, false));
        fs::remove_dir(here.join(".config.json.oreg-new")).unwrap();
        assert_eq!(run(&request(std::slice::from_ref(&path))), (true, true));
        assert_eq!(run(&request(std::slice::from_ref(&path))), (false, true));
        let settle = |effect| RestartNote::find(&note).unwrap().settle(effect).unwrap();
        assert!(settle(Effect::Preview) && settle(Effect::Apply));
        assert!(!settle(Effect::Apply) && !note.exists());
    }
}
