//! What stands without quotes in a literal: constants, numbers, YAML's plain words.

use serde_json::Value;

/// The notations of lists and dicts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Json,
    Python,
    YamlFlow,
}

/// What a word without quotes means in JSON or Python, if anything.
pub(super) fn constant(word: &str, dialect: Dialect) -> Option<Value> {
    match word {
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        "null" => Some(Value::Null),
        "True" if dialect == Dialect::Python => Some(Value::Bool(true)),
        "False" if dialect == Dialect::Python => Some(Value::Bool(false)),
        "None" if dialect == Dialect::Python => Some(Value::Null),
        _ if is_number(word) => Some(Value::from(word)),
        _ => None,
    }
}

/// A number as JSON and Python write it; it is kept as text, so it is not computed.
fn is_number(word: &str) -> bool {
    let unsigned = word.strip_prefix('-').unwrap_or(word);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    [whole, fraction, exponent]
        .iter()
        .all(|part| is_digits(part))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether `text` is `b'…'`, `r'…'`, `Name('…')`: Python that is not a plain literal, and not what YAML's plain words look
/// like. As a password it would be sent with its letters and quotes.
pub(super) fn is_python(text: &str) -> bool {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let name = &text[..text.len() - rest.len()];
    let is_prefix = ["b", "r", "u", "f", "br", "rb"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known));
    let call = rest
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'));
    let argument = call.filter(|_| !name.is_empty());
    is_quoted(rest) && is_prefix || argument.is_some_and(is_quoted)
}

fn is_quoted(text: &str) -> bool {
    let within = |quote| text.len() > 1 && text.starts_with(quote) && text.ends_with(quote);
    within('\'') || within('"')
}

/// Whether some `\xHH` side by side are UTF-8.
pub(super) fn has_bytes(text: &str) -> bool {
    let mut run = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        if at > 0 {
            run.clear();
        }
        rest = &rest[at + 1..];
        let digits = rest.strip_prefix('x').and_then(|rest| rest.get(..2));
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte.filter(|byte| *byte >= 0x80) {
            Some(byte) => {
                run.push(byte);
                rest = &rest[3..];
            }
            None => {
                run.clear();
                // What is escaped, so that the second of two backslashes is not the next one.
                let escaped = rest.chars().next().map_or(0, char::len_utf8);
                rest = &rest[escaped..];
            }
        }
        if run.utf8_chunks().any(|chunk| !chunk.valid().is_empty()) {
            return true;
        }
    }
    false
}

/// Where a plain scalar of YAML flow ends: at `,`, a bracket, `: ` or ` #`.
pub(super) fn plain_end(rest: &str) -> usize {
    let mut previous = ' ';
    for (at, character) in rest.char_indices() {
        let next = rest[at + character.len_utf8()..].chars().next();
        let ends_name = character == ':'
            && next.is_none_or(|c| c.is_whitespace() || matches!(c, ',' | '[' | ']' | '{' | '}'));
        let ends = matches!(character, ',' | '[' | ']' | '{' | '}')
            || ends_name
            || (character == '#' && previous.is_whitespace() && at > 0);
        if ends {
            return at;
        }
        previous = character;
    }
    rest.len()
}
