//! A secret that cannot be printed.
//!
//! It has one door, [`Secret::expose`], to be used only in the line that sends or writes the secret.

use std::{
    fmt,
    hash::{Hash, Hasher},
};

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// What stands in place of a secret, as in Ansible.
pub const MASK: &str = "********";

/// Text that must not appear in any output: a password, a token, an encoded pair.
/// Its memory is wiped when it is dropped.
#[derive(Clone)]
pub struct Secret(SecretString);

/// Hexadecimal digits shown of a fingerprint: enough to see that a secret changed or that two
/// nodes hold the same one, too few to confirm a guessed password (docs/decisions/0002).
const FINGERPRINT_DIGITS: usize = 6;

impl Secret {
    /// Takes `text` into custody.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The secret itself. Never pass the result to anything that formats or logs.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }

    /// A short name for the secret, such as `sha256:1f0c9a`, that may be shown.
    pub fn fingerprint(&self) -> String {
        let digest = Sha256::digest(self.expose().as_bytes());
        let digits = digest
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .take(FINGERPRINT_DIGITS);
        let hex = digits.filter_map(|digit| char::from_digit(digit.into(), 16));
        format!("sha256:{}", hex.collect::<String>())
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Secret {}

/// For maps, whose hash values stay inside and are made with a random key.
impl Hash for Secret {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.expose().hash(state);
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(****)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(****)");
    }

    #[test]
    fn fingerprints_are_short_stable_and_differ() {
        let fingerprint = Secret::new("hunter2").fingerprint();
        assert_eq!(fingerprint, "sha256:f52fbd");
        assert_ne!(fingerprint, Secret::new("hunter3").fingerprint());
    }
}
