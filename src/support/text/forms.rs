//! The forms in which a secret is looked for, beyond the notations of single characters.

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};

use crate::domain::{layout::quoted, secret::Secret};

/// A secret with fewer characters is masked as a whole token only.
pub const SHORT: usize = 6;

/// A secret is searched for up to this many bytes. Where more of it could follow, the rest of the text
/// is dropped. No header takes a longer token.
const LONGEST: usize = 4096;

/// The beginning of a token that is masked, with what follows, wherever the server cuts the token.
const BEGINNING: usize = 32;

/// One form of a secret.
pub(super) struct Form {
    pub(super) text: Secret,
    pub(super) kind: Kind,
}

/// How a form is compared, and what is masked with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Whatever the case of ASCII letters; the form is in lower case.
    Anywhere,
    /// As it is written, between characters that are not letters or digits.
    WholeToken,
    /// In either alphabet of base64; all base64 around it is masked.
    Base64,
    /// As `Anywhere`; all up to white space or a quote is masked.
    Beginning,
    /// As `Anywhere`; the rest of the text is masked.
    Endless,
}

/// Whether a text is so unlike words and names that it can be masked wherever it appears, also
/// in the program's own sentences: `certificate,` and `registry.example.com` could be both a password
/// and a word. Passwords that were made by chance have digits and capitals inside.
pub fn is_distinctive(secret: &str) -> bool {
    let is_rare = |(at, c): &(usize, char)| {
        c.is_ascii_digit() || !c.is_ascii() || c.is_ascii_uppercase() && *at > 0
    };
    secret.chars().count() >= 8 && secret.char_indices().filter(is_rare).count() >= 2
}

/// The forms of `secret`.
pub(super) fn forms_of(secret: &str) -> Vec<Form> {
    let mut forms = Vec::new();
    let trimmed = secret.trim();
    push_forms(secret, &mut forms);
    if trimmed != secret {
        push_forms(trimmed, &mut forms);
    }
    forms
}

fn push_forms(text: &str, forms: &mut Vec<Form>) {
    match text.chars().count() {
        0 => {}
        1..SHORT => short_forms(text, forms),
        _ => long_forms(text, forms),
    }
}

fn short_forms(text: &str, forms: &mut Vec<Form>) {
    for text in [text.to_owned(), STANDARD_NO_PAD.encode(text)] {
        forms.push(Form {
            text: Secret::new(text),
            kind: Kind::WholeToken,
        });
    }
}

fn long_forms(text: &str, forms: &mut Vec<Form>) {
    let reversed = text.chars().rev().collect();
    let hexadecimal = text.bytes().flat_map(|byte| [byte >> 4, byte & 15]);
    let hexadecimal = hexadecimal
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect();
    for text in [text.to_owned(), reversed, hexadecimal] {
        push(forms, &text.to_ascii_lowercase(), Kind::Anywhere);
    }
    if text.len() >= 2 * BEGINNING {
        let beginning = &text[..text.floor_char_boundary(BEGINNING)];
        push(forms, &beginning.to_ascii_lowercase(), Kind::Beginning);
    }
    for text in spellings(text) {
        for offset in 0..3 {
            push(forms, &base64_at(&text, offset), Kind::Base64);
        }
    }
}

fn push(forms: &mut Vec<Form>, text: &str, kind: Kind) {
    let (text, kind) = if text.len() > LONGEST {
        let kind = if kind == Kind::Anywhere {
            Kind::Endless
        } else {
            kind
        };
        (&text[..text.floor_char_boundary(LONGEST)], kind)
    } else {
        (text, kind)
    };
    forms.push(Form {
        text: Secret::new(text),
        kind,
    });
}

/// The secret as JSON writes it, whose escapes base64 hides: as little escaped as can be, as Go does
/// it, in ASCII.
fn spellings(text: &str) -> Vec<String> {
    let quoted = quoted(text);
    let minimal = &quoted[1..quoted.len() - 1];
    let escaped = |escapes: fn(char) -> bool| {
        let mut written = String::new();
        for character in minimal.chars() {
            if escapes(character) {
                let units = character.encode_utf16(&mut [0; 2]).to_vec();
                written.extend(units.iter().map(|unit| format!("\\u{unit:04x}")));
            } else {
                written.push(character);
            }
        }
        written
    };
    let go = escaped(|c| matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}'));
    let ascii = escaped(|c| !c.is_ascii());
    let mut spellings = vec![text.to_owned()];
    for spelling in [minimal.to_owned(), go, ascii] {
        if !spellings.contains(&spelling) {
            spellings.push(spelling);
        }
    }
    spellings
}

/// The characters of base64 that depend on `text` alone, when `offset` bytes stand before it.
fn base64_at(text: &str, offset: usize) -> String {
    let bytes = [&[0; 2][..offset], text.as_bytes()].concat();
    let encoded = STANDARD_NO_PAD.encode(&bytes);
    let first = (offset * 8).div_ceil(6);
    encoded[first..bytes.len() * 8 / 6].to_owned()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn base64_at_every_offset_is_within_the_longer_text() {
        for offset in 0..3 {
            for after in ["", "!", "!!"] {
                let text = format!("{}S3cr3tPassw0rd{after}", "{{"[..offset].to_owned());
                let form = base64_at("S3cr3tPassw0rd", offset);
                assert!(
                    STANDARD.encode(text).contains(&form) && form.len() > 14,
                    "{offset}"
                );
            }
        }
    }

    #[test]
    fn words_and_names_are_not_distinctive() {
        for text in [
            "certificate,",
            "openshift-enterprise",
            "registry.redhat.io",
            "Authentication",
            "oreg_additional[0]:",
            "s3cr3t",
        ] {
            assert!(!is_distinctive(text), "{text}");
        }
        for text in [
            "hunter2hunter2",
            "correctHorseBattery",
            "pässwörter",
            "eyJhbGciOi",
        ] {
            assert!(is_distinctive(text), "{text}");
        }
    }
}
