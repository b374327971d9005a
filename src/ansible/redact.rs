//! The net under everything that leaves. No code above puts a secret into an answer, and foreign text
//! was cleaned where it arrived ([`crate::support::text`]); this masks what a mistake let through.
//!
//! The answer consists of sentences, hosts, users and names, and all of them could be somebody's
//! password. So the net masks distinctive secrets only, and none that the task itself writes in clear:
//! a mask that stands for a word spells the password, and spoils the sentence.

use std::{
    cmp::{Ordering, Reverse},
    fmt::Write as _,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::{
    domain::{
        layout::quoted,
        secret::{MASK, Secret},
    },
    support::text::is_distinctive,
};

/// Masks secrets in an answer.
#[derive(Debug, Default)]
pub struct Redactor {
    secrets: Vec<Secret>,
}

impl Redactor {
    /// Masks those of `secrets` that are distinctive and not a part of any of the `plain` texts.
    #[must_use]
    pub fn new(secrets: Vec<Secret>, plain: &[String]) -> Self {
        let mut secrets = secrets;
        secrets.retain(|secret| {
            let text = secret.expose();
            is_distinctive(text) && !plain.iter().any(|plain| plain.contains(text))
        });
        Self { secrets }
    }

    /// Masks the secrets in `value`, all levels down.
    pub fn mask(&self, value: &mut Value) {
        let forms = self.forms_in(&printed(value));
        if !forms.is_empty() {
            mask_forms(value, &forms);
        }
    }

    /// The forms of secrets that occur in the printed answer: of thousands of secrets hardly ever one,
    /// so the answer is searched as a whole before it is walked. Longest first: what contains another
    /// secret must be masked whole.
    fn forms_in(&self, printed: &str) -> Vec<Secret> {
        let forms = self.secrets.iter().flat_map(|s| forms_of(s.expose()));
        let found = Needles::new(forms).found_in(printed);
        found.into_iter().map(Secret::new).collect()
    }
}

/// The answer in one line, as Ansible reads it.
pub(super) fn printed(answer: &Value) -> String {
    serde_json::to_string(answer).expect("an answer has a JSON form")
}

/// Texts that are looked for all at once: however many they are, the searched text is read once.
struct Needles {
    /// In the order of their printed forms.
    long: Vec<Needle>,
    /// Those whose printed form is shorter than [`HEAD`].
    short: Vec<Needle>,
}

#[derive(Clone)]
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
        let (long, short) = needles.partition(|n| n.printed.len() >= HEAD);
        let long = sorted(long, |a, b| a.printed.cmp(&b.printed));
        Self { long, short }
    }

    /// Returns the texts that occur in `printed`, each once, the longest first.
    fn found_in(&self, printed: &str) -> Vec<String> {
        let bytes = printed.as_bytes();
        let short = self.short.iter().filter(|n| printed.contains(&n.printed));
        let heads = bytes.windows(HEAD).zip(0..);
        let long = heads.flat_map(|(head, at)| {
            let alike = self.with_head(head);
            alike.filter(move |n| bytes[at..].starts_with(n.printed.as_bytes()))
        });
        let found = sorted(short.chain(long).cloned().collect(), |a, b| {
            (Reverse(a.text.len()), &a.text).cmp(&(Reverse(b.text.len()), &b.text))
        });
        found.into_iter().map(|n| n.text).collect()
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
/// Each needle once: most secrets are learned twice, from an option and from what was made of it. A
/// pointer to the order, not a type for each one, keeps a second copy of the sort out of small modules.
fn sorted(mut needles: Vec<Needle>, order: fn(&Needle, &Needle) -> Ordering) -> Vec<Needle> {
    needles.sort_unstable_by(order);
    needles.dedup_by(|a, b| a.text == b.text);
    needles
}

fn in_json(text: &str) -> String {
    if text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte))
    {
        return text.to_owned();
    }
    let quoted = quoted(text);
    quoted[1..quoted.len() - 1].to_owned()
}

/// A secret as it is, without white space around it, in base64, percent-encoded, and as JSON has it.
fn forms_of(text: &str) -> Vec<String> {
    let mut forms = vec![text.to_owned(), STANDARD.encode(text)];
    let others = [text.trim().to_owned(), percent_encoded(text), in_json(text)];
    forms.extend(others.into_iter().filter(|form| form != text));
    forms
}

fn mask_forms(value: &mut Value, forms: &[Secret]) {
    match value {
        Value::String(text) => {
            for form in forms.iter().map(Secret::expose) {
                if text.contains(form) {
                    *text = text.replace(form, MASK);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| mask_forms(item, forms)),
        Value::Object(members) => members
            .values_mut()
            .for_each(|value| mask_forms(value, forms)),
        _ => {}
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

    fn masked(secret: &str, plain: &str, mut value: Value) -> Value {
        Redactor::new(vec![Secret::new(secret)], &[plain.to_owned()]).mask(&mut value);
        value
    }

    #[test]
    fn masks_every_form_at_every_level() {
        let value = json!({
            "msg": "got p4ss word1",
            "deep": [{"x": "cDRzcyB3b3JkMQ=="}, "p4ss%20word1"],
        });
        assert_eq!(
            masked("p4ss word1", "", value),
            json!({"msg": "got ********", "deep": [{"x": MASK}, MASK]})
        );
    }

    #[test]
    fn our_own_words_are_not_masked() {
        let value =
            json!({"msg": "registry.example.com refused the certificate of user robot$1234567"});
        for secret in [
            "refused",
            "certificate",
            "registry.example.com",
            "user",
            "a",
            "Certificate",
        ] {
            assert_eq!(masked(secret, "", value.clone()), value, "{secret}");
        }
        assert_eq!(
            masked("robot$1234567", "robot$1234567", value.clone()),
            value
        );
        assert_ne!(masked("robot$1234567", "", value.clone()), value);
    }
}
