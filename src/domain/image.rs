//! An image on a known registry: repository, and tag or digest.
//!
//! Grammar: distribution `reference/reference.go`, without the domain part.

use std::fmt;

use thiserror::Error;

use super::registry_host::RegistryHost;

/// `repository:tag` or `repository@algorithm:digest`, without the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageReference {
    repository: String,
    reference: String,
    is_digest: bool,
}

/// Why a text is not an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ImageError {
    /// Not a repository name.
    #[error(
        "is not an image: a repository is lower-case letters, digits and . _ - between slashes"
    )]
    Repository,
    /// Not a tag or digest.
    #[error("is not an image: after the repository comes `:tag` or `@sha256:digest`")]
    Reference,
    /// A `${…}` that nothing replaces.
    #[error("holds a `${{…}}` other than ${{component}} and ${{version}}")]
    Placeholder,
}

impl ImageReference {
    /// Reads `repository[:tag|@digest]`; the tag defaults to `latest`. A leading `host/` that
    /// is the registry itself is dropped, because people paste whole pull specs.
    ///
    /// # Errors
    /// [`ImageError`] when the text names no image.
    pub fn parse(text: &str, registry: &RegistryHost) -> Result<Self, ImageError> {
        if text.contains("${") {
            return Err(ImageError::Placeholder);
        }
        let text = without_registry(text.trim(), registry);
        let (repository, reference, is_digest) = split_reference(text);
        check_repository(repository)?;
        check_reference(reference, is_digest)?;
        let repository = on_docker_hub(repository, registry);
        Ok(Self {
            repository,
            reference: reference.to_owned(),
            is_digest,
        })
    }

    /// The repository, such as `openshift3/ose-pod`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag or the digest.
    pub fn reference(&self) -> &str {
        &self.reference
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.is_digest { '@' } else { ':' };
        write!(
            formatter,
            "{}{separator}{}",
            self.repository, self.reference
        )
    }
}

fn without_registry<'a>(text: &'a str, registry: &RegistryHost) -> &'a str {
    match text.split_once('/') {
        Some((first, rest)) if RegistryHost::parse(first).is_ok_and(|h| is_same(&h, registry)) => {
            rest
        }
        _ => text,
    }
}

fn is_same(host: &RegistryHost, registry: &RegistryHost) -> bool {
    host.authority() == registry.authority()
}

fn split_reference(text: &str) -> (&str, &str, bool) {
    if let Some((name, digest)) = text.split_once('@') {
        // Of a tag and a digest, docker asks for the digest.
        let repository = name
            .split_once(':')
            .map_or(name, |(repository, _)| repository);
        return (repository, digest, true);
    }
    let (repository, tag) = text.split_once(':').unwrap_or((text, "latest"));
    (repository, tag, false)
}

/// Docker Hub's official images live in the namespace `library`.
fn on_docker_hub(repository: &str, registry: &RegistryHost) -> String {
    // docker asks the registry for `library/nginx` when a user writes `nginx`.
    if registry.is_docker_hub() && !repository.contains('/') {
        format!("library/{repository}")
    } else {
        repository.to_owned()
    }
}

fn check_repository(repository: &str) -> Result<(), ImageError> {
    let is_end = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_component = |component: &str| {
        component.starts_with(is_end)
            && component.ends_with(is_end)
            && component.chars().all(is_repository_character)
    };
    if repository.split('/').all(is_component) {
        Ok(())
    } else {
        Err(ImageError::Repository)
    }
}

fn is_repository_character(character: char) -> bool {
    character.is_ascii_lowercase()
        || character.is_ascii_digit()
        || matches!(character, '.' | '_' | '-')
}

fn check_reference(reference: &str, is_digest: bool) -> Result<(), ImageError> {
    let valid = match (is_digest, reference.split_once(':')) {
        // A digest has a colon (`sha256:...`), a tag never has.
        (true, Some((algorithm, hex))) => is_algorithm(algorithm) && is_hash(hex),
        (false, None) => is_tag(reference),
        _ => false,
    };
    if valid {
        Ok(())
    } else {
        Err(ImageError::Reference)
    }
}

fn is_tag(tag: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (1..=128).contains(&tag.len())
        && tag.starts_with(is_word)
        && tag.chars().all(|c| is_word(c) || matches!(c, '.' | '-'))
}

fn is_algorithm(algorithm: &str) -> bool {
    let separators = ['-', '_', '+', '.'];
    algorithm.split(separators).all(|part| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.chars().all(|c| c.is_ascii_alphanumeric())
    })
}

fn is_hash(hex: &str) -> bool {
    hex.len() >= 32 && hex.chars().all(|c| c.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "a@sha256:0123456789abcdef0123456789abcdef";
    const TAG_AND_DIGEST: &str = "a:v1@sha256:0123456789abcdef0123456789abcdef";

    #[test]
    fn reads_what_people_write() {
        let table = [
            ("mongodb/mongodb", "r.example.com", "mongodb/mongodb:latest"),
            (
                "openshift3/ose-pod:v3.11",
                "r.example.com",
                "openshift3/ose-pod:v3.11",
            ),
            ("r.example.com/a/b:1", "r.example.com", "a/b:1"),
            ("https-like/a:1", "r.example.com", "https-like/a:1"),
            (DIGEST, "r.example.com", DIGEST),
            (TAG_AND_DIGEST, "r.example.com", DIGEST),
            ("busybox", "docker.io", "library/busybox:latest"),
            ("docker.io/team/app", "docker.io", "team/app:latest"),
        ];
        for (text, host, image) in table {
            let registry = RegistryHost::parse(host).unwrap();
            let parsed = ImageReference::parse(text, &registry).map(|i| i.to_string());
            assert_eq!(parsed, Ok(image.to_owned()), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_image() {
        let registry = RegistryHost::parse("r.example.com").unwrap();
        let table = [
            ("", ImageError::Repository),
            ("A/b", ImageError::Repository),
            ("a//b", ImageError::Repository),
            ("../a", ImageError::Repository),
            ("a b", ImageError::Repository),
            ("a:", ImageError::Reference),
            ("a:b c", ImageError::Reference),
            ("a@sha256", ImageError::Reference),
            ("a@sha256:0f", ImageError::Reference),
            ("a:..", ImageError::Reference),
            ("a:-x", ImageError::Reference),
            (
                "a@x/../../b:0123456789abcdef0123456789abcdef",
                ImageError::Reference,
            ),
            ("a../b", ImageError::Repository),
            ("a-${foo}", ImageError::Placeholder),
        ];
        for (text, error) in table {
            assert_eq!(ImageReference::parse(text, &registry), Err(error), "{text}");
        }
    }
}
