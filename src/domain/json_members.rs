//! The members of one JSON object, values unread, with line and column of what is wrong.
//!
//! Values stay [`RawValue`]s, so that members this program does not know survive byte for byte. Messages never quote
//! a value: it may be a secret.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use thiserror::Error;

use super::registry_host::mask_userinfo;

/// What is wrong with a JSON document, and where (lines and columns count from 1).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{problem} at line {line} column {column}")]
pub struct DocumentError {
    /// What is wrong; a fragment without values of the document.
    pub problem: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in bytes, from 1.
    pub column: usize,
}

/// Names and unread values, in the document's order.
pub(super) type Members<'a> = Vec<(String, &'a RawValue)>;

/// Reads `part`, a slice of `whole`, as one object. Positions are those in `whole`.
///
/// # Errors
/// [`DocumentError`] for anything but one object with distinct names.
pub(super) fn read_members<'a>(whole: &str, part: &'a str) -> Result<Members<'a>, DocumentError> {
    let start = offset(whole, part);
    let first = part.len() - part.trim_start().len();
    if !part.trim_start().starts_with('{') {
        return Err(error_at(
            whole,
            start + first,
            &not_an_object(part.trim_start()),
        ));
    }
    serde_json::from_str(part)
        .map(|Distinct(members)| members)
        .map_err(|error| {
            let at = start + offset_of(part, error.line(), error.column());
            error_at(whole, at, &describe(&error, &whole[at..]))
        })
}

/// Whether readers take a member of this name for `known`: all that matter are written in Go,
/// which compares names without regard to case (`encoding/json`, `Unmarshal`).
pub(super) fn is_named(name: &str, known: &str) -> bool {
    name.eq_ignore_ascii_case(known)
}

/// The one member that readers take for `known`.
///
/// # Errors
/// [`DocumentError`] when there is another: some readers mix the two, some take the last.
pub(super) fn only_member<'a>(
    whole: &str,
    members: &Members<'a>,
    known: &str,
) -> Result<Option<&'a RawValue>, DocumentError> {
    let mut alike = members.iter().filter(|(name, _)| is_named(name, known));
    let first = alike.next().map(|(_, value)| *value);
    match alike.next() {
        None => Ok(first),
        Some((name, value)) => {
            let problem = format!("a second member for {known}, named \"{name}\",");
            Err(error_at(whole, offset(whole, value.get()), &problem))
        }
    }
}

/// Reads the bytes as text.
///
/// # Errors
/// [`DocumentError`] for a byte order mark or bytes that are not UTF-8.
pub(super) fn read_text(bytes: &[u8]) -> Result<&str, DocumentError> {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(error_at(
            "",
            0,
            "a byte order mark, which docker and kubelet refuse,",
        ));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned();
        error_at(&valid, valid.len(), "bytes that are not UTF-8")
    })
}

fn offset(whole: &str, part: &str) -> usize {
    (part.as_ptr() as usize)
        .saturating_sub(whole.as_ptr() as usize)
        .min(whole.len())
}

/// The byte offset of serde_json's line and column (from 1; column 0 is the end of the line before).
fn offset_of(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let mut at = (before + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn error_at(text: &str, at: usize, problem: &str) -> DocumentError {
    let before = &text[..at.min(text.len())];
    let line = before.matches('\n').count() + 1;
    let column = before.len() - before.rfind('\n').map_or(0, |newline| newline + 1) + 1;
    DocumentError {
        problem: problem.to_owned(),
        line,
        column,
    }
}

fn not_an_object(rest: &str) -> String {
    hint(rest)
        .unwrap_or("expected an object in braces")
        .to_owned()
}

/// The words of serde_json without the position, and a hint where the byte itself says more.
fn describe(error: &serde_json::Error, rest: &str) -> String {
    let text = error.to_string();
    let words = text.split(" at line ").next().unwrap_or_default();
    match hint(rest) {
        Some(hint) if error.is_syntax() => hint.to_owned(),
        _ => words.to_owned(),
    }
}

fn hint(rest: &str) -> Option<&'static str> {
    match rest.chars().next() {
        Some('/' | '#') => Some("a comment, which JSON does not have,"),
        Some('\0') => Some("a NUL byte"),
        _ => None,
    }
}

/// Members of which no two have the same name: of two, every reader takes a different one.
struct Distinct<'a>(Members<'a>);

impl<'de> Deserialize<'de> for Distinct<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(DistinctVisitor)
    }
}

struct DistinctVisitor;

impl<'de> Visitor<'de> for DistinctVisitor {
    type Value = Distinct<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Members::new();
        let mut names = std::collections::HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if !names.insert(name.clone()) {
                return Err(A::Error::custom(format_args!(
                    "a second member named \"{}\"",
                    mask_userinfo(&name)
                )));
            }
            members.push((name, map.next_value()?));
        }
        Ok(Distinct(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        read_members(text, text)
            .map(|_| ())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        let table = [
            ("[]", "expected an object in braces at line 1 column 1"),
            (
                "\n  \"x\"",
                "expected an object in braces at line 2 column 3",
            ),
            (
                "// hi\n{}",
                "a comment, which JSON does not have, at line 1 column 1",
            ),
            (
                "{\n  // hi\n}",
                "a comment, which JSON does not have, at line 2 column 3",
            ),
            ("{\"a\":\0}", "a NUL byte at line 1 column 6"),
            (
                "{\"a\":1,\n \"a\":2}",
                "a second member named \"a\" at line 2 column 4",
            ),
            ("{\"a\":1,}", "trailing comma at line 1 column 8"),
            ("{\"a\":", "EOF while parsing a value at line 1 column 5"),
            ("{} x", "trailing characters at line 1 column 4"),
        ];
        for (text, message) in table {
            assert_eq!(refusal(text), message, "{text:?}");
        }
    }

    #[test]
    fn a_name_that_holds_a_password_is_not_quoted() {
        let message = refusal(r#"{"https://u:hunter2@r":1,"https://u:hunter2@r":2}"#);
        assert!(
            message.starts_with(r#"a second member named "https://********@r""#),
            "{message}"
        );
    }

    #[test]
    fn positions_in_a_part_are_those_of_the_whole() {
        let whole = "{\n\"a\": {\"b\": 1,\n  \"b\": 2}}";
        let part = read_members(whole, whole).unwrap()[0].1.get();
        let error = read_members(whole, part).map(|_| ()).unwrap_err();
        assert_eq!((error.line, error.column), (3, 5));
    }

    #[test]
    fn deep_nesting_is_no_danger() {
        let text = format!("{{\"a\":{}{}}}", "[".repeat(200_000), "]".repeat(200_000));
        assert_eq!(read_members(&text, &text).unwrap().len(), 1);
    }

    #[test]
    fn bytes_that_are_no_text_are_found() {
        assert_eq!(
            read_text(b"{\n \xff").unwrap_err().to_string(),
            "bytes that are not UTF-8 at line 2 column 2"
        );
        assert!(
            read_text(b"\xef\xbb\xbf{}")
                .unwrap_err()
                .to_string()
                .contains("byte order mark")
        );
    }
}
