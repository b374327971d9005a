//! Masks secrets in everything that leaves. Code above never puts a secret into a result; this is
//! the net under it, for texts that come from elsewhere.

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

/// Knows the secrets of a call, in every form in which they may show up.
#[derive(Debug, Default)]
pub struct Redactor {
    forms: Vec<Secret>,
}

impl Redactor {
    /// Makes a redactor for `secrets`.
    #[must_use]
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let mut redactor = Self::default();
        secrets
            .into_iter()
            .for_each(|secret| redactor.learn(&secret));
        redactor
    }

    /// Adds a secret: as it is, without white space around it, in base64, and percent-encoded.
    pub fn learn(&mut self, secret: &Secret) {
        let text = secret.expose();
        let forms = [
            text.to_owned(),
            text.trim().to_owned(),
            STANDARD.encode(text),
            percent_encoded(text),
            Value::from(text).to_string().trim_matches('"').to_owned(),
        ];
        for form in forms.into_iter().filter(|form| !form.is_empty()) {
            let form = Secret::new(form);
            if !self.forms.contains(&form) {
                self.forms.push(form);
            }
        }
        // Longest first: what contains another secret must be masked whole.
        self.forms
            .sort_by_key(|form| std::cmp::Reverse(form.expose().len()));
    }

    /// Masks the secrets in `value`, all levels down.
    pub fn mask(&self, value: &mut Value) {
        self.mask_in(value, false);
    }

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
        let redactor = Redactor::new([Secret::new("p@ss word1")]);
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
        let redactor = Redactor::new([Secret::new("quay")]);
        let mut value = json!({"host": "quay.io", "msg": "quay.io said quay"});
        redactor.mask(&mut value);
        assert_eq!(
            value,
            json!({"host": "quay.io", "msg": "********.io said ********"})
        );
    }
}
