//! Makes the directories that a docker config file needs.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use rustix::fs::Mode;

use super::{
    attributes::WantedAttributes,
    error::{Attempt, AuthFileError},
};

/// Makes `directory` and those above it that are missing, each with `wanted`. What exists is not
/// touched.
pub(super) fn create(directory: &Path, wanted: WantedAttributes) -> Result<(), AuthFileError> {
    let missing: Vec<PathBuf> = directory
        .ancestors()
        .take_while(|ancestor| !ancestor.exists())
        .map(Path::to_owned)
        .collect();
    missing
        .iter()
        .rev()
        .try_for_each(|directory| create_one(directory, wanted))
}

fn create_one(directory: &Path, wanted: WantedAttributes) -> Result<(), AuthFileError> {
    // Never wider than wanted, not even for a moment.
    match rustix::fs::mkdir(directory, Mode::from_raw_mode(wanted.mode)) {
        // Another run was faster, and gives it its attributes.
        Err(rustix::io::Errno::EXIST) => return Ok(()),
        result => result.attempt("make the directory", directory)?,
    }
    let made = open(directory).attempt("open the directory", directory)?;
    wanted
        .apply(&made)
        .attempt("set mode and owner of the directory", directory)?;
    directory.parent().map_or(Ok(()), sync)
}

/// Makes sure that the names in `directory` survive a loss of power.
pub(super) fn sync(directory: &Path) -> Result<(), AuthFileError> {
    let handle = open(directory).attempt("open the directory", directory)?;
    match handle.sync_all() {
        // Some network file systems cannot.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        result => result.attempt("sync the directory", directory),
    }
}

fn open(directory: &Path) -> io::Result<File> {
    use rustix::fs::OFlags;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(
        directory,
        flags,
        Mode::empty(),
    )?))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn gives_the_mode_to_what_it_makes_only() {
        let scratch = tempfile::tempdir().unwrap();
        let outer = scratch.path().join("outer");
        std::fs::create_dir(&outer).unwrap();
        std::fs::set_permissions(&outer, std::fs::Permissions::from_mode(0o755)).unwrap();
        let wanted = WantedAttributes {
            mode: 0o750,
            owner: None,
            group: None,
        };
        create(&outer.join("a/b"), wanted).unwrap();
        let mode = |path: &str| outer.join(path).metadata().unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode(""), mode("a"), mode("a/b")), (0o755, 0o750, 0o750));
    }
}
