//! A docker config file as it is, and the text of the next one.

use std::path::Path;

use super::error::AuthFileError;
use crate::{
    domain::docker_config::DockerConfig,
    support::files::{FileError, Found, Place},
};

/// The most that is read of a file. Kubernetes takes no larger secret either.
pub const MAX_BYTES: u64 = 1 << 20;

/// A docker config file that exists.
#[derive(Debug)]
pub struct Stored {
    /// The file.
    pub file: Found,
    /// The document in it.
    pub document: DockerConfig,
}

impl Stored {
    /// Reads the file at `place`; `None` when there is none.
    ///
    /// # Errors
    /// [`AuthFileError`] when it cannot be read, is too large, or is not a docker config.
    pub fn read(place: &Place) -> Result<Option<Self>, AuthFileError> {
        let Some(file) = place.read(MAX_BYTES)? else {
            return Ok(None);
        };
        match DockerConfig::parse(&file.bytes) {
            Ok(document) => Ok(Some(Self { file, document })),
            // A file that is not understood is left as it is: a person has to look, since replacing it would drop
            // credentials of others.
            Err(source) => Err(AuthFileError::Malformed {
                path: place.target(),
                source,
            }),
        }
    }
}

/// Reads the document in the file at `path`; `None` when there is no such file.
///
/// # Errors
/// As [`Stored::read`], and for a path that cannot be used safely.
pub fn read_document(path: &Path) -> Result<Option<DockerConfig>, AuthFileError> {
    let stored = Stored::read(&Place::resolve(path)?)?;
    Ok(stored.map(|stored| stored.document))
}

/// Writes `document` as the text for the file at `place`.
///
/// # Errors
/// [`FileError::WouldBeTooLarge`] for a text that the next run would not read.
pub fn text_of(document: &DockerConfig, place: &Place) -> Result<String, FileError> {
    // Added up before anything is built: few bytes can ask for a large text.
    if document.text_length() as u64 > MAX_BYTES {
        return Err(FileError::WouldBeTooLarge {
            path: place.target(),
            limit: MAX_BYTES,
        });
    }
    Ok(document.to_text())
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make files by hand")]
mod tests {
    use super::*;

    fn scratch() -> (tempfile::TempDir, Place) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().canonicalize().unwrap().join("config.json");
        (directory, Place::resolve(&path).unwrap())
    }

    #[test]
    fn nothing_is_written_that_could_not_be_read_again() {
        let (_guard, place) = scratch();
        let filler = |length: usize| format!("{{\"x\":\"{}\"}}", "x".repeat(length));
        let most = usize::try_from(MAX_BYTES).unwrap() - filler(0).len();
        let document = |length| DockerConfig::parse(filler(length).as_bytes()).unwrap();
        assert!(text_of(&document(most), &place).is_ok());
        let error = text_of(&document(most + 1), &place).unwrap_err();
        assert_eq!(error.reason(), "too_large");
    }

    #[test]
    fn a_file_that_is_too_large_is_refused() {
        let (_guard, place) = scratch();
        let file = std::fs::File::create(place.target()).unwrap();
        file.set_len(MAX_BYTES + 1).unwrap();
        assert_eq!(Stored::read(&place).unwrap_err().reason(), "too_large");
    }

    #[test]
    fn what_is_not_a_document_names_its_place() {
        let (_guard, place) = scratch();
        assert!(Stored::read(&place).unwrap().is_none());
        std::fs::write(place.target(), "[]").unwrap();
        let error = Stored::read(&place).unwrap_err();
        assert_eq!(error.reason(), "malformed");
    }
}
