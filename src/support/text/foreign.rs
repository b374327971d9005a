//! The two states of foreign text: as it arrived, and as it may be shown.

use std::fmt;

use serde::Serialize;

use super::visible::{in_one_line, is_markup, without_tags};

/// Characters that are shown.
pub(super) const SHOWN: usize = 200;

/// Bytes that are read. What is shown is among them even where much is masked or invisible.
pub(super) const READ: usize = 1 << 14;

/// Text that another machine or person wrote. It may hold secrets and anything else, so it cannot be
/// displayed; see [`super::Cleaner::quote`].
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Foreign(String);

impl Foreign {
    /// Marks `text` as foreign.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Decodes a body whose encoding is unknown or not to be trusted: UTF-16 by its mark or its zeros,
    /// else UTF-8, and Latin-1 for each byte that is not UTF-8. A wrong guess leaves parts of a secret
    /// unrecognized, so nothing is replaced or left out.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        if let Some(text) = utf16(bytes) {
            return Self(text);
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut text = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            text.extend(chunk.invalid().iter().copied().map(char::from));
        }
        Self(text)
    }

    /// Whether there is nothing in it but white space.
    pub fn is_blank(&self) -> bool {
        self.0.trim().is_empty()
    }

    /// Whether `words` are in the part that would be shown, in any case of letters. For decisions:
    /// what the user can read is what the program goes by.
    pub fn says(&self, words: &str) -> bool {
        let read = &self.0[..self.0.floor_char_boundary(READ)];
        let plain = if is_markup(read) {
            without_tags(read)
        } else {
            read.to_owned()
        };
        in_one_line(&plain, SHOWN).to_lowercase().contains(words)
    }

    /// The text for decisions of the program. Never pass it to anything that formats or logs.
    pub fn raw(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Foreign {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Foreign({} bytes)", self.0.len())
    }
}

/// Decodes UTF-16: by the byte order mark, or because every other of the first bytes is zero.
fn utf16(bytes: &[u8]) -> Option<String> {
    type Unit = fn([u8; 2]) -> u16;
    const LITTLE: Unit = u16::from_le_bytes;
    const BIG: Unit = u16::from_be_bytes;
    let (rest, unit) = match bytes {
        [0xff, 0xfe, rest @ ..] => (rest, LITTLE),
        [0xfe, 0xff, rest @ ..] => (rest, BIG),
        _ => (bytes, if zeros(bytes, 1) { LITTLE } else { BIG }),
    };
    let marked = rest.len() < bytes.len();
    if !marked && !zeros(bytes, 0) && !zeros(bytes, 1) {
        return None;
    }
    let (pairs, _) = rest.as_chunks::<2>();
    Some(
        char::decode_utf16(pairs.iter().copied().map(unit))
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect(),
    )
}

/// Whether most of the bytes at even (`0`) or odd (`1`) places are zero, and few of the others are: in
/// UTF-32 they are, and there zeros are skipped as invisible.
fn zeros(bytes: &[u8], place: usize) -> bool {
    let (pairs, _) = bytes.as_chunks::<2>();
    let count = |place: usize| pairs.iter().filter(|pair| pair[place] == 0).count();
    let (here, there) = (count(place), count(1 - place));
    here * 2 > pairs.len() && there * 8 <= pairs.len()
}

/// Foreign text that may be shown: without secrets, in one line of visible characters, cut.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Quoted(String);

impl Quoted {
    /// Only the cleaner knows that the text is clean.
    pub(super) fn new(text: String) -> Self {
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing visible was said.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Quoted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_decoded_without_loss() {
        let utf16 = |text: &str, unit: fn(u16) -> [u8; 2]| {
            text.encode_utf16().flat_map(unit).collect::<Vec<_>>()
        };
        let marked = [b"\xff\xfe".to_vec(), utf16("pässwort", u16::to_le_bytes)].concat();
        let table: [(&[u8], &str); 8] = [
            ("pässwort".as_bytes(), "pässwort"),
            (b"\xef\xbb\xbfpass", "pass"),
            (b"p\xe4sswort", "pässwort"),
            // One stray byte does not turn the rest into another encoding.
            (b"\xff p\xc3\xa4ss", "ÿ päss"),
            (&utf16("pässwort", u16::to_le_bytes), "pässwort"),
            (&utf16("pässwort", u16::to_be_bytes), "pässwort"),
            (&marked, "pässwort"),
            (b"", ""),
        ];
        for (bytes, text) in table {
            assert_eq!(Foreign::from_bytes(bytes).raw(), text, "{bytes:?}");
        }
    }

    #[test]
    fn decisions_go_by_what_is_shown() {
        let page = Foreign::new("<p>Your <b>Authorization Token</b>\n has EXPIRED</p>");
        assert!(page.says("token has expired") && !page.says("<b>"));
        let hidden = format!("{}expired", "x ".repeat(SHOWN));
        assert!(!Foreign::new(hidden).says("expired"));
    }

    #[test]
    fn foreign_text_does_not_show_by_accident() {
        assert_eq!(format!("{:?}", Foreign::new("hunter2")), "Foreign(7 bytes)");
    }
}
