//! Masks secrets in everything that leaves. Code above never puts a secret into a result; this is
//! the net under it, for texts that come from elsewhere.

use std::{cmp::Reverse, fmt::Write as _};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

use crate::domain::secret::Secret;

/// What stands in place of a secret, as in Ansible.
const MASK: &str = "********";

/// A secret this long is masked wherever it appears, except in [`NAMES`]. A shorter one is masked in
/// sentences only.
const LONG: usize = 8;

/// The members of a result that are made by us of what the task named, and of what we know: a password
/// `registry` must not turn them into something a playbook cannot use.
const NAMES: [&str; 13] = [
    "action",
    "added",
    "backup_file",
    "host",
    "name",
    "namespace",
    "path",
    "reason",
    "removed",
    "source",
    "test_image",
    "updated",
    "verdict",
];

/// What a server says of the host in the member `host`.
const REALM_HOST: &str = "realm_host";

/// The members of a result that hold sentences.
const SENTENCES: [&str; 4] = ["msg", "message", "warnings", "reason_text"];

/// Knows the secrets of a call.
#[derive(Debug, Default)]
pub struct Redactor {
    secrets: Vec<Secret>,
}

impl Redactor {
    /// Makes a redactor for `secrets`.
    #[must_use]
    pub fn new(secrets: Vec<Secret>) -> Self {
        Self { secrets }
    }

    /// Adds secrets.
    pub fn learn(&mut self, secrets: impl IntoIterator<Item = Secret>) {
        self.secrets.extend(secrets);
    }

    /// Masks the secrets in `value`, all levels down.
    pub fn mask(&self, value: &mut Value) {
        let found = Found {
            forms: self.forms_in(&value.to_string()),
        };
        if !found.forms.is_empty() {
            found.mask_in(value, false);
        }
    }

    /// The forms of secrets that occur in the printed answer: of thousands of secrets hardly ever one,
    /// so the answer is searched as a whole before it is walked. Longest first: what contains another
    /// secret must be masked whole.
    fn forms_in(&self, printed: &str) -> Vec<Secret> {
        let forms = self.secrets.iter().flat_map(|s| forms_of(s.expose()));
        // Most secrets are learned twice: from an option, and from what was made of it.
        let forms = longest_first(forms.collect());
        let found = Needles::new(forms.into_iter()).found_in(printed);
        longest_first(found).into_iter().map(Secret::new).collect()
    }
}

/// Each text once.
fn longest_first(mut texts: Vec<String>) -> Vec<String> {
    texts.sort_unstable_by(|a, b| (Reverse(a.len()), a).cmp(&(Reverse(b.len()), b)));
    texts.dedup();
    texts
}

/// Texts that are looked for all at once: however many they are, the searched text is read once.
struct Needles {
    /// In the order of their printed forms.
    long: Vec<Needle>,
    /// Those whose printed form is shorter than [`HEAD`].
    short: Vec<Needle>,
}

struct Needle {
    printed: String,
    text: String,
}

/// By its first bytes a needle is found among the others: enough of them to tell most apart.
const HEAD: usize = 4;

impl Needles {
    fn new(texts: impl Iterator<Item = String>) -> Self {
        let texts = texts.filter(|text| !text.is_empty());
        let needles = texts.map(|text| Needle {
            printed: in_json(&text),
            text,
        });
        let (mut long, short): (Vec<_>, _) = needles.partition(|n| n.printed.len() >= HEAD);
        long.sort_unstable_by(|a, b| a.printed.cmp(&b.printed));
        Self { long, short }
    }

    fn found_in(&self, printed: &str) -> Vec<String> {
        let bytes = printed.as_bytes();
        let short = self.short.iter().filter(|n| printed.contains(&n.printed));
        let heads = bytes.windows(HEAD).zip(0..);
        let long = heads.flat_map(|(head, at)| {
            let alike = self.with_head(head);
            alike.filter(move |n| bytes[at..].starts_with(n.printed.as_bytes()))
        });
        short.chain(long).map(|n| n.text.clone()).collect()
    }

    fn with_head(&self, head: &[u8]) -> impl Iterator<Item = &Needle> {
        let head_of = |n: &Needle| n.printed.as_bytes()[..HEAD].cmp(head);
        let first = self.long.partition_point(|n| head_of(n).is_lt());
        self.long[first..]
            .iter()
            .take_while(move |n| head_of(n).is_eq())
    }
}

/// `text` as JSON has it, without the quotes around it: mostly as it is.
fn in_json(text: &str) -> String {
    if text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte))
    {
        return text.to_owned();
    }
    let quoted = Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// A secret as it is, without white space around it, in base64, percent-encoded, and as JSON has it.
fn forms_of(text: &str) -> Vec<String> {
    let mut forms = vec![text.to_owned(), STANDARD.encode(text)];
    let others = [text.trim().to_owned(), percent_encoded(text), in_json(text)];
    forms.extend(others.into_iter().filter(|form| form != text));
    forms
}

/// The forms of secrets that an answer holds.
struct Found {
    forms: Vec<Secret>,
}

impl Found {
    fn mask_in(&self, value: &mut Value, sentence: bool) {
        match value {
            Value::String(text) => self.mask_text(text, sentence),
            Value::Array(items) => items
                .iter_mut()
                .for_each(|item| self.mask_in(item, sentence)),
            Value::Object(members) => self.mask_members(members),
            _ => {}
        }
    }

    fn mask_members(&self, members: &mut Map<String, Value>) {
        let own_realm = members.get(REALM_HOST) == members.get("host");
        for (name, value) in members {
            let is_name = NAMES.contains(&name.as_str()) || own_realm && name == REALM_HOST;
            if !is_name {
                self.mask_in(value, SENTENCES.contains(&name.as_str()));
            }
        }
    }

    fn mask_text(&self, text: &mut String, sentence: bool) {
        for form in self.forms.iter().map(Secret::expose) {
            if (sentence || form.len() >= LONG) && text.contains(form) {
                *text = text.replace(form, MASK);
            }
        }
    }
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    proptest! {
        #[test]
        fn needles_are_found_wherever_they_are(
            texts in prop::collection::vec("[ab\"\\\\é]{0,6}", 0..8),
            haystack in "[ab\"\\\\é]{0,40}",
        ) {
            let printed = Value::from(haystack.as_str()).to_string();
            let mut found = Needles::new(texts.iter().cloned()).found_in(&printed);
            found.sort();
            found.dedup();
            let mut expected = texts;
            expected.retain(|text| !text.is_empty() && printed.contains(&in_json(text)));
            expected.sort();
            expected.dedup();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn masks_every_form_at_every_level() {
        let redactor = Redactor::new(vec![Secret::new("p@ss word1")]);
        let mut value = json!({
            "msg": "got p@ss word1",
            "deep": [{"x": "cEBzcyB3b3JkMQ=="}, "p%40ss%20word1"],
        });
        redactor.mask(&mut value);
        assert_eq!(
            value,
            json!({"msg": "got ********", "deep": [{"x": MASK}, MASK]})
        );
    }

    #[test]
    fn what_is_ours_stays_usable() {
        let redactor = Redactor::new(vec![Secret::new("registry")]);
        let own = "registry.example.com";
        let mut value = json!({"registries": [
            {"host": own, "realm_host": own, "user": "registry", "message": "registry said registry",
             "verdict": "registry_error"},
            {"host": own, "realm_host": "registry.evil.example.com"},
        ]});
        redactor.mask(&mut value);
        assert_eq!(
            value,
            json!({"registries": [
                {"host": own, "realm_host": own, "user": MASK, "message": "******** said ********",
                 "verdict": "registry_error"},
                {"host": own, "realm_host": "********.evil.example.com"},
            ]})
        );
    }

    #[test]
    fn a_short_secret_does_not_spoil_names() {
        let redactor = Redactor::new(vec![Secret::new("quay")]);
        let mut value = json!({"host": "quay.io", "msg": "quay.io said quay"});
        redactor.mask(&mut value);
        assert_eq!(
            value,
            json!({"host": "quay.io", "msg": "********.io said ********"})
        );
    }
}
