//! The docker config document (`config.json`, `.dockerconfigjson`): members in the order their
//! owner gave them, everything not asked for kept byte for byte.
//!
//! Format: docker/cli `cli/config/configfile/file.go`.

use std::fmt::{self, Write};

use serde_json::value::RawValue;

pub use super::json_members::DocumentError;
use super::{
    json_members::{is_named, only_member, read_members, read_text},
    layout::{Layout, Length, Level},
    registry_host::RegistryHost,
    stored_entry::StoredEntry,
};

const AUTHS: &str = "auths";

/// A docker config document.
#[derive(Clone, Debug)]
pub struct DockerConfig {
    members: Vec<(String, Content)>,
    auths: Vec<StoredEntry>,
    layout: Layout,
}

/// The value of a member of the document.
#[derive(Clone, Debug)]
enum Content {
    /// As it was read.
    Kept(Box<RawValue>),
    /// The entries, which are no longer those that were read.
    Entries,
}

/// The helpers that a document names for docker to ask instead of `auths`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Helpers {
    /// `credsStore`: the helper that docker asks for every registry.
    pub store: Option<String>,
    /// `credHelpers`: key and helper.
    pub per_registry: Vec<(String, String)>,
}

impl DockerConfig {
    /// A document without entries, laid out as docker does (tabs).
    pub fn empty() -> Self {
        Self {
            members: Vec::new(),
            auths: Vec::new(),
            layout: Layout::docker(),
        }
    }

    /// Reads a document. Nothing but white space is an empty document.
    ///
    /// # Errors
    /// [`DocumentError`] with line and column when the bytes are not one JSON object with distinct
    /// names, or `auths` is not such an object or there twice (`Auths`). The content of an entry is
    /// not judged here.
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        let text = read_text(bytes)?;
        // An editor or a failed write leaves empty files, which docker and oras take for no credentials.
        if text.trim().is_empty() {
            return Ok(Self::empty());
        }
        let members = read_members(text, text)?;
        let auths = match only_member(text, &members, AUTHS)? {
            // Go reads null as an empty map, and so does every reader of these files.
            Some(value) if value.get() != "null" => read_members(text, value.get())?,
            _ => Vec::new(),
        };
        let members = members.into_iter();
        Ok(Self {
            members: members
                .map(|(name, value)| (name, Content::Kept(value.to_owned())))
                .collect(),
            auths: auths.into_iter().map(stored).collect(),
            layout: Layout::of(text),
        })
    }

    /// Whether the document has a member `auths`, be it empty.
    pub fn has_auths(&self) -> bool {
        self.members.iter().any(|(name, _)| is_named(name, AUTHS))
    }

    /// The entries in the document's order.
    pub fn auths(&self) -> &[StoredEntry] {
        &self.auths
    }

    /// The entry whose key means `host`.
    pub fn entry(&self, host: &RegistryHost) -> Option<&StoredEntry> {
        self.auths
            .iter()
            .find(|entry| entry.host().as_ref() == Some(host))
    }

    /// The helpers that the document names. Members of another shape name none.
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

    /// The document with other `auths`; all else as it was.
    pub(super) fn with_auths(&self, auths: Vec<StoredEntry>) -> Self {
        let mut members = self.members.clone();
        let entries = (AUTHS.to_owned(), Content::Entries);
        match members.iter_mut().find(|(name, _)| is_named(name, AUTHS)) {
            Some(old) => *old = entries,
            None => members.push(entries),
        }
        Self {
            members,
            auths,
            layout: self.layout.clone(),
        }
    }

    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The length of [`DockerConfig::to_text`] in bytes, without building it.
    pub fn text_length(&self) -> usize {
        let mut length = Length::default();
        self.write(&mut length).expect("counting does not fail");
        length.0
    }

    /// The text of the document, to be written to a file or a secret.
    pub fn to_text(&self) -> String {
        // Counted first: a buffer that grows leaves copies of passwords in freed memory.
        let mut text = String::with_capacity(self.text_length());
        self.write(&mut text)
            .expect("a text takes all that is written");
        text
    }

    fn write(&self, out: &mut impl Write) -> fmt::Result {
        let members = self.members.iter().map(|(name, value)| (&**name, value));
        self.layout
            .write_object(out, Level::Document, members, |out, value| match value {
                Content::Kept(value) => out.write_str(value.get()),
                Content::Entries => self.write_auths(out),
            })?;
        out.write_str(self.layout.ending())
    }

    fn write_auths(&self, out: &mut impl Write) -> fmt::Result {
        let entries = self.auths.iter().map(|entry| (entry.key(), &entry.value));
        self.layout
            .write_object(out, Level::Auths, entries, |out, value| {
                out.write_str(value.get())
            })
    }

    fn member(&self, name: &str) -> Option<&RawValue> {
        let found = self
            .members
            .iter()
            // Names that differ in case alone mean the same to Go, and the last one counts.
            .rfind(|(member, _)| is_named(member, name));
        match found {
            Some((_, Content::Kept(value))) => Some(value),
            _ => None,
        }
    }
}

fn stored((key, value): (String, &RawValue)) -> StoredEntry {
    StoredEntry {
        key,
        value: value.to_owned(),
    }
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

    #[test]
    fn a_deep_indentation_does_not_multiply() {
        let entries: Vec<_> = (0..5000).map(|n| format!("\"h{n}\":{{}}")).collect();
        let text = format!(
            "{{\n{}\"auths\":{{{}}}}}",
            " ".repeat(100_000),
            entries.join(",")
        );
        let document = DockerConfig::parse(text.as_bytes()).unwrap();
        let rewritten = document.with_auths(document.auths().to_vec());
        assert_eq!(rewritten.text_length(), rewritten.to_text().len());
        assert!(rewritten.text_length() < 2 * text.len());
    }

    #[test]
    fn the_place_of_auths_is_kept_when_there_is_one() {
        for text in ["{}", "{\"auths\":null,\"x\":1}"] {
            let document = DockerConfig::parse(text.as_bytes()).unwrap();
            assert_eq!(document.has_auths(), text != "{}");
            assert!(document.with_auths(Vec::new()).has_auths());
        }
    }
}
