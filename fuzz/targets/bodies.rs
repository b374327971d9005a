//! Bodies of answers: tokens, and refusals that repeat what they were sent. A token fits into a header. Of a
//! refusal nothing is shown in which the secret stands, in whichever notation it was repeated; what is shown
//! is one line without control characters.

#![no_main]

use base64::{Engine, engine::general_purpose::STANDARD};
use libfuzzer_sys::fuzz_target;
use oreg::{
    domain::secret::Secret,
    registry::{envelope::Envelope, token::read_token},
    support::text::{Cleaner, Foreign, is_distinctive},
};

/// A byte for the notation, the secret, a line feed, the body with a zero where the secret is repeated.
struct Input<'a> {
    notation: Notation,
    secret: &'a str,
    before: &'a [u8],
    after: &'a [u8],
}

impl<'a> Input<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (notation, rest) = bytes.split_first()?;
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let body = &rest[end + 1..];
        let gap = body
            .iter()
            .position(|byte| *byte == 0)
            .unwrap_or(body.len());
        Some(Self {
            notation: NOTATIONS[usize::from(*notation) % NOTATIONS.len()],
            secret: std::str::from_utf8(&rest[..end]).ok()?,
            before: &body[..gap],
            after: body.get(gap + 1..).unwrap_or_default(),
        })
    }
}

#[derive(Clone, Copy, Debug)]
enum Notation {
    Absent,
    Plain,
    Json,
    Unicode,
    Percent,
    Entities,
    Base64,
    Hexadecimal,
}

const NOTATIONS: [Notation; 8] = [
    Notation::Absent,
    Notation::Plain,
    Notation::Json,
    Notation::Unicode,
    Notation::Percent,
    Notation::Entities,
    Notation::Base64,
    Notation::Hexadecimal,
];

fuzz_target!(|bytes: &[u8]| {
    let Some(input) = Input::read(bytes) else {
        return;
    };
    if let Some(token) = read_token(input.before) {
        let fits = |secret: &Secret| secret.expose().bytes().all(|byte| byte.is_ascii_graphic());
        assert!(fits(&token.first) && token.second.as_ref().is_none_or(fits));
    }
    let repeated = repeat(input.notation, input.secret);
    let body = [input.before, repeated.as_bytes(), input.after].concat();
    let cleaner = Cleaner::new([Secret::new(input.secret)]);
    let envelope = Envelope::read(&body);
    envelope.says_expired();
    envelope.says_locked_out();
    envelope.says_wrong_login();
    envelope.says_bad_token();
    let words = envelope.words();
    let texts = [words, Some(Foreign::from_bytes(&body))];
    for text in texts.into_iter().flatten() {
        let raw = text.raw().to_owned();
        for shown in [cleaner.quote(&text), cleaner.quote_explanation(&text)] {
            check(&input, shown.as_str(), &raw, &repeated);
        }
        let name = cleaner.quote_name(&text);
        assert!(!name.as_str().chars().any(char::is_control));
    }
});

fn check(input: &Input, shown: &str, raw: &str, repeated: &str) {
    assert!(!shown.chars().any(char::is_control), "{shown:?}");
    let is_known = is_distinctive(input.secret) && input.secret.is_ascii();
    // Where tags and invisible characters are taken out, nothing is promised of what then meets.
    let is_plain = raw
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'<');
    if is_known && is_plain {
        assert!(!shown.contains(input.secret), "{shown:?} of {raw:?}");
        let is_there = raw.contains(repeated) && !matches!(input.notation, Notation::Absent);
        assert!(
            !is_there || !shown.contains(repeated),
            "{shown:?} of {raw:?}"
        );
    }
}

fn repeat(notation: Notation, secret: &str) -> String {
    let each = |write: fn(char) -> String| secret.chars().map(write).collect();
    match notation {
        Notation::Absent => String::new(),
        Notation::Plain => secret.to_owned(),
        Notation::Json => serde_json::Value::from(secret).to_string(),
        Notation::Unicode => each(|c| format!("\\u{:04x}", u32::from(c) & 0xffff)),
        Notation::Percent => secret.bytes().map(|byte| format!("%{byte:02X}")).collect(),
        Notation::Entities => each(|c| format!("&#{};", u32::from(c))),
        Notation::Base64 => STANDARD.encode(secret),
        Notation::Hexadecimal => secret.bytes().map(|byte| format!("{byte:02x}")).collect(),
    }
}
