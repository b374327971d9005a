//! Reads files whose content a program obeys (settings) or keeps secret (credentials): they must
//! belong to root or the executing user, and no other user may write them.

use std::{os::unix::fs::MetadataExt, path::Path};

use rustix::io::Errno;

use super::{
    error::FileError,
    judge::{executing_user, is_foreign},
    place::Place,
};

/// What a file holds, and so who may have access to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Settings: every user may read them, only owner and group write.
    Settings,
    /// Secrets: the group may read them, only the owner write.
    Secrets,
}

impl Content {
    /// Permissions that make a file unusable.
    const fn refused(self) -> u32 {
        match self {
            Self::Settings => 0o002,
            Self::Secrets => 0o027,
        }
    }

    const fn remedy(self) -> &'static str {
        match self {
            Self::Settings => "take the right to write from the others (chmod o-w)",
            Self::Secrets => "leave it to its owner alone (chmod 600)",
        }
    }
}

/// Reads the file at `path`, which may be relative, up to `limit` bytes.
///
/// # Errors
/// [`FileError::NotTrusted`] for a file that others own, can write or, if it holds secrets, read;
/// [`FileError`] for what is not a regular file, and for what the system refuses, a missing file included.
pub fn read(path: &Path, content: Content, limit: u64) -> Result<Vec<u8>, FileError> {
    let system = |source| FileError::System {
        attempt: "read",
        path: path.to_owned(),
        source,
    };
    let absolute = std::path::absolute(path).map_err(system)?;
    let found = Place::resolve(&absolute)?.read(limit)?;
    let found = found.ok_or_else(|| system(Errno::NOENT.into()))?;
    let metadata = found.file.metadata().map_err(system)?;
    let (owner, mode) = (metadata.uid(), metadata.mode() & 0o7777);
    check(owner, mode, content, executing_user()).map_err(|(problem, remedy)| {
        let path = path.to_owned();
        FileError::NotTrusted {
            path,
            problem,
            remedy,
        }
    })?;
    Ok(found.bytes)
}

/// `Err`: the error and the way out.
fn check(owner: u32, mode: u32, content: Content, us: u32) -> Result<(), (String, &'static str)> {
    if is_foreign(owner, us) {
        let problem = format!("it belongs to user {owner}, who can change it at any time");
        return Err((
            problem,
            "give it to root or to the user who runs this (chown)",
        ));
    }
    let refused = mode & content.refused();
    let problem = match refused {
        0 => return Ok(()),
        _ if refused & 0o002 != 0 => "every user of this machine can write it",
        _ if refused & 0o020 != 0 => "its group can write it",
        _ => "it is open to every user of this machine",
    };
    Err((format!("{problem} (mode {mode:04o})"), content.remedy()))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make files by hand")]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    const US: u32 = 1000;

    #[test]
    fn owners_and_modes_decide() {
        use Content::{Secrets, Settings};
        for (owner, mode, content, good) in [
            (0, 0o600, Secrets, true),
            (US, 0o640, Secrets, true),
            (US, 0o400, Secrets, true),
            (US, 0o644, Secrets, false),
            (US, 0o620, Secrets, false),
            (0, 0o660, Secrets, false),
            (1234, 0o600, Secrets, false),
            (0, 0o644, Settings, true),
            (US, 0o664, Settings, true),
            (US, 0o666, Settings, false),
            (1234, 0o644, Settings, false),
        ] {
            let result = check(owner, mode, content, US);
            assert_eq!(result.is_ok(), good, "{owner} {mode:o} {content:?}");
        }
    }

    #[test]
    fn a_fifo_does_not_hang_and_a_missing_file_is_reported() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().canonicalize().unwrap().join("f");
        let reason = || read(&path, Content::Settings, 10).unwrap_err().reason();
        assert_eq!(reason(), "system_error");
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, mode).unwrap();
        assert_eq!(reason(), "in_the_way");
        fs::remove_file(&path).unwrap();
        fs::write(&path, "0123456789+").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(reason(), "too_large");
        fs::write(&path, "0123456789").unwrap();
        assert_eq!(read(&path, Content::Secrets, 10).unwrap(), b"0123456789");
    }
}
