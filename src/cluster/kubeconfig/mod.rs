//! Kubeconfig files, read as client-go reads them (`k8s.io/client-go/tools/clientcmd`): one file, or
//! several of which of two entries with one name the first counts.
//!
//! Only what the chosen context needs is looked at. Credential plugins (`exec`, `auth-provider`) are
//! rejected: they would run a program of the kubeconfig's choice that may ask questions, write to our
//! standard error, and so spoil the answer.

mod data;
mod document;
mod server;
mod user;

use std::{
    collections::HashSet,
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
};

use self::document::{Document, Flaw, Place};
pub(super) use self::{
    server::{Server, Trust},
    user::User,
};
use super::error::ClusterError;
use crate::support::trust::read_file;

const LISTS: [&str; 3] = ["clusters", "users", "contexts"];

/// A kubeconfig with hundreds of clusters is a tenth of this.
const MAX_BYTES: usize = 4 << 20;

/// The server, and the user, that a context names.
pub(super) struct Target {
    pub(super) context: String,
    pub(super) server: Server,
    pub(super) user: User,
}

/// The files that were found.
struct Kubeconfig {
    /// As `KUBECONFIG` has them, for messages.
    path: PathBuf,
    files: Vec<(PathBuf, Document)>,
}

/// Reads the files and returns what the current context, or `context`, names.
pub(super) fn read(files: &[&Path], context: Option<&str>) -> Result<Target, ClusterError> {
    target(&Kubeconfig::read(files)?, context)
}

/// What [`read`] makes of a file with this text.
///
/// # Errors
/// Those of [`read`].
#[cfg(fuzzing)]
pub fn read_text(path: &Path, text: &[u8]) -> Result<(), ClusterError> {
    let document = parse_document(path, text.to_vec())?;
    let path = path.to_owned();
    let files = vec![(path.clone(), document)];
    target(&Kubeconfig { path, files }, None).map(|_| ())
}

fn target(kubeconfig: &Kubeconfig, context: Option<&str>) -> Result<Target, ClusterError> {
    let (name, context) = kubeconfig.context(context)?;
    let user = kubeconfig.user(&context)?;
    let server = kubeconfig.server(&context)?;
    Ok(Target {
        context: name,
        server,
        user,
    })
}

/// An entry of one of the lists, and the file that it is in.
struct Entry<'a> {
    file: &'a Path,
    name: &'a str,
    place: Place<'a>,
}

impl Kubeconfig {
    /// As kubectl does, passes over files that are missing, unless all are.
    fn read(files: &[&Path]) -> Result<Self, ClusterError> {
        let names: Vec<_> = files.iter().map(|path| path.as_os_str()).collect();
        let path: PathBuf = names.join(OsStr::new(":")).into();
        let mut found = Vec::new();
        for file in files {
            if let Some(document) = read_document(file)? {
                found.push(((*file).to_owned(), document));
            }
        }
        if found.is_empty() {
            return Err(ClusterError::KubeconfigMissing { path });
        }
        Ok(Self { path, files: found })
    }

    fn context(&self, wanted: Option<&str>) -> Result<(String, Entry<'_>), ClusterError> {
        let wanted = wanted.filter(|name| !name.is_empty());
        let name = match wanted {
            Some(name) => name.to_owned(),
            None => self.current_context()?,
        };
        let contexts = self.entries("contexts")?;
        let known = contexts.iter().map(|entry| entry.name.to_owned()).collect();
        match contexts.into_iter().find(|entry| entry.name == name) {
            Some(entry) => Ok((name, entry)),
            None => Err(ClusterError::UnknownContext {
                path: self.path.clone(),
                context: name,
                known,
            }),
        }
    }

    fn current_context(&self) -> Result<String, ClusterError> {
        for (path, document) in &self.files {
            let name = document.root().text("current-context");
            if let Some(name) = name.map_err(|flaw| invalid(path, &flaw))? {
                return Ok(name.to_owned());
            }
        }
        let contexts = self.entries("contexts")?;
        Err(ClusterError::NoContext {
            path: self.path.clone(),
            known: contexts.iter().map(|entry| entry.name.to_owned()).collect(),
        })
    }

    fn server(&self, context: &Entry<'_>) -> Result<Server, ClusterError> {
        let name = in_context(context, "cluster")?.unwrap_or_default();
        let cluster = self.find("clusters", name)?.ok_or_else(|| {
            let flaw = format!(
                "context {} names cluster {name}, which is not in the file",
                context.name
            );
            invalid(context.file, &Flaw::new(flaw))
        })?;
        let place = inner(&cluster, "cluster")?;
        let server = Server::read(place.as_ref(), directory(cluster.file));
        server.map_err(|flaw| invalid(cluster.file, &flaw))
    }

    /// Without this check an unknown user would ask anonymously, and hear that nobody may.
    fn user(&self, context: &Entry<'_>) -> Result<User, ClusterError> {
        let Some(name) = in_context(context, "user")? else {
            return Ok(User::anonymous());
        };
        let user = self.find("users", name)?.ok_or_else(|| {
            let flaw = format!(
                "context {} names user {name}, which is not in the file",
                context.name
            );
            invalid(context.file, &Flaw::new(flaw))
        })?;
        let place = inner(&user, "user")?;
        let read = User::read(name, place.as_ref(), directory(user.file));
        read.map_err(|flaw| invalid(user.file, &flaw))
    }

    fn find(&self, list: &'static str, name: &str) -> Result<Option<Entry<'_>>, ClusterError> {
        let entries = self.entries(list)?.into_iter();
        Ok(entries.into_iter().find(|entry| entry.name == name))
    }

    /// The entries of a list in the order of the files. What is not an entry is passed over.
    fn entries(&self, list: &'static str) -> Result<Vec<Entry<'_>>, ClusterError> {
        let mut entries = Vec::new();
        for (path, document) in &self.files {
            let places = document.root().list(list);
            for place in places.map_err(|flaw| invalid(path, &flaw))? {
                if let Ok(Some(name)) = place.text("name") {
                    let file = path.as_path();
                    entries.push(Entry { file, name, place });
                }
            }
        }
        Ok(entries)
    }
}

/// Reads one file; `None` when it is missing.
fn read_document(path: &Path) -> Result<Option<Document>, ClusterError> {
    let text = match read_file(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            let path = path.to_owned();
            return Err(ClusterError::KubeconfigUnreadable { path, source });
        }
    };
    parse_document(path, text).map(Some)
}

fn parse_document(path: &Path, text: Vec<u8>) -> Result<Document, ClusterError> {
    if text.len() > MAX_BYTES {
        let flaw = Flaw::new(format!("has more than {MAX_BYTES} bytes"));
        return Err(invalid(path, &flaw));
    }
    let document = Document::parse(text).and_then(|document| {
        require_kind(&document)?;
        require_unique_names(&document)?;
        Ok(document)
    });
    document.map_err(|flaw| invalid(path, &flaw))
}

fn require_kind(document: &Document) -> Result<(), Flaw> {
    for (key, expected) in [("kind", "Config"), ("apiVersion", "v1")] {
        let found = document.root().text(key)?;
        if found.is_some_and(|found| found != expected) {
            let text = format!("is not a kubeconfig: its {key} is not {expected}");
            return Err(Flaw::new(text));
        }
    }
    Ok(())
}

/// Go makes a map of each list and rejects a name that stands twice in one file.
fn require_unique_names(document: &Document) -> Result<(), Flaw> {
    for list in LISTS {
        let mut seen = HashSet::new();
        for place in document.root().list(list)? {
            if let Ok(Some(name)) = place.text("name")
                && !seen.insert(name)
            {
                return Err(place.flaw(&format!("a second entry is named {name}")));
            }
        }
    }
    Ok(())
}

fn invalid(path: &Path, flaw: &Flaw) -> ClusterError {
    ClusterError::KubeconfigInvalid {
        path: path.to_owned(),
        problem: flaw.to_string(),
    }
}

/// The member of an entry that has what its name stands for.
fn inner<'a>(entry: &Entry<'a>, key: &str) -> Result<Option<Place<'a>>, ClusterError> {
    let member = entry.place.member(key);
    member.map_err(|flaw| invalid(entry.file, &flaw))
}

fn in_context<'a>(context: &Entry<'a>, key: &str) -> Result<Option<&'a str>, ClusterError> {
    let Some(place) = inner(context, "context")? else {
        return Ok(None);
    };
    place.text(key).map_err(|flaw| invalid(context.file, &flaw))
}

/// Paths in a kubeconfig are relative to it.
fn directory(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new(""))
}

#[cfg(test)]
mod tests;
