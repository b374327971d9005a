//! The net under everything that leaves. No code above puts a secret into an answer, and foreign text
//! was cleaned where it arrived ([`crate::support::text`]); this masks what a mistake let through.
//!
//! The answer consists of sentences, hosts, users and names, and any of them could also be a
//! password. So the net masks distinctive secrets only, and none that the task itself writes in clear:
//! a mask that stands for a word spells the password, and spoils the sentence.

use std::fmt::Write as _;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::{
    domain::{
        layout::quoted,
        secret::{MASK, Secret},
    },
    support::text::{Needles, is_distinctive},
};

/// Masks secrets in an answer.
#[derive(Debug, Default)]
pub struct Redactor {
    secrets: Vec<Secret>,
}

impl Redactor {
    /// Masks those of `secrets` that are distinctive and not a part of any of the `plain` texts.
    pub fn new(secrets: Vec<Secret>, plain: &[String]) -> Self {
        let mut secrets = secrets;
        secrets.retain(|secret| is_distinctive(secret.expose()));
        // All at once: thousands of secrets times thousands of hosts would take minutes.
        let needles = Needles::new(secrets.iter().map(|secret| secret.expose().to_owned()));
        let written = needles.found_in(plain.iter().map(String::as_str));
        secrets.retain(|secret| written.binary_search(&secret.expose()).is_err());
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
        let mut forms: Vec<_> = forms.collect();
        // The answer is searched in its printed form, where quotes and the like are escaped.
        let needles = Needles::new(forms.iter().map(|form| in_json(form)));
        let found = needles.found_in([printed]);
        forms.retain(|form| found.binary_search(&&*in_json(form)).is_ok());
        forms.sort_unstable();
        forms.dedup();
        let mut longest_first: Vec<String> = Vec::with_capacity(forms.len());
        for form in forms {
            // Few are found, so insertion is enough; a sort by length adds 3 kB to the smallest module.
            let at = longest_first.partition_point(|other| other.len() >= form.len());
            longest_first.insert(at, form);
        }
        longest_first.into_iter().map(Secret::new).collect()
    }
}

/// The answer in one line, as Ansible reads it.
pub(super) fn printed(answer: &Value) -> String {
    serde_json::to_string(answer).expect("an answer has a JSON form")
}

/// `text` as JSON has it, without the quotes around it: mostly as it is.
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
    use serde_json::json;

    use super::*;

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
