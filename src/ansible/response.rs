//! What a module answers: one JSON object (docs/module-protocol.md).

use std::error::Error;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::redact::Redactor;
use crate::{domain::secret::Secret, support::errors::join_causes};

/// How many warnings an answer holds.
const MOST_WARNINGS: usize = 100;

/// The answer of a call that was carried out, well or badly.
#[derive(Debug, Default)]
pub struct Response {
    changed: bool,
    failed: Option<String>,
    fields: Map<String, Value>,
    warnings: Vec<String>,
    diff: Vec<Value>,
    concealed: Vec<Secret>,
    names: Vec<String>,
}

/// The answer of a call that could not be carried out.
#[derive(Debug)]
pub struct Failure(Box<Response>);

impl Response {
    /// Starts an answer.
    pub fn new(changed: bool) -> Self {
        Self {
            changed,
            ..Self::default()
        }
    }

    /// Adds a return value.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).expect("return values have a JSON form");
        self.fields.insert(name.to_owned(), value);
        self
    }

    /// Adds sentences that Ansible prints as warnings.
    #[must_use]
    pub fn warn(mut self, warnings: impl IntoIterator<Item = String>) -> Self {
        self.warnings.extend(warnings);
        self
    }

    /// Adds what is shown under `--diff`: two texts and what they belong to.
    #[must_use]
    pub fn diff(mut self, header: &str, before: &str, after: &str) -> Self {
        self.diff.push(json!({
            "before_header": header, "before": before,
            "after_header": header, "after": after,
        }));
        self
    }

    /// Makes the answer a failure whose return values are kept.
    #[must_use]
    pub fn fail(mut self, message: impl Into<String>) -> Self {
        self.failed = Some(message.into());
        self
    }

    /// Names further secrets that must not leave.
    #[must_use]
    pub fn conceal(mut self, secrets: impl IntoIterator<Item = Secret>) -> Self {
        self.concealed.extend(secrets);
        self
    }

    /// Marks names that are shown, such as stored users: they stay even where they equal a secret.
    #[must_use]
    pub fn naming(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.names.extend(names);
        self
    }

    /// Whether the answer is a failure.
    pub(super) fn is_failure(&self) -> bool {
        self.failed.is_some()
    }

    /// The JSON object that Ansible reads, without the `secrets` of the call. What the call
    /// says in `plain` text is not masked.
    pub(super) fn into_json(self, mut secrets: Vec<Secret>, mut plain: Vec<String>) -> Value {
        secrets.extend(self.concealed);
        // A user may have a password that equals a user name; masking would hide which user it is.
        plain.extend(self.names);
        let redactor = Redactor::new(secrets, &plain);
        let mut object = Map::new();
        object.insert("changed".to_owned(), Value::Bool(self.changed));
        if let Some(message) = self.failed {
            object.insert("failed".to_owned(), Value::Bool(true));
            object.insert("msg".to_owned(), Value::String(message));
        }
        object.extend(self.fields);
        if !self.warnings.is_empty() {
            object.insert("warnings".to_owned(), json!(first_of(self.warnings)));
        }
        if !self.diff.is_empty() {
            object.insert("diff".to_owned(), Value::Array(self.diff));
        }
        let mut answer = Value::Object(object);
        // Masked as a whole and last: no field is forgotten.
        redactor.mask(&mut answer);
        tame(&mut answer);
        answer
    }
}

/// Ansible prints each warning in a block of its own, on every run: of thousands, which a file with thousands
/// of entries can cause, the first are enough.
fn first_of(mut warnings: Vec<String>) -> Vec<String> {
    let more = warnings.len().saturating_sub(MOST_WARNINGS);
    if more > 0 {
        warnings.truncate(MOST_WARNINGS);
        warnings.push(format!("{more} more warnings are left out"));
    }
    warnings
}

/// Replaces what would act upon a terminal in every text of an answer. As [`Redactor`] is for secrets,
/// this is the net under what is cleaned where it arrives.
fn tame(value: &mut Value) {
    match value {
        Value::String(text) if text.contains(acts_on_terminal) => {
            *text = text.replace(acts_on_terminal, " ");
        }
        Value::Array(items) => items.iter_mut().for_each(tame),
        Value::Object(members) => members.values_mut().for_each(tame),
        _ => {}
    }
}

/// Controls, and marks that turn the direction of writing. Lines and tabs are part of messages and diffs.
fn acts_on_terminal(character: char) -> bool {
    let turns = matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || (character.is_control() && !matches!(character, '\n' | '\t'))
}

impl Failure {
    /// Makes a failure with a message for the user.
    pub fn new(message: impl Into<String>) -> Self {
        Self(Box::new(Response::new(false).fail(message)))
    }

    /// The message for the user.
    pub fn message(&self) -> &str {
        self.0.failed.as_deref().unwrap_or_default()
    }

    /// The failure as an answer, to add return values to it.
    pub fn into_response(self) -> Response {
        *self.0
    }
}

/// An error becomes its message and those of its causes, joined by colons.
impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(join_causes(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_of_an_answer_acts_on_a_terminal() {
        let response = Response::new(false)
            .with(
                "files",
                json!([{"path": "/a\u{1b}[2J", "added": ["b\u{202e}"]}]),
            )
            .warn(["c\u{9b}2J".to_owned()])
            .diff("d\r", "e\n\tf\u{7}", "")
            .fail("g\u{1b}]0;x\nh");
        let answer = response.into_json(Vec::new(), Vec::new());
        let expected = json!({
            "changed": false, "failed": true, "msg": "g ]0;x\nh", "warnings": ["c 2J"],
            "files": [{"path": "/a [2J", "added": ["b "]}],
            "diff": [{"before_header": "d ", "before": "e\n\tf ", "after_header": "d ", "after": ""}],
        });
        assert_eq!(answer, expected);
    }
}
