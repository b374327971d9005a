//! One member of `auths`: what is stored for one registry.
//!
//! Format: docker/cli `config/types/authconfig.go`; what kubelet makes of it: Kubernetes 1.11
//! `pkg/credentialprovider/config.go`.

use serde_json::value::RawValue;
use thiserror::Error;

use super::{
    credential::{Credential, DecodeError},
    json_members::{is_named, read_members},
    layout::{Layout, Level},
    registry_host::RegistryHost,
};

/// Members that hold a credential, or half of one. Writing an entry removes them: a reader that
/// prefers another member than `auth` would go on using the old secret.
const CREDENTIALS: [&str; 5] = [
    "auth",
    "identitytoken",
    "registrytoken",
    "username",
    "password",
];

/// A key of `auths` and what stands under it, unread.
#[derive(Clone, Debug)]
pub struct StoredEntry {
    pub(super) key: String,
    pub(super) value: Box<RawValue>,
}

type Member = (String, Box<RawValue>);

/// Why no credential can be read from an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EntryError {
    /// Not an object, or members in it are not text.
    #[error("it is not an object whose auth, username, password and email are text")]
    Shape,
    /// `auth` cannot be decoded.
    #[error(transparent)]
    Auth(#[from] DecodeError),
}

impl EntryError {
    /// Whether kubelet ignores the whole file because of it. Go does not mind a text that is
    /// not UTF-8.
    pub fn stops_kubelet(self) -> bool {
        self != Self::Auth(DecodeError::Utf8)
    }
}

/// The members of an entry that matter to readers.
#[derive(Default)]
struct Content {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identity_token: Option<String>,
    has_token: bool,
}

impl StoredEntry {
    /// The key as it stands in the file.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The registry that the key means, if any.
    pub fn host(&self) -> Option<RegistryHost> {
        RegistryHost::parse(&self.key).ok()
    }

    /// The credential that readers take from the entry: `auth`, else `username` and
    /// `password`. `None` when it holds neither (a credential helper has it, or a token).
    ///
    /// # Errors
    /// [`EntryError`] when the entry cannot be read; nearly always kubelet cannot either, and ignores
    /// the whole file.
    pub fn credential(&self) -> Result<Option<Credential>, EntryError> {
        let content = self.content()?;
        if let Some(auth) = content.auth.filter(|auth| !auth.is_empty()) {
            return Ok(Some(Credential::decode(&auth)?));
        }
        let pair = content.username.zip(content.password);
        Ok(pair.and_then(|(user, password)| {
            Credential::new(user, super::secret::Secret::new(password)).ok()
        }))
    }

    /// Whether the entry holds an `identitytoken` or `registrytoken`, which docker
    /// prefers to `auth` and kubelet does not know.
    pub fn has_token(&self) -> bool {
        self.content().is_ok_and(|content| content.has_token)
    }

    /// The `identitytoken`: a refresh token, which docker exchanges for others at the registry's token
    /// server (distribution `spec/auth/oauth`).
    pub fn identity_token(&self) -> Option<Credential> {
        let token = self.content().ok()?.identity_token?;
        Some(Credential::identity_token(super::secret::Secret::new(
            token,
        )))
    }

    /// Whether every reader of the entry already uses exactly `credential`.
    pub(super) fn holds(&self, credential: &Credential) -> bool {
        let Ok(content) = self.content() else {
            return false;
        };
        let agrees =
            |stored: Option<String>, wanted: &str| stored.is_none_or(|text| text == wanted);
        let auth = content.auth.and_then(|auth| Credential::decode(&auth).ok());
        auth.as_ref() == Some(credential)
            && !content.has_token
            && agrees(content.username, credential.user())
            && agrees(content.password, credential.password().expose())
    }

    /// The entry with `credential` in it under `key`; members that hold no credential
    /// are kept.
    pub(super) fn with(&self, key: String, credential: &Credential, layout: &Layout) -> Self {
        Self {
            key,
            value: print(&self.members_with(credential), layout),
        }
    }

    /// The entry with user and password in members of their own too, as kubectl writes it.
    pub(super) fn spelled_out(&self, credential: &Credential, layout: &Layout) -> Self {
        let mut members = self.members_with(credential);
        let pair = [
            ("username", credential.user()),
            ("password", credential.password().expose()),
        ];
        members.splice(0..0, pair.map(member));
        Self {
            key: self.key.clone(),
            value: print(&members, layout),
        }
    }

    /// A fresh entry.
    pub(super) fn new(key: String, credential: &Credential, layout: &Layout) -> Self {
        let auth = member(("auth", credential.encode().expose()));
        Self {
            key,
            value: print(&[auth], layout),
        }
    }

    /// The members of the new entry: `auth` in the place of the first that holds a credential, and all
    /// that hold none, except those that kubelet cannot read.
    fn members_with(&self, credential: &Credential) -> Vec<Member> {
        let mut members = self.members().unwrap_or_default();
        let at = members.iter().position(holds_credential).unwrap_or(0);
        members.retain(|member| !holds_credential(member) && !is_broken_email(member));
        let auth = member(("auth", credential.encode().expose()));
        members.insert(at.min(members.len()), auth);
        members
    }

    fn members(&self) -> Option<Vec<Member>> {
        let text = self.value.get();
        let members = read_members(text, text).ok()?;
        Some(
            members
                .into_iter()
                .map(|(name, value)| (name, value.to_owned()))
                .collect(),
        )
    }

    fn content(&self) -> Result<Content, EntryError> {
        let mut content = Content::default();
        let text = self.value.get();
        if text == "null" {
            return Ok(content);
        }
        let members = read_members(text, text).map_err(|_| EntryError::Shape)?;
        for (name, value) in members {
            // Go's encoding/json ignores the case of names.
            content.take(&name.to_ascii_lowercase(), value)?;
        }
        Ok(content)
    }
}

impl Content {
    /// Takes a member. The last of those that mean the same counts, unless it is null.
    fn take(&mut self, name: &str, value: &RawValue) -> Result<(), EntryError> {
        let known = match name {
            "auth" => &mut self.auth,
            "username" => &mut self.username,
            "password" => &mut self.password,
            "email" => return text(value).map(|_| ()),
            // kubelet does not know these, so it does not mind what they are.
            "identitytoken" | "registrytoken" => {
                let token = text(value).unwrap_or_default();
                let token = token.filter(|token| !token.is_empty());
                self.has_token |= token.is_some();
                if name == "identitytoken" {
                    self.identity_token = token;
                }
                return Ok(());
            }
            _ => return Ok(()),
        };
        if let Some(text) = text(value)? {
            *known = Some(text);
        }
        Ok(())
    }
}

fn print(members: &[Member], layout: &Layout) -> Box<RawValue> {
    let members = members.iter().map(|(name, value)| (&**name, &**value));
    layout.object(Level::Entry, members)
}

fn holds_credential((name, _): &Member) -> bool {
    CREDENTIALS.iter().any(|known| is_named(name, known))
}

fn is_broken_email((name, value): &Member) -> bool {
    is_named(name, "email") && text(value).is_err()
}

fn text(value: &RawValue) -> Result<Option<String>, EntryError> {
    serde_json::from_str(value.get()).map_err(|_| EntryError::Shape)
}

fn member((name, text): (&str, &str)) -> Member {
    let value = serde_json::value::to_raw_value(text).expect("every text has a JSON form");
    (name.to_owned(), value)
}
