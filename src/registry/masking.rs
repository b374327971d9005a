//! A server may repeat what it was sent or has issued. Here its words lose the secrets, in whatever
//! notation they stand there: as they are, escaped as in JSON (each writer escapes other characters),
//! percent-encoded, as HTML entities, in base64.
//!
//! Words are masked before they are cut: of a secret that is cut in the middle the beginning would stay.

use std::fmt;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};

use crate::domain::{credential::Credential, secret::Secret};

/// What stands in a server's words in place of a secret.
const MASK: &str = "********";

/// The longest entity that is looked at, without `&`: `#x10ffff;`.
const ENTITY: usize = 9;

/// The secrets of one proof.
#[derive(Default)]
pub(super) struct Masking {
    secrets: Vec<Secret>,
}

impl Masking {
    /// Knows the secrets of `credential`, and `others`.
    pub(super) fn new(credential: &Credential, others: Vec<Secret>) -> Self {
        let password = credential.password().expose();
        let pair = format!("{}:{password}", credential.user());
        let encoded = [password, &pair].map(|text| {
            let engines = [STANDARD_NO_PAD, URL_SAFE_NO_PAD];
            engines.map(|engine| engine.encode(text))
        });
        let own = [password, password.trim()].map(str::to_owned);
        let own = own.into_iter().chain(encoded.concat()).map(Secret::new);
        let mut masking = Self::default();
        masking.learn(own.chain(others));
        masking
    }

    /// Adds secrets, such as an issued token.
    pub(super) fn learn(&mut self, secrets: impl IntoIterator<Item = Secret>) {
        let secrets = secrets.into_iter().filter(|secret| !secret.is_empty());
        self.secrets.extend(secrets);
    }

    /// Returns `text` without secrets.
    pub(super) fn mask(&self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            match self.length_at(rest) {
                Some(length) => {
                    shown.push_str(MASK);
                    // Base64 may be padded.
                    rest = rest[length..].trim_start_matches('=');
                }
                None => {
                    shown.push(first);
                    rest = &rest[first.len_utf8()..];
                }
            }
        }
        shown
    }

    /// The length of the longest secret with which `text` begins.
    fn length_at(&self, text: &str) -> Option<usize> {
        let secrets = self.secrets.iter();
        secrets
            .filter_map(|secret| written_length(text, secret.expose()))
            .max()
    }
}

impl fmt::Debug for Masking {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Masking({} secrets)", self.secrets.len())
    }
}

/// How much of `text` is `secret`, if it begins with it. A beginning may be read in two ways (`%25` is a
/// percent sign, or three characters), so all are followed.
fn written_length(text: &str, secret: &str) -> Option<usize> {
    let mut ends = vec![0];
    for wanted in secret.chars() {
        let mut next: Vec<usize> = ends
            .iter()
            .flat_map(|&end| lengths(&text[end..], wanted).map(move |length| end + length))
            .collect();
        next.sort_unstable();
        next.dedup();
        if next.is_empty() {
            return None;
        }
        ends = next;
    }
    ends.pop()
}

/// The lengths of what stands for `wanted` at the start of `text`.
fn lengths(text: &str, wanted: char) -> impl Iterator<Item = usize> + use<> {
    let plain = text.starts_with(wanted).then(|| wanted.len_utf8());
    let notations = match text.as_bytes().first() {
        Some(b'\\') => [escape(text, wanted), utf16_escapes(text, wanted)],
        Some(b'%') => [percent(text, wanted), None],
        Some(b'&') => [entity(text, wanted), None],
        Some(b'+') if wanted == ' ' => [Some(1), None],
        _ => [None, None],
    };
    notations.into_iter().chain([plain]).flatten()
}

/// `\n`, `\"`, `\/`.
fn escape(text: &str, wanted: char) -> Option<usize> {
    let escaped = text[1..].chars().next()?;
    let meant = match escaped {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'b' => '\u{8}',
        'f' => '\u{c}',
        other => other,
    };
    (meant == wanted).then(|| 1 + escaped.len_utf8())
}

/// `\u00e4`, `\ud83d\ude00`.
fn utf16_escapes(text: &str, wanted: char) -> Option<usize> {
    let mut rest = text;
    for unit in wanted.encode_utf16(&mut [0; 2]) {
        rest = rest.strip_prefix("\\u")?;
        let digits = rest.get(..4)?;
        if u16::from_str_radix(digits, 16) != Ok(*unit) {
            return None;
        }
        rest = &rest[4..];
    }
    Some(text.len() - rest.len())
}

/// `%c3%A4`.
fn percent(text: &str, wanted: char) -> Option<usize> {
    let mut rest = text;
    for byte in wanted.encode_utf8(&mut [0; 4]).bytes() {
        rest = rest.strip_prefix('%')?;
        let digits = rest.get(..2)?;
        if u8::from_str_radix(digits, 16) != Ok(byte) {
            return None;
        }
        rest = &rest[2..];
    }
    Some(text.len() - rest.len())
}

/// `&amp;`, `&#38;`, `&#x26;`.
fn entity(text: &str, wanted: char) -> Option<usize> {
    let length = text
        .bytes()
        .take(1 + ENTITY)
        .position(|byte| byte == b';')?;
    let name = &text[1..length];
    let number = name.strip_prefix('#').and_then(|number| {
        let hexadecimal = number.strip_prefix(['x', 'X']);
        let hexadecimal = hexadecimal.map(|digits| u32::from_str_radix(digits, 16));
        hexadecimal.unwrap_or_else(|| number.parse()).ok()
    });
    let meant = match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => number.and_then(char::from_u32),
    };
    (meant == Some(wanted)).then_some(length + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn masked(password: &str, text: &str) -> String {
        let credential = Credential::new("u1", Secret::new(password)).unwrap();
        Masking::new(&credential, Vec::new()).mask(text)
    }

    #[test]
    fn a_secret_is_found_in_every_notation() {
        let ascii = r#"p@ss/w:r"d <lo&ng>+1\n"#;
        let written = [
            r#"p@ss/w:r"d <lo&ng>+1\n"#,
            r#"p@ss/w:r\"d <lo&ng>+1\\n"#,
            r#"p@ss\/w:r\"d <lo&ng>+1\\n"#,
            r"p@ss\u002fw:r\u0022d\u0020\u003Clo\u0026ng\u003E\u002b1\\n",
            "p%40ss%2Fw%3Ar%22d%20%3Clo%26ng%3E%2B1%5Cn",
            "p%40ss%2fw%3ar%22d+%3clo%26ng%3e%2b1%5cn",
            "p@ss/w:r&quot;d &lt;lo&amp;ng&gt;+1\\n",
            "p@ss&#47;w:r&#34;d &#x3c;lo&#X26;ng&#x3E;+1\\n",
            "cEBzcy93OnIiZCA8bG8mbmc+KzFcbg==",
            "cEBzcy93OnIiZCA8bG8mbmc-KzFcbg",
            "dTE6cEBzcy93OnIiZCA8bG8mbmc+KzFcbg==",
            "dTE6cEBzcy93OnIiZCA8bG8mbmc-KzFcbg%3D%3D",
        ];
        for text in written {
            let shown = masked(ascii, &format!("bad: {text}."));
            assert!(
                shown.starts_with("bad: ********") && shown.len() <= 20,
                "{text}: {shown}"
            );
        }
        for text in [
            "päss😀",
            r"p\u00e4ss\ud83d\ude00",
            r"p\u00E4ss\uD83D\uDE00",
            "p%C3%a4ss%f0%9f%98%80",
            "p&#228;ss&#x1f600;",
        ] {
            assert_eq!(masked("päss😀", text), MASK, "{text}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_found() {
        for password in ["100%25x", r"a\\b", r"\\", "a&amp;b", r"\u0061", "%2541"] {
            assert_eq!(masked(password, &format!("<{password}>")), "<********>");
        }
        assert_eq!(masked("pass1\n", "of pass1"), "of ********");
        assert_eq!(masked("", "nothing & all 100% \\"), "nothing & all 100% \\");
    }

    proptest! {
        #[test]
        fn a_secret_goes_and_all_else_stays(
            password in "[a-dé%&+/ \\\\\"]{1,8}[a-d]",
            before in "[e-zü😀]{0,12}",
            after in "[e-z]{0,12}",
        ) {
            prop_assume!(!password.starts_with(' '));
            let shown = masked(&password, &format!("{before}{password}{after}"));
            prop_assert_eq!(shown, format!("{before}{MASK}{after}"));
        }
    }
}
