//! Masks secrets in everything that leaves. Code above never puts a secret into a result; this is
//! the net under it, for texts that come from elsewhere.

use std::{cmp::Reverse, collections::BTreeMap};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::domain::secret::Secret;

/// What stands in place of a secret, as in Ansible.
const MASK: &str = "********";

/// A secret this long is masked wherever it appears. A shorter one is masked in sentences only:
/// host names and verdicts are made by us, and a password `quay` must not turn `quay.io` into
/// something a playbook cannot use.
const LONG: usize = 8;

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
        let mut forms = BTreeMap::new();
        for secret in &self.secrets {
            for form in forms_of(secret.expose()) {
                let escaped = Value::from(form.as_str()).to_string();
                if !form.is_empty() && printed.contains(escaped.trim_matches('"')) {
                    forms.insert((Reverse(form.len()), form.clone()), Secret::new(form));
                }
            }
        }
        forms.into_values().collect()
    }
}

/// A secret as it is, without white space around it, in base64, percent-encoded, and as JSON has it.
fn forms_of(text: &str) -> Vec<String> {
    let mut forms = vec![
        text.to_owned(),
        text.trim().to_owned(),
        STANDARD.encode(text),
        percent_encoded(text),
        Value::from(text).to_string().trim_matches('"').to_owned(),
    ];
    forms.sort_unstable();
    forms.dedup();
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
            Value::Object(members) => members
                .iter_mut()
                .for_each(|(name, value)| self.mask_in(value, SENTENCES.contains(&name.as_str()))),
            _ => {}
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
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
