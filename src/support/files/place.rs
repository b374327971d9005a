//! The place of a file: an opened directory and a name in it.

use std::{
    ffi::{OsStr, OsString},
    fs::{File, Metadata},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rustix::fs::{Access, AtFlags, OFlags};

use super::{
    attributes::{Attributes, WantedAttributes},
    directory::Directory,
    error::{Attempt, FileError},
    judge::{executing_user, gives_away, kind_of, may_stand},
    mounts, system,
    walk::{Arrival, Walk},
};

/// Where a file is or will be; safe to read and to replace.
#[derive(Debug)]
pub struct Place {
    pub(super) directory: Directory,
    pub(super) name: OsString,
}

/// A file as it is: opened, judged and read.
#[derive(Debug)]
pub struct Found {
    /// The content.
    pub bytes: Vec<u8>,
    pub(super) attributes: Attributes,
    pub(super) file: File,
}

impl Found {
    /// Mode, owner and group.
    pub fn attributes(&self) -> Attributes {
        self.attributes
    }
}

impl Place {
    /// Finds the place that `path` means, links followed. Neither the file nor its directory need
    /// exist.
    ///
    /// # Errors
    /// [`FileError`] for a relative path, for anything but a regular file in the way, and for
    /// directories and links by which others could interfere.
    pub fn resolve(path: &Path) -> Result<Self, FileError> {
        let mut arrival = Walk::to_end_of(path)?;
        let (name, file) = match arrival.leaf.take() {
            Some((name, entry)) => (Some(name), Some(entry.metadata)),
            None => (arrival.missing.pop(), None),
        };
        let Some(name) = name else {
            return Err(directory_in_the_way(&arrival));
        };
        let place = Self::within(Directory::above(arrival), name);
        file.map_or(Ok(()), |file| place.accept(&file, place.target()))?;
        Ok(place)
    }

    /// The place of the file `name` in `directory`. A link of that name is in the way.
    pub fn within(directory: Directory, name: OsString) -> Self {
        Self { directory, name }
    }

    /// The path of the file, links followed.
    pub fn target(&self) -> PathBuf {
        self.directory.path().join(&self.name)
    }

    /// Makes the directory and those above it as far as they are missing, each with `wanted`.
    ///
    /// # Errors
    /// As [`Directory::make`].
    pub fn make_directory(&mut self, wanted: WantedAttributes) -> Result<(), FileError> {
        self.directory.make(wanted)
    }

    /// Reads the file, up to `limit` bytes; `None` when there is none.
    ///
    /// # Errors
    /// [`FileError`] when it cannot be read, is larger, or is not a file that can be used safely.
    pub fn read(&self, limit: u64) -> Result<Option<Found>, FileError> {
        let path = self.target();
        let Some(file) = self.open()? else {
            return Ok(None);
        };
        let metadata = file.metadata().attempt("look at", &path)?;
        self.accept(&metadata, path.clone())?;
        // The length is a hint only: files in /proc have none, and others grow while they are read.
        let bytes = read_bounded(&file, metadata.len(), limit).attempt("read", &path)?;
        if bytes.len() as u64 > limit {
            return Err(FileError::TooLarge { path, limit });
        }
        Ok(Some(Found {
            bytes,
            attributes: Attributes::of(&metadata),
            file,
        }))
    }

    fn open(&self) -> Result<Option<File>, FileError> {
        let Some(directory) = self.directory.opened() else {
            return Ok(None);
        };
        let Some(entry) = directory.look(&self.name, &self.directory.way)? else {
            return Ok(None);
        };
        // Before it is opened for reading: opening a device can already act on it.
        self.accept(&entry.metadata, self.target())?;
        let flags = OFlags::RDONLY | OFlags::NONBLOCK;
        match system::open(&directory.file, &self.name, flags) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => Ok(Some(opened.attempt("read", &self.target())?)),
        }
    }

    /// Refuses anything but a regular file with one name whose owner can have made it here, and which
    /// the links on the way may lead to.
    fn accept(&self, found: &Metadata, file: PathBuf) -> Result<(), FileError> {
        self.directory.way.check_links(found.uid(), &file)?;
        self.accept_companion(found, file)
    }

    /// The same for a file that no link leads to.
    pub(super) fn accept_companion(
        &self,
        found: &Metadata,
        file: PathBuf,
    ) -> Result<(), FileError> {
        let path = self.directory.way.written.clone();
        if !found.is_file() {
            return Err(self.directory.way.in_the_way(file, kind_of(found)));
        }
        // 0 names: replaced by another run just now.
        if found.nlink() > 1 {
            let names = found.nlink();
            return Err(FileError::HardLink { path, file, names });
        }
        let (owner, directory_owner) = (found.uid(), self.directory.metadata().uid());
        if !may_stand(owner, directory_owner, executing_user()) {
            return Err(FileError::ForeignFile {
                path,
                file,
                owner,
                directory_owner,
            });
        }
        Ok(())
    }

    /// Refuses the change from `present` to `future` when it would give a file of root away to a user
    /// who can have moved it here.
    ///
    /// # Errors
    /// [`FileError::GivesAway`].
    pub fn check_change(&self, present: Attributes, future: Attributes) -> Result<(), FileError> {
        if !self.directory.way.is_foreign || !gives_away(present, future, executing_user()) {
            return Ok(());
        }
        Err(FileError::GivesAway {
            path: self.directory.way.written.clone(),
            file: self.target(),
            owner: present.owner,
        })
    }

    /// Refuses a place where the system would refuse a new file, as far as that can be known without
    /// writing.
    ///
    /// # Errors
    /// [`FileError::MountPoint`], or [`FileError::System`] for a directory that is read-only or not
    /// writable by the executing user.
    pub fn check_replaceable(&self) -> Result<(), FileError> {
        let path = self.target();
        // A file that a container has mounted cannot be renamed over (EBUSY). Say so before anything is written.
        if mounts::is_mount_point(&path) {
            return Err(FileError::MountPoint { path });
        }
        let directory = self.directory.deepest();
        let access = Access::WRITE_OK | Access::EXEC_OK;
        rustix::fs::accessat(&directory.file, ".", access, AtFlags::empty())
            .attempt("write in the directory", &directory.path)
    }

    /// The name of a hidden file beside the file, recognizable as one of this program.
    pub(super) fn companion(&self, purpose: &str) -> OsString {
        let mut name = OsString::from(".");
        name.push(&self.name);
        name.push(MARK);
        name.push(purpose);
        name
    }
}

/// What the names of companions have between the file's name and their purpose.
const MARK: &str = ".oreg-";

/// The name of the file whose companion `name` is.
pub(super) fn companion_of(name: &OsStr) -> Option<OsString> {
    let name = name.to_str()?.strip_prefix('.')?;
    let (name, _) = name.rsplit_once(MARK)?;
    (!name.is_empty()).then(|| name.into())
}

fn directory_in_the_way(arrival: &Arrival) -> FileError {
    let reached = arrival.directory.path.clone();
    arrival.way.in_the_way(reached, "a directory")
}

fn read_bounded(file: &File, length: u64, limit: u64) -> io::Result<Vec<u8>> {
    // One byte more than the file has: its end is then seen without growing the buffer.
    let expected = usize::try_from(length.min(limit)).unwrap_or(0) + 1;
    let mut bytes = Vec::with_capacity(expected);
    file.take(limit + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make files by hand")]
mod tests {
    use std::{
        fs,
        os::unix::fs::{PermissionsExt, symlink},
    };

    use super::*;

    const LIMIT: u64 = 100;

    fn scratch() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().canonicalize().unwrap();
        (directory, path)
    }

    fn reason(path: &Path) -> &'static str {
        Place::resolve(path).unwrap_err().reason()
    }

    #[test]
    fn follows_links_of_files_and_directories() {
        let (_guard, here) = scratch();
        fs::create_dir_all(here.join("real/deep")).unwrap();
        symlink("real/deep", here.join("link")).unwrap();
        symlink("../other.json", here.join("real/deep/config.json")).unwrap();
        let place = Place::resolve(&here.join("link/config.json")).unwrap();
        assert_eq!(place.target(), here.join("real/other.json"));
        fs::write(here.join("real/other.json"), "x").unwrap();
        assert_eq!(place.read(LIMIT).unwrap().unwrap().bytes, b"x");
    }

    #[test]
    fn accepts_a_dangling_link_and_missing_directories() {
        let (_guard, here) = scratch();
        symlink(here.join("a/b/config.json"), here.join("config.json")).unwrap();
        let place = Place::resolve(&here.join("config.json")).unwrap();
        assert_eq!(place.target(), here.join("a/b/config.json"));
        assert!(place.read(LIMIT).unwrap().is_none());
    }

    #[test]
    fn two_dots_lead_back_to_where_the_walk_came_from() {
        let (_guard, here) = scratch();
        fs::create_dir_all(here.join("real/deep")).unwrap();
        symlink("real/deep", here.join("link")).unwrap();
        for (written, meant) in [
            ("link/../f", "real/f"),
            ("real/deep/../../f", "f"),
            ("missing/../f", "f"),
        ] {
            let place = Place::resolve(&here.join(written)).unwrap();
            assert_eq!(place.target(), here.join(meant), "{written}");
        }
        let above_the_root = Path::new("/../..").join(here.strip_prefix("/").unwrap());
        let place = Place::resolve(&above_the_root.join("f")).unwrap();
        assert_eq!(place.target(), here.join("f"));
    }

    #[test]
    fn refuses_anything_but_a_regular_file() {
        let (_guard, here) = scratch();
        fs::create_dir(here.join("directory")).unwrap();
        File::create(here.join("file")).unwrap();
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
        assert!(Place::resolve(&open.join("inner/config.json")).is_ok());
    }

    #[test]
    fn refuses_a_second_name_of_a_file_also_when_it_comes_late() {
        let (_guard, here) = scratch();
        fs::write(here.join("own"), "secret").unwrap();
        let place = Place::resolve(&here.join("config.json")).unwrap();
        fs::hard_link(here.join("own"), here.join("config.json")).unwrap();
        assert_eq!(place.read(LIMIT).unwrap_err().reason(), "unsafe_link");
        assert_eq!(reason(&here.join("config.json")), "unsafe_link");
    }

    #[test]
    fn a_link_that_comes_late_is_not_followed() {
        let (_guard, here) = scratch();
        fs::write(here.join("own"), "secret").unwrap();
        let place = Place::resolve(&here.join("config.json")).unwrap();
        symlink("own", here.join("config.json")).unwrap();
        let error = place.read(LIMIT).unwrap_err();
        assert_eq!(error.reason(), "in_the_way");
        assert!(error.to_string().contains("a symbolic link"), "{error}");
    }

    #[test]
    fn reads_up_to_its_limit() {
        let (_guard, here) = scratch();
        let path = here.join("f");
        let read = |length: usize| {
            fs::write(&path, "x".repeat(length)).unwrap();
            Place::resolve(&path).unwrap().read(LIMIT)
        };
        assert_eq!(read(100).unwrap().unwrap().bytes.len(), 100);
        assert_eq!(read(101).unwrap_err().reason(), "too_large");
    }

    #[test]
    fn companions_are_recognized() {
        let (_guard, here) = scratch();
        let place = Place::resolve(&here.join("config.json")).unwrap();
        let name = place.companion("new");
        assert_eq!(companion_of(&name).unwrap(), "config.json");
        for other in ["config.json", ".config.json", ".oreg-new", "x.oreg-new"] {
            assert_eq!(companion_of(OsStr::new(other)), None, "{other}");
        }
    }
}
