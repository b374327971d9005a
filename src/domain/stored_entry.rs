//! One member of `auths`: what is stored for one registry.
//!
//! Format: docker/cli `config/types/authconfig.go`; what kubelet makes of it: Kubernetes 1.11
//! `pkg/credentialprovider/config.go`.

use serde_json::value::RawValue;
use thiserror::Error;

use super::{
    credential::{Credential, DecodeError},
    docker_config::Layout,
    json_members::read_members,
    registry_host::RegistryHost,
};

/// Members that hold a second credential beside `auth`. A reader that prefers one of them would
/// go on using the old secret, so writing an entry removes them.
const RIVALS: [&str; 4] = ["identitytoken", "registrytoken", "username", "password"];

/// A key of `auths` and what stands under it, unread.
#[derive(Clone, Debug)]
pub struct StoredEntry {
    pub(super) key: String,
    pub(super) value: Box<RawValue>,
}

/// Why no credential can be read from an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EntryFault {
    /// Not an object.
    #[error("it is not an object with an `auth` member")]
    Shape,
    /// `auth` cannot be decoded.
    #[error(transparent)]
    Auth(#[from] DecodeError),
}

/// The members of an entry that matter to readers.
#[derive(Default)]
struct Content {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    has_token: bool,
}

impl StoredEntry {
    /// Returns the key as it stands in the file.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Returns the registry that the key means, if any.
    #[must_use]
    pub fn host(&self) -> Option<RegistryHost> {
        RegistryHost::parse(&self.key).ok()
    }

    /// Returns the credential that readers take from the entry: `auth`, else `username` and
    /// `password`. `None` when it holds neither (a credential helper has it, or a token).
    ///
    /// # Errors
    /// [`EntryFault`] when kubelet would stumble over the entry and ignore the whole file.
    pub fn credential(&self) -> Result<Option<Credential>, EntryFault> {
        let content = self.content()?;
        if let Some(auth) = content.auth.filter(|auth| !auth.is_empty()) {
            return Ok(Some(Credential::decode(&auth)?));
        }
        let pair = content.username.zip(content.password);
        Ok(pair.and_then(|(user, password)| {
            Credential::new(user, super::secret::Secret::new(password)).ok()
        }))
    }

    /// Returns whether the entry holds an `identitytoken` or `registrytoken`, which docker
    /// prefers to `auth` and kubelet does not know.
    #[must_use]
    pub fn has_token(&self) -> bool {
        self.content().is_ok_and(|content| content.has_token)
    }

    /// Returns whether every reader of the entry already uses exactly `credential`.
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

    /// Returns the entry with `credential` in it under `key`; members that hold no credential
    /// are kept.
    pub(super) fn with(&self, key: String, credential: &Credential, layout: &Layout) -> Self {
        let auth = auth_value(credential);
        let mut members = self.members().unwrap_or_default();
        members.retain(|(name, _)| !RIVALS.contains(&name.as_str()));
        match members.iter_mut().find(|(name, _)| name == "auth") {
            Some((_, value)) => *value = auth,
            None => members.insert(0, ("auth".to_owned(), auth)),
        }
        Self {
            key,
            value: layout.object(2, &members),
        }
    }

    /// Returns the entry with user and password in members of their own too, as kubectl writes it.
    pub(super) fn spelled_out(&self, credential: &Credential, layout: &Layout) -> Self {
        let mut members = self.members().unwrap_or_default();
        members.retain(|(name, _)| !RIVALS.contains(&name.as_str()));
        let pair = [
            ("username", credential.user()),
            ("password", credential.password().expose()),
        ];
        members.splice(
            0..0,
            pair.map(|(name, text)| (name.to_owned(), text_value(text))),
        );
        Self {
            key: self.key.clone(),
            value: layout.object(2, &members),
        }
    }

    /// Returns a fresh entry.
    pub(super) fn new(key: String, credential: &Credential, layout: &Layout) -> Self {
        let members = [("auth".to_owned(), auth_value(credential))];
        Self {
            key,
            value: layout.object(2, &members),
        }
    }

    fn members(&self) -> Option<Vec<(String, Box<RawValue>)>> {
        let text = self.value.get();
        let members = read_members(text, text).ok()?;
        Some(
            members
                .into_iter()
                .map(|(name, value)| (name, value.to_owned()))
                .collect(),
        )
    }

    fn content(&self) -> Result<Content, EntryFault> {
        let text = self.value.get();
        let members = read_members(text, text).map_err(|_| EntryFault::Shape)?;
        let mut content = Content::default();
        for (name, value) in members {
            content.take(&name, value)?;
        }
        Ok(content)
    }
}

impl Content {
    fn take(&mut self, name: &str, value: &RawValue) -> Result<(), EntryFault> {
        match name {
            "auth" => self.auth = text(value)?,
            "username" => self.username = text(value)?,
            "password" => self.password = text(value)?,
            "identitytoken" | "registrytoken" => {
                self.has_token |= text(value)?.is_some_and(|token| !token.is_empty());
            }
            _ => {}
        }
        Ok(())
    }
}

fn text(value: &RawValue) -> Result<Option<String>, EntryFault> {
    serde_json::from_str(value.get()).map_err(|_| EntryFault::Shape)
}

fn auth_value(credential: &Credential) -> Box<RawValue> {
    text_value(credential.encode().expose())
}

fn text_value(text: &str) -> Box<RawValue> {
    serde_json::value::to_raw_value(text).expect("every text has a JSON form")
}
