//! Opens a path one name at a time, without following a link unseen, and judges every directory and
//! link by what was opened.
//!
//! The names behind a missing directory are collected; they are made later, if at all. `..` leads back
//! to the descriptor it came from, wherever that directory has been moved since.

use std::{
    collections::VecDeque,
    ffi::{OsStr, OsString},
    fs::{File, Metadata},
    os::unix::fs::MetadataExt,
    path::{Component, Path, PathBuf},
};

use super::{
    error::{Attempt, FileError},
    judge::{executing_user, is_foreign, judge_directory, kind_of, may_lead},
    system::{self, Entry},
};

/// As many links as the kernel follows (`path_resolution(7)`).
const MOST_LINKS: usize = 40;

/// A directory on the way, opened.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) file: File,
    pub(super) metadata: Metadata,
    /// Its path, free of links when it was opened. For messages only.
    pub(super) path: PathBuf,
}

/// A link that was followed.
#[derive(Debug)]
struct Link {
    path: PathBuf,
    /// Who can have made it: its owner, and that of its directory.
    makers: [u32; 2],
}

/// What the rest of the work must know of the way to a directory.
#[derive(Debug)]
pub(super) struct Way {
    /// The path as given.
    pub(super) written: PathBuf,
    links: Vec<Link>,
    /// Whether a user other than root and the executing one owns a directory or link on the way, and can
    /// so decide what the path means.
    pub(super) is_foreign: bool,
}

/// A path while it is walked.
pub(super) struct Walk {
    way: Way,
    ahead: VecDeque<OsString>,
    /// The directories entered, from the root.
    entered: Vec<Step>,
    /// The names from the first missing directory on.
    missing: Vec<OsString>,
    /// The name and the nature of what was reached, when it is not a directory.
    leaf: Option<(OsString, Entry)>,
}

/// Where a walk ended.
pub(super) struct Arrival {
    pub(super) way: Way,
    pub(super) directory: Step,
    pub(super) missing: Vec<OsString>,
    pub(super) leaf: Option<(OsString, Entry)>,
}

impl Walk {
    /// Walks `written` to its end. Nothing of it need exist.
    pub(super) fn to_end_of(written: &Path) -> Result<Arrival, FileError> {
        let mut walk = Self::start(written)?;
        while let Some(name) = walk.ahead.pop_front() {
            walk.step(name)?;
        }
        walk.arrive()
    }

    fn start(written: &Path) -> Result<Self, FileError> {
        if !written.is_absolute() {
            let path = written.to_owned();
            return Err(FileError::NotAbsolute { path });
        }
        let path = PathBuf::from("/");
        let root = system::root().attempt("open", &path)?;
        Ok(Self {
            way: Way {
                written: written.to_owned(),
                links: Vec::new(),
                is_foreign: false,
            },
            ahead: names(written).collect(),
            entered: vec![Step::new(root, path)],
            missing: Vec::new(),
            leaf: None,
        })
    }

    fn step(&mut self, name: OsString) -> Result<(), FileError> {
        if let Some((leaf, entry)) = &self.leaf {
            let obstacle = self.here().path.join(leaf);
            return Err(self.way.in_the_way(obstacle, kind_of(&entry.metadata)));
        }
        // To the descriptor that the walk came from, not by the name `..`: a directory that another user moves
        // meanwhile has another parent.
        if name == ".." {
            self.climb();
            return Ok(());
        }
        // Below a missing directory there is nothing to look at.
        if !self.missing.is_empty() {
            self.missing.push(name);
            return Ok(());
        }
        let path = self.here().path.join(&name);
        let entry = self.here().look(&name, &self.way)?;
        match entry {
            None => self.missing.push(name),
            Some(entry) if entry.metadata.is_symlink() => self.follow(path, &entry)?,
            Some(entry) if entry.metadata.is_dir() => self.entered.push(Step::new(entry, path)),
            Some(entry) => self.leaf = Some((name, entry)),
        }
        Ok(())
    }

    fn climb(&mut self) {
        if self.missing.pop().is_none() && self.entered.len() > 1 {
            self.entered.pop();
        }
    }

    fn follow(&mut self, path: PathBuf, link: &Entry) -> Result<(), FileError> {
        // The kernel ends in ELOOP at the same number.
        if self.way.links.len() >= MOST_LINKS {
            let path = self.way.written.clone();
            return Err(FileError::LinkLoop { path });
        }
        let destination = system::read_link(&link.file).attempt("read the link", &path)?;
        let makers = [link.metadata.uid(), self.here().metadata.uid()];
        self.way.links.push(Link { path, makers });
        // An absolute link starts again at the root, which is always the first one entered.
        if destination.is_absolute() {
            self.entered.truncate(1);
        }
        // The names of the link come before what is left of the path.
        for name in names(&destination).collect::<Vec<_>>().into_iter().rev() {
            self.ahead.push_front(name);
        }
        Ok(())
    }

    fn arrive(mut self) -> Result<Arrival, FileError> {
        let us = executing_user();
        let directories = self.entered.iter().map(|step| step.metadata.uid());
        let makers = self.way.links.iter().flat_map(|link| link.makers);
        self.way.is_foreign = directories.chain(makers).any(|owner| is_foreign(owner, us));
        let directory = self.entered.pop().expect("the root is always entered");
        let arrival = Arrival {
            way: self.way,
            directory,
            missing: self.missing,
            leaf: self.leaf,
        };
        arrival.check_links()?;
        Ok(arrival)
    }

    fn here(&self) -> &Step {
        self.entered.last().expect("the root is always entered")
    }
}

impl Arrival {
    /// Judges the links now that it is known where they lead.
    fn check_links(&self) -> Result<(), FileError> {
        let target = match &self.leaf {
            Some((_, entry)) => &entry.metadata,
            None => &self.directory.metadata,
        };
        self.way.check_links(target.uid(), &self.target())
    }

    fn target(&self) -> PathBuf {
        let mut target = self.directory.path.clone();
        target.extend(&self.missing);
        target.extend(self.leaf.iter().map(|(name, _)| name));
        target
    }
}

impl Way {
    /// Refuses to follow a link to `target` of `owner` that another user can have made.
    pub(super) fn check_links(&self, owner: u32, target: &Path) -> Result<(), FileError> {
        let us = executing_user();
        let is_bad = |link: &&Link| !may_lead(link.makers, owner, us);
        self.links.iter().find(is_bad).map_or(Ok(()), |link| {
            Err(FileError::UnsafeLink {
                path: self.written.clone(),
                link: link.path.clone(),
                target: target.to_owned(),
            })
        })
    }

    pub(super) fn in_the_way(&self, obstacle: PathBuf, kind: &'static str) -> FileError {
        FileError::InTheWay {
            path: self.written.clone(),
            obstacle,
            kind,
        }
    }
}

impl Step {
    pub(super) fn new(entry: Entry, path: PathBuf) -> Self {
        Self {
            file: entry.file,
            metadata: entry.metadata,
            path,
        }
    }

    /// Opens the entry `name` of this directory and judges the directory for that use.
    pub(super) fn look(&self, name: &OsStr, way: &Way) -> Result<Option<Entry>, FileError> {
        let entry = system::look(&self.file, name).attempt("look at", &self.path.join(name))?;
        let owner = entry.as_ref().map(|entry| entry.metadata.uid());
        let (mode, directory_owner) = (self.metadata.mode(), self.metadata.uid());
        match judge_directory(mode, directory_owner, owner, executing_user()) {
            None => Ok(entry),
            Some(problem) => Err(FileError::UnsafeDirectory {
                path: way.written.clone(),
                directory: self.path.clone(),
                problem,
            }),
        }
    }
}

fn names(path: &Path) -> impl Iterator<Item = OsString> {
    path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some(OsString::from("..")),
        _ => None,
    })
}
