//! A login at a registry: a user and a password, or an identity token.

use base64::{
    Engine, alphabet,
    engine::{GeneralPurpose, GeneralPurposeConfig},
};
use thiserror::Error;

use super::secret::Secret;

/// Base64 as Go's `base64.StdEncoding` reads and writes it: padded, and what is left of the last bits
/// may be anything.
const STANDARD: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// The user of an identity token (docker/cli `cli/config/credentials/native_store.go`). No user has this
/// name where it matters: what Basic cannot carry is refused by the registry.
pub const TOKEN_USER: &str = "<token>";

/// A user name and a password (or a token used as one).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Credential {
    user: String,
    password: Secret,
    kind: Kind,
}

/// How the secret is shown to a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    /// As a password.
    Password,
    /// As an OAuth 2 refresh token, to the token server alone.
    IdentityToken,
}

/// Why a user and a password cannot be a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CredentialError {
    /// RFC 7617 §2: the first colon ends the user name.
    #[error(
        "contains `:`, which ends the user name in HTTP Basic authentication (RFC 7617): \
         use the user name alone, or a token with its own user name"
    )]
    ColonInUser,
    /// RFC 7617 §2: no control characters.
    #[error("contains a control character, which HTTP Basic authentication forbids")]
    ControlInUser,
    /// No user.
    #[error("is empty")]
    EmptyUser,
    /// docker drops it when it reads the file (docker/cli `config/configfile/file.go`).
    #[error("ends with a NUL character, which docker would drop")]
    NulInPassword,
}

/// Why the `auth` member of a stored entry cannot be read. kubelet 1.11 then ignores the
/// whole file (`pkg/credentialprovider/config.go`, `decodeDockerConfigFieldAuth`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// Not padded standard base64.
    #[error("its `auth` is not base64")]
    Base64,
    /// Decodes to bytes that are not text.
    #[error("its `auth` is not UTF-8 text")]
    Utf8,
    /// No `user:password` in it.
    #[error("its `auth` has no colon between user and password")]
    Colon,
}

impl CredentialError {
    /// Whether it is the password that is wrong, and not the user.
    pub fn is_in_password(self) -> bool {
        self == Self::NulInPassword
    }
}

impl Credential {
    /// Joins `user` and `password`.
    ///
    /// # Errors
    /// [`CredentialError`] when HTTP Basic authentication cannot carry the user name.
    pub fn new(user: impl Into<String>, password: Secret) -> Result<Self, CredentialError> {
        let user = user.into();
        if password.expose().ends_with('\0') {
            return Err(CredentialError::NulInPassword);
        }
        match user.chars().find(|c| *c == ':' || c.is_control()) {
            Some(':') => Err(CredentialError::ColonInUser),
            Some(_) => Err(CredentialError::ControlInUser),
            None if user.is_empty() => Err(CredentialError::EmptyUser),
            None => Ok(Self {
                user,
                password,
                kind: Kind::Password,
            }),
        }
    }

    /// Makes the credential of an identity token, which a token server exchanges for others and no registry takes
    /// for a password.
    pub fn identity_token(token: Secret) -> Self {
        Self {
            user: TOKEN_USER.to_owned(),
            password: token,
            kind: Kind::IdentityToken,
        }
    }

    /// Reads the `auth` member of an entry: padded standard base64 of `user:password`. Line
    /// ends inside are ignored and NUL bytes at the end dropped, as Go's decoder and docker do.
    ///
    /// # Errors
    /// [`DecodeError`] naming what a reader of the file stumbles over.
    pub fn decode(auth: &str) -> Result<Self, DecodeError> {
        let packed: String = auth.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
        let bytes = STANDARD.decode(packed).map_err(|_| DecodeError::Base64)?;
        let pair = String::from_utf8(bytes).map_err(|_| DecodeError::Utf8)?;
        let (user, password) = pair.split_once(':').ok_or(DecodeError::Colon)?;
        let password = Secret::new(password.trim_end_matches('\0'));
        Ok(Self {
            user: user.to_owned(),
            password,
            kind: Kind::Password,
        })
    }

    /// The pair as [`encode`] does, in UTF-8.
    pub fn encode(&self) -> Secret {
        encode(self.user.as_bytes(), self.password.expose().as_bytes())
    }

    /// The user name.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Whether the password is an identity token.
    pub fn is_identity_token(&self) -> bool {
        self.kind == Kind::IdentityToken
    }

    /// The password.
    pub fn password(&self) -> &Secret {
        &self.password
    }
}

/// Returns base64 of `user:password`: the `auth` member, and what follows `Basic ` in a header
/// Authorization or Proxy-Authorization (RFC 7617 §2).
pub fn encode(user: &[u8], password: &[u8]) -> Secret {
    Secret::new(STANDARD.encode([user, password].join(&b':')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encode_and_decode_agree_on_odd_bytes() {
        for (user, password) in [
            ("1234567|installer", "p"),
            ("ns+robot", "a:b:c"),
            ("_json_key", "{\n}\n"),
            ("ü", "ß$'\""),
        ] {
            let credential = Credential::new(user, Secret::new(password)).unwrap();
            assert_eq!(
                Credential::decode(credential.encode().expose()),
                Ok(credential)
            );
        }
    }

    #[test]
    fn refuses_users_that_basic_cannot_carry() {
        let refusal = |user: &str| Credential::new(user, Secret::new("x")).unwrap_err();
        assert_eq!(
            refusal("system:serviceaccount:a:b"),
            CredentialError::ColonInUser
        );
        assert_eq!(refusal("a\nb"), CredentialError::ControlInUser);
        assert_eq!(refusal(""), CredentialError::EmptyUser);
        let dropped = Credential::new("u", Secret::new("p\0")).unwrap_err();
        assert!(dropped.is_in_password());
    }

    #[test]
    fn names_why_an_auth_cannot_be_read() {
        assert_eq!(Credential::decode("!!!"), Err(DecodeError::Base64));
        assert_eq!(Credential::decode("YTpi\nYw"), Err(DecodeError::Base64));
        assert_eq!(Credential::decode("/////w=="), Err(DecodeError::Utf8));
        assert_eq!(Credential::decode("YWJj"), Err(DecodeError::Colon));
        assert!(Credential::decode("dTpwZZ==").is_ok(), "as Go reads it");
        assert_eq!(
            Credential::decode("YT\npiAA==")
                .unwrap()
                .password()
                .expose(),
            "b"
        );
    }
}
