//! The docker config document (`config.json`, `.dockerconfigjson`): members in the order their
//! owner gave them, what is not ours kept byte for byte.
//!
//! Format: docker/cli `cli/config/configfile/file.go`.

use serde_json::value::RawValue;

pub use super::json_members::DocumentError;
use super::{
    json_members::{is_named, only_member, read_members, read_text},
    registry_host::RegistryHost,
    stored_entry::StoredEntry,
};

const AUTHS: &str = "auths";

/// A docker config document.
#[derive(Clone, Debug)]
pub struct DockerConfig {
    members: Vec<(String, Box<RawValue>)>,
    auths: Vec<StoredEntry>,
    layout: Layout,
}

/// How the document is written: its indentation (`None`: all in one line) and its last newline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    indent: Option<String>,
    final_newline: bool,
}

/// What a document names besides `auths` to find credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Helpers {
    /// `credsStore`: the helper that docker asks for every registry.
    pub store: Option<String>,
    /// `credHelpers`: key and helper.
    pub per_registry: Vec<(String, String)>,
}

impl DockerConfig {
    /// Returns a document without entries, laid out as docker does (tabs).
    #[must_use]
    pub fn empty() -> Self {
        let layout = Layout {
            indent: Some("\t".to_owned()),
            final_newline: true,
        };
        Self {
            members: Vec::new(),
            auths: Vec::new(),
            layout,
        }
    }

    /// Reads a document. Nothing but white space is an empty document.
    ///
    /// # Errors
    /// [`DocumentError`] with line and column when the bytes are not one JSON object with distinct
    /// names, or `auths` is not such an object or there twice (`Auths`). What stands in an entry is
    /// not judged here.
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        let text = read_text(bytes)?;
        if text.trim().is_empty() {
            return Ok(Self::empty());
        }
        let members = read_members(text, text)?;
        let auths = match only_member(text, &members, AUTHS)? {
            Some(value) if value.get() != "null" => read_members(text, value.get())?,
            _ => Vec::new(),
        };
        Ok(Self {
            members: members
                .into_iter()
                .map(|(name, value)| (name, value.to_owned()))
                .collect(),
            auths: auths.into_iter().map(stored).collect(),
            layout: Layout::of(text),
        })
    }

    /// Returns the entries in the document's order.
    #[must_use]
    pub fn auths(&self) -> &[StoredEntry] {
        &self.auths
    }

    /// Returns the entry whose key means `host`.
    #[must_use]
    pub fn entry(&self, host: &RegistryHost) -> Option<&StoredEntry> {
        self.auths
            .iter()
            .find(|entry| entry.host().as_ref() == Some(host))
    }

    /// Returns the helpers that the document names. Members of another shape name none.
    #[must_use]
    pub fn helpers(&self) -> Helpers {
        let text = |value: &RawValue| serde_json::from_str::<String>(value.get()).ok();
        let helpers = self
            .member("credHelpers")
            .map(RawValue::get)
            .unwrap_or_default();
        let per_registry = read_members(helpers, helpers).unwrap_or_default();
        Helpers {
            store: self
                .member("credsStore")
                .and_then(text)
                .filter(|name| !name.is_empty()),
            per_registry: per_registry
                .into_iter()
                .filter_map(|(key, value)| text(value).map(|helper| (key, helper)))
                .collect(),
        }
    }

    /// Returns the document with other `auths`; all else as it was.
    #[must_use]
    pub(super) fn with_auths(&self, auths: Vec<StoredEntry>) -> Self {
        let pairs: Vec<_> = auths
            .iter()
            .map(|e| (e.key.clone(), e.value.clone()))
            .collect();
        let value = self.layout.object(1, &pairs);
        let mut members = self.members.clone();
        let auths_member = (AUTHS.to_owned(), value);
        match members.iter_mut().find(|(name, _)| is_named(name, AUTHS)) {
            Some(old) => *old = auths_member,
            None => members.push(auths_member),
        }
        Self {
            members,
            auths,
            layout: self.layout.clone(),
        }
    }

    /// Returns how the document is written.
    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Returns the text of the document, to be written to a file or a secret.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = self.layout.object(0, &self.members).get().to_owned();
        if self.layout.final_newline {
            text.push('\n');
        }
        text
    }

    fn member(&self, name: &str) -> Option<&RawValue> {
        self.members
            .iter()
            .rfind(|(member, _)| is_named(member, name))
            .map(|(_, value)| &**value)
    }
}

fn stored((key, value): (String, &RawValue)) -> StoredEntry {
    StoredEntry {
        key,
        value: value.to_owned(),
    }
}

impl Layout {
    /// The layout that the text has: the white space before its first member.
    fn of(text: &str) -> Self {
        let inside = text.trim_start().trim_start_matches('{');
        let space = &inside[..inside.len() - inside.trim_start().len()];
        let indent = space.rsplit_once('\n').map(|(_, indent)| indent.to_owned());
        Self {
            indent,
            final_newline: text.ends_with('\n'),
        }
    }

    /// Prints an object that stands `depth` levels deep.
    pub(super) fn object(
        &self,
        depth: usize,
        members: &[(String, Box<RawValue>)],
    ) -> Box<RawValue> {
        RawValue::from_string(self.print(depth, members)).expect("members are JSON already")
    }

    fn print(&self, depth: usize, members: &[(String, Box<RawValue>)]) -> String {
        if members.is_empty() {
            return "{}".to_owned();
        }
        let (open, close, colon) = match &self.indent {
            Some(indent) => (
                format!("\n{}", indent.repeat(depth + 1)),
                format!("\n{}", indent.repeat(depth)),
                ": ",
            ),
            None => (String::new(), String::new(), ":"),
        };
        let mut text = String::from("{");
        for (position, (name, value)) in members.iter().enumerate() {
            if position > 0 {
                text.push(',');
            }
            text.push_str(&open);
            text.push_str(&quoted(name));
            text.push_str(colon);
            text.push_str(value.get());
        }
        text + &close + "}"
    }
}

fn quoted(name: &str) -> String {
    serde_json::Value::from(name).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reprint(text: &str) -> String {
        DockerConfig::parse(text.as_bytes()).unwrap().to_text()
    }

    #[test]
    fn printing_keeps_other_peoples_bytes() {
        for text in [
            "{}",
            "{\"auths\":{},\"n\":1.50e+3}",
            "{\n\t\"HttpHeaders\": {\n\t\t\"X\":  \"y\"\n\t},\n\t\"auths\": {}\n}\n",
            "{\n    \"auths\": {\n        \"a\": {\"auth\": \"\\u0061\"}\n    },\n    \"x\": 0\n}",
        ] {
            assert_eq!(reprint(text), text);
        }
    }

    #[test]
    fn nothing_is_an_empty_document() {
        assert_eq!(reprint(" \n"), "{}\n");
        assert!(
            DockerConfig::parse(b"{\"auths\": null}")
                .unwrap()
                .auths()
                .is_empty()
        );
    }

    #[test]
    fn auths_must_be_an_object() {
        let refusal = |text: &str| {
            DockerConfig::parse(text.as_bytes())
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            refusal("{\"auths\": []}"),
            "expected an object in braces at line 1 column 11"
        );
        assert_eq!(
            refusal("{\"auths\": {\"a\": {},\n\"a\": {}}}"),
            "a second member named \"a\" at line 2 column 3"
        );
        assert_eq!(
            refusal("{\"auths\": {},\n\"Auths\": {}}"),
            "a second member for auths, named \"Auths\", at line 2 column 10"
        );
    }

    #[test]
    fn names_are_those_of_go() {
        let document =
            DockerConfig::parse(br#"{"Auths": {"r": {}}, "CredsStore": "pass"}"#).unwrap();
        assert_eq!(document.auths()[0].key(), "r");
        assert_eq!(document.helpers().store.as_deref(), Some("pass"));
        let written = document.with_auths(Vec::new());
        assert_eq!(written.to_text(), r#"{"auths":{},"CredsStore":"pass"}"#);
    }

    #[test]
    fn helpers_are_seen() {
        let text = br#"{"credsStore":"pass","credHelpers":{"quay.io":"x","bad":1}}"#;
        let helpers = DockerConfig::parse(text).unwrap().helpers();
        assert_eq!(helpers.store.as_deref(), Some("pass"));
        assert_eq!(
            helpers.per_registry,
            [("quay.io".to_owned(), "x".to_owned())]
        );
    }
}
