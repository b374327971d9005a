//! Where a docker config file really is: symbolic links followed to their end, also to a file that
//! is not there yet, and every directory on the way examined.
//!
//! Credentials are written by root. A directory in which anybody may create files lets anybody
//! put a link, or a file they own, where root will write; the kernel's own rule for such places
//! (`fs.protected_symlinks`) is the model here. In a directory of their own, others can still put links:
//! these may lead to what is theirs, and nowhere else.

use std::{
    collections::VecDeque,
    ffi::{OsStr, OsString},
    fs::{self, Metadata},
    io,
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::{Component, Path, PathBuf},
};

use super::error::{Attempt, AuthFileError};

/// As many links as the kernel follows.
const MOST_LINKS: usize = 40;

const WORLD_WRITABLE: u32 = 0o002;
const STICKY: u32 = 0o1000;
const ROOT: u32 = 0;

/// A docker config file's place, safe to write to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    target: PathBuf,
    directory: PathBuf,
    name: OsString,
}

impl Location {
    /// Finds the place that `path` means. Neither the file nor its directory need exist.
    ///
    /// # Errors
    /// [`AuthFileError`] for a relative path, for anything but a regular file in the way, and for
    /// directories in which others could interfere.
    pub fn resolve(path: &Path) -> Result<Self, AuthFileError> {
        let mut walk = Walk::start(path)?;
        while let Some(name) = walk.ahead.pop_front() {
            walk.step(&name)?;
        }
        walk.arrive()
    }

    /// Returns the file itself, links followed.
    #[must_use]
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Returns the directory that the file is in.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Returns a hidden file beside the target, recognisable as ours.
    pub(super) fn companion(&self, purpose: &str) -> PathBuf {
        let mut name = OsString::from(".");
        name.push(&self.name);
        name.push(".oreg-");
        name.push(purpose);
        self.directory.join(name)
    }

    /// Returns a visible file beside the target: its name and `ending`.
    pub(super) fn sibling(&self, ending: &str) -> PathBuf {
        let mut name = self.name.clone();
        name.push(ending);
        self.directory.join(name)
    }
}

struct Walk<'a> {
    written: &'a Path,
    /// Free of links.
    reached: PathBuf,
    ahead: VecDeque<OsString>,
    links: Vec<Link>,
    /// What kind of thing `reached` is, when it is there and not a directory.
    file: Option<Metadata>,
}

/// A link that was followed.
struct Link {
    path: PathBuf,
    /// Who can have made it: its owner, and that of its directory.
    makers: [u32; 2],
}

impl<'a> Walk<'a> {
    fn start(written: &'a Path) -> Result<Self, AuthFileError> {
        if !written.is_absolute() {
            let path = written.to_owned();
            return Err(AuthFileError::NotAbsolute { path });
        }
        Ok(Self {
            written,
            reached: PathBuf::from("/"),
            ahead: names(written).collect(),
            links: Vec::new(),
            file: None,
        })
    }

    fn step(&mut self, name: &OsStr) -> Result<(), AuthFileError> {
        if let Some(file) = &self.file {
            return Err(self.in_the_way(kind_of(file)));
        }
        if name == ".." {
            self.reached.pop();
            return Ok(());
        }
        let next = self.reached.join(name);
        let found = match fs::symlink_metadata(&next) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            result => Some(result.attempt("look at", &next)?),
        };
        self.check_directory(found.as_ref())?;
        match found {
            Some(found) if found.is_symlink() => return self.follow(next, &found),
            Some(found) if !found.is_dir() => self.file = Some(found),
            _ => {}
        }
        self.reached = next;
        Ok(())
    }

    fn follow(&mut self, link: PathBuf, found: &Metadata) -> Result<(), AuthFileError> {
        if self.links.len() >= MOST_LINKS {
            let path = self.written.to_owned();
            return Err(AuthFileError::LinkLoop { path });
        }
        let destination = fs::read_link(&link).attempt("read the link", &link)?;
        let directory = fs::symlink_metadata(&self.reached).attempt("look at", &self.reached)?;
        self.links.push(Link {
            path: link,
            makers: [found.uid(), directory.uid()],
        });
        if destination.is_absolute() {
            self.reached = PathBuf::from("/");
        }
        for name in names(&destination).collect::<Vec<_>>().into_iter().rev() {
            self.ahead.push_front(name);
        }
        Ok(())
    }

    /// Examines the directory reached, of which `entry` is about to be used.
    fn check_directory(&self, entry: Option<&Metadata>) -> Result<(), AuthFileError> {
        let directory = match fs::symlink_metadata(&self.reached) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            result => result.attempt("look at", &self.reached)?,
        };
        if !directory.is_dir() {
            return Ok(());
        }
        let us = rustix::process::geteuid().as_raw();
        let entry = entry.map(MetadataExt::uid);
        let Some(fault) = fault_of(directory.mode(), directory.uid(), entry, us) else {
            return Ok(());
        };
        Err(AuthFileError::UnsafeDirectory {
            path: self.written.to_owned(),
            directory: self.reached.clone(),
            fault,
        })
    }

    /// Examines the links followed, now that it is known where they lead.
    fn check_links(&self) -> Result<(), AuthFileError> {
        if self.links.is_empty() {
            return Ok(());
        }
        let destination = self.reached.ancestors();
        let mut existing = destination.filter_map(|path| fs::symlink_metadata(path).ok());
        let owner = existing.next().map_or(ROOT, |found| found.uid());
        let us = rustix::process::geteuid().as_raw();
        let is_bad = |link: &&Link| !may_lead(link.makers, owner, us);
        self.links.iter().find(is_bad).map_or(Ok(()), |link| {
            Err(AuthFileError::UnsafeLink {
                path: self.written.to_owned(),
                link: link.path.clone(),
                target: self.reached.clone(),
            })
        })
    }

    fn arrive(self) -> Result<Location, AuthFileError> {
        self.check_links()?;
        match &self.file {
            Some(file) if !file.is_file() => return Err(self.in_the_way(kind_of(file))),
            None if self.reached.is_dir() => return Err(self.in_the_way("a directory")),
            _ => {}
        }
        let (Some(directory), Some(name)) = (self.reached.parent(), self.reached.file_name())
        else {
            return Err(self.in_the_way("a directory"));
        };
        Ok(Location {
            directory: directory.to_owned(),
            name: name.to_owned(),
            target: self.reached,
        })
    }

    fn in_the_way(&self, kind: &'static str) -> AuthFileError {
        AuthFileError::InTheWay {
            path: self.written.to_owned(),
            obstacle: self.reached.clone(),
            kind,
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

/// What is wrong with a directory of `mode` and `owner` in which `us` is about to use something
/// owned by `entry`. Root's own sticky `/tmp` is as safe as what stands in it; nothing else that
/// everybody may write to is.
fn fault_of(mode: u32, owner: u32, entry: Option<u32>, us: u32) -> Option<&'static str> {
    let is_foreign = |owner: u32| owner != ROOT && owner != us;
    if mode & WORLD_WRITABLE == 0 {
        None
    } else if is_foreign(owner) {
        Some("is writable by everybody and belongs to another user")
    } else if mode & STICKY == 0 {
        Some("is writable by everybody")
    } else if entry.is_some_and(is_foreign) {
        Some("is writable by everybody, and what the path means there belongs to another user")
    } else {
        None
    }
}

/// Whether a link that `makers` can have made may lead `us` to something of `owner`. What is not there
/// yet belongs to the owner of the directory that it will be in.
fn may_lead(makers: [u32; 2], owner: u32, us: u32) -> bool {
    makers.iter().all(|maker| [ROOT, us, owner].contains(maker))
}

/// Names what is not a directory, for messages.
pub(super) fn kind_of(found: &Metadata) -> &'static str {
    let kind = found.file_type();
    if kind.is_file() {
        "a file"
    } else if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn scratch() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().canonicalize().unwrap();
        (directory, path)
    }

    fn reason(path: &Path) -> &'static str {
        Location::resolve(path).unwrap_err().reason()
    }

    #[test]
    fn follows_links_of_files_and_directories() {
        let (_guard, here) = scratch();
        fs::create_dir_all(here.join("real/deep")).unwrap();
        symlink("real/deep", here.join("link")).unwrap();
        symlink("../other.json", here.join("real/deep/config.json")).unwrap();
        let location = Location::resolve(&here.join("link/config.json")).unwrap();
        assert_eq!(location.target(), here.join("real/other.json"));
        assert_eq!(location.directory(), here.join("real"));
    }

    #[test]
    fn accepts_a_dangling_link_and_missing_directories() {
        let (_guard, here) = scratch();
        symlink(here.join("a/b/config.json"), here.join("config.json")).unwrap();
        let location = Location::resolve(&here.join("config.json")).unwrap();
        assert_eq!(location.target(), here.join("a/b/config.json"));
    }

    #[test]
    fn refuses_what_is_no_regular_file() {
        let (_guard, here) = scratch();
        fs::create_dir(here.join("directory")).unwrap();
        fs::File::create(here.join("file")).unwrap();
        std::os::unix::net::UnixListener::bind(here.join("socket")).unwrap();
        for path in ["directory", "socket", "file/config.json"] {
            assert_eq!(reason(&here.join(path)), "in_the_way", "{path}");
        }
        assert_eq!(reason(Path::new("/dev/null")), "in_the_way");
        assert_eq!(reason(Path::new("/")), "in_the_way");
        assert_eq!(reason(Path::new("config.json")), "not_absolute");
    }

    #[test]
    fn refuses_a_circle_of_links() {
        let (_guard, here) = scratch();
        symlink("b", here.join("a")).unwrap();
        symlink("a", here.join("b")).unwrap();
        assert_eq!(reason(&here.join("a")), "link_loop");
    }

    #[test]
    fn refuses_a_directory_that_all_may_write_to_unless_sticky() {
        let (_guard, here) = scratch();
        let open = here.join("open");
        fs::create_dir_all(open.join("inner")).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(reason(&open.join("config.json")), "unsafe_directory");
        assert_eq!(reason(&open.join("inner/config.json")), "unsafe_directory");
        fs::set_permissions(&open, fs::Permissions::from_mode(0o1777)).unwrap();
        assert!(Location::resolve(&open.join("inner/config.json")).is_ok());
    }

    #[test]
    fn a_link_of_others_leads_to_what_is_theirs() {
        let us = 1000;
        assert!(may_lead([0, us], 0, us));
        assert!(may_lead([1234, 1234], 1234, us));
        assert!(may_lead([0, 1234], 1234, us));
        assert!(!may_lead([1234, 1234], 0, us));
        assert!(!may_lead([0, 1234], us, us));
        assert!(!may_lead([1234, 0], 5678, us));
    }

    #[test]
    fn trusts_only_root_and_us_where_everybody_may_write() {
        let us = 1000;
        assert_eq!(fault_of(0o755, 1234, Some(1234), us), None);
        assert_eq!(fault_of(0o1777, 0, None, us), None);
        assert_eq!(fault_of(0o1777, 0, Some(1000), us), None);
        assert!(fault_of(0o1777, 0, Some(1234), us).is_some());
        assert!(fault_of(0o1777, 1234, None, us).is_some());
        assert!(fault_of(0o777, 0, None, us).is_some());
    }
}
