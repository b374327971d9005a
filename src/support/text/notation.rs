//! The notations in which a character can be written, read one unit at a time.
//!
//! A place in a text can be read in several ways: `%25` is a percent sign or three characters. All
//! readings are reported; the search follows each.

use crate::domain::visible::is_invisible;

/// How often an escape may be escaped again: JSON in JSON in JSON, `%252540`.
const LEVELS: usize = 3;

/// The longest entity that is looked at, without `&` and `;`: `#x0010ffff`, `CounterClockwise…` is not.
const ENTITY: usize = 10;

/// A text in which units are read.
pub(super) struct Text<'a> {
    text: &'a str,
    /// For each place the end of a tag that begins there, plus one; 0 where none does.
    tag_ends: Vec<usize>,
}

/// One way to read a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    /// How many bytes of the text it takes.
    pub(super) length: usize,
    bytes: [u8; 4],
    count: u8,
}

impl Unit {
    fn of_char(length: usize, character: char) -> Self {
        let mut bytes = [0; 4];
        let count = character.encode_utf8(&mut bytes).len();
        Self {
            length,
            bytes,
            count: u8::try_from(count).unwrap_or(4),
        }
    }

    fn of_byte(length: usize, byte: u8) -> Self {
        Self {
            length,
            bytes: [byte, 0, 0, 0],
            count: 1,
        }
    }

    fn nothing(length: usize) -> Self {
        Self {
            length,
            bytes: [0; 4],
            count: 0,
        }
    }

    /// The bytes of UTF-8 that it stands for; empty where it may be skipped.
    pub(super) fn meaning(&self) -> &[u8] {
        &self.bytes[..usize::from(self.count)]
    }
}

impl<'a> Text<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let mut tag_ends = vec![0; bytes.len()];
        let mut end = 0;
        for at in (0..bytes.len()).rev() {
            match bytes[at] {
                b'>' => end = at + 1,
                b'<' => tag_ends[at] = end,
                _ => {}
            }
        }
        Self { text, tag_ends }
    }

    pub(super) fn as_str(&self) -> &'a str {
        self.text
    }

    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// Reports every unit that begins at byte `at`. Inside a character there is the byte alone.
    pub(super) fn units(&self, at: usize, report: &mut impl FnMut(Unit)) {
        let byte = self.text.as_bytes()[at];
        report(Unit::of_byte(1, byte));
        let Some(rest) = self.text.get(at..) else {
            return;
        };
        let mut escaped = |unit: Unit, character: Option<char>| {
            report(unit);
            if character.is_some_and(is_invisible) {
                report(Unit::nothing(unit.length));
            }
        };
        match byte {
            b'\\' => backslash(rest, &mut escaped),
            b'%' => percent(rest, &mut escaped),
            b'&' => entity(rest, &mut escaped),
            b'=' => coded(rest, 1, 2, 16, &mut escaped),
            b'+' => report(Unit::of_byte(1, b' ')),
            b'<' if self.tag_ends[at] > 0 => report(Unit::nothing(self.tag_ends[at] - at)),
            _ => {
                let character = rest.chars().next().filter(|c| is_invisible(*c));
                if let Some(character) = character {
                    report(Unit::nothing(character.len_utf8()));
                }
            }
        }
    }
}

type Report<'a> = dyn FnMut(Unit, Option<char>) + 'a;

fn report_char(report: &mut Report<'_>, length: usize, character: char) {
    report(Unit::of_char(length, character), Some(character));
}

/// Above 127 a code is a byte of UTF-8 (C, percent encoding) or a character (Python, Latin-1).
fn report_code(report: &mut Report<'_>, length: usize, code: u32) {
    if let Ok(byte) = u8::try_from(code)
        && byte >= 0x80
    {
        report(Unit::of_byte(length, byte), None);
    }
    if let Some(character) = char::from_u32(code) {
        report_char(report, length, character);
    }
}

/// `digits` digits of `radix` after `skipped` bytes.
fn coded(rest: &str, skipped: usize, digits: usize, radix: u32, report: &mut Report<'_>) {
    if let Some(code) = number(rest, skipped, digits, radix) {
        report_code(report, skipped + digits, code);
    }
}

fn number(rest: &str, skipped: usize, digits: usize, radix: u32) -> Option<u32> {
    let text = rest.get(skipped..skipped + digits)?;
    // `from_str_radix` takes a sign, too.
    let fits = !text.is_empty() && text.bytes().all(|byte| char::from(byte).is_digit(radix));
    u32::from_str_radix(text, radix).ok().filter(|_| fits)
}

/// A backslash and what it escapes; each level of escaping doubles the backslashes before it.
fn backslash(rest: &str, report: &mut Report<'_>) {
    let run = rest
        .bytes()
        .take(1 << LEVELS)
        .take_while(|byte| *byte == b'\\')
        .count();
    for level in 1..=LEVELS {
        let doubled = 1 << level;
        if doubled <= run {
            report_char(report, doubled, '\\');
        }
    }
    // The escape proper begins with the last backslash of the run.
    let skipped = run - 1;
    escape(&rest[skipped..], &mut |unit: Unit, character| {
        let length = unit.length + skipped;
        report(Unit { length, ..unit }, character);
    });
}

/// `\n`, `\"`, `\x41`, `\u0041`, `\u{41}`, `\U00000041`, `\101`.
fn escape(rest: &str, report: &mut Report<'_>) {
    let Some(escaped) = rest[1..].chars().next() else {
        return;
    };
    let length = 1 + escaped.len_utf8();
    match escaped {
        'x' => coded(rest, 2, 2, 16, report),
        'u' => utf16(rest, report),
        'U' => coded(rest, 2, 8, 16, report),
        '0'..='7' => {
            let digits = rest[1..]
                .bytes()
                .take(3)
                .take_while(|b| (b'0'..=b'7').contains(b))
                .count();
            coded(rest, 1, digits, 8, report);
        }
        _ => {}
    }
    let control = match escaped {
        'n' => Some('\n'),
        't' => Some('\t'),
        'r' => Some('\r'),
        'b' => Some('\u{8}'),
        'f' => Some('\u{c}'),
        'a' => Some('\u{7}'),
        'v' => Some('\u{b}'),
        'e' => Some('\u{1b}'),
        _ => None,
    };
    report_char(report, length, control.unwrap_or(escaped));
}

/// `\u00e4`, `\ud83d\ude00` (the second one may have as many backslashes as it likes), `\u{1f600}`.
fn utf16(rest: &str, report: &mut Report<'_>) {
    if let Some((digits, _)) = rest.get(3..).and_then(|text| text.split_once('}'))
        && rest[2..].starts_with('{')
        && digits.len() <= 6
    {
        let end = 4 + digits.len();
        if let Some(character) = number(rest, 3, digits.len(), 16).and_then(char::from_u32) {
            report_char(report, end, character);
        }
        return;
    }
    let Some(high) = number(rest, 2, 4, 16) else {
        return;
    };
    if let Some(character) = char::from_u32(high) {
        report_char(report, 6, character);
        return;
    }
    let second = rest[6..].trim_start_matches('\\');
    let skipped = rest.len() - second.len();
    let low = number(second, 1, 4, 16).filter(|_| second.starts_with('u'));
    let units = low.and_then(|low| Some([u16::try_from(high).ok()?, u16::try_from(low).ok()?]));
    if let Some(Ok(character)) = units.and_then(|units| char::decode_utf16(units).next()) {
        report_char(report, skipped + 5, character);
    }
}

/// `%41`, `%2541`, `%u0041`.
fn percent(rest: &str, report: &mut Report<'_>) {
    let mut skipped = 1;
    for _ in 0..LEVELS {
        coded(rest, skipped, 2, 16, report);
        if rest[skipped..].starts_with('u') {
            coded(rest, skipped + 1, 4, 16, report);
        }
        if !rest[skipped..].starts_with("25") {
            return;
        }
        skipped += 2;
    }
}

/// `&amp;`, `&#38;`, `&#x26;`, `&amp;#38;`. Browsers read a number without semicolon, too.
fn entity(rest: &str, report: &mut Report<'_>) {
    let mut skipped = 1;
    for _ in 0..LEVELS {
        let name = &rest[skipped..];
        let end = name
            .bytes()
            .take(ENTITY + 1)
            .position(|byte| !byte.is_ascii_alphanumeric() && byte != b'#');
        let end = end.unwrap_or_else(|| name.len().min(ENTITY));
        let Some(name) = name.get(..end) else { return };
        let closed = rest[skipped + end..].starts_with(';');
        let length = skipped + end + usize::from(closed);
        if let Some(meant) = meaning(name).filter(|_| closed || name.starts_with('#')) {
            report_char(report, length, meant);
        }
        if !(name == "amp" && closed) {
            return;
        }
        skipped = length;
    }
}

fn meaning(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let hexadecimal = number.strip_prefix(['x', 'X']);
        let (digits, radix) = hexadecimal.map_or((number, 10), |digits| (digits, 16));
        return u32::from_str_radix(digits, radix)
            .ok()
            .and_then(char::from_u32);
    }
    let named = ENTITIES.iter().find(|(known, _)| *known == name);
    if let Some((_, character)) = named {
        return Some(*character);
    }
    let latin = LATIN_1.split(' ').position(|known| known == name)?;
    u32::try_from(0xa0 + latin).ok().and_then(char::from_u32)
}

/// Entities of ASCII characters (HTML 5, 13.5).
const ENTITIES: [(&str, char); 37] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("AMP", '&'),
    ("LT", '<'),
    ("GT", '>'),
    ("QUOT", '"'),
    ("excl", '!'),
    ("num", '#'),
    ("dollar", '$'),
    ("percnt", '%'),
    ("lpar", '('),
    ("rpar", ')'),
    ("ast", '*'),
    ("plus", '+'),
    ("comma", ','),
    ("period", '.'),
    ("sol", '/'),
    ("colon", ':'),
    ("semi", ';'),
    ("equals", '='),
    ("quest", '?'),
    ("commat", '@'),
    ("lsqb", '['),
    ("lbrack", '['),
    ("bsol", '\\'),
    ("rsqb", ']'),
    ("rbrack", ']'),
    ("Hat", '^'),
    ("lowbar", '_'),
    ("grave", '`'),
    ("lcub", '{'),
    ("verbar", '|'),
    ("rcub", '}'),
    ("Tab", '\t'),
];

/// Entities of the characters from U+00A0 to U+00FF, in their order (HTML 4, 24.2.1).
const LATIN_1: &str = "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg \
    macr deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 \
    iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute \
    Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml \
    Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml \
    igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute \
    ucirc uuml yacute thorn yuml";

#[cfg(test)]
mod tests {
    use super::*;

    /// What the whole of `text` can mean as one unit.
    fn meanings(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        Text::new(text).units(0, &mut |unit| {
            if unit.length == text.len() {
                found.push(String::from_utf8_lossy(unit.meaning()).into_owned());
            }
        });
        found
    }

    const UNITS: &[(&str, &str)] = &[
        (r"\n", "\n"),
        (r"\/", "/"),
        (r"\d", "d"),
        (r"\x41", "A"),
        (r"\u00e4", "ä"),
        (r"\xe4", "ä"),
        (r"\ud83d\ude00", "😀"),
        (r"\\ud83d\\ude00", "😀"),
        (r"\u{1f600}", "😀"),
        (r"\U0001F600", "😀"),
        (r"\101", "A"),
        (r"\0", "\0"),
        (r"\\", "\\"),
        (r"\\\\", "\\"),
        (r"\\\\\\\\", "\\"),
        (r#"\\\""#, "\""),
        (r"\\u0041", "A"),
        ("%41", "A"),
        ("%2541", "A"),
        ("%252541", "A"),
        ("%u00e4", "ä"),
        ("%e4", "ä"),
        ("+", " "),
        ("=41", "A"),
        ("&amp;", "&"),
        ("&amp;amp;", "&"),
        ("&#65;", "A"),
        ("&#x41;", "A"),
        ("&#X41", "A"),
        ("&amp;#65;", "A"),
        ("&commat;", "@"),
        ("&auml;", "ä"),
        ("&yuml;", "ÿ"),
        ("&szlig;", "ß"),
        ("<b>", ""),
        ("\u{200b}", ""),
        (r"\u200b", ""),
        ("&#8203;", ""),
        ("%00", ""),
    ];

    #[test]
    fn units_of_every_notation() {
        for &(text, meaning) in UNITS {
            assert!(
                meanings(text).contains(&meaning.to_owned()),
                "{text}: {:?}",
                meanings(text)
            );
        }
        for text in [
            "%4",
            "%+1",
            "&",
            "&;",
            "&#;",
            "&amp",
            r"\u{}",
            r"\u{1234567}",
            r"\ud83d\u0041",
            "<b",
        ] {
            let meanings = meanings(text);
            assert!(
                meanings
                    .iter()
                    .all(|meaning| text.len() == 1 && meaning == text),
                "{text}: {meanings:?}"
            );
        }
    }
}
